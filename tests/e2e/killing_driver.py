"""Runs the deploy path of a project in this process and ends it with SIGKILL at the n-th boundary.

usage: killing_driver.py PROJECT RELEASE BOUNDARY VERDICT [RUN-TO-RESUME]

Boundaries are counted over the whole path: before a step, after it is done, after it is written down. With a boundary
that is never reached the run ends by itself. The backend is the real local one; only the scanners are stand-ins, which
say what VERDICT ("allowed" or "denied") needs, so that hundreds of walks take seconds.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from cli.wiring import pipeline
from deploy_gate.path import Result, Step
from deploy_gate.project import load_project
from deploy_gate.release_checks import STEP_SCANNERS, ReleaseInputs
from tests.fakes.fake_ports import FakeScanner
from verdicts import Completed, Finding, Outcome, Severity


class Killer:
    """An observer that kills."""

    def __init__(self, boundary: int) -> None:
        self._left = boundary

    def _boundary(self, moment: str, step: Step) -> None:
        if self._left == 0:
            print(f"killed {moment} {step.value}", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        self._left -= 1

    def step_begins(self, run: str, step: Step) -> None:
        self._boundary("before", step)

    def step_done(self, run: str, step: Step, result: Result) -> None:
        self._boundary("after", step)

    def step_recorded(self, run: str, step: Step, result: Result) -> None:
        self._boundary("recorded", step)

    def scanner(self, scanner: str, outcomes: tuple[Outcome, ...] | None) -> None: ...


def scanners(verdict: str) -> tuple[FakeScanner, ...]:
    """One stand-in for each scanner of the path."""
    bad = Finding(
        rule_id="RULE-1",
        scanner="trivy",
        severity=Severity.CRITICAL,
        message="bad",
        remediation="mend",
        resource="image",
    )
    return tuple(
        FakeScanner(
            name,
            (
                Completed(
                    scanner=name,
                    examined=1,
                    unit="things",
                    findings=(bad,) if verdict == "denied" and name == "trivy" else (),
                ),
            ),
        )
        for names in STEP_SCANNERS.values()
        for name in names
    )


def main() -> None:
    """See the module."""
    root, release, boundary, verdict = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    resumed = sys.argv[5] if len(sys.argv) > 5 else None

    def make(_: ReleaseInputs) -> tuple[FakeScanner, ...]:
        return scanners(verdict)

    path = pipeline(load_project(root), Killer(boundary), make_scanners=make)
    if resumed is None:
        report = path.deploy(release, "production", "reviewer@example.com")
    else:
        report = path.resume(resumed, "reviewer@example.com")
    print(f"ended {report.run.state.ending.value if report.run.state.ending else report.run.state.next_step}")


if __name__ == "__main__":
    main()
