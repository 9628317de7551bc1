"""The report for a person at a terminal, or in the log of a build.

Findings stand by file or resource, what was waived and what could not be checked after them, the verdict last. Lines
are never cut or wrapped here, so that an identifier can be copied and a log can be searched; there are colours on a
terminal and nowhere else. Nothing in a text from outside is markup, or a command to the build server that reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, assert_never

from report_formats import wording
from report_formats.interface import Report
from verdicts import Decision, Finding, NotCompleted, Severity, Verdict, WaivedFinding

if TYPE_CHECKING:
    from rich.console import Console

# Piece of a line: text and style; a line is a sequence of pieces.
Piece = tuple[str, str]
Line = tuple[Piece, ...]

_RULER = "=" * 78


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
    yield from _findings("Findings", verdict.denying)
    yield from _findings(f"Below the threshold ({verdict.fail_on.value}), not denying", verdict.tolerated)
    yield from _waived(verdict.waived)
    yield from _unchecked(verdict.unchecked)
    yield from _scanners(verdict)
    yield from _tools(verdict)
    yield from _verdict(verdict)


def _heading(text: str, number: int) -> Iterator[Line]:
    yield ()
    yield ((f"{text} ({number:,})", "bold underline"),)


def _indented(text: str, margin: str, style: str = "") -> Iterator[Line]:
    for part in text.splitlines() or [""]:
        yield (margin, ""), (part, style)


def _place(finding: Finding) -> str:
    return finding.location.path if finding.location else finding.resource


def _by_place(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings by file, or by resource where there is no file; the place with the worst one first."""
    places: dict[str, list[Finding]] = {}
    for finding in findings:
        places.setdefault(_place(finding), []).append(finding)
    return places


def _findings(title: str, findings: Sequence[Finding]) -> Iterator[Line]:
    if not findings:
        return
    yield from _heading(title, len(findings))
    for place, here in _by_place(findings).items():
        yield (("  ", ""), (place or "(no place)", "bold"))
        for finding in here:
            yield from _finding(finding)


def _finding(finding: Finding) -> Iterator[Line]:
    line = f"line {finding.location.line}  " if finding.location and finding.location.line else ""
    yield (
        ("    ", ""),
        (finding.severity.value.upper().ljust(13), _style(finding.severity)),
        (f" {finding.rule_id}  ", "bold"),
        (f"{line}[{finding.scanner}]", "dim"),
    )
    yield from _indented(finding.message, "        ")
    if finding.location and finding.resource != finding.location.path:
        yield ("        resource: ", "dim"), (finding.resource, "")
    if finding.subject:
        yield ("        subject: ", "dim"), (finding.subject, "")
    if finding.remediation:
        yield from _indented(f"remedy: {finding.remediation}", "        ")
    if finding.documentation:
        yield ("        see: ", "dim"), (finding.documentation, "")


def _waived(waived: Sequence[WaivedFinding]) -> Iterator[Line]:
    if not waived:
        return
    yield from _heading("Waived", len(waived))
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
        yield from _indented(f"reason: {waiver.reason}", "      ")


def _unchecked(unchecked: Sequence[NotCompleted]) -> Iterator[Line]:
    if not unchecked:
        return
    yield from _heading("Could not check", len(unchecked))
    for item in unchecked:
        yield (
            ("  ", ""),
            (item.scanner, "bold"),
            (f"  {item.reason.value}", "yellow"),
            (f"  {item.location}" if item.location else "", ""),
        )
        yield from _indented(item.detail, "      ")
        if item.remedy:
            yield from _indented(f"remedy: {item.remedy}", "      ")


def _scanners(verdict: Verdict) -> Iterator[Line]:
    if not verdict.outcomes:
        return
    yield from _heading("Scanners", len(verdict.outcomes))
    for outcome in verdict.outcomes:
        yield ("  ", ""), (wording.outcome_line(outcome).replace("\n", " "), ""), (f"  {outcome.seconds:.1f} s", "dim")
        for note in getattr(outcome, "notes", ()):
            yield from _indented(f"note: {note}", "      ")


def _tools(verdict: Verdict) -> Iterator[Line]:
    tools, databases = wording.tools(verdict), wording.databases(verdict)
    if not tools and not databases:
        return
    yield from _heading("Tools and databases", len(tools) + len(databases))
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


def _style(severity: Severity) -> str:
    match severity:
        case Severity.CRITICAL | Severity.UNKNOWN:
            return "bold red"
        case Severity.HIGH:
            return "red"
        case Severity.MEDIUM:
            return "yellow"
        case Severity.LOW | Severity.INFORMATIONAL:
            return "cyan"
    assert_never(severity)
