"""Exemptions and enrollments: whom they concern, until when, and what is reported of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.assigned_policies import ResolvedAssignment
from policies.compliance import Row
from policies.evaluation import State
from policies.exemptions import Exemption, exemption_problems, read_enrollment, read_exemption
from policies.judging import Estate
from policies.layering import RequestDecision, evaluate_existing, evaluate_request
from policies.placement import read_hierarchy
from policies.values import DefinitionError
from tests.fakes.policy_estate import (
    GROUP,
    NOW,
    ROOT,
    SUBSCRIPTION,
    SURROUNDINGS,
    WORKSPACE,
    assigned,
    definition,
    exempt,
    exemption_body,
    initiative,
    reference,
    workspace,
)

DENY = assigned(definition("deny-public"))
SET = assigned(
    initiative("s", [reference("deny-public", "public"), reference("audit-public", "audited")]),
    definitions=[definition("deny-public"), definition("audit-public", "audit")],
)


def rows(resolved: ResolvedAssignment, *exemptions: Exemption, **changes: Any) -> list[Row]:
    estate = Estate(exemptions=exemptions, hierarchy=read_hierarchy({SUBSCRIPTION: ["platform", "root"]}))
    return list(evaluate_existing([resolved], workspace(**changes), SURROUNDINGS, estate=estate).rows)


def state(*exemptions: Exemption, **changes: Any) -> State:
    (row,) = rows(DENY, *exemptions, **changes)
    return row.state


def test_without_exemption_the_resource_is_not_compliant() -> None:
    assert state() is State.NON_COMPLIANT


@pytest.mark.parametrize("category", ["Waiver", "mitigated"])
@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, WORKSPACE, GROUP.upper()])
def test_an_exemption_holds_for_what_is_at_or_under_its_scope(scope: str, category: str) -> None:
    (row,) = rows(DENY, exempt(DENY, scope, exemptionCategory=category))
    assert row.state is State.EXEMPT
    assert row.exemption == f"ex ({category.capitalize()})"
    assert row.message == ""


@pytest.mark.parametrize("scope", [f"{GROUP}-2", f"{WORKSPACE}/computes/c", "/subscriptions/other"])
def test_an_exemption_holds_nowhere_else(scope: str) -> None:
    assert state(exempt(DENY, scope, assignmentScopeValidation="DoNotValidate")) is State.NON_COMPLIANT


def test_an_exemption_is_from_one_assignment_only() -> None:
    assert state(exempt(SET)) is State.NON_COMPLIANT


@pytest.mark.parametrize(
    ("expires", "expected"),
    [
        (None, State.EXEMPT),
        ("2026-11-21T08:00:00.0000001Z", State.EXEMPT),
        ("2026-11-21T08:00:01Z", State.EXEMPT),
        ("2026-11-21T10:00:00+01:00", State.EXEMPT),
        ("2026-11-21T08:00:00.0000000Z", State.NON_COMPLIANT),  # at the moment itself it isn't honoured any more
        ("2026-11-21T07:59:59.9999999Z", State.NON_COMPLIANT),
        ("2026-11-21T08:30:00+01:00", State.NON_COMPLIANT),
        ("2020-12-31T23:59:00Z", State.NON_COMPLIANT),
    ],
)
def test_an_exemption_holds_until_it_expires_and_not_after(expires: str | None, expected: State) -> None:
    given_ = exempt(DENY, **({} if expires is None else {"expiresOn": expires}))
    (row,) = rows(DENY, given_)
    assert row.state is expected
    assert row.expired_exemption == ("" if expected is State.EXEMPT else "ex (Waiver)")


def test_a_live_exemption_holds_beside_an_expired_one() -> None:
    assert state(exempt(DENY, expiresOn="2020-01-01T00:00:00Z"), exempt(DENY)) is State.EXEMPT


@pytest.mark.parametrize("key", ["policyDefinitionReferenceIds", "policyDefinitionReferenceId"])
def test_an_exemption_from_single_policies_leaves_the_others(key: str) -> None:
    def only(*names: str) -> Exemption:
        properties: dict[str, Any] = {key: list(names)}
        return exempt(SET, **properties)

    found = {row.reference: row.state for row in rows(SET, only("PUBLIC"))}
    assert found == {"public": State.EXEMPT, "audited": State.NON_COMPLIANT}
    assert {row.state for row in rows(SET, exempt(SET))} == {State.EXEMPT}
    assert {row.state for row in rows(SET, only("nothing"))} == {State.NON_COMPLIANT}


def test_resource_selectors_narrow_an_exemption() -> None:
    def narrowed(*locations: str) -> Exemption:
        return exempt(DENY, resourceSelectors=[{"selectors": [{"kind": "resourceLocation", "in": list(locations)}]}])

    assert state(narrowed("westeurope")) is State.EXEMPT
    assert state(narrowed("eastus")) is State.NON_COMPLIANT
    assert state(narrowed("eastus"), location={"$unknown": "later"}) is State.UNKNOWN


def test_an_exemption_above_its_assignment_needs_the_validation_off() -> None:
    narrow = assigned(definition("deny-public"), scope=GROUP)
    (row,) = rows(narrow, exempt(narrow, SUBSCRIPTION))
    assert row.state is State.NON_COMPLIANT
    (row,) = rows(narrow, exempt(narrow, SUBSCRIPTION, assignmentScopeValidation="DoNotValidate"))
    assert row.state is State.EXEMPT


def test_management_groups_are_above_each_other_as_the_hierarchy_says() -> None:
    platform = "/providers/Microsoft.Management/managementGroups/platform"
    at_root, at_platform = (assigned(definition("deny-public"), scope=scope) for scope in (ROOT, platform))
    (row,) = rows(at_root, exempt(at_root, platform))
    assert row.state is State.EXEMPT
    (row,) = rows(at_platform, exempt(at_platform, ROOT))
    assert row.state is State.NON_COMPLIANT


def test_an_exemption_that_may_hold_is_unknown_and_never_exempt() -> None:
    held = exempt(DENY, ROOT, assignmentScopeValidation="DoNotValidate")
    outcome = evaluate_existing([DENY], workspace(), SURROUNDINGS, estate=Estate(exemptions=(held,)))
    assert [row.state for row in outcome.rows] == [State.UNKNOWN]
    fine = evaluate_existing([DENY], workspace(properties={}), SURROUNDINGS, estate=Estate(exemptions=(held,)))
    assert [row.state for row in fine.rows] == [State.COMPLIANT]


def test_machine_learning_modes_know_no_exemptions() -> None:
    mode = assigned(definition("data", "deny", mode="Microsoft.MachineLearningServices.v2.Data"))
    (row,) = rows(mode, exempt(mode))
    assert row.state is not State.EXEMPT


def test_exempt_resources_are_not_denied_and_what_is_not_applicable_gets_no_row() -> None:
    outcome = evaluate_request([DENY], workspace(), SURROUNDINGS, estate=Estate(exemptions=(exempt(DENY),)))
    assert outcome.decision is RequestDecision.ALLOWED
    assert outcome.verdict_ok
    assert rows(DENY, exempt(DENY), type="Microsoft.Storage/storageAccounts") == []


@pytest.mark.parametrize(
    "properties",
    [
        {"exemptionCategory": "Forever"},
        {"exemptionCategory": None},
        {"expiresOn": "next year"},
        {"expiresOn": "2026-13-01T00:00:00Z"},
        {"expiresOn": 20261231},
        {"policyAssignmentId": ""},
        {"assignmentScopeValidation": "Never"},
        {"policyDefinitionReferenceIds": "public"},
        {"policyDefinitionsReferenceIds": ["public"]},  # misspelt: it must not exempt from everything
        {"resourceSelectors": [{"selectors": [{"kind": "resourceColour", "in": ["red"]}]}]},
    ],
)
def test_what_cannot_be_read_is_an_error_and_exempts_nobody(properties: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError):
        exempt(DENY, **properties)


def test_an_exemption_needs_a_scope() -> None:
    body = exemption_body(DENY)["properties"]
    with pytest.raises(DefinitionError, match="scope"):
        read_exemption(body)
    assert read_exemption({**body, "scope": GROUP}).target.scope.text == GROUP
    with pytest.raises(DefinitionError):
        read_exemption({"id": f"{GROUP}/providers/Microsoft.Authorization/locks/ex", "properties": body})


def test_what_is_wrong_with_exemptions_is_reported() -> None:
    narrow = assigned(definition("deny-public"), scope=GROUP)
    known = {item.assignment.id: (item.assignment.scope, item.reference_ids) for item in (SET, narrow)}
    found = exemption_problems(
        [
            exempt(SET, expiresOn="2020-01-01T00:00:00Z"),
            exempt(SET, policyDefinitionReferenceIds=["public", "gone"]),
            exempt(DENY),
            exempt(narrow, SUBSCRIPTION),
            exempt(narrow, WORKSPACE),
        ],
        known,
        NOW,
    )
    assert [one.partition(") ")[2].split(" ")[0:2] for one in found] == [
        ["has", "expired"],
        ["names", "'gone',"],
        ["is", "from"],
        ["stands", "outside"],
    ]


# Enrollments

ENROLL = assigned(definition("deny-public"), enforcementMode="Enroll")


def enrollment(scope: str) -> Any:
    return read_enrollment(
        {
            "id": f"{scope}/providers/Microsoft.Authorization/policyEnrollments/en",
            "properties": {"policyAssignmentId": ENROLL.assignment.id},
        }
    )


@pytest.mark.parametrize(
    ("enrollments", "expected"),
    [
        (None, RequestDecision.UNKNOWN),
        ([], RequestDecision.ALLOWED),
        ([f"{GROUP}-2"], RequestDecision.ALLOWED),
        ([GROUP], RequestDecision.DENIED),
    ],
)
def test_the_mode_enroll_is_enforced_where_resources_are_enrolled(
    enrollments: list[str] | None, expected: RequestDecision
) -> None:
    given_ = None if enrollments is None else tuple(enrollment(scope) for scope in enrollments)
    outcome = evaluate_request([ENROLL], workspace(), SURROUNDINGS, estate=Estate(enrollments=given_))
    assert outcome.decision is expected
    assert [row.state for row in outcome.rows] == [State.NON_COMPLIANT]
    assert not outcome.verdict_ok


@given(st.integers(0, 4_000_000_000), st.integers(0, 999_999))
def test_an_exemption_holds_before_its_end_only(seconds: int, micros: int) -> None:
    end = dt.datetime.fromtimestamp(seconds, dt.UTC).replace(microsecond=micros)
    one = exempt(DENY, expiresOn=f"{end:%Y-%m-%dT%H:%M:%S}.{end.microsecond:06d}Z")
    tick = dt.timedelta(microseconds=1)
    assert not one.expired(end - tick)
    assert one.expired(end)
    assert one.expired(end + tick)
