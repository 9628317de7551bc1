"""What is shown while scanners run."""

from __future__ import annotations

import io
import re

from cli.progress import ProgressBoard
from tests import sample_reports
from verdicts import NotCompleted, Reason


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


HOSTILE = NotCompleted(
    scanner="trivy",
    reason=Reason.CRASHED,
    detail="[bold]x[/bold] [/] \x1b[2J\n::error::y ##vso[task.complete]z",
    remedy="",
)


def play(stream: io.StringIO) -> str:
    with ProgressBoard(stream) as board:
        board("checkov", None)
        board("trivy", None)
        board("checkov", (sample_reports.checkov_outcome(sample_reports.finding()), sample_reports.UNREADABLE))
        board("trivy", (HOSTILE,))
    return stream.getvalue()


def test_a_log_gets_one_plain_line_for_each_outcome_and_none_at_the_start() -> None:
    lines = play(io.StringIO()).splitlines()
    assert lines[0] == "done  checkov: 2 templates examined, 1 finding (4.2 s)"
    assert lines[1].startswith("STOP  checkov: could not check: infrastructure/supply.bicep:8:")
    assert lines[2].startswith("STOP  trivy: could not check: [bold]x[/bold] [/] \\x1b[2J ::error::y # #vso[")
    assert len(lines) == 3


def test_a_terminal_shows_the_same_lines_and_markup_stays_text() -> None:
    text = play(Terminal())
    assert "done  checkov: 2 templates examined, 1 finding (4.2 s)" in text
    assert "[bold]x[/bold] [/] \\x1b[2J" in text
    assert "\x1b[2J" not in text
    # The cursor that the live display hides is shown again.
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_the_terminal_is_left_in_order_after_an_error() -> None:
    stream = Terminal()
    try:
        with ProgressBoard(stream) as board:
            board("[bold]checkov[/bold]", None)
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert re.search(r"\x1b\[\?25h", stream.getvalue())


def test_of_many_obstacles_a_few_are_shown_and_the_others_counted() -> None:
    stream = io.StringIO()
    ProgressBoard(stream)("checkov", (sample_reports.UNREADABLE,) * 40 + (sample_reports.checkov_outcome(),))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("done  checkov")
    assert len(lines) == 7
    assert lines[-1] == "STOP  and 35 more could not be checked: the report names them all"
