"""The gate's wall time against the wrapped tools run by hand on the same input, in the same run.

    .venv/bin/python benchmarks/gate.py [--rounds N]

"gate" is the whole process `mlgate deploy` up to the point where it waits for an approval: reading, freezing, all
scanners, canaries, verification of the image, decision, trail. By hand, the tools do less: nobody verifies the image's
layers, runs a canary, or asks whether every file was read. Printed are medians of wall seconds with the processor
seconds of that run, and the ratios to the slowest tool and to the sum of all of them. Exit code 0 always: figures are
for people to read.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deploy_gate.project import load_project
from deploy_gate.release_manifest import load_manifest
from scanners.closures import read_closure
from scanners.toolbox import LocalToolbox
from verdicts.digests import canonical_json

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / "examples" / "credit-risk"
MLGATE = Path(sys.executable).with_name("mlgate")

Command = list[str]


@dataclass(frozen=True, slots=True, order=True)
class Cost:
    """What a process takes: wall seconds, and processor seconds with those of the processes that it waited for."""

    wall: float
    processor: float


def timed(command: Command, *, cwd: Path, accepted: tuple[int, ...]) -> Cost:
    """One run."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        code = process.returncode = os.waitstatus_to_exitcode(status)
        if code not in accepted:
            output.seek(0)
            raise SystemExit(f"{command[0]} ended with {code}: {output.read().decode()[-500:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime)


def by_hand(scratch: Path) -> dict[str, tuple[Command, tuple[int, ...]]]:
    """The wrapped tools' commands, as a person would type them, with the exit codes that mean that they ran."""
    project = load_project(EXAMPLE)
    release = load_manifest(EXAMPLE / "releases" / "good.yml", project.root)
    toolbox = LocalToolbox()
    checkov, trivy = toolbox.tool("checkov").argv, toolbox.tool("trivy").argv
    templates = [argument for item in release.templates for argument in ("--file", str(EXAMPLE / item.path))]
    image = f"{project.registry / release.image.repository}:{release.image.tag}"
    closure = read_closure(EXAMPLE / release.requirements, None, root=EXAMPLE)
    request = scratch / "request.json"
    request.write_bytes(canonical_json({"packages": [[item.name, item.version] for item in closure.packages]}))
    digest = json.loads((project.advisories.path / "snapshot.json").read_text())["digest"]
    audit = [sys.executable, "-I", "-m", "scanners.pip_audit_worker", "--request", str(request)]
    return {
        "checkov": (
            [*checkov, *templates, "--framework", "arm", "bicep", "--output", "json", "--compact", "--skip-download"],
            (0, 1),
        ),
        "trivy": (
            [
                *trivy,
                *("image", "--cache-dir", str(project.trivy.path), "--cache-backend", "memory", "--input", image),
                *("--scanners", "vuln,secret", "--skip-db-update", "--skip-java-db-update", "--skip-check-update"),
                *("--offline-scan", "--skip-version-check", "--disable-telemetry", "--format", "json", "--quiet"),
                *("--output", str(scratch / "trivy.json")),
            ],
            (0,),
        ),
        "pip-audit": ([*audit, "--snapshot", str(project.advisories.path), "--digest", digest], (0,)),
    }


def project_copy(scratch: Path) -> Path:
    """The example with its images and databases, in a repository of its own: no run of the user's is touched."""
    copy = scratch / "credit-risk"
    ignored = shutil.ignore_patterns(
        "runs", "trail", "trail-head", "endpoints", "notifications", "environments", "benchmark-*"
    )
    shutil.copytree(EXAMPLE, copy, ignore=ignored, copy_function=os.link)
    (copy / ".gitignore").write_text(".mlgate/\n")
    git = ["git", "-C", str(copy), "-c", "user.name=A", "-c", "user.email=author@example.com"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "copy"]):
        subprocess.run([*git, *arguments], check=True)
    return copy


def measure(rounds: int, work: Callable[[], Cost]) -> Cost:
    """The one in the middle of several runs after one that warms the caches."""
    work()
    return sorted(work() for _ in range(rounds))[(rounds - 1) // 2]


def row(name: str, cost: Cost) -> None:
    """One line: wall seconds, and processor seconds."""
    print(f"{name:<24}{cost.wall:7.2f} s{cost.processor:9.2f} s of a processor")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    subprocess.run([sys.executable, str(EXAMPLE / "build.py")], check=True, stdout=subprocess.DEVNULL)
    # Beside the example, so that the image's layers can be hard links.
    with tempfile.TemporaryDirectory(dir=EXAMPLE / ".mlgate", prefix="benchmark-") as folder:
        scratch = Path(folder)
        empty = scratch / "empty"
        empty.mkdir()
        costs: dict[str, Cost] = {}
        for name, (command, accepted) in by_hand(scratch).items():
            costs[name] = measure(rounds, lambda c=command, a=accepted: timed(c, cwd=empty, accepted=a))  # type: ignore[misc]
        copy = project_copy(scratch)
        gate: Command = [str(MLGATE), "deploy", "releases/good.yml", "--environment", "production"]
        # 3: everything was checked and is allowed, and the run waits for its approval.
        total = measure(rounds, lambda: timed(gate, cwd=copy, accepted=(3,)))
    slowest = max(costs.values())
    added = Cost(sum(one.wall for one in costs.values()), sum(one.processor for one in costs.values()))
    for name, cost in costs.items():
        row(name, cost)
    row("slowest tool", slowest)
    row("sum of the tools", added)
    row("gate", total)
    print(f"{'gate / slowest tool':<24}{total.wall / slowest.wall:7.2f}")
    print(f"{'gate / sum':<24}{total.wall / added.wall:7.2f}")
    print(f"{'the same by processors':<24}{total.processor / added.processor:7.2f}")


if __name__ == "__main__":
    main()
