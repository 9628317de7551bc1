"""What `make gate` shows: a good release goes live, a bad one is denied and removed, and the good one still serves.

Every step runs the real command line; what it must show is checked here, so that this script can't end 0 over a gate
that let something through. Run with mlgate's own interpreter: `.venv/bin/python examples/credit-risk/run_gate.py`.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

HERE = Path(__file__).resolve().parent
MLGATE = Path(sys.executable).with_name("mlgate")
ENDPOINT = "credit-risk-scoring"
APPROVER = "reviewer@example.com"


def say(text: str) -> None:
    """A heading."""
    print(f"\n=== {text}", flush=True)


def fail(text: str) -> NoReturn:
    """Ends the demonstration: the gate didn't do what it must."""
    print(f"\nmake gate: {text}", file=sys.stderr)
    raise SystemExit(1)


def mlgate(*arguments: str, expect: int, capture: bool = False) -> str:
    """Runs mlgate in the example's folder and demands an exit code; returns standard output if captured."""
    print(f"$ mlgate {shlex.join(arguments)}", flush=True)
    done = subprocess.run(
        [str(MLGATE), *arguments], cwd=HERE, stdout=subprocess.PIPE if capture else None, text=True, check=False
    )
    if done.returncode != expect:
        fail(f"exit code {done.returncode} where {expect} was due")
    return done.stdout or ""


def score() -> dict[str, Any]:
    """One scoring request to the endpoint."""
    answer = mlgate("endpoint", "invoke", ENDPOINT, "scoring/sample-request.json", expect=0, capture=True)
    print(answer.strip())
    content = json.loads(answer)
    return json.loads(content) if isinstance(content, str) else dict(content)


def runs() -> list[dict[str, Any]]:
    """All runs, oldest first."""
    return [json.loads(line) for line in mlgate("status", "--json", expect=0, capture=True).splitlines()]


def finish_interrupted() -> None:
    """A demonstration that was interrupted left a run: it is finished before anything else."""
    for run in runs():
        if run["next"] is not None and run["next"] != "approve":
            print(f"$ mlgate resume {run['run']}", flush=True)
            subprocess.run([str(MLGATE), "resume", run["run"]], cwd=HERE, check=False)


def check_denied(report: Path) -> None:
    """The bad release must be denied by at least five scanners, and its image be gone."""
    content = json.loads(report.read_text())
    scanners = sorted({finding["scanner"] for finding in content["findings"] if finding["denies"]})
    print(f"denied by {len(scanners)} scanners: {', '.join(scanners)}")
    if content["verdict"]["decision"] != "denied" or len(scanners) < 5:
        fail("the bad release must be denied by at least five scanners")
    index = json.loads((HERE / ".mlgate/registry" / ENDPOINT / "index.json").read_text())
    tags = [entry["annotations"]["org.opencontainers.image.ref.name"] for entry in index["manifests"]]
    print(f"images in the registry: {', '.join(tags)}")
    if len(tags) != 1:
        fail("the bad image must be gone from the registry, and the good one still there")


def main() -> None:
    """The demonstration."""
    started = time.monotonic()
    say("The example's images, databases and environment (nothing to do the second time)")
    subprocess.run([sys.executable, str(HERE / "build.py")], check=True)
    mlgate("doctor", expect=0)
    finish_interrupted()
    report = HERE / ".mlgate" / "bad-report.json"
    try:
        say("A good release: checked, approved, deployed")
        mlgate("deploy", "releases/good.yml", "--environment", "production", "--approve-as", APPROVER, expect=0)
        before = score()
        say("A bad release: denied, its image deleted, the running deployment untouched")
        mlgate(
            *("deploy", "releases/bad.yml", "--environment", "production", "--approve-as", APPROVER),
            *("--format", "console", "--format", "json", "--output", "-", "--output", str(report)),
            expect=1,
        )
        check_denied(report)
        say("The good release still serves")
        if score() != before:
            fail("the endpoint answers differently after the bad release")
        mlgate("endpoint", "list", expect=0)
        say("The audit trail")
        mlgate("trail", "verify", expect=0)
    finally:
        say("Nothing is left running")
        mlgate("endpoint", "stop", "--all", expect=0)
    print(f"\nmake gate: all shown in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
