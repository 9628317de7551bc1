"""The readers: the shared corpus beside `trivy config` and checkov, memory, a template of 3 MB, and growth.

    .venv/bin/python benchmarks/readers.py [--rounds N] [--without-checkov]

Needs the team's shared corpus, Trivy and checkov (`mlgate tools install`); ends with 2 and says so where one of them is
missing. Whole processes are measured, start included, over the same folder in the same run; the last three lines are
measured inside a process. docs/benchmarks.md says what each line means.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT.parent / "shared" / "data" / "corpus"
sys.path.insert(0, str(ROOT))


def timed(command: Sequence[str], output: Path, accepted: Sequence[int]) -> tuple[float, float]:
    """Wall seconds and peak of memory (MB) of a process."""
    started = time.perf_counter()
    with output.open("wb") as stream, output.with_suffix(".errors").open("wb") as errors:
        process = subprocess.Popen(command, stdout=stream, stderr=errors, cwd=output.parent)
        _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    code = process.returncode = os.waitstatus_to_exitcode(status)
    if code not in accepted:
        raise SystemExit(f"{command[0]} ended with {code}: {output.with_suffix('.errors').read_text()[-500:]}")
    return seconds, usage.ru_maxrss / 1024


def commands(scratch: Path) -> dict[str, tuple[list[str], tuple[int, ...]]]:
    """What runs over the corpus, with the exit codes that mean that it ran."""
    from scanners.toolbox import LocalToolbox

    toolbox = LocalToolbox()
    found = {}
    for name in ("trivy", "checkov"):
        try:
            found[name] = list(toolbox.tool(name).argv)
        except Exception as error:
            raise SystemExit(f"{name} is needed: {error}") from None
    trivy = [
        *found["trivy"],
        *("config", "--cache-dir", str(scratch / "trivy"), "--skip-check-update", "--skip-version-check"),
        *("--disable-telemetry", "--format", "json", "--quiet", "--output", str(scratch / "trivy.json"), str(CORPUS)),
    ]
    checkov = [
        *found["checkov"],
        *("--directory", str(CORPUS), "--framework", "arm", "--output", "json", "--compact", "--skip-download"),
    ]
    expand = [sys.executable, str(ROOT / "mlgate.py"), "template", "expand", str(CORPUS), "--root", str(CORPUS)]
    return {"mlgate": (expand, (0, 3)), "trivy": (trivy, (0,)), "checkov": (checkov, (0, 1))}


def line(name: str, value: str, target: str = "") -> None:
    """One figure."""
    print(f"{name:<62}{value:>16}{f'   target: {target}' if target else ''}", flush=True)


def over_the_corpus(scratch: Path, rounds: int, *, with_checkov: bool) -> None:
    """Ours and theirs over the same folder."""
    seconds: dict[str, float] = {}
    memory = 0.0
    for name, (command, accepted) in commands(scratch).items():
        if name == "checkov" and not with_checkov:
            continue
        # checkov takes minutes here; one round is enough to see its order.
        runs = [timed(command, scratch / f"{name}.out", accepted) for _ in range(1 if name == "checkov" else rounds)]
        seconds[name] = statistics.median(one for one, _ in runs)
        if name == "mlgate":
            memory = max(peak for _, peak in runs)
    results = [json.loads(one) for one in (scratch / "mlgate.out").read_text().splitlines()]
    line("files read by mlgate", f"{len(results):,}")
    line("  resources", f"{sum(len(one['resources']) for one in results):,}")
    line("  files that were not read whole, all named", f"{sum(bool(one['not_read']) for one in results):,}")
    line("mlgate template expand, whole process", f"{seconds['mlgate']:.2f} s")
    line("  peak of memory", f"{memory:.0f} MB", "under 300 MB")
    line("trivy config, whole process", f"{seconds['trivy']:.2f} s")
    line("  mlgate is faster by", f"{seconds['trivy'] / seconds['mlgate']:.2f}", "above 1")
    if with_checkov:
        line("checkov, its ARM framework only, whole process", f"{seconds['checkov']:.1f} s")
        line("  mlgate is faster by", f"{seconds['checkov'] / seconds['mlgate']:.1f}", "15 or more")


def large_template(megabytes: float) -> bytes:
    """A template of about that size, with expressions, copies and nested properties as real ones have them."""
    resources: list[dict[str, Any]] = []
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"prefix": {"type": "string", "defaultValue": "ml"}, "location": {"type": "string"}},
        "variables": {"tags": {"owner": "[parameters('prefix')]"}},
        "resources": resources,
    }
    one = {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": "2023-09-01",
        "name": "",
        "location": "[parameters('location')]",
        "tags": "[variables('tags')]",
        "properties": {
            "securityRules": [
                {
                    "name": f"rule-{number}",
                    "properties": {
                        "description": "[concat('rule of ', parameters('prefix'))]",
                        "protocol": "Tcp",
                        "access": "Allow",
                        "direction": "Inbound",
                        "priority": 100 + number,
                        "sourcePortRange": "*",
                        "destinationPortRange": "443",
                        "sourceAddressPrefix": "10.0.0.0/8",
                    },
                }
                for number in range(20)
            ]
        },
    }
    size = len(json.dumps(one, indent=2))
    resources.extend(
        {**one, "name": f"[format('{{0}}-nsg-{{1}}', parameters('prefix'), {number})]"}
        for number in range(int(megabytes * 1e6 / size))
    )
    return json.dumps(template, indent=2).encode()


def large(scratch: Path) -> None:
    """A template of 3 MB, and of a half and a quarter."""
    from resource_readers.interface import ReadRequest
    from resource_readers.registry import read_resources

    seconds = {}
    for megabytes in (0.75, 1.5, 3.0):
        file = scratch / "large.json"
        file.write_bytes(large_template(megabytes))
        started = time.perf_counter()
        result = read_resources(ReadRequest(root=scratch, path=file))
        seconds[megabytes] = time.perf_counter() - started
        if result.not_read:
            raise SystemExit(f"the large template isn't read: {result.not_read[0]}")
    line("a template of 3 MB, read and expanded", f"{seconds[3.0]:.2f} s", "under 1 s")
    line("  half of it, of the time", f"{seconds[1.5] / seconds[3.0]:.0%}", "linear")
    line("  a quarter of it, of the time", f"{seconds[0.75] / seconds[3.0]:.0%}", "linear")


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-checkov", action="store_true")
    arguments = parser.parse_args()
    if not CORPUS.is_dir():
        print("the team's shared corpus is not beside this clone", file=sys.stderr)
        raise SystemExit(2)
    with tempfile.TemporaryDirectory() as folder:
        over_the_corpus(Path(folder), arguments.rounds, with_checkov=not arguments.without_checkov)
        large(Path(folder))


if __name__ == "__main__":
    main()
