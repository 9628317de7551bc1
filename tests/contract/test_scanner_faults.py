"""One suite over every scanner that wraps a program: whatever goes wrong with it, nothing becomes allowed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from scanners.interface import ScanContext
from scanners.running import run_scanner
from tests.contract.scanner_subjects import SUBJECTS, Subject
from tests.fakes.fake_tools import FakeTool, Fault, fake_toolbox
from verdicts import Decision, Severity, Verdict, decide

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)

CASES = [
    pytest.param(subject, fault, call, id=f"{subject.id}-{fault.value}-from-call-{call}")
    for subject in SUBJECTS
    for fault in Fault
    for call in range(1 if fault in (Fault.MISSING, Fault.VANISHED) else subject.calls)
]


def _verdict(subject: Subject, tool: FakeTool, folder: Path, timeout_s: float) -> Verdict:
    for name in ("project", "workspace", "bin"):
        (folder / name).mkdir()
    scanner = subject.build(folder / "project")
    context = ScanContext(
        root=folder / "project",
        workspace=folder / "workspace",
        now=NOW,
        tools=fake_toolbox(folder / "bin", tool),
        timeout_s=timeout_s,
    )
    outcomes = run_scanner(scanner, context)
    return decide(outcomes, required=frozenset({subject.id}), fail_on=Severity.MEDIUM, at=NOW)


@pytest.mark.parametrize("subject", [pytest.param(subject, id=subject.id) for subject in SUBJECTS])
def test_the_recording_itself_is_allowed(subject: Subject, tmp_path: Path) -> None:
    verdict = _verdict(subject, subject.tool, tmp_path, 60)
    assert verdict.unchecked == ()
    assert verdict.decision is Decision.ALLOWED


@pytest.mark.parametrize(("subject", "fault", "call"), CASES)
def test_a_broken_program_is_never_allowed(subject: Subject, fault: Fault, call: int, tmp_path: Path) -> None:
    tool = dataclasses.replace(subject.tool, fault=fault, fault_from_call=call)
    verdict = _verdict(subject, tool, tmp_path, 2 if fault is Fault.HANG else 60)
    assert verdict.decision is Decision.COULD_NOT_CHECK
    assert verdict.unchecked
    assert all(gap.detail and gap.remedy for gap in verdict.unchecked)
