"""What a person sees while scanners run: a live board on a terminal, a plain line per ended scanner elsewhere.

    with ProgressBoard() as board:
        outcomes = run_scanners(scanners, context, progress=board)

Everything goes to standard error, so that a report on standard output stays whole.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from report_formats.wording import inert, outcome_line
from verdicts import Completed, Outcome
from verdicts.text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


_SHOWN = 5
"""Obstacles of one scanner that are shown while others run."""


class ProgressBoard:
    """Usable as `scanners.running.Progress`, from one thread at a time.

    Args:
        stream: where to write; standard error if None.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> ProgressBoard:
        if self._stream.isatty():
            self._live = _live_display(self._stream)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def __call__(self, scanner: str, outcomes: tuple[Outcome, ...] | None) -> None:
        """A scanner starts (None) or has ended."""
        if self._live is None:
            if outcomes is not None:
                for line in _ended(outcomes):
                    print(line, file=self._stream, flush=True)
        elif outcomes is None:
            self._tasks[scanner] = self._live.add_task(f"{scanner}: running", total=1)
        else:
            from rich.text import Text

            if scanner in self._tasks:
                self._live.remove_task(self._tasks.pop(scanner))
            for line in _ended(outcomes):
                self._live.console.print(Text(line), soft_wrap=True)


def _ended(outcomes: tuple[Outcome, ...]) -> list[str]:
    lines = []
    done: list[Outcome] = [one for one in outcomes if isinstance(one, Completed)]
    stopped: list[Outcome] = [one for one in outcomes if not isinstance(one, Completed)]
    for outcome in (*done, *stopped[:_SHOWN]):
        sign = "done" if isinstance(outcome, Completed) else "STOP"
        text = inert(one_line(outcome_line(outcome), maximum=500))
        lines.append(f"{sign}  {text} ({outcome.seconds:.1f} s)")
    if len(stopped) > _SHOWN:
        lines.append(f"STOP  and {len(stopped) - _SHOWN} more could not be checked: the report names them all")
    return lines


def _live_display(stream: TextIO) -> Progress:
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)
