"""One mistake in a line is one finding, however many resources are made of the declaration."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from deploy_gate.static_checks.repeated_findings import fold_repeated
from tests.strategies import waiver_for
from verdicts import Completed, Decision, Finding, Location, Outcome, Severity, decide

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


def finding(resource: str, **changes: object) -> Finding:
    one = Finding(
        rule_id="MLG-X",
        scanner="policy",
        severity=Severity.MEDIUM,
        message="It must not; x is 1",
        remediation="r",
        resource=resource,
        subject="/properties/x",
        location=Location("template.yml", 7, 3),
    )
    return dataclasses.replace(one, **changes)  # type: ignore[arg-type]


def said(*findings: Finding) -> tuple[Outcome, ...]:
    return (Completed(scanner="policy", examined=3, unit="resources", findings=findings),)


def test_takers_of_a_template_are_counted_in_one_finding() -> None:
    takers = [finding(f"pipelines/{name}") for name in "abc"]
    (found,) = fold_repeated(said(*takers), ())[0].findings
    assert found == dataclasses.replace(takers[0], message="It must not; x is 1; so in 3 places that use it")
    assert found.fingerprint == takers[0].fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"rule_id": "MLG-Y"},
        {"severity": Severity.HIGH},
        {"message": "It must not; x is 2"},
        {"subject": "/properties/y"},
        {"location": Location("template.yml", 8, 3)},
        {"location": Location("template.yml", 7, 9)},
        {"location": Location("other.yml", 7, 3)},
        {"scanner": "checkov"},
        {"location": None},
        {"location": Location("template.yml")},
    ],
    ids=str,
)
def test_what_differs_in_anything_but_the_resource_stays(changes: dict[str, object]) -> None:
    outcomes = said(finding("a"), finding("b", **changes))
    assert fold_repeated(outcomes, ()) == outcomes


def test_two_without_a_line_stay_two() -> None:
    outcomes = said(*(finding(name, location=Location("template.yml")) for name in "ab"))
    assert fold_repeated(outcomes, ()) == outcomes


def test_the_same_finding_twice_isnt_two_takers() -> None:
    outcomes = said(finding("a"), finding("a"))
    assert [one.message for one in fold_repeated(outcomes, ())[0].findings] == ["It must not; x is 1"] * 2


@pytest.mark.parametrize("expires", [dt.date(2026, 12, 1), dt.date(2026, 10, 1)])
def test_a_waiver_for_one_taker_excuses_no_other(expires: dt.date) -> None:
    takers = [finding(name) for name in "abc"]
    waiver = waiver_for(takers[0], expires=expires)
    folded = fold_repeated(said(*takers), [waiver])
    assert [one.resource for one in folded[0].findings] == ["a", "b"]
    assert folded[0].findings[0] == takers[0]
    verdict = decide(folded, required=frozenset(), waivers=[waiver], fail_on=Severity.MEDIUM, at=NOW)
    assert verdict.decision is Decision.DENIED
    assert "b" in [one.resource for one in verdict.denying]


def test_what_checkov_found_of_any_of_them_is_kept() -> None:
    takers = [finding("a"), finding("b", also=("CKV_1",)), finding("c", also=("CKV_1", "CKV_2"))]
    assert [one.also for one in fold_repeated(said(*takers), ())[0].findings] == [("CKV_1", "CKV_2")]
