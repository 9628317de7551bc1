"""Workflow commands of GitHub Actions: findings as annotations on the lines of a pull request.

GitHub shows at most ten errors, ten warnings and ten notices of a step, whichever come first. So the worst come first,
things that could not be checked get a part of the errors, and a notice counts what got no annotation. The whole report
follows in a folded group of the log, in which no line is a command.

What comes from outside is escaped as GitHub's own toolkit does it: `%`, carriage return and line feed everywhere, and
in properties the colon and the comma, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from report_formats import wording
from report_formats.console import ConsoleFormat
from report_formats.interface import Report
from verdicts import Decision, Finding, Location, NotCompleted, Verdict
from verdicts.text import one_line

SHOWN = 10
"""How many annotations of one type GitHub shows for a step."""
_UNCHECKED_SHARE = 3
_NOTICES_OF_OURS = 1


class GithubFormat:
    """See the module."""

    name = "github"

    def render(self, report: Report) -> str:
        """The commands, worst first, and the report in a group of its own."""
        lines = [*_annotations(report), *_group(report)]
        return "\n".join(lines) + "\n"


def data(text: str) -> str:
    """The message of a command."""
    return wording.inert(text, starts_line=False).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def value(text: str) -> str:
    """A property of a command."""
    return data(one_line(text, maximum=1_000)).replace(":", "%3A").replace(",", "%2C")


def command(kind: str, message: str, location: Location | None = None, title: str = "") -> str:
    """One annotation."""
    properties = []
    if location is not None and location.path:
        properties.append(f"file={value(location.path)}")
        if location.line is not None:
            properties.append(f"line={location.line}")
            if location.column is not None:
                properties.append(f"col={location.column}")
    if title:
        properties.append(f"title={value(title)}")
    return f"::{kind} {','.join(properties)}::{data(message) or '(no text)'}"


def _annotations(report: Report) -> Iterator[str]:
    verdict = report.verdict
    unchecked = min(len(verdict.unchecked), max(_UNCHECKED_SHARE, SHOWN - len(verdict.denying)))
    errors = list(_varied(verdict.denying))[: SHOWN - unchecked]
    yield from (_finding("error", finding, report) for finding in errors)
    yield from (_unchecked(item) for item in verdict.unchecked[:unchecked])
    warnings = [one for one in verdict.tolerated if one.severity.rank >= 2]
    notices = [one for one in verdict.tolerated if one.severity.rank < 2]
    warned, noticed = warnings[:SHOWN], notices[: SHOWN - _NOTICES_OF_OURS]
    yield from (_finding("warning", finding, report) for finding in warned)
    yield _summary(verdict, len(errors) + len(warned) + len(noticed), unchecked)
    yield from (_finding("notice", finding, report) for finding in noticed)


def _varied(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Worst first; of two that are equally bad the one whose rule was not shown comes first, so that each is seen."""
    seen: set[str] = set()
    repeated: list[Finding] = []
    severity = None
    for finding in findings:
        if finding.severity.rank != severity:
            yield from repeated
            repeated, severity = [], finding.severity.rank
        if finding.rule_id in seen:
            repeated.append(finding)
        else:
            seen.add(finding.rule_id)
            yield finding
    yield from repeated


def _finding(kind: str, finding: Finding, report: Report) -> str:
    fix = report.fix(finding)
    parts = [
        finding.message,
        "" if finding.location else f"resource: {finding.resource}",
        f"remedy: {finding.remediation}" if finding.remediation else "",
        fix.text if fix is not None else "",
        f"see: {finding.documentation}" if finding.documentation else "",
        f"found by {', '.join(finding.also)}, too" if finding.also else "",
    ]
    title = f"{finding.rule_id} ({finding.severity.value})"
    return command(kind, "\n".join(part for part in parts if part), finding.location, title)


def _unchecked(item: NotCompleted) -> str:
    message = f"{item.detail}\nremedy: {item.remedy}" if item.remedy else item.detail
    return command("error", message, item.location, f"Could not check: {item.scanner} ({item.reason.value})")


def _summary(verdict: Verdict, annotated: int, unchecked: int) -> str:
    """The verdict, and how much of it has no annotation."""
    left = []
    if len(verdict.findings) > annotated:
        left.append(f"{wording.counted(len(verdict.findings) - annotated, 'finding')} more")
    if len(verdict.unchecked) > unchecked:
        left.append(f"{len(verdict.unchecked) - unchecked:,} more that could not be checked")
    rest = f"; not shown as annotations: {', '.join(left)}, see the log" if left else ""
    sign = "mlgate" if verdict.decision is Decision.ALLOWED else f"mlgate: {wording.DECISION_WORDS[verdict.decision]}"
    return command("notice", f"{wording.headline(verdict)}{rest}", None, sign)


def _group(report: Report) -> Iterator[str]:
    lines: Sequence[str] = ConsoleFormat().render(report).splitlines()
    # The report is inert by itself. Stopped commands need a word that nobody can have written into it: its own digest.
    token = "mlgate-" + hashlib.sha256("\n".join(lines).encode()).hexdigest()
    yield "::group::The whole report of mlgate"
    yield f"::stop-commands::{token}"
    yield from lines
    yield f"::{token}::"
    yield "::endgroup::"
