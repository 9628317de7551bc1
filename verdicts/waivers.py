"""Waivers: a finding that someone answers for, for a time.

A waiver has an owner, a reason, an approver who is somebody else, an expiry, and an exact scope: one rule at one path,
resource and subject. There are no wildcards. It can't excuse what could not be checked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verdicts.findings import Finding, Location, Severity
from verdicts.text import clean_text, one_line

EXPIRED_RULE = "MLG-WAIVER-EXPIRED"
UNUSED_RULE = "MLG-WAIVER-UNUSED"
WAIVER_SCANNER = "waivers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """One line of the waiver file.

    Attributes:
        rule_id, path, resource, subject: the scope; each equals the finding's own (path and subject may be "").
        owner, reason, approver: who carries the risk, why, and who agreed.
        expires: the last day (UTC) on which it applies.
        location: where the waiver stands.
    """

    rule_id: str
    path: str
    resource: str
    subject: str
    owner: str
    reason: str
    approver: str
    expires: dt.date
    location: Location

    def __post_init__(self) -> None:
        # As Finding does with its own, else a scope with an unusual character would never be equal.
        for name in ("rule_id", "path", "resource", "subject", "owner", "approver"):
            object.__setattr__(self, name, one_line(getattr(self, name), maximum=1_000))
        object.__setattr__(self, "reason", clean_text(self.reason))

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is exactly this waiver's; the expiry is a separate question."""
        path = finding.location.path if finding.location else ""
        return (self.rule_id, self.path, self.resource, self.subject) == (
            finding.rule_id,
            path,
            finding.resource,
            finding.subject,
        )

    def in_force(self, at: dt.datetime) -> bool:
        """Whether it still applies at the moment `at` (aware)."""
        return at.astimezone(dt.UTC).date() <= self.expires


@dataclass(frozen=True, slots=True)
class WaivedFinding:
    """A finding and the waiver that excuses it."""

    finding: Finding
    waiver: Waiver


@dataclass(frozen=True, slots=True)
class Waived:
    """What is left after the waivers: findings that stand (those about waivers among them), and excused ones."""

    standing: tuple[Finding, ...]
    waived: tuple[WaivedFinding, ...]


def _about(waiver: Waiver, rule_id: str, message: str, remediation: str) -> Finding:
    # Low: whatever an expired waiver covered stands again by itself and denies by its own severity.
    return Finding(
        rule_id=rule_id,
        scanner=WAIVER_SCANNER,
        severity=Severity.LOW,
        message=message,
        remediation=remediation,
        resource=waiver.resource or waiver.path,
        subject=f"{waiver.rule_id} {waiver.path} {waiver.subject}".strip(),
        location=waiver.location,
    )


def apply_waivers(findings: Iterable[Finding], waivers: Sequence[Waiver], *, at: dt.datetime) -> Waived:
    """Separates excused findings from standing ones; expired and unused waivers become findings."""
    standing: list[Finding] = []
    waived: list[WaivedFinding] = []
    used: set[int] = set()
    by_rule: dict[tuple[str, str], list[tuple[int, Waiver]]] = {}
    for index, waiver in enumerate(waivers):
        by_rule.setdefault((waiver.rule_id, waiver.resource), []).append((index, waiver))
    for finding in findings:
        near = by_rule.get((finding.rule_id, finding.resource), ())
        matching = [(index, waiver) for index, waiver in near if waiver.covers(finding)]
        used.update(index for index, _ in matching)
        in_force = next((waiver for _, waiver in matching if waiver.in_force(at)), None)
        if in_force is None:
            standing.append(finding)
        else:
            waived.append(WaivedFinding(finding, in_force))
    for index, waiver in enumerate(waivers):
        if not waiver.in_force(at):
            standing.append(
                _about(
                    waiver,
                    EXPIRED_RULE,
                    f"The waiver of {waiver.owner} for {waiver.rule_id} expired on {waiver.expires.isoformat()}.",
                    "Remove it, or have it approved again with a new expiry.",
                )
            )
        elif index not in used:
            standing.append(
                _about(
                    waiver,
                    UNUSED_RULE,
                    f"The waiver of {waiver.owner} for {waiver.rule_id} matches no finding.",
                    "Remove it: what it excused is gone, or its scope is misspelt.",
                )
            )
    return Waived(tuple(standing), tuple(waived))
