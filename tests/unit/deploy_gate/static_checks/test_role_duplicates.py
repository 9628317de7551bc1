"""A shared identity is told once, and a waiver for one of the two findings leaves the other standing."""

from __future__ import annotations

import datetime as dt

import pytest

from deploy_gate.static_checks.role_duplicates import merge_role_duplicates
from tests.strategies import waiver_for
from verdicts import Completed, Finding, Location, Severity

UNTIL = dt.date(2026, 12, 1)


def finding(rule: str, scanner: str, line: int, severity: Severity) -> Finding:
    return Finding(
        rule_id=rule,
        scanner=scanner,
        severity=severity,
        message="m",
        remediation="r",
        resource="x",
        subject=rule,
        location=Location("main.bicep", line),
    )


OURS = finding("MLG-IDENTITY-SHARED", "policy", 19, Severity.MEDIUM)
THEIRS = finding("MLG-RBAC-SHARED-IDENTITY", "rbac-matrix", 19, Severity.HIGH)


def merged(*findings: Finding, waived: tuple[Finding, ...] = ()) -> list[tuple[str, Severity, tuple[str, ...]]]:
    outcome = Completed(scanner="all", examined=1, unit="resources", findings=findings)
    found = merge_role_duplicates([outcome], [waiver_for(one, expires=UNTIL) for one in waived])
    return [(one.rule_id, one.severity, one.also) for outcome in found for one in outcome.findings]


def test_ours_stays_with_the_worse_severity_and_names_the_other() -> None:
    assert merged(OURS, THEIRS) == [("MLG-IDENTITY-SHARED", Severity.HIGH, ("MLG-RBAC-SHARED-IDENTITY",))]


@pytest.mark.parametrize("waived", [OURS, THEIRS])
def test_a_waiver_excuses_only_what_it_names(waived: Finding) -> None:
    assert len(merged(OURS, THEIRS, waived=(waived,))) == 2


def test_what_stands_elsewhere_or_alone_stays() -> None:
    far = finding("MLG-RBAC-SHARED-IDENTITY", "rbac-matrix", 20, Severity.HIGH)
    other = finding("MLG-RBAC-EXCESS", "rbac-matrix", 19, Severity.HIGH)
    assert len(merged(OURS, far, other)) == 3
    assert merged(THEIRS) == [("MLG-RBAC-SHARED-IDENTITY", Severity.HIGH, ())]
