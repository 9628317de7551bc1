"""Markdown, for a comment on a pull request.

The first line is a hidden marker by which a bot finds its comment again and updates it. Everything that comes from
outside stands in a code element with whatever could mean something written as an entity: it can't become a mention, a
link, an image, a heading, a table cell or an end of the section. The length is bounded below GitHub's limit; each
section has its share, and says how many lines it left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from report_formats import wording
from report_formats.interface import Report
from verdicts import Decision, Finding, NotCompleted, Verdict, WaivedFinding
from verdicts.text import one_line

MARKER = "<!-- mlgate:report:v1 -->"
MAXIMUM_CHARACTERS = 65_536
"""GitHub's limit for a comment."""

# Characters for the rows of each section; together with the fixed texts they stay below the limit.
_UNCHECKED, _DENYING, _WAIVED, _SCANNERS, _TOOLS, _TOLERATED, _FACTS = 14_000, 20_000, 8_000, 5_000, 7_000, 4_000, 3_000
_ROW = 3_000

_SIGNS = {Decision.ALLOWED: "✅", Decision.DENIED: "⛔", Decision.COULD_NOT_CHECK: "⚠️"}

# What Markdown, GitHub or GitLab could take for a sign: an underscore only outside of words, a colon before a slash,
# the dot of "www.". An at sign stands apart, since a text around it could still become an address.
_SPECIAL = re.compile(r"[\\`*{}\[\]<>#+!|~&$^=\"']|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=/)|(?<=www)\.", re.IGNORECASE)


def code(text: str, maximum: int = 300) -> str:
    """Text from outside as one harmless piece; "" stays ""."""
    if not text.strip():
        return ""
    escaped = _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", one_line(text, maximum=maximum))
    return f"<code>{escaped.replace('@', '<span>&#64;</span>')}</code>"


class MarkdownFormat:
    """See the module."""

    name = "markdown"

    def render(self, report: Report) -> str:
        """The comment."""
        verdict = report.verdict
        sections = [
            MARKER,
            f"## {_SIGNS[verdict.decision]} {wording.DECISION_WORDS[verdict.decision]}",
            f"{code(report.title)}: {wording.reasons(verdict)}.",
            _unchecked(verdict.unchecked),
            _denying(verdict.denying),
            _waived(verdict.waived),
            _tolerated(verdict.tolerated),
            _scanners(verdict),
            _tools(verdict),
            _facts(report),
        ]
        return "\n\n".join(section for section in sections if section) + "\n"


def _row(cells: Sequence[str]) -> str:
    """One row; a text that became long by its escapes is cut until the row is of a bearable length."""
    row = ""
    for maximum in (300, 120, 30):
        row = f"| {' | '.join(code(cell, maximum) for cell in cells)} |"
        if len(row) <= _ROW:
            break
    return row


def _table(heading: Sequence[str], rows: Iterable[Sequence[str]], budget: int) -> str:
    """A table of as many rows as the budget (in characters) holds, and a line that counts the others."""
    lines = [f"| {' | '.join(heading)} |", f"|{' --- |' * len(heading)}"]
    used = left_out = 0
    for cells in rows:
        row = _row(cells) if used < budget else ""
        if used + len(row) > budget or used >= budget:
            left_out += 1
            used = budget
            continue
        lines.append(row)
        used += len(row) + 1
    if left_out:
        lines += ["", f"**{left_out:,} more left out here**: see the JSON or SARIF report."]
    return "\n".join(lines)


def _place(finding: Finding) -> str:
    return str(finding.location) if finding.location else finding.resource


def _unchecked(unchecked: Sequence[NotCompleted]) -> str:
    if not unchecked:
        return ""
    rows = (
        (item.scanner, str(item.location or ""), f"{item.reason.value}: {item.detail}", item.remedy)
        for item in unchecked
    )
    table = _table(("Scanner", "Where", "Why", "Remedy"), rows, _UNCHECKED)
    return f"### Could not check ({len(unchecked):,})\n\n{table}"


def _finding_rows(findings: Sequence[Finding]) -> Iterable[tuple[str, ...]]:
    for finding in findings:
        what = f"{finding.resource} {finding.subject}".strip() if finding.location else finding.subject
        yield finding.severity.value, finding.rule_id, _place(finding), what, finding.message, finding.remediation


_FINDING_HEADING = ("Severity", "Rule", "Where", "What", "Finding", "Remedy")


def _denying(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    table = _table(_FINDING_HEADING, _finding_rows(findings), _DENYING)
    return f"### Denying ({len(findings):,})\n\n{table}"


def _tolerated(findings: Sequence[Finding]) -> str:
    if not findings:
        return ""
    table = _table(_FINDING_HEADING, _finding_rows(findings), _TOLERATED)
    return _folded(f"Below the threshold ({len(findings):,})", table)


def _waived(waived: Sequence[WaivedFinding]) -> str:
    if not waived:
        return ""
    rows = (
        (
            item.finding.rule_id,
            f"{_place(item.finding)} {item.finding.subject}".strip(),
            item.waiver.owner,
            item.waiver.approver,
            item.waiver.expires.isoformat(),
            item.waiver.reason,
        )
        for item in waived
    )
    table = _table(("Rule", "Where", "Owner", "Approver", "Expires", "Reason"), rows, _WAIVED)
    return f"### Waived ({len(waived):,})\n\n{table}"


def _scanners(verdict: Verdict) -> str:
    rows = ((outcome.scanner, wording.outcome_line(outcome)) for outcome in verdict.outcomes)
    table = _table(("Scanner", "Outcome"), rows, _SCANNERS)
    return _folded(f"Scanners ({len(verdict.outcomes):,})", table) if verdict.outcomes else "No scanner said anything."


def _tools(verdict: Verdict) -> str:
    rows = [(tool.name, tool.version, tool.digest, tool.origin) for tool in wording.tools(verdict)]
    rows += [
        (database.name, wording.moment(database.updated_at), database.digest, "database")
        for database in wording.databases(verdict)
    ]
    if not rows:
        return ""
    table = _table(("Name", "Version", "Digest", "Origin"), rows, _TOOLS)
    return _folded(f"Tools and databases ({len(rows):,})", table)


def _facts(report: Report) -> str:
    rows = [
        *report.facts,
        ("mlgate", report.mlgate_version),
        ("threshold", report.verdict.fail_on.value),
        ("decided at", wording.moment(report.verdict.at)),
    ]
    return _folded("About this run", _table(("Fact", "Value"), rows, _FACTS))


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"
