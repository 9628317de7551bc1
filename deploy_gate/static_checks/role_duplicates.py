"""What the persona matrix and a rule of ours both find is one finding: an identity that several resources share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from deploy_gate.policy_checks.names import SCANNER as POLICY
from rbac_matrix.checks.interface import SCANNER as MATRIX
from verdicts import Finding, Outcome, Waiver

PARTNERS = {"MLG-RBAC-SHARED-IDENTITY": "MLG-IDENTITY-SHARED"}
"""Rules of the matrix, and the rule of ours that says the same of each of the resources."""


def merge_role_duplicates(outcomes: Sequence[Outcome], waivers: Iterable[Waiver]) -> tuple[Outcome, ...]:
    """The outcomes in which ours stays, with the worse severity, and names the other.

    A finding that a waiver names, in force or not, is merged with nothing: see `merging`.
    """
    named = {(one.rule_id, one.path, one.resource, one.subject) for one in waivers}
    findings = [one for outcome in outcomes for one in outcome.findings if _names(one) not in named]
    wanted = {
        (PARTNERS[one.rule_id], one.location.path, one.location.line): one
        for one in findings
        if one.scanner == MATRIX and one.rule_id in PARTNERS and one.location is not None
    }
    told: dict[Finding, Finding] = {}
    gone: set[Finding] = set()
    for mine in findings:
        place = mine.location
        if mine.scanner != POLICY or place is None:
            continue
        theirs = wanted.get((mine.rule_id, place.path, place.line))
        if theirs is not None:
            worst = max((mine, theirs), key=lambda one: one.severity.rank).severity
            told[mine] = replace(mine, severity=worst, also=(*mine.also, theirs.rule_id))
            gone.add(theirs)
    return tuple(
        replace(one, findings=tuple(told.get(finding, finding) for finding in one.findings if finding not in gone))
        for one in outcomes
    )


def _names(finding: Finding) -> tuple[str, str, str, str]:
    path = finding.location.path if finding.location else ""
    return finding.rule_id, path, finding.resource, finding.subject
