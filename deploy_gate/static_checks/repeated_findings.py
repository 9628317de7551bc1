"""What several resources of one declaration break in the same line is one finding.

A template that ten pipelines take in, or a module that is called ten times, makes ten resources of one declaration;
the mistake stands there once, and is mended there once. The finding that stays is that of the first resource, and says
how many there are. One that a waiver names, in force or not, stays by itself: a waiver excuses only what it names, and
what it excuses says nothing about the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deploy_gate.policy_checks.names import SCANNER as POLICY
from verdicts import Finding, Outcome, Waiver

_Place = tuple[object, ...]


def fold_repeated(outcomes: Sequence[Outcome], waivers: Iterable[Waiver]) -> tuple[Outcome, ...]:
    """The outcomes with one finding of ours for each rule, line and message.

    Args:
        outcomes: of all checks, with what checkov found merged into what ours found.
        waivers: all that there are.
    """
    named = {(one.rule_id, one.path, one.resource, one.subject) for one in waivers}
    repeated: dict[_Place, list[Finding]] = {}
    for outcome in outcomes:
        for finding in dict.fromkeys(outcome.findings):
            if (place := _place(finding)) is not None and _names(finding) not in named:
                repeated.setdefault(place, []).append(finding)
    told: dict[Finding, Finding] = {}
    gone: set[Finding] = set()
    for first, *others in repeated.values():
        count = len({one.resource for one in (first, *others)})
        if count > 1:
            also = tuple(dict.fromkeys(one for finding in (first, *others) for one in finding.also))
            told[first] = replace(first, message=f"{first.message}; so in {count} places that use it", also=also)
            gone.update(others)
    return tuple(_without(outcome, told, gone) for outcome in outcomes) if gone else tuple(outcomes)


def _place(finding: Finding) -> _Place | None:
    """What findings of one mistake have in common; None for what is never one with others."""
    place = finding.location
    if finding.scanner != POLICY or place is None or place.line is None:
        return None
    return (finding.rule_id, finding.severity, finding.message, finding.subject, place.path, place.line, place.column)


def _names(finding: Finding) -> tuple[str, str, str, str]:
    path = finding.location.path if finding.location else ""
    return finding.rule_id, path, finding.resource, finding.subject


def _without(outcome: Outcome, told: dict[Finding, Finding], gone: set[Finding]) -> Outcome:
    findings = tuple(told.get(one, one) for one in outcome.findings if one not in gone)
    return outcome if findings == outcome.findings else replace(outcome, findings=findings)
