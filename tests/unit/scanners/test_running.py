"""Scanners side by side: whatever happens in one of them ends as an outcome, and never as silence."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scanners import running
from scanners.interface import ScanContext, Tool, ToolUnavailableError
from scanners.process_runner import (
    OutputTooLargeError,
    ProcessError,
    ProcessKilledError,
    ProcessTimeoutError,
    ProgramMissingError,
)
from scanners.running import run_scanner, run_scanners
from tests.sample_reports import finding
from tests.strategies import NOW
from verdicts import Completed, Decision, NotCompleted, Outcome, Reason, Severity, decide


class NoTools:
    """A toolbox without tools."""

    def tool(self, name: str) -> Tool:
        """Has none."""
        raise ToolUnavailableError(Reason.MISSING_TOOL, f"{name} is not there", "install it")


@dataclass(frozen=True)
class Fake:
    """A scanner that does what the test says."""

    id: str
    behaviour: Callable[[ScanContext], Any]

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """As told."""
        outcomes: tuple[Outcome, ...] = self.behaviour(context)
        return outcomes


def raising(error: BaseException) -> Callable[[ScanContext], Any]:
    def behaviour(context: ScanContext) -> Any:
        raise error

    return behaviour


def fine(name: str = "fine") -> Fake:
    return Fake(name, lambda _: (Completed(scanner=name, examined=1, unit="things"),))


@pytest.fixture
def context(tmp_path: Path) -> ScanContext:
    (tmp_path / "work").mkdir()
    return ScanContext(root=tmp_path, workspace=tmp_path / "work", now=NOW, tools=NoTools(), timeout_s=60)


def verdict_of(outcomes: tuple[Outcome, ...]) -> Decision:
    return decide(outcomes, required=frozenset(), fail_on=Severity.LOW, at=NOW).decision


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ToolUnavailableError(Reason.UNTRUSTED_TOOL, "trivy 0.69.4 is refused", "update it"), Reason.UNTRUSTED_TOOL),
        (ProgramMissingError("x"), Reason.MISSING_TOOL),
        (ProcessTimeoutError("x"), Reason.TIMED_OUT),
        (OutputTooLargeError("x"), Reason.TOO_LARGE),
        (ProcessKilledError("x"), Reason.CRASHED),
        (ProcessError("x"), Reason.CRASHED),
        (ValueError("x"), Reason.CRASHED),
        (RecursionError("x"), Reason.CRASHED),
        (MemoryError(), Reason.CRASHED),
        (SystemExit(0), Reason.CRASHED),
        (KeyError("\x1b[2J"), Reason.CRASHED),
    ],
)
def test_whatever_escapes_a_scanner_is_could_not_check(
    error: BaseException, reason: Reason, context: ScanContext
) -> None:
    outcomes = run_scanners([Fake("trivy", raising(error))], context)["trivy"]
    assert [(item.scanner, item.reason) for item in outcomes if isinstance(item, NotCompleted)] == [("trivy", reason)]
    assert len(outcomes) == 1
    assert verdict_of(outcomes) is Decision.COULD_NOT_CHECK


@pytest.mark.parametrize("answer", [None, (), [], iter(()), "done", (None,), ("allowed",), ({"scanner": "x"},), 7])
def test_an_answer_that_is_none_is_could_not_check(answer: object, context: ScanContext) -> None:
    outcomes = run_scanners([Fake("liar", lambda _: answer)], context)["liar"]
    assert [type(item) for item in outcomes] == [NotCompleted]
    assert verdict_of(outcomes) is Decision.COULD_NOT_CHECK


def test_a_scanner_can_not_speak_for_another(context: ScanContext) -> None:
    liar = Fake("liar", lambda _: (Completed(scanner="trivy", examined=9, unit="things"),))
    outcomes = run_scanners([liar], context)["liar"]
    assert [item.scanner for item in outcomes] == ["liar"]


def test_an_answer_that_can_be_read_only_once_is_read_once(context: ScanContext) -> None:
    bad = NotCompleted(scanner="x", reason=Reason.CRASHED, detail="x", remedy="")
    outcomes = run_scanner(Fake("x", lambda _: iter([bad])), context)
    assert verdict_of(outcomes) is Decision.COULD_NOT_CHECK
    assert len(outcomes) == 1


def test_one_that_breaks_does_not_touch_the_others(context: ScanContext) -> None:
    results = run_scanners([fine("a"), Fake("b", raising(ValueError())), fine("c")], context)
    assert list(results) == ["a", "b", "c"]
    assert [verdict_of(outcomes) for outcomes in results.values()] == [
        Decision.ALLOWED,
        Decision.COULD_NOT_CHECK,
        Decision.ALLOWED,
    ]


def test_one_that_hangs_is_given_up_and_the_others_count(context: ScanContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "GRACE_S", 0.5)
    release = threading.Event()

    def hang(_: ScanContext) -> tuple[Outcome, ...]:
        release.wait(60)
        return (Completed(scanner="slow", examined=1, unit="things"),)

    hasty = ScanContext(root=context.root, workspace=context.workspace, now=NOW, tools=NoTools(), timeout_s=0.5)
    seen: list[tuple[str, bool]] = []
    try:
        results = run_scanners(
            [Fake("slow", hang), fine()],
            hasty,
            progress=lambda name, outcomes: seen.append((name, outcomes is not None)),
        )
    finally:
        release.set()
    assert [item.reason for item in results["slow"] if isinstance(item, NotCompleted)] == [Reason.TIMED_OUT]
    assert verdict_of(results["fine"]) is Decision.ALLOWED
    assert sorted(seen) == [("fine", False), ("fine", True), ("slow", False), ("slow", True)]


def test_scanners_run_at_the_same_time(context: ScanContext) -> None:
    # Each waits for the other: one after the other they would break the barrier.
    barrier = threading.Barrier(2, timeout=30)

    def meet(_: ScanContext) -> tuple[Outcome, ...]:
        barrier.wait()
        return (Completed(scanner="x", examined=1, unit="things"),)

    results = run_scanners([Fake("a", meet), Fake("b", meet)], context)
    assert all(verdict_of(outcomes) is Decision.ALLOWED for outcomes in results.values())


def test_each_has_a_workspace_of_its_own_that_is_empty(context: ScanContext) -> None:
    folders: list[Path] = []

    def look(mine: ScanContext) -> tuple[Outcome, ...]:
        assert mine.workspace.is_dir()
        assert list(mine.workspace.iterdir()) == []
        folders.append(mine.workspace)
        return (Completed(scanner="x", examined=1, unit="things"),)

    results = run_scanners([Fake("a", look), Fake("b", look)], context)
    assert all(verdict_of(outcomes) is Decision.ALLOWED for outcomes in results.values())
    assert len(set(folders)) == 2
    assert all(folder.parent == context.workspace for folder in folders)


@pytest.mark.parametrize("name", ["checkov", "a/b"])
def test_a_workspace_that_can_not_be_made_is_could_not_check_at_once(name: str, context: ScanContext) -> None:
    if name == "checkov":
        context.workspace.rmdir()
    outcomes = run_scanners([fine(name)], context)[name]
    assert [item.reason for item in outcomes if isinstance(item, NotCompleted)] == [Reason.CRASHED]


def test_two_scanners_of_one_id_are_refused(context: ScanContext) -> None:
    with pytest.raises(ValueError, match="two scanners of one id"):
        run_scanners([fine(), fine()], context)


def test_no_scanners_give_no_outcomes(context: ScanContext) -> None:
    assert dict(run_scanners([], context)) == {}


def test_what_was_found_is_kept_with_the_time_it_took(context: ScanContext) -> None:
    outcome = Completed(scanner="x", examined=2, unit="things", findings=(finding(),))
    [kept] = run_scanner(Fake("mine", lambda _: (outcome,)), context)
    assert isinstance(kept, Completed)
    assert (kept.scanner, kept.examined, kept.findings) == ("mine", 2, (finding(),))
    assert kept.seconds >= 0


def test_a_message_of_an_error_is_cleaned(context: ScanContext) -> None:
    [outcome] = run_scanner(Fake("x", raising(ValueError("\x1b[2J Password=hunter2"))), context)
    assert isinstance(outcome, NotCompleted)
    assert outcome.detail == "ValueError: \\x1b[2J Password [redacted]"


def test_an_interrupt_is_not_swallowed(context: ScanContext) -> None:
    with pytest.raises(KeyboardInterrupt):
        run_scanner(Fake("x", raising(KeyboardInterrupt())), context)


def test_a_library_that_exits_does_not_end_the_gate(context: ScanContext) -> None:
    [outcome] = run_scanner(Fake("x", lambda _: sys.exit(0)), context)
    assert isinstance(outcome, NotCompleted)
