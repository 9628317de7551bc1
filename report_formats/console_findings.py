"""Findings as the console report shows them: by file, with the lines they stand in and those to write instead.

The report of `mlgate check` is kept readable: of one rule in one file `SAME_RULE` are told in full, of one file
`SAME_FILE`, of all `ALL`. What isn't told in full is counted where it would stand; the machine formats hold all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from report_formats.interface import Excerpt, Report
from report_formats.summaries import grouped, severity_counts
from report_formats.wording import counted
from verdicts import Finding, Severity, Verdict

# Piece of a line: text and style; a line is a sequence of pieces.
Piece = tuple[str, str]
Line = tuple[Piece, ...]

SAME_RULE, SAME_FILE, ALL = 3, 25, 300
_LINES_NAMED = 12
_INSTANCES = 4
_MARGIN = " " * 8


def heading(text: str, number: int) -> Iterator[Line]:
    """The title of a section."""
    yield ()
    yield ((f"{text} ({number:,})", "bold underline"),)


def indented(text: str, margin: str, style: str = "") -> Iterator[Line]:
    """A text of several lines behind a margin."""
    for part in text.splitlines() or [""]:
        yield (margin, ""), (part, style)


def told_in_check(verdict: Verdict) -> list[Finding]:
    """The findings that the report of a check tells in full; no others need an excerpt there."""
    told = []
    for findings in (verdict.denying, verdict.tolerated):
        places, _ = _places(findings, is_check=True)
        told += [group[0] for _, _, groups, _ in places for group in groups]
    return told


def section(title: str, findings: Sequence[Finding], report: Report) -> Iterator[Line]:
    """Findings under a heading; nothing where there are none."""
    if not findings:
        return
    yield from heading(title, len(findings))
    is_check = report.kind == "check"
    places, left = _places(findings, is_check=is_check)
    for place, here, told, skipped in places:
        many = f"  ({severity_counts(here)})" if is_check else ""
        yield (("  ", ""), (place, "bold"), (many, "dim"))
        for finding, *instances in told:
            yield from _finding(finding, instances, report)
        yield from _more(skipped)
    if left:
        what = f"{counted(sum(left), 'finding')} more in {counted(len(left), 'place')}"
        yield (("  … and ", "bold"), (f"{what}: the tables below count them, the other formats hold them", "bold"))


_Place = tuple[str, list[Finding], list[list[Finding]], list[Finding]]


def _places(findings: Sequence[Finding], *, is_check: bool) -> tuple[list[_Place], list[int]]:
    """Place, all findings there, those told in full (by instances), the others; and how many stand at which others."""
    places: list[_Place] = []
    left: list[int] = []
    budget = ALL
    for place, here in grouped(findings).items():
        if not is_check:
            places.append((place, here, [[one] for one in here], []))
        elif budget <= 0:
            left.append(len(here))
        else:
            told, skipped = _chosen(here, budget)
            budget -= len(told)
            places.append((place, here, told, skipped))
    return places, left


def _chosen(findings: Sequence[Finding], budget: int) -> tuple[list[list[Finding]], list[Finding]]:
    """Which findings of a file are told in full, and the others.

    Those of a loop, which differ in nothing but the resource, are told together.
    """
    together: dict[tuple[object, ...], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule_id, finding.severity, finding.location, finding.message, finding.subject, finding.also)
        together.setdefault(key, []).append(finding)
    told: list[list[Finding]] = []
    skipped: list[Finding] = []
    seen: Counter[str] = Counter()
    for group in together.values():
        seen[group[0].rule_id] += 1
        if seen[group[0].rule_id] > SAME_RULE or len(told) >= min(SAME_FILE, budget):
            skipped += group
        else:
            told.append(group)
    return told, skipped


def _more(skipped: Sequence[Finding]) -> Iterator[Line]:
    rules: dict[str, list[Finding]] = {}
    for finding in skipped:
        rules.setdefault(finding.rule_id, []).append(finding)
    for rule_id, findings in rules.items():
        numbers = sorted({one.location.line for one in findings if one.location and one.location.line})
        shown = ", ".join(str(number) for number in numbers[:_LINES_NAMED])
        where = f": {'line' if len(numbers) == 1 else 'lines'} {shown}" if shown else ""
        etc = ", …" if len(numbers) > _LINES_NAMED else ""
        yield ("    … and ", ""), (f"{len(findings):,} more of {rule_id} here{where}{etc}", "")


def _finding(finding: Finding, instances: Sequence[Finding], report: Report) -> Iterator[Line]:
    line = f"line {finding.location.line}  " if finding.location and finding.location.line else ""
    also = f"; {', '.join(finding.also)} found it, too" if finding.also else ""
    yield (
        ("    ", ""),
        (finding.severity.value.upper().ljust(13), severity_style(finding.severity)),
        (f" {finding.rule_id}  ", "bold"),
        (f"{line}[{finding.scanner}{also}]", "dim"),
    )
    yield from indented(finding.message, _MARGIN)
    excerpt = report.excerpt(finding)
    if excerpt is not None:
        yield from _excerpt(excerpt)
    if finding.location and finding.resource != finding.location.path:
        yield (f"{_MARGIN}resource: ", "dim"), (finding.resource, "")
        for other in instances[:_INSTANCES]:
            yield (f"{_MARGIN}     and: ", "dim"), (other.resource, "")
        if len(instances) > _INSTANCES:
            yield (f"{_MARGIN}     and: ", "dim"), (f"{len(instances) - _INSTANCES:,} more of the same place", "")
    if finding.subject:
        yield (f"{_MARGIN}subject: ", "dim"), (finding.subject, "")
    if finding.remediation:
        yield from indented(f"remedy: {finding.remediation}", _MARGIN)
    fix = report.fix(finding)
    if fix is not None:
        yield from indented(fix.text, f"{_MARGIN}    ", "green")
    if finding.documentation:
        command = f"  (mlgate rule show {finding.rule_id})" if finding.rule_id in report.rules else ""
        yield (f"{_MARGIN}see: ", "dim"), (finding.documentation, ""), (command, "dim")


def _excerpt(excerpt: Excerpt) -> Iterator[Line]:
    width = len(str(excerpt.first + len(excerpt.lines) - 1))
    for number, text in enumerate(excerpt.lines, excerpt.first):
        marked = number == excerpt.marked
        sign, style = (">", "") if marked else (" ", "dim")
        yield (f"{_MARGIN}{sign} {str(number).rjust(width)} | ", "dim"), (text, style)
        if marked and excerpt.column is not None:
            yield (f"{_MARGIN}  {' ' * width} | ", "dim"), (" " * (excerpt.column - 1) + "^", "bold red")


def severity_style(severity: Severity) -> str:
    """How rich shows it."""
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
