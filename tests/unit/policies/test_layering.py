"""All assignments over one resource: order of effects, conflicts, what becomes of a request, states."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.aliases import built_in_aliases
from policies.assigned_policies import Prepared, ResolvedAssignment, resolve_assignments
from policies.assignments import read_assignment
from policies.definitions import PolicyDefinition, read_definition
from policies.evaluation import State
from policies.initiatives import read_initiative
from policies.judging import Estate
from policies.layering import (
    Outcome,
    RequestDecision,
    evaluate_deletion,
    evaluate_existing,
    evaluate_request,
)
from policies.libraries import Library
from policies.placement import read_hierarchy
from policies.scope import Surroundings
from tests.fakes.policy_estate import (
    GROUP,
    NOW,
    PUBLIC,
    ROOT,
    RULES,
    SUBSCRIPTION,
    SURROUNDINGS,
    assigned,
    assignment_body,
    definition,
    exempt,
    initiative,
    reference,
    tag_policy,
    workspace,
)

ALLOWED, DENIED, UNKNOWN = RequestDecision.ALLOWED, RequestDecision.DENIED, RequestDecision.UNKNOWN
ESTATE = Estate(hierarchy=read_hierarchy({SUBSCRIPTION: ["root"]}))
ROLES = ["/providers/microsoft.authorization/roleDefinitions/x"]


def request(*assignments: ResolvedAssignment, estate: Estate = ESTATE, related: Any = None, **changes: Any) -> Outcome:
    return evaluate_request(assignments, workspace(**changes), SURROUNDINGS, estate=estate, related=related)


def existing(*assignments: ResolvedAssignment, **changes: Any) -> Outcome:
    return evaluate_existing(assignments, workspace(**changes), SURROUNDINGS, estate=ESTATE)


def states(outcome: Outcome) -> dict[str, State]:
    return {row.definition.rpartition("/")[2]: row.state for row in outcome.rows}


def closing(name: str = "close", **more: Any) -> PolicyDefinition:
    """A modify policy that closes public access."""
    operations = [{"operation": "addOrReplace", "field": PUBLIC, "value": "Disabled"}]
    return definition(name, "modify", details={"roleDefinitionIds": ROLES, "operations": operations, **more})


def appending(name: str, field: str, value: Any, when: dict[str, Any] | None = None) -> PolicyDefinition:
    return definition(
        name, "append", when=when or {"field": "type", "exists": True}, details=[{"field": field, "value": value}]
    )


# Deny and audit


def test_a_request_that_no_policy_objects_to_is_allowed() -> None:
    outcome = request(assigned(definition("deny")), properties={"publicNetworkAccess": "Disabled"})
    assert outcome.decision is ALLOWED
    assert outcome.verdict_ok
    assert states(outcome) == {"deny": State.COMPLIANT}


def test_a_denied_request_says_by_whom_and_with_which_message() -> None:
    made = initiative("s", [reference("deny", "one"), reference("audit", "two")])
    outcome = request(
        assigned(
            made,
            "as",
            definitions=[definition("deny"), definition("audit", "audit")],
            nonComplianceMessages=[
                {"message": "keep it private", "policyDefinitionReferenceId": "ONE"},
                {"message": "in general"},
            ],
        )
    )
    assert outcome.decision is DENIED
    (denial,) = outcome.denials
    assert (denial.row.reference, denial.row.message) == ("one", "keep it private")
    assert denial.row.assignment.endswith("/policyassignments/as")
    assert [(row.effect, row.state, row.message) for row in outcome.rows] == [
        ("deny", State.NON_COMPLIANT, "keep it private"),
        ("audit", State.NON_COMPLIANT, "in general"),
    ]
    assert not outcome.verdict_ok


def test_audit_denies_nothing() -> None:
    outcome = request(assigned(definition("audit", "audit")))
    assert outcome.decision is ALLOWED
    assert states(outcome) == {"audit": State.NON_COMPLIANT}
    assert not outcome.verdict_ok


def test_do_not_enforce_gives_states_and_neither_denies_nor_changes() -> None:
    outcome = request(
        assigned(definition("deny"), enforcementMode="DoNotEnforce"),
        assigned(closing(), enforcementMode="DoNotEnforce"),
    )
    assert outcome.decision is ALLOWED
    assert outcome.resource == workspace()
    assert states(outcome) == {"deny": State.NON_COMPLIANT, "close": State.NON_COMPLIANT}
    assert {row.enforced for row in outcome.rows} == {False}


def test_disabled_policies_and_excluded_scopes_give_no_state() -> None:
    outcome = request(
        assigned(definition("off", "disabled")),
        assigned(definition("deny"), notScopes=[GROUP]),
        assigned(definition("elsewhere"), scope=f"{GROUP}-2"),
        assigned(definition("deny2"), overrides=[{"kind": "policyEffect", "value": "Disabled"}]),
    )
    assert outcome.rows == ()
    assert outcome.decision is ALLOWED
    assert outcome.examined == 2


def test_nothing_examined_is_not_ok() -> None:
    assert not request().verdict_ok
    assert not request(assigned(definition("deny"), scope=f"{GROUP}-2")).verdict_ok
    assert request(assigned(definition("deny")), type="Microsoft.Storage/storageAccounts").verdict_ok


def test_a_failed_evaluation_denies_where_it_is_enforced() -> None:
    failing = definition("fail", "audit", when={"value": "[substring(field('name'), 0, 9)]", "equals": "x"})
    assert request(assigned(failing)).decision is DENIED
    lenient = request(assigned(failing, enforcementMode="DoNotEnforce"))
    assert (lenient.decision, states(lenient)) == (ALLOWED, {"fail": State.ERROR})
    assert not lenient.verdict_ok


def test_an_override_turns_deny_into_audit() -> None:
    soft = assigned(definition("deny"), overrides=[{"kind": "policyEffect", "value": "Audit"}])
    outcome = request(soft)
    assert outcome.decision is ALLOWED
    assert [(row.effect, row.state) for row in outcome.rows] == [("audit", State.NON_COMPLIANT)]


def test_resource_selectors_leave_out_what_they_do_not_select() -> None:
    def at(place: str) -> ResolvedAssignment:
        selectors = [{"selectors": [{"kind": "resourceLocation", "in": [place]}]}]
        return assigned(definition("deny"), resourceSelectors=selectors)

    assert request(at("westeurope")).decision is DENIED
    assert request(at("eastus")).rows == ()
    assert request(at("eastus"), location={"$unknown": "later"}).decision is UNKNOWN


# What isn't known


def test_an_unknown_hierarchy_decides_nothing() -> None:
    outcome = request(assigned(definition("deny"), scope=ROOT), estate=Estate())
    assert outcome.decision is UNKNOWN
    assert states(outcome) == {"deny": State.UNKNOWN}
    assert "management groups" in outcome.undecided[0]
    assert not outcome.verdict_ok


def test_an_unknown_value_leaves_a_deny_undecided_and_not_an_audit() -> None:
    later = {"publicNetworkAccess": {"$unknown": "a parameter"}}
    assert request(assigned(definition("deny")), properties=later).decision is UNKNOWN
    audit = request(assigned(definition("audit", "audit")), properties=later)
    assert audit.decision is ALLOWED
    assert states(audit) == {"audit": State.UNKNOWN}
    assert not audit.verdict_ok


def test_a_definition_that_is_not_at_hand_decides_nothing() -> None:
    outcome = request(assigned(initiative("s", [reference("missing")])))
    assert outcome.decision is UNKNOWN
    assert states(outcome) == {"missing": State.UNKNOWN}


def test_another_version_than_the_pinned_one_is_never_compliant() -> None:
    def pinned(pin: str) -> ResolvedAssignment:
        made = initiative("s", [reference("deny", definitionVersion=pin)])
        return assigned(made, definitions=[definition("deny", version="2.0.0")])

    fine = {"publicNetworkAccess": "Disabled"}
    assert states(request(pinned("2.*.*"), properties=fine)) == {"deny": State.COMPLIANT}
    outcome = request(pinned("1.*.*"), properties=fine)
    assert states(outcome) == {"deny": State.UNKNOWN}
    assert outcome.decision is UNKNOWN
    assert "1.*.*" in outcome.rows[0].problem
    assert states(request(pinned("1.*.*"))) == {"deny": State.NON_COMPLIANT}


def test_two_different_overrides_leave_the_effect_unknown() -> None:
    overrides = [{"kind": "policyEffect", "value": value} for value in ("audit", "disabled")]
    outcome = request(assigned(definition("deny"), overrides=overrides))
    assert outcome.decision is UNKNOWN


def test_a_version_override_chooses_among_the_versions_at_hand() -> None:
    strict = definition("d", version="2.0.0")
    soft = definition("d", "audit", version="1.0.0")
    made = initiative("s", [reference("d", definitionVersion="1.*.*")])
    override = {
        "kind": "definitionVersion",
        "value": "2.0",
        "selectors": [
            {"kind": "resourceLocation", "in": ["westeurope"]},
            {"kind": "policyDefinitionReferenceId", "in": ["d"]},
        ],
    }
    policies = assigned(made, definitions=[soft, strict], overrides=[override])
    assert request(policies).decision is DENIED
    assert request(policies, location="eastus").decision is ALLOWED
    whole = {"kind": "definitionVersion", "value": "2.0"}
    assert request(assigned(made, definitions=[soft, strict], overrides=[whole])).decision is UNKNOWN


# append and modify


def test_modify_comes_before_deny() -> None:
    outcome = request(assigned(definition("deny")), assigned(closing()))
    assert outcome.decision is ALLOWED
    assert outcome.resource["properties"] == {"publicNetworkAccess": "Disabled"}
    assert states(outcome) == {"close": State.NON_COMPLIANT, "deny": State.COMPLIANT}
    assert [row.changed for row in outcome.rows] == [True, False]
    assert [(name.rpartition("/")[2], change.field) for name, _, change in outcome.changes] == [("close", PUBLIC)]


def test_a_resource_that_is_there_is_changed_by_nobody() -> None:
    outcome = existing(assigned(definition("deny")), assigned(closing()))
    assert outcome.decision is None
    assert outcome.resource == workspace()
    assert states(outcome) == {"close": State.NON_COMPLIANT, "deny": State.NON_COMPLIANT}


def test_the_request_itself_stays_as_it_is() -> None:
    sent = workspace()
    before = copy.deepcopy(sent)
    evaluate_request([assigned(closing())], sent, SURROUNDINGS, estate=ESTATE)
    assert sent == before


def test_a_modify_can_make_a_later_policy_deny() -> None:
    forbidden = definition("no-cost-b", when={"field": "tags['cost']", "equals": "b"})
    assert request(assigned(forbidden)).decision is ALLOWED
    outcome = request(assigned(forbidden), assigned(tag_policy("tag-b", "b")))
    assert outcome.decision is DENIED
    assert outcome.denials[0].row.definition.endswith("no-cost-b")


def test_append_that_would_replace_a_value_denies() -> None:
    outcome = request(assigned(appending("append", PUBLIC, "Disabled")))
    assert outcome.decision is DENIED
    free = request(assigned(appending("append", PUBLIC, "Disabled")), properties={})
    assert free.decision is ALLOWED
    assert free.resource["properties"] == {"publicNetworkAccess": "Disabled"}


def test_members_that_two_policies_append_to_an_array_are_both_there() -> None:
    outcome = request(
        assigned(appending("a", f"{RULES}[*]", "10.0.0.0/8")), assigned(appending("b", f"{RULES}[*]", "192.168.0.0/16"))
    )
    assert outcome.decision is ALLOWED
    assert sorted(outcome.resource["properties"]["rules"]) == ["10.0.0.0/8", "192.168.0.0/16"]


@pytest.mark.parametrize(
    ("first", "second", "decision", "tag"),
    [
        ("deny", "audit", ALLOWED, "1"),  # the one with deny wins, the other one skips its operations
        ("audit", "deny", ALLOWED, "2"),
        ("deny", "disabled", ALLOWED, "1"),
        ("audit", "audit", ALLOWED, None),  # none goes ahead
        ("deny", "deny", DENIED, None),
    ],
)
def test_conflicting_modify_policies_give_way_as_their_conflict_effects_say(
    first: str, second: str, decision: RequestDecision, tag: str | None
) -> None:
    outcome = request(assigned(tag_policy("one", "1", first)), assigned(tag_policy("two", "2", second)))
    assert outcome.decision is decision
    assert outcome.resource["tags"].get("cost") == tag
    expected = State.CONFLICT if decision is DENIED else State.NON_COMPLIANT
    assert states(outcome) == {"one": expected, "two": expected}
    assert not outcome.verdict_ok


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("deny", "deny", State.CONFLICT),
        ("deny", "audit", State.NON_COMPLIANT),
        ("audit", "audit", State.NON_COMPLIANT),
    ],
)
def test_a_resource_that_is_there_is_in_conflict_where_several_insist(first: str, second: str, expected: State) -> None:
    outcome = existing(assigned(tag_policy("one", "1", first)), assigned(tag_policy("two", "2", second)))
    assert states(outcome) == {"one": expected, "two": expected}


def test_two_appends_of_one_tag_with_different_values_are_a_conflict() -> None:
    missing = {"field": "tags['cost']", "exists": False}
    one, two = (assigned(appending(name, "tags['cost']", name, missing)) for name in ("a", "b"))
    assert states(existing(one, two)) == {"a": State.CONFLICT, "b": State.CONFLICT}
    assert request(one, two).decision is DENIED


def test_policies_that_want_the_same_are_no_conflict() -> None:
    outcome = request(assigned(tag_policy("one", "1")), assigned(tag_policy("two", "1")))
    assert outcome.decision is ALLOWED
    assert outcome.resource["tags"]["cost"] == "1"


def test_removing_and_setting_one_tag_is_a_conflict() -> None:
    remove = definition(
        "remove",
        "modify",
        when={"field": "tags['cost']", "exists": True},
        details={"roleDefinitionIds": ROLES, "operations": [{"operation": "remove", "field": "tags['COST']"}]},
    )
    outcome = request(assigned(remove), assigned(tag_policy("set", "1")), tags={"cost": "2"})
    assert outcome.decision is DENIED


def test_an_exempt_policy_changes_nothing_and_conflicts_with_nobody() -> None:
    one, two = assigned(tag_policy("one", "1")), assigned(tag_policy("two", "2"))
    outcome = request(one, two, estate=Estate(exemptions=(exempt(one),)))
    assert outcome.decision is ALLOWED
    assert outcome.resource["tags"]["cost"] == "2"
    assert states(outcome) == {"one": State.EXEMPT, "two": State.NON_COMPLIANT}


def test_what_an_unknown_modify_may_change_is_unknown_to_later_effects() -> None:
    later = definition(
        "later",
        "modify",
        when={"field": "tags['stage']", "equals": "prod"},
        details={
            "roleDefinitionIds": ROLES,
            "operations": [{"operation": "addOrReplace", "field": PUBLIC, "value": "Enabled"}],
        },
    )
    outcome = request(
        assigned(later),
        assigned(definition("audit", "audit")),
        tags={"stage": {"$unknown": "a parameter"}},
        properties={"publicNetworkAccess": "Disabled"},
    )
    assert outcome.decision is UNKNOWN
    assert states(outcome) == {"later": State.UNKNOWN, "audit": State.UNKNOWN}
    assert "$unknown" in outcome.resource["properties"]["publicNetworkAccess"]


def test_a_modify_that_may_be_out_of_scope_leaves_its_fields_unknown() -> None:
    outcome = request(assigned(tag_policy("tag", "1"), scope=ROOT), estate=Estate())
    assert outcome.decision is UNKNOWN
    assert "$unknown" in outcome.resource["tags"]["cost"]


def test_where_the_order_of_modify_policies_matters_the_outcome_is_unknown() -> None:
    follows = definition(
        "follows",
        "modify",
        when={"field": "tags['cost']", "equals": "1"},
        details={
            "roleDefinitionIds": ROLES,
            "operations": [{"operation": "addOrReplace", "field": PUBLIC, "value": "Disabled"}],
        },
    )
    outcome = request(assigned(tag_policy("tag", "1")), assigned(follows), assigned(definition("audit", "audit")))
    assert outcome.decision is UNKNOWN
    assert states(outcome) == {"tag": State.NON_COMPLIANT, "follows": State.UNKNOWN, "audit": State.UNKNOWN}


def changing(name: str, when: dict[str, Any], *operations: dict[str, Any], **more: Any) -> ResolvedAssignment:
    details = {"roleDefinitionIds": ROLES, "operations": list(operations), **more}
    return assigned(definition(name, "modify", when=when, details=details))


def test_doubt_about_one_modify_policy_spreads_to_those_that_look_at_what_it_may_change() -> None:
    def add(tag: str) -> dict[str, Any]:
        return {"operation": "add", "field": f"tags['{tag}']", "value": "1"}

    outcome = request(
        changing("a", {"field": "tags['x']", "exists": False}, add("x")),
        changing("b", {"field": "tags['x']", "equals": "1"}, add("y")),
        changing(
            "c",
            {"field": "tags['y']", "equals": "1"},
            {"operation": "addOrReplace", "field": PUBLIC, "value": "Enabled"},
        ),
        changing("d", {"field": "tags['z']", "exists": False}, add("z")),
        assigned(definition("deny")),
        properties={"publicNetworkAccess": "Disabled"},
    )
    assert outcome.decision is UNKNOWN
    assert states(outcome) == {
        "a": State.NON_COMPLIANT,
        "b": State.UNKNOWN,
        "c": State.UNKNOWN,
        "d": State.NON_COMPLIANT,
        "deny": State.UNKNOWN,
    }
    assert {name.rpartition("/")[2] for name, _, _ in outcome.changes} == {"a", "d"}
    assert outcome.resource["tags"]["z"] == "1"


def test_an_operation_whose_condition_is_not_known_may_or_may_not_open_the_door() -> None:
    conditional = changing(
        "open",
        {"field": "tags['owner']", "exists": True},
        {
            "operation": "addOrReplace",
            "field": PUBLIC,
            "value": "Enabled",
            "condition": "[greaterOrEquals(requestContext().apiVersion, '2024-04-01')]",
        },
    )
    door = assigned(definition("deny"))
    closed = {"publicNetworkAccess": "Disabled"}
    assert request(conditional, door, properties=closed).decision is UNKNOWN
    assert request(conditional, door, properties=closed, apiVersion="2025-01-01").decision is DENIED
    assert request(conditional, door, properties=closed, apiVersion="2023-01-01").decision is ALLOWED


def test_an_append_to_a_value_that_is_not_known_may_deny() -> None:
    append = assigned(appending("append", PUBLIC, "Disabled"))
    assert request(append, properties={"publicNetworkAccess": {"$unknown": "a parameter"}}).decision is UNKNOWN
    assert request(append, properties={"$unknown": "a parameter"}).decision is UNKNOWN
    assert request(append, properties={"publicNetworkAccess": "Disabled"}).decision is ALLOWED


def test_whether_unknown_values_contradict_each_other_is_unknown() -> None:
    inherit = {"operation": "addOrReplace", "field": "tags['cost']", "value": "[resourceGroup().tags.cost]"}
    one = changing("one", {"field": "tags['cost']", "exists": False}, inherit)
    outcome = request(one, assigned(tag_policy("two", "2")))
    assert outcome.decision is UNKNOWN
    assert "$unknown" in outcome.resource["tags"]["cost"]
    assert request(one).decision is ALLOWED


def test_rows_stand_in_the_order_of_effects() -> None:
    outcome = request(
        assigned(definition("d1", "denyAction", details={"actionNames": ["delete"]})),
        assigned(definition("m", "manual", details={"defaultState": "NonCompliant"})),
        assigned(definition("a", "audit")),
        assigned(definition("d", "deny")),
        assigned(tag_policy("t", "1")),
        assigned(definition("x", "auditIfNotExists", details={"type": "Microsoft.Insights/diagnosticSettings"})),
        related=[],
    )
    assert [row.effect for row in outcome.rows] == [
        "modify",
        "deny",
        "audit",
        "manual",
        "auditifnotexists",
        "denyaction",
    ]
    assert outcome.rows[4].state is State.NON_COMPLIANT


def test_policy_tells_a_rule_which_assignment_it_belongs_to() -> None:
    rule = definition("own", when={"value": "[policy().definitionReferenceId]", "equals": "it"})
    made = initiative("s", [reference("own", "it"), reference("own", "other")])
    outcome = request(assigned(made, definitions=[rule]))
    assert {row.reference: row.state for row in outcome.rows} == {"it": State.NON_COMPLIANT, "other": State.COMPLIANT}


def test_an_initiative_may_pass_an_allowed_value_in_another_case_and_an_assignment_may_not() -> None:
    parameters = {"effect": {"type": "String", "allowedValues": ["Audit", "Deny"], "defaultValue": "Audit"}}
    rule = definition("own", "[parameters('effect')]", parameters=parameters)
    passed = initiative("s", [reference("own", parameters={"effect": {"value": "deny"}})])
    assert request(assigned(passed, definitions=[rule])).decision is DENIED
    refused = request(assigned(rule, parameters={"effect": {"value": "deny"}}))
    assert (refused.decision, states(refused)) == (UNKNOWN, {"own": State.ERROR})


def test_an_empty_list_of_allowed_values_allows_anything() -> None:
    parameters = {"want": {"type": "String", "allowedValues": [], "defaultValue": ""}}
    rule = definition("own", when={"field": PUBLIC, "equals": "[parameters('want')]"}, parameters=parameters)
    assert request(assigned(rule, parameters={"want": {"value": "Enabled"}})).decision is DENIED


def test_what_assignments_have_in_common_is_compiled_once() -> None:
    own = definition("deny")
    made = initiative("s", [reference("deny", "one"), reference("deny", "two")])
    bodies = [assignment_body("policySetDefinitions/s", name) for name in ("a", "b")]
    resolved = resolve_assignments([read_assignment(body) for body in bodies], Library([own]), Library([made]))
    prepared = [policy.prepare() for item in resolved for policy in item.policies]
    assert len({id(item.compiled) for item in prepared if isinstance(item, Prepared)}) == 1
    assert len(prepared) == 4


# denyAction


def deletion(*assignments: ResolvedAssignment, estate: Estate = ESTATE, **changes: Any) -> Outcome:
    return evaluate_deletion(assignments, workspace(**changes), SURROUNDINGS, estate=estate)


def keep(name: str = "keep", **when: Any) -> PolicyDefinition:
    return definition(name, "denyAction", when=when or None, details={"actionNames": ["delete"]})


def test_deny_action_denies_deletions_and_nothing_else() -> None:
    one = assigned(keep())
    assert deletion(one).decision is DENIED
    assert request(one).decision is ALLOWED
    assert deletion(one, properties={}).decision is ALLOWED
    assert deletion(assigned(definition("deny"))).decision is ALLOWED
    assert deletion(assigned(keep(), enforcementMode="DoNotEnforce")).decision is ALLOWED
    assert deletion(one, estate=Estate(exemptions=(exempt(one),))).decision is ALLOWED


def test_a_deletion_that_may_be_denied_is_unknown() -> None:
    assert deletion(assigned(keep(), scope=ROOT), estate=Estate()).decision is UNKNOWN
    assert deletion(assigned(keep()), properties={"publicNetworkAccess": {"$unknown": "x"}}).decision is UNKNOWN
    assert deletion(assigned(initiative("s", [reference("missing")]))).decision is UNKNOWN


# Properties

CHOICES = (
    assigned(definition("deny"), "1"),
    assigned(definition("audit", "audit"), "2"),
    assigned(closing(), "3"),
    assigned(closing("close2", conflictEffect="audit"), "4"),
    assigned(tag_policy("one", "1"), "5"),
    assigned(tag_policy("two", "2", "audit"), "6"),
    assigned(tag_policy("three", "3"), "7"),
    assigned(tag_policy("four", "1", operation="add"), "8", enforcementMode="DoNotEnforce"),
    assigned(appending("five", f"{RULES}[*]", "10.0.0.0/8"), "9"),
    assigned(appending("six", "tags['cost']", "1", {"field": "tags['cost']", "exists": False}), "10"),
    assigned(definition("seven", when={"field": "tags['cost']", "equals": "2"}), "11", scope=ROOT),
    assigned(initiative("s", [reference("deny"), reference("missing")]), "12", definitions=[definition("deny")]),
)
RESOURCES = st.fixed_dictionaries(
    {
        "tags": st.sampled_from(
            [None, {}, {"cost": "1"}, {"COST": "2"}, {"cost": {"$unknown": "x"}}, {"$unknown": "x"}]
        ),
        "properties": st.sampled_from(
            [None, {}, {"publicNetworkAccess": "Enabled"}, {"publicNetworkAccess": {"$unknown": "x"}}, {"rules": ["x"]}]
        ),
        "location": st.sampled_from([None, "westeurope", {"$unknown": "x"}]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.data(), st.lists(st.sampled_from(CHOICES), unique_by=id, max_size=7), RESOURCES)
def test_the_order_of_assignments_does_not_matter(
    data: st.DataObject, chosen: Sequence[ResolvedAssignment], changes: dict[str, Any]
) -> None:
    shuffled = data.draw(st.permutations(chosen))
    resource = workspace(**changes)
    before = copy.deepcopy(resource)
    for run in (evaluate_request, evaluate_existing):
        assert run(chosen, resource, SURROUNDINGS, estate=ESTATE) == run(
            shuffled, resource, SURROUNDINGS, estate=ESTATE
        )
    assert evaluate_deletion(chosen, resource, SURROUNDINGS, estate=ESTATE) == evaluate_deletion(
        shuffled, resource, SURROUNDINGS, estate=ESTATE
    )
    assert resource == before


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(CHOICES), unique_by=id, max_size=5), RESOURCES)
def test_one_more_deny_never_allows_what_was_denied(chosen: list[ResolvedAssignment], changes: dict[str, Any]) -> None:
    strict = assigned(definition("extra", when={"field": "tags['cost']", "notEquals": "9"}), "extra")
    resource = workspace(**changes)
    first = evaluate_request(chosen, resource, SURROUNDINGS, estate=ESTATE)
    second = evaluate_request([*chosen, strict], resource, SURROUNDINGS, estate=ESTATE)
    ranks = [ALLOWED, UNKNOWN, DENIED]
    assert ranks.index(second.decision or ALLOWED) >= ranks.index(first.decision or ALLOWED)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(CHOICES), unique_by=id, max_size=6), RESOURCES)
def test_what_is_allowed_stays_allowed_when_it_is_sent_as_it_became(
    chosen: list[ResolvedAssignment], changes: dict[str, Any]
) -> None:
    first = evaluate_request(chosen, workspace(**changes), SURROUNDINGS, estate=ESTATE)
    # One that gave way to another one would have its turn the second time.
    gave_way = any(
        row.effect in ("modify", "append") and row.takes_hold and row.enforced and not row.changed for row in first.rows
    )
    if first.decision is ALLOWED and not gave_way:
        again = evaluate_request(chosen, first.resource, SURROUNDINGS, estate=ESTATE)
        assert again.decision is ALLOWED
        assert again.resource == first.resource


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(CHOICES), unique_by=id, max_size=6), RESOURCES)
def test_a_verdict_is_ok_only_for_an_allowed_request_without_open_rows(
    chosen: list[ResolvedAssignment], changes: dict[str, Any]
) -> None:
    outcome = evaluate_request(chosen, workspace(**changes), SURROUNDINGS, estate=ESTATE)
    if outcome.verdict_ok:
        assert outcome.decision is ALLOWED
        assert {row.state for row in outcome.rows} <= {State.COMPLIANT, State.EXEMPT}
    assert all(row.reason for row in outcome.rows)
    assert (outcome.decision is UNKNOWN) <= bool(outcome.undecided)


KEYS = [{"field": "type", "equals": "Microsoft.KeyVault.Data/vaults/keys"}, {"field": "name", "like": "*"}]


@pytest.mark.parametrize(
    ("type_", "expected"),
    [
        ("Microsoft.MachineLearningServices/workspaces", {}),
        ("Microsoft.KeyVault.Data/vaults/keys", {"keys": State.UNKNOWN}),
        ("Microsoft.KeyVault/vaults/keys", {"keys": State.UNKNOWN}),
        ("Microsoft.KeyVault/vaults", {"keys": State.UNKNOWN}),
        ("Microsoft.KeyVaultLookalike/vaults", {}),
    ],
)
def test_a_mode_that_its_provider_evaluates_is_unknown_for_the_resources_of_that_provider_only(
    type_: str, expected: dict[str, State]
) -> None:
    rule = {"if": {"allOf": KEYS}, "then": {"effect": "audit"}}
    keys = definition("keys", mode="Microsoft.KeyVault.Data", policyRule=rule)
    assert states(existing(assigned(keys), type=type_)) == expected


SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "azure-policy"


def shared(name: str) -> Iterator[tuple[Any, str]]:
    with gzip.open(SHARED / f"{name}.jsonl.gz") as lines:
        for item in map(json.loads, lines):
            yield item["body"], item["path"]


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared corpus is not beside this clone")
def test_all_built_in_initiatives_assigned_at_once_give_defined_states() -> None:
    definitions = Library(read_definition(*item) for item in shared("policyDefinitions"))
    initiatives = [read_initiative(*item) for item in shared("policySetDefinitions")]
    assignments = [
        read_assignment(assignment_body(f"policySetDefinitions/{item.name}", f"as-{index}"), item.source)
        for index, item in enumerate(initiatives)
    ]
    resolved = resolve_assignments(assignments, definitions, Library(initiatives))
    assert sum(len(item.policies) for item in resolved) == 20_923
    surroundings = Surroundings(aliases=built_in_aliases(), now=NOW)
    account = workspace(
        type="Microsoft.Storage/storageAccounts",
        id=f"{GROUP}/providers/Microsoft.Storage/storageAccounts/s",
        properties={"allowBlobPublicAccess": True, "supportsHttpsTrafficOnly": False},
    )
    for resource in (workspace(), account):
        outcome = evaluate_request(resolved, resource, surroundings, estate=ESTATE, related=[])
        assert outcome.examined == 20_923
        assert all(row.reason for row in outcome.rows)
        assert {State.NON_COMPLIANT, State.UNKNOWN} <= {row.state for row in outcome.rows}
        assert State.NOT_APPLICABLE not in {row.state for row in outcome.rows}
        # Only what no evaluation was possible for is in error: parameters that these assignments don't give.
        assert {row.effect for row in outcome.rows if row.state is State.ERROR} == {""}
