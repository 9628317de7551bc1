"""`decide()`: the one place where something becomes allowed."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence
from dataclasses import dataclass

from verdicts.findings import Finding, Severity
from verdicts.outcomes import Completed, NotCompleted, Outcome, Reason
from verdicts.waivers import WaivedFinding, Waiver, apply_waivers


class Decision(enum.Enum):
    """The three ends of every check."""

    ALLOWED = "allowed"
    DENIED = "denied"
    COULD_NOT_CHECK = "could-not-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A decision with everything that led to it.

    Attributes:
        decision: see Decision.
        denying: the standing findings that reach the threshold, worst first.
        tolerated: the standing findings below it.
        waived: excused findings with their waivers.
        unchecked: everything that could not be checked, including required scanners that said nothing.
        outcomes: what the scanners said, as given.
        fail_on: the lowest severity that denies.
        at: the moment of the decision (aware, UTC).
    """

    decision: Decision
    denying: tuple[Finding, ...]
    tolerated: tuple[Finding, ...]
    waived: tuple[WaivedFinding, ...]
    unchecked: tuple[NotCompleted, ...]
    outcomes: tuple[Outcome, ...]
    fail_on: Severity
    at: dt.datetime

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All standing findings, worst first."""
        return self.denying + self.tolerated


def _silent(scanner: str) -> NotCompleted:
    return NotCompleted(
        scanner=scanner,
        reason=Reason.NOTHING_EXAMINED,
        detail=f"{scanner} is required here and did not report",
        remedy="name its input in the release, or see `mlgate doctor`",
    )


def _examined_nothing(outcome: Completed) -> NotCompleted:
    return NotCompleted(
        scanner=outcome.scanner,
        reason=Reason.NOTHING_EXAMINED,
        detail=f"{outcome.scanner} ran and examined no {outcome.unit}",
        remedy="name at least one input that it can read",
        evidence=outcome.evidence,
    )


def decide(
    outcomes: Sequence[Outcome],
    *,
    required: frozenset[str],
    waivers: Sequence[Waiver] = (),
    fail_on: Severity,
    at: dt.datetime,
) -> Verdict:
    """Turns what the scanners said into a verdict.

    ALLOWED needs all of: at least one outcome, every outcome completed with something examined, every required scanner
    among them, and no standing finding that reaches `fail_on`. A standing finding that reaches it denies even where
    something else could not be checked: it is certain, whatever the rest would have shown.

    Args:
        outcomes: what the scanners said.
        required: ids of the scanners that must have said something.
        waivers: see `verdicts.waivers`.
        fail_on: the lowest severity that denies.
        at: the moment that expiries are measured against (aware).
    """
    if at.tzinfo is None:
        raise ValueError("the moment of a decision needs a time zone")
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    after = apply_waivers(findings, waivers, at=at)
    standing = sorted(after.standing, key=lambda finding: finding.sort_key)
    denying = tuple(finding for finding in standing if finding.severity.reaches(fail_on))
    tolerated = tuple(finding for finding in standing if not finding.severity.reaches(fail_on))

    unchecked = [outcome for outcome in outcomes if isinstance(outcome, NotCompleted)]
    unchecked += [
        _examined_nothing(outcome) for outcome in outcomes if isinstance(outcome, Completed) and outcome.examined == 0
    ]
    reported = {outcome.scanner for outcome in outcomes}
    unchecked += [_silent(scanner) for scanner in sorted(required - reported)]

    if denying:
        decision = Decision.DENIED
    elif unchecked or not outcomes:
        decision = Decision.COULD_NOT_CHECK
    else:
        decision = Decision.ALLOWED
    return Verdict(
        decision=decision,
        denying=denying,
        tolerated=tolerated,
        waived=after.waived,
        unchecked=tuple(unchecked),
        outcomes=tuple(outcomes),
        fail_on=fail_on,
        at=at,
    )
