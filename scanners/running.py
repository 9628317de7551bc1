"""Running scanners at the same time, so that each ends as an outcome whatever happens in it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from scanners.interface import ScanContext, Scanner, ToolUnavailableError
from scanners.process_runner import (
    OutputTooLargeError,
    ProcessError,
    ProcessTimeoutError,
    ProgramMissingError,
    on_start,
)
from verdicts import Completed, NotCompleted, Outcome, Reason
from verdicts.text import one_line

# How much longer than its own program a scanner may take: unpacking, hashing, reading reports.
GRACE_S = 120.0

# How long the other scanners wait for the first one's program, at most.
HEAD_START_S = 1.0

Progress = Callable[[str, tuple[Outcome, ...] | None], None]
"""Called with a scanner's id and None when it starts, and with its outcomes when it ends."""


def process_outcome(scanner: str, error: ProcessError) -> NotCompleted:
    """A program that gave no exit code of its own, as what a scanner says."""
    if isinstance(error, ProgramMissingError):
        reason, remedy = Reason.MISSING_TOOL, "type `mlgate doctor` to see which tools are there"
    elif isinstance(error, ProcessTimeoutError):
        reason, remedy = Reason.TIMED_OUT, "give it more time (--timeout), or fewer files at once"
    elif isinstance(error, OutputTooLargeError):
        reason, remedy = Reason.TOO_LARGE, "scan fewer files at once"
    else:
        reason, remedy = Reason.CRASHED, "run it again; if it repeats, run the tool by hand on the same input"
    return NotCompleted(scanner=scanner, reason=reason, detail=str(error), remedy=remedy)


def run_scanner(scanner: Scanner, context: ScanContext) -> tuple[Outcome, ...]:
    """One scanner to its end; anything that escapes from it becomes a NotCompleted."""
    started = time.monotonic()
    outcomes: tuple[Outcome, ...]
    try:
        outcomes = tuple(scanner.scan(context))
        if not all(isinstance(outcome, Completed | NotCompleted) for outcome in outcomes):
            raise TypeError("an outcome is neither completed nor not completed")
    except ToolUnavailableError as error:
        outcomes = (error.outcome(scanner.id),)
    except ProcessError as error:
        outcomes = (process_outcome(scanner.id, error),)
    except (Exception, SystemExit) as error:  # the boundary: a defect in a scanner or its library must not be silent
        detail = f"{type(error).__name__}: {one_line(str(error))}"
        outcomes = (_crashed(scanner.id, detail, "this is a defect of mlgate or of a library: please report it"),)
    if not outcomes:
        outcomes = (
            NotCompleted(
                scanner=scanner.id,
                reason=Reason.NOTHING_EXAMINED,
                detail=f"{scanner.id} gave no outcome",
                remedy="this is a defect of mlgate: please report it",
            ),
        )
    seconds = time.monotonic() - started
    return tuple(_attributed(outcome, scanner.id, seconds) for outcome in outcomes)


def _crashed(scanner: str, detail: str, remedy: str) -> NotCompleted:
    return NotCompleted(scanner=scanner, reason=Reason.CRASHED, detail=detail, remedy=remedy)


def _step_back() -> None:
    """Lowers the priority of this thread, and so of the programs that it starts, where the platform can."""
    with contextlib.suppress(OSError, AttributeError):
        # On Linux a thread has a priority of its own (sched(7)).
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def _attributed(outcome: Outcome, scanner: str, seconds: float) -> Outcome:
    # A scanner can't speak for another one: `required` counts on the names.
    taken = outcome.seconds or seconds
    if isinstance(outcome, Completed):
        return dataclasses.replace(outcome, scanner=scanner, seconds=taken)
    return dataclasses.replace(outcome, scanner=scanner, seconds=taken)


def run_scanners(
    scanners: Sequence[Scanner], context: ScanContext, *, progress: Progress | None = None
) -> Mapping[str, tuple[Outcome, ...]]:
    """All scanners at once, a thread each; what doesn't end in time is given up and reported.

    The first scanner should be the slowest: it sets the pace, so the others wait until its program runs, and leave it
    the processor where there are not enough for all.

    `context.workspace` is where each scanner's own workspace is made.

    Returns:
        outcomes by scanner id, in the order given.
    """
    names = [scanner.id for scanner in scanners]
    if len(set(names)) != len(names):
        raise ValueError(f"two scanners of one id: {names}")
    ended: queue.SimpleQueue[tuple[str, tuple[Outcome, ...]]] = queue.SimpleQueue()

    first_runs = threading.Event()

    def work(scanner: Scanner) -> None:
        if scanner is scanners[0]:
            on_start.set(first_runs.set)
        else:
            _step_back()
        try:
            workspace = Path(tempfile.mkdtemp(prefix=f"{scanner.id}-", dir=context.workspace))
        except OSError as error:
            detail = f"no folder to work in: {error.strerror or error}"
            remedy = "free some space, or look at the rights of the temporary folder"
            ended.put((scanner.id, (_crashed(scanner.id, detail, remedy),)))
            return
        ended.put((scanner.id, run_scanner(scanner, dataclasses.replace(context, workspace=workspace))))
        first_runs.set()

    for scanner in scanners:
        if progress is not None:
            progress(scanner.id, None)
        # Daemon threads: a scanner that hangs in a library must not keep the gate from ending.
        threading.Thread(target=work, args=(scanner,), name=f"scanner-{scanner.id}", daemon=True).start()
        if scanner is scanners[0]:
            first_runs.wait(HEAD_START_S)

    results: dict[str, tuple[Outcome, ...]] = {}
    deadline = time.monotonic() + context.timeout_s + GRACE_S
    while len(results) < len(names):
        try:
            name, outcomes = ended.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        results[name] = outcomes
        if progress is not None:
            progress(name, outcomes)
    for name in names:
        if name not in results:
            late = NotCompleted(
                scanner=name,
                reason=Reason.TIMED_OUT,
                detail=f"{name} did not end within {context.timeout_s + GRACE_S:g} s",
                remedy="give it more time (--timeout), or fewer files at once",
            )
            results[name] = (late,)
            if progress is not None:
                progress(name, (late,))
    return {name: results[name] for name in names}
