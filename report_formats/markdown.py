"""Markdown, for a comment on a pull request.

The first line is a hidden marker by which a bot finds its comment again and updates it; in that of `mlgate check` the
second holds a digest by which it sees whether there is anything to update. Everything that comes from
outside stands in a code element with whatever could mean something written as an entity: it can't become a mention, a
link, an image, a heading, a table cell or an end of the section. The length is bounded below GitHub's limit; each
section has its share, and says how many lines it left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from report_formats import wording
from report_formats.interface import Report
from report_formats.summaries import HEADINGS, by_rule, grouped, severity_counts
from verdicts import Decision, Finding, NotCompleted, Verdict, WaivedFinding
from verdicts.digests import digest_bytes
from verdicts.text import one_line

MARKER = "<!-- mlgate:report:v1 -->"
CHECK_MARKER = "<!-- mlgate:check -->"
"""A pull request may have one comment of a release and one of `mlgate check`."""
MAXIMUM_CHARACTERS = 65_536
"""GitHub's limit for a comment."""

# Characters for the rows of each section; together with the fixed texts they stay below the limit.
_UNCHECKED, _DENYING, _WAIVED, _SCANNERS, _TOOLS, _TOLERATED, _FACTS = 11_000, 19_000, 7_000, 4_000, 6_000, 4_000, 3_000
_RULES, _LEFT_OUT = 5_000, 2_000
_ROW = 3_000
_LONGEST_FIX = 600

_SIGNS = {Decision.ALLOWED: "✅", Decision.DENIED: "⛔", Decision.COULD_NOT_CHECK: "⚠️"}

# What Markdown, GitHub or GitLab could take for a sign: an underscore only outside of words, a colon before a slash,
# the dot of "www.". An at sign stands apart, since a text around it could still become an address.
_SPECIAL = re.compile(r"[\\`*{}\[\]<>#+!|~&$^=\"']|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|:(?=/)|(?<=www)\.", re.IGNORECASE)


def code(text: str, maximum: int = 300) -> str:
    """Text from outside as one harmless piece; "" stays ""."""
    return f"<code>{_inert(one_line(text, maximum=maximum))}</code>" if text.strip() else ""


_COMMAND = re.compile(r"^(\s*):(?=:)")


def block(lines: Iterable[str]) -> str:
    """Lines from outside as one harmless block, with their margins."""
    # Where a log shows the comment's text, a line that begins with :: would be a command to GitHub Actions.
    shown = (_COMMAND.sub(r"\1&#58;", _inert(line)) or " " for line in lines)
    return f"<pre>{chr(10).join(shown)}</pre>"


def _inert(text: str) -> str:
    escaped = _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", text)
    return escaped.replace("@", "<span>&#64;</span>")


class MarkdownFormat:
    """See the module."""

    name = "markdown"

    def render(self, report: Report) -> str:
        """The comment."""
        verdict = report.verdict
        is_check = report.kind == "check"
        sections = [
            f"## {_SIGNS[verdict.decision]} {wording.DECISION_WORDS[verdict.decision]}",
            f"{code(report.title)}: {wording.reasons(verdict)}.",
            _by_rule(report) if is_check else "",
            _unchecked(verdict.unchecked),
            "\n\n".join(file_sections(report, _DENYING)) if is_check else _denying(verdict.denying),
            _waived(verdict.waived),
            _tolerated(verdict.tolerated),
            _left_out(report.left_out),
            _scanners(verdict),
            _tools(verdict),
        ]
        said = "\n\n".join(section for section in sections if section)
        # The same digest: the comment says the same, apart from facts of the run such as its time.
        head = f"{CHECK_MARKER}\n<!-- mlgate:digest {digest_bytes(said.encode())} -->" if is_check else MARKER
        return f"{head}\n\n{said}\n\n{_facts(report)}\n"


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


def _by_rule(report: Report) -> str:
    """What must hold and doesn't, a row for each rule."""
    tallies = by_rule(report.verdict)
    if not tallies:
        return ""
    rows = []
    for tally in tallies:
        name, *counts = tally.cells
        known = report.rules.get(name)
        rows.append((name, known.synopsis if known is not None else "", *counts))
    return _table(("Rule", "What must hold", *HEADINGS), rows, _RULES)


def file_sections(report: Report, budget: int) -> Iterator[str]:
    """The denying findings by file, worst file first, each file folded; within the budget (in characters)."""
    findings = report.verdict.denying
    if not findings:
        return
    yield f"### Denying ({len(findings):,})"
    used = left_out = 0
    for number, (place, here) in enumerate(grouped(findings).items()):
        summary = f"{code(place, 150)}: {severity_counts(here)}"
        used += len(summary) + 60
        blocks: list[str] = []
        for finding in here:
            text = _finding_block(finding, report) if used < budget else ""
            used += len(text) + 2
            if used > budget:
                left_out += 1
            else:
                blocks.append(text)
        if blocks:
            yield _folded(summary, "\n\n".join(blocks), unfolded=number == 0)
    if left_out:
        yield f"**{left_out:,} more left out here**: see the JSON or SARIF report."


def _finding_block(finding: Finding, report: Report) -> str:
    line = f", line {finding.location.line}" if finding.location and finding.location.line else ""
    also = f" ({', '.join(code(one) for one in finding.also)} found it, too)" if finding.also else ""
    parts = [f"**{finding.severity.value}** {code(finding.rule_id)}{line}: {code(finding.message)}{also}"]
    excerpt, fix = report.excerpt(finding), report.fix(finding)
    if excerpt is not None:
        width = len(str(excerpt.first + len(excerpt.lines)))
        lines = block(
            f"{'>' if number == excerpt.marked else ' '} {number:>{width}}  {text}"
            for number, text in enumerate(excerpt.lines, excerpt.first)
        )
        # One that became long by its escapes would take the room of many findings.
        parts += [lines] if len(lines) <= _ROW else []
    if finding.remediation:
        parts.append(f"Remedy: {code(finding.remediation)}")
    if fix is not None and len(fix.text) <= _LONGEST_FIX:
        parts.append(block(fix.text.splitlines()))
    if excerpt is None and finding.resource and finding.location is not None:
        parts.append(f"Resource: {code(f'{finding.resource} {finding.subject}')}")
    return "\n\n".join(parts)


def _left_out(left_out: Sequence[str]) -> str:
    if not left_out:
        return ""
    return f"### Left out ({len(left_out):,})\n\n{_table(('What and why',), ((one,) for one in left_out), _LEFT_OUT)}"


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


def _folded(summary: str, content: str, *, unfolded: bool = False) -> str:
    return f"<details{' open' if unfolded else ''}><summary>{summary}</summary>\n\n{content}\n\n</details>"
