"""The report for a person at a terminal, or in the log of a build.

Findings stand by file or resource, what was waived and what could not be checked after them, then tables that count
all of it, the verdict last. Lines are never cut or wrapped here, so that an identifier can be copied and a log can be
searched; there are colours on a terminal and nowhere else. Nothing in a text from outside is markup, or a command to
the build server that reads it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, assert_never

from report_formats import wording
from report_formats.console_findings import Line, Piece, heading, indented, section
from report_formats.interface import Report
from report_formats.summaries import HEADINGS, Tally, by_file, by_rule
from verdicts import Decision, NotCompleted, Verdict, WaivedFinding

if TYPE_CHECKING:
    from rich.console import Console

_RULER = "=" * 78
_ROWS = 50
_NAMED = 30
"""How many rows of a table, and how many things of one kind that could not be checked, the report of a check shows."""


class ConsoleFormat:
    """See the module."""

    name = "console"

    def render(self, report: Report) -> str:
        """The report without colours."""
        return "".join("".join(text for text, _ in line) + "\n" for line in lines(report))


def print_report(report: Report, console: Console | None = None) -> None:
    """Prints the report with colours, if the terminal has them."""
    from rich.console import Console
    from rich.text import Text

    target = console or Console(highlight=False, markup=False, emoji=False)
    for line in lines(report):
        target.print(Text.assemble(*line), soft_wrap=True, markup=False, highlight=False)


def lines(report: Report) -> Iterator[Line]:
    """The whole report, line by line."""
    for line in _lines(report):
        pieces: list[Piece] = []
        for text, style in line:
            blank_so_far = not "".join(before for before, _ in pieces).strip()
            pieces.append((wording.inert(text, starts_line=blank_so_far), style))
        yield tuple(pieces)


def _lines(report: Report) -> Iterator[Line]:
    verdict = report.verdict
    yield ((report.title, "bold"),)
    for name, value in (*report.facts, ("decided at", wording.moment(verdict.at)), ("mlgate", report.mlgate_version)):
        yield (f"  {name}: ", "dim"), (value, "")
    yield from section("Findings", verdict.denying, report)
    yield from section(f"Below the threshold ({verdict.fail_on.value}), not denying", verdict.tolerated, report)
    yield from _waived(verdict.waived)
    yield from _unchecked(report)
    yield from _left_out(report.left_out)
    yield from _scanners(report)
    yield from _tools(verdict)
    if report.kind == "check":
        yield from _table("By rule", "Rule", by_rule(verdict))
        yield from _table("By file", "File", by_file(verdict))
    yield from _verdict(verdict)


def _waived(waived: Sequence[WaivedFinding]) -> Iterator[Line]:
    if not waived:
        return
    yield from heading("Waived", len(waived))
    for item in waived:
        finding, waiver = item.finding, item.waiver
        where = str(finding.location) if finding.location else finding.resource
        yield (
            ("  ", ""),
            (finding.severity.value.upper().ljust(13), "dim"),
            (f" {finding.rule_id}  ", "bold"),
            (" ".join(part for part in (where, finding.subject) if part), ""),
        )
        yield (
            (
                f"      until {waiver.expires.isoformat()}, owner {waiver.owner}, approved by {waiver.approver}"
                f" ({waiver.location})",
                "",
            ),
        )
        yield from indented(f"reason: {waiver.reason}", "      ")


def _unchecked(report: Report) -> Iterator[Line]:
    unchecked = report.verdict.unchecked
    if not unchecked:
        return
    yield from heading("Could not check", len(unchecked))
    told: dict[tuple[str, str], int] = {}
    for item in unchecked:
        kind = (item.scanner, item.reason.value)
        told[kind] = told.get(kind, 0) + 1
        if report.kind == "check" and told[kind] > _NAMED:
            continue
        yield (
            ("  ", ""),
            (item.scanner, "bold"),
            (f"  {item.reason.value}", "yellow"),
            (f"  {item.location}" if item.location else "", ""),
        )
        yield from indented(item.detail, "      ")
        if item.remedy:
            yield from indented(f"remedy: {item.remedy}", "      ")
    for (scanner, reason), number in told.items():
        if report.kind == "check" and number > _NAMED:
            yield (
                ("  … and ", ""),
                (f"{number - _NAMED:,} more of {scanner}, {reason}: the other formats name them", ""),
            )


def _left_out(left_out: Sequence[str]) -> Iterator[Line]:
    if not left_out:
        return
    yield from heading("Left out", len(left_out))
    for one in left_out:
        yield ("  ", ""), (one, "")


def _table(title: str, name: str, rows: Sequence[Tally]) -> Iterator[Line]:
    if not rows:
        return
    yield from heading(title, len(rows))
    cells = [(name, *HEADINGS), *(row.cells for row in rows[:_ROWS])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS) + 1)]
    for number, row in enumerate(cells):
        # Numbers stand on the right; a name may be long, and is never cut.
        shown = [row[0].ljust(widths[0]), row[1].ljust(widths[1])]
        shown += [cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True)]
        yield ("  ", ""), ("  ".join(shown), "dim" if number == 0 else "")
    if len(rows) > _ROWS:
        yield ("  … and ", ""), (f"{len(rows) - _ROWS:,} more", "")


def _scanners(report: Report) -> Iterator[Line]:
    outcomes = report.verdict.outcomes
    if not outcomes:
        return
    yield from heading("Scanners", len({outcome.scanner for outcome in outcomes}))
    silent = 0
    for outcome in outcomes:
        if report.kind == "check" and isinstance(outcome, NotCompleted) and not outcome.findings:
            silent += 1
            continue
        yield ("  ", ""), (wording.outcome_line(outcome).replace("\n", " "), ""), (f"  {outcome.seconds:.1f} s", "dim")
        for note in getattr(outcome, "notes", ()):
            yield from indented(f"note: {note}", "      ")
    if silent:
        yield ("  ", ""), (f"{wording.counted(silent, 'thing')} could not be checked, see above", "")


def _tools(verdict: Verdict) -> Iterator[Line]:
    tools, databases = wording.tools(verdict), wording.databases(verdict)
    if not tools and not databases:
        return
    yield from heading("Tools and databases", len(tools) + len(databases))
    for tool in tools:
        yield (
            (f"  {tool.name} {tool.version}", ""),
            (f"  {wording.short_digest(tool.digest)}  ({tool.origin})", "dim"),
        )
    for database in databases:
        yield (
            (f"  {database.name}", ""),
            (f"  {wording.short_digest(database.digest)}  (updated {wording.moment(database.updated_at)})", "dim"),
        )


def _verdict(verdict: Verdict) -> Iterator[Line]:
    style = _decision_style(verdict.decision)
    yield ()
    yield ((_RULER, style),)
    yield ((f"  {wording.DECISION_WORDS[verdict.decision]}", f"bold {style}"),)
    yield ((f"  {wording.reasons(verdict)}", ""),)
    yield ((_RULER, style),)


def _decision_style(decision: Decision) -> str:
    match decision:
        case Decision.ALLOWED:
            return "green"
        case Decision.DENIED:
            return "red"
        case Decision.COULD_NOT_CHECK:
            return "yellow"
    assert_never(decision)
