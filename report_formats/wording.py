"""Words and orders that all formats share, so that they say the same."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from typing import assert_never

from verdicts import (
    Completed,
    DatabaseIdentity,
    Decision,
    Finding,
    InputDigest,
    NotCompleted,
    Outcome,
    ToolIdentity,
    Verdict,
)

DECISION_WORDS = {
    Decision.ALLOWED: "ALLOWED",
    Decision.DENIED: "DENIED",
    Decision.COULD_NOT_CHECK: "COULD NOT CHECK",
}


def counted(number: int, singular: str, plural: str = "") -> str:
    """ "1 finding", "2 findings"."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def headline(verdict: Verdict) -> str:
    """The decision and why, in one line."""
    return f"{DECISION_WORDS[verdict.decision]}: {reasons(verdict)}"


def reasons(verdict: Verdict) -> str:
    """Why the decision is what it is."""
    unchecked = f"{counted(len(verdict.unchecked), 'thing')} could not be checked"
    match verdict.decision:
        case Decision.ALLOWED:
            scanners = {outcome.scanner for outcome in verdict.outcomes}
            text = f"{counted(len(scanners), 'scanner')} looked, and nothing reaches {verdict.fail_on.value}"
        case Decision.DENIED:
            text = f"{counted(len(verdict.denying), 'finding')} at or above {verdict.fail_on.value}"
            if verdict.unchecked:
                text += f"; {unchecked}"
        case Decision.COULD_NOT_CHECK:
            text = unchecked if verdict.unchecked else "no scanner said anything"
        case _:
            assert_never(verdict.decision)
    if verdict.waived:
        text += f"; {counted(len(verdict.waived), 'finding')} waived"
    return text


def tools(verdict: Verdict) -> tuple[ToolIdentity, ...]:
    """Every tool that looked, once, by name and version."""
    found = {tool for outcome in verdict.outcomes for tool in outcome.evidence.tools}
    return tuple(sorted(found, key=lambda tool: (tool.name, tool.version, tool.digest, tool.origin)))


def databases(verdict: Verdict) -> tuple[DatabaseIdentity, ...]:
    """Every database that was compared with, once, by name and age."""
    found = {database for outcome in verdict.outcomes for database in outcome.evidence.databases}
    return tuple(sorted(found, key=lambda database: (database.name, database.updated_at, database.digest)))


def inputs(verdict: Verdict) -> tuple[InputDigest, ...]:
    """Everything that was looked at, once, by name."""
    found = {item for outcome in verdict.outcomes for item in outcome.evidence.inputs}
    return tuple(sorted(found, key=lambda item: (item.name, item.digest)))


def all_findings(verdict: Verdict) -> tuple[Finding, ...]:
    """Standing findings, worst first, then excused ones."""
    return (*verdict.findings, *(item.finding for item in verdict.waived))


def place_of(finding: Finding) -> str:
    """The file in which it stands, or the resource where there is no file."""
    return (finding.location.path if finding.location else finding.resource) or "(no place)"


def scanner_ids(verdict: Verdict) -> tuple[str, ...]:
    """Every scanner that said something or should have, or has a finding; sorted."""
    named = {outcome.scanner for outcome in verdict.outcomes}
    named |= {outcome.scanner for outcome in verdict.unchecked}
    named |= {finding.scanner for finding in verdict.findings}
    named |= {item.finding.scanner for item in verdict.waived}
    return tuple(sorted(named))


def short_digest(digest: str) -> str:
    """The first twelve digits, for a person's eye."""
    algorithm, separator, digits = digest.partition(":")
    return f"{algorithm}{separator}{digits[:12]}" if separator else digest[:12]


def could_not_check(outcome: NotCompleted) -> str:
    """What was not checked and where, in a line without the remedy."""
    place = f"{outcome.location}: " if outcome.location else ""
    return f"{place}{outcome.detail} [{outcome.reason.value}]"


def outcome_line(outcome: Outcome) -> str:
    """What one scanner did, in a line: "checkov: 12 templates examined, 3 findings"."""
    found = counted(len(outcome.findings), "finding")
    if isinstance(outcome, Completed):
        return f"{outcome.scanner}: {outcome.examined:,} {outcome.unit} examined, {found}"
    partly = f", {found} before" if outcome.findings else ""
    return f"{outcome.scanner}: could not check: {could_not_check(outcome)}{partly}"


def moment(value: dt.datetime) -> str:
    """A moment in UTC to the second: 2026-11-21T08:00:00Z."""
    return value.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


_AZURE_COMMAND = re.compile(r"#(?=#(?:vso)?\[)", re.IGNORECASE)
_GITHUB_COMMAND = re.compile(r"^\s*:(?=:)", re.MULTILINE)


def inert(text: str, *, starts_line: bool = True) -> str:
    """Text for a build log, in which no build server sees a command to itself.

    Azure DevOps obeys ##vso[...] and ##[...] anywhere in a line of a log, GitHub Actions a line that begins with ::.
    """
    text = _AZURE_COMMAND.sub("# ", text)
    return _GITHUB_COMMAND.sub(lambda match: f"{match.group()} ", text) if starts_line else text


def json_text(document: Mapping[str, object]) -> str:
    """Indented JSON, one spelling for one document; inert in a build log without a change of its meaning."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return text.replace("##", "#\\u0023") + "\n"
