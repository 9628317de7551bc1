"""Assignments: reading them, their scopes, selectors, overrides and messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.assigned_policies import Failure, Prepared
from policies.assignments import Assignment, Enforcement, OverrideKind, read_assignment
from policies.evaluation import State
from policies.placement import Hierarchy, Place, place_of, read_hierarchy, read_scope
from policies.selectors import subject_of
from policies.values import DefinitionError, Truth, Unknown
from tests.fakes.policy_estate import (
    BUILT_IN,
    GROUP,
    ROOT,
    SUBSCRIPTION,
    WORKSPACE,
    assigned,
    assignment_body,
    definition,
    initiative,
    reference,
    workspace,
)

HIERARCHY = read_hierarchy({SUBSCRIPTION: ["platform", ROOT]})
OTHER = "/subscriptions/22222222-2222-2222-2222-222222222222"


def made(scope: str = SUBSCRIPTION, **properties: Any) -> Assignment:
    return read_assignment(assignment_body("policyDefinitions/a", "as", scope, **properties))


def where(resource: dict[str, Any] | None = None, hierarchy: Hierarchy = HIERARCHY, deployed_to: str = "") -> Place:
    return place_of(workspace() if resource is None else resource, hierarchy, deployed_to)


def shown(truth: Truth) -> bool | str:
    return "unknown" if isinstance(truth, Unknown) else truth


def test_an_assignment_is_read() -> None:
    one = made(
        displayName="No public workspaces",
        enforcementMode="doNotEnforce",
        definitionVersion="1.*.*",
        notScopes=[GROUP],
        parameters={"effect": {"value": "Deny"}},
        nonComplianceMessages=[{"message": "ask the platform team"}],
        identity={"type": "SystemAssigned"},
    )
    assert one.scope == read_scope(SUBSCRIPTION, "")
    assert one.enforcement is Enforcement.DO_NOT_ENFORCE
    assert one.pin is not None
    assert one.parameters == {"effect": "Deny"}
    assert one.message("anything") == "ask the platform team"
    assert not one.of_initiative


def test_the_bare_properties_need_a_scope() -> None:
    properties = {"policyDefinitionId": f"{BUILT_IN}/policyDefinitions/a"}
    assert read_assignment({**properties, "scope": GROUP}).scope.segments[-1] == "rg-ml"
    with pytest.raises(DefinitionError, match="scope"):
        read_assignment(properties)


@pytest.mark.parametrize(
    "properties",
    [
        {"enforcementMode": "Sometimes"},
        {"notScopes": ["rg-ml"]},
        {"notScopes": "everything"},
        {"definitionVersion": "new"},
        {"parameters": {"effect": "Deny"}},
        {"surprise": True},
        {"nonComplianceMessages": [{"message": ""}]},
        {"nonComplianceMessages": [{"message": "a", "policyDefinitionReferenceId": "x"}]},
        {"nonComplianceMessages": [{"message": "a"}, {"message": "b"}]},
        {"overrides": [{"kind": "policyEffect", "value": "explode"}]},
        {"overrides": [{"kind": "mood", "value": "good"}]},
        {"overrides": [{"kind": "definitionVersion", "value": "new"}]},
        {"overrides": [{"kind": "policyEffect", "value": "audit"}] * 11},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceColour", "in": ["red"]}]}]},
        {"resourceSelectors": [{"selectors": [{"kind": "policyDefinitionReferenceId", "in": ["a"]}]}]},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceType"}]}]},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": []}]}]},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": ["a"], "notIn": ["b"]}]}]},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": ["a"] * 51}]}]},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceType", "in": ["a"]}] * 2}]},
        {"resourceSelectors": [{"selectors": [{"kind": "resourceWithoutLocation", "in": ["everything"]}]}]},
        {
            "resourceSelectors": [
                {
                    "selectors": [
                        {"kind": "resourceLocation", "in": ["a"]},
                        {"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]},
                    ]
                }
            ]
        },
        {"resourceSelectors": [{"name": "n"}] * 11},
    ],
)
def test_what_azure_would_not_take_is_an_error(properties: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError):
        made(**properties)


def test_an_id_and_a_scope_that_contradict_each_other_are_an_error() -> None:
    body = assignment_body("policyDefinitions/a")
    body["properties"]["scope"] = OTHER
    with pytest.raises(DefinitionError, match="another scope"):
        read_assignment(body)


@pytest.mark.parametrize("body", [None, [], "x", {}, {"properties": {}}, {"properties": None}, {"id": 3}])
def test_what_is_no_assignment_is_an_error(body: Any) -> None:
    with pytest.raises(DefinitionError):
        read_assignment(body)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (SUBSCRIPTION, True),
        (SUBSCRIPTION.upper(), True),
        (GROUP, True),
        (WORKSPACE, True),
        (f"{GROUP}-2", False),  # a longer name is another group
        (f"{SUBSCRIPTION}/resourceGroups/rg", False),
        (f"{WORKSPACE}/computes/c", False),
        (OTHER, False),
        (ROOT, True),
        ("/providers/Microsoft.Management/managementGroups/PLATFORM", True),
        ("/providers/Microsoft.Management/managementGroups/sandbox", False),
    ],
)
def test_a_scope_holds_what_is_at_or_under_it(scope: str, expected: bool) -> None:
    assert made(scope).covers(where()) is expected


def test_a_management_group_that_nobody_knows_is_unknown_and_not_out_of_scope() -> None:
    assert shown(made(ROOT).covers(where(hierarchy=Hierarchy()))) == "unknown"
    assert shown(made(SUBSCRIPTION, notScopes=[ROOT]).covers(where(hierarchy=Hierarchy()))) == "unknown"
    # What surely isn't in scope stays out of it.
    assert made(OTHER, notScopes=[ROOT]).covers(where(hierarchy=Hierarchy())) is False


def test_excluded_scopes_exclude_what_is_under_them() -> None:
    assert made(notScopes=[GROUP]).covers(where()) is False
    assert made(notScopes=[WORKSPACE]).covers(where()) is False
    assert made(notScopes=[f"{GROUP}-2", OTHER]).covers(where()) is True
    assert made(ROOT, notScopes=["/providers/Microsoft.Management/managementGroups/platform"]).covers(where()) is False


@pytest.mark.parametrize(
    ("identifier", "scope", "expected"),
    [
        (None, SUBSCRIPTION, "unknown"),
        ("", SUBSCRIPTION, "unknown"),
        ("/subscriptions/{subscription().subscriptionId}/resourceGroups/rg-ml", SUBSCRIPTION, "unknown"),
        (f"{SUBSCRIPTION}/resourceGroups/{{name}}/providers/a/b/c", SUBSCRIPTION, True),
        (f"{SUBSCRIPTION}/resourceGroups/{{name}}/providers/a/b/c", GROUP, "unknown"),
        (f"{SUBSCRIPTION}/resourceGroups/{{name}}/providers/a/b/c", OTHER, False),
        (f"{SUBSCRIPTION}/resourceGroups/{{name}}/providers/a/b/c", ROOT, True),
        ({"$unknown": "later"}, SUBSCRIPTION, "unknown"),
    ],
)
def test_an_id_that_is_not_known_leaves_the_scope_unknown(identifier: Any, scope: str, expected: bool | str) -> None:
    assert shown(made(scope).covers(where(workspace(id=identifier)))) == expected


@pytest.mark.parametrize(
    ("resource", "scope", "expected"),
    [
        (workspace(id=None), WORKSPACE, True),
        (workspace(id=None), GROUP, True),
        (workspace(id=None, name={"$unknown": "later"}), GROUP, True),
        (workspace(id=None, name={"$unknown": "later"}), WORKSPACE, "unknown"),
        (
            workspace(id=None, type="Microsoft.MachineLearningServices/workspaces/computes", name="ws/c"),
            WORKSPACE,
            True,
        ),
        (workspace(id=None, scope="[resourceId('x')]"), GROUP, "unknown"),
        ({"type": "Microsoft.Resources/resourceGroups", "name": "rg-x"}, f"{SUBSCRIPTION}/resourceGroups/rg-x", True),
    ],
)
def test_a_resource_without_id_stands_where_it_is_deployed_to(
    resource: dict[str, Any], scope: str, expected: bool | str
) -> None:
    assert shown(made(scope).covers(where(resource, deployed_to=GROUP))) == expected


@pytest.mark.parametrize("given", [None, [], {"s": "root"}, {"s": [1]}, {"s": [""]}, {"a/s": ["x"], "s": ["y"]}])
def test_a_hierarchy_that_cannot_be_read_is_an_error(given: Any) -> None:
    with pytest.raises(DefinitionError):
        read_hierarchy(given)


@pytest.mark.parametrize(
    "scope",
    ["", "/", "rg", "/subscriptions", "/subscriptions/{id}", f"{GROUP}/", f"{SUBSCRIPTION}//x", f"{SUBSCRIPTION}/rg/x"],
)
def test_scopes_are_ids(scope: str) -> None:
    if scope == f"{GROUP}/":
        assert read_scope(scope, "").segments == read_scope(GROUP, "").segments
        return
    with pytest.raises(DefinitionError):
        read_scope(scope, "notScopes[0]")


def selects(
    *selectors: dict[str, Any], resource: dict[str, Any] | None = None, place: Place | None = None
) -> bool | str:
    given = workspace() if resource is None else resource
    one = made(resourceSelectors=[{"name": str(i), "selectors": [item]} for i, item in enumerate(selectors)])
    return shown(one.selects(subject_of(given, place or where(given))))


LOCATION = "resourceLocation"


@pytest.mark.parametrize(
    ("selector", "changes", "expected"),
    [
        ({"kind": LOCATION, "in": ["West Europe"]}, {}, True),
        ({"kind": "RESOURCELOCATION", "IN": ["eastus"]}, {}, False),
        ({"kind": LOCATION, "notIn": ["eastus"]}, {}, True),
        ({"kind": LOCATION, "notIn": ["westeurope"]}, {"location": "West Europe"}, False),
        ({"kind": LOCATION, "in": ["eastus"]}, {"location": {"$unknown": "later"}}, "unknown"),
        ({"kind": LOCATION, "in": ["eastus"]}, {"location": None}, False),
        ({"kind": LOCATION, "notIn": ["eastus"]}, {"location": None}, "unknown"),
        ({"kind": "resourceType", "in": ["microsoft.machinelearningservices/WORKSPACES"]}, {}, True),
        ({"kind": "resourceType", "in": ["Microsoft.Storage/storageAccounts"]}, {}, False),
        ({"kind": "resourceType", "notIn": ["Microsoft.Storage/storageAccounts"]}, {}, True),
        ({"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]}, {}, False),
        ({"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]}, {"location": None}, False),
        (
            {"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]},
            {"location": None, "id": f"{SUBSCRIPTION}/providers/Microsoft.Security/pricings/x"},
            True,
        ),
        (
            {"kind": "resourceWithoutLocation", "in": ["subscriptionLevelResources"]},
            {"location": None, "id": None},
            "unknown",
        ),
        ({"kind": "userPrincipalId", "in": ["someone"]}, {}, "unknown"),
    ],
)
def test_a_selector_selects_what_it_says(
    selector: dict[str, Any], changes: dict[str, Any], expected: bool | str
) -> None:
    assert selects(selector, resource=workspace(**changes)) == expected


def test_one_of_several_resource_selectors_is_enough_and_all_selectors_of_one_are_needed() -> None:
    here = {"kind": LOCATION, "in": ["westeurope"]}
    storage = {"kind": "resourceType", "in": ["Microsoft.Storage/storageAccounts"]}
    assert selects(here, storage) is True
    both = made(resourceSelectors=[{"selectors": [here, storage]}])
    assert both.selects(subject_of(workspace(), where())) is False
    assert made(resourceSelectors=[]).selects(subject_of(workspace(), where())) is True
    assert made(resourceSelectors=[{"name": "all"}]).selects(subject_of(workspace(), where())) is True


def override(
    *overrides: dict[str, Any], kind: OverrideKind = OverrideKind.EFFECT, ref: str = "", **changes: Any
) -> Any:
    found = made(overrides=list(overrides)).override(kind, subject_of(workspace(**changes), where(), ref))
    return "unknown" if isinstance(found, Unknown) else found.value if found is not None else None


def test_overrides_take_hold_where_all_their_selectors_hold() -> None:
    named = {
        "kind": "policyEffect",
        "value": "Disabled",
        "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["A"]}],
    }
    assert override(named, ref="a") == "disabled"
    assert override(named, ref="b") is None
    both = {**named, "selectors": [*named["selectors"], {"kind": LOCATION, "in": ["eastus"]}]}
    assert override(both, ref="a") is None
    assert override(both, ref="a", location="eastus") == "disabled"
    assert override(both, ref="a", location={"$unknown": "later"}) == "unknown"
    assert override(both, ref="b", location={"$unknown": "later"}) is None
    assert override({"kind": "policyEffect", "value": "audit"}, ref="b") == "audit"


def test_which_of_two_different_overrides_wins_is_not_guessed() -> None:
    audit, off = ({"kind": "policyEffect", "value": value} for value in ("audit", "disabled"))
    assert override(audit, off) == "unknown"
    assert override(audit, audit) == "audit"


@pytest.mark.parametrize("kind", ["definitionVersion", "policyVersion"])
def test_a_version_can_be_overridden(kind: str) -> None:
    assert override({"kind": kind, "value": "2.0"}, kind=OverrideKind.VERSION) == "2.0"
    assert override({"kind": kind, "value": "2.0"}) is None


def test_messages_are_per_policy_with_one_for_all_others() -> None:
    body = assignment_body(
        "policySetDefinitions/s",
        nonComplianceMessages=[{"message": "all"}, {"message": "one", "policyDefinitionReferenceId": "A"}],
    )
    one = read_assignment(body)
    assert (one.message("a"), one.message("b")) == ("one", "all")


# What an assignment stands for


def test_an_overridden_effect_is_compiled_and_one_that_the_definition_does_not_allow_is_an_error() -> None:
    parameterised = definition(
        "a",
        "[parameters('effect')]",
        parameters={"effect": {"type": "String", "allowedValues": ["Audit", "Deny"], "defaultValue": "Audit"}},
    )
    policy = assigned(parameterised).policies[0]
    prepared = policy.prepare("deny")
    assert isinstance(prepared, Prepared)
    assert prepared.compiled.effect is not None
    assert prepared.compiled.effect.value == "deny"
    assert policy.prepare("deny") is prepared
    refused = policy.prepare("auditifnotexists")
    assert isinstance(refused, Failure)
    assert refused.state is State.ERROR


def test_what_is_not_at_hand_is_a_problem_and_unknown() -> None:
    missing = assigned(initiative("s", [reference("absent")]))
    assert missing.problems == (f"absent: the definition {BUILT_IN}/policydefinitions/absent is not at hand".lower(),)
    prepared = missing.policies[0].prepare()
    assert isinstance(prepared, Failure)
    assert prepared.state is State.UNKNOWN
    nowhere = assigned(initiative("s", [reference("a")]), policyDefinitionId=f"{BUILT_IN}/policySetDefinitions/other")
    assert "not at hand" in nowhere.problems[0]
    assert isinstance(nowhere.policies[0].prepare(), Failure)


def test_a_pin_without_its_version_still_resolves_and_is_reported() -> None:
    one = assigned(definition("a", version="1.0.0"), definitionVersion="2.*.*")
    prepared = one.policies[0].prepare()
    assert isinstance(prepared, Prepared)
    assert "2.*.*" in prepared.problem
    assert len(one.problems) == 1
    assert assigned(definition("a", version="2.1.0"), definitionVersion="2.*.*").problems == ()


def test_names_of_policies_that_do_not_exist_are_reported() -> None:
    own = definition("a")
    one = assigned(
        initiative("s", [reference("a")]),
        definitions=[own],
        nonComplianceMessages=[{"message": "m", "policyDefinitionReferenceId": "b"}],
        overrides=[
            {
                "kind": "policyEffect",
                "value": "audit",
                "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["c", "a"]}],
            }
        ],
    )
    assert [problem.split("'")[1] for problem in one.problems] == ["b", "c"]


def test_a_wrong_parameter_is_an_error_of_the_policies_that_it_concerns() -> None:
    strange = assigned(definition("a"), parameters={"nothing": {"value": 1}})
    prepared = strange.policies[0].prepare()
    assert isinstance(prepared, Failure)
    assert prepared.state is State.ERROR
    wrong = assigned(
        initiative("s", [reference("a")], parameters={"p": {"type": "Integer"}}),
        definitions=[definition("a")],
        parameters={"p": {"value": "x"}},
    )
    assert isinstance(wrong.policies[0].prepare(), Failure)
    assert wrong.problems


def test_parameters_that_another_version_had_are_dropped_and_reported() -> None:
    one = assigned(initiative("s", [reference("a", parameters={"old": {"value": 1}})]), definitions=[definition("a")])
    prepared = one.policies[0].prepare()
    assert isinstance(prepared, Prepared)
    assert "old" in prepared.problem


SEGMENT = st.text("abAB1-", min_size=1, max_size=3)


@given(st.lists(SEGMENT, min_size=1, max_size=3), st.lists(SEGMENT, min_size=1, max_size=3))
def test_a_scope_holds_exactly_the_ids_that_begin_with_its_segments(left: list[str], right: list[str]) -> None:
    def identifier(parts: list[str]) -> str:
        return "/".join([SUBSCRIPTION, "resourceGroups", *parts])

    holds = [part.lower() for part in right[: len(left)]] == [part.lower() for part in left]
    assert where({"id": identifier(right), "type": "a/b"}).within(read_scope(identifier(left), "")) is holds


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        "scope",
        "notScopes",
        "policyDefinitionId",
        "overrides",
        "resourceSelectors",
        "nonComplianceMessages",
        "parameters",
    ]
)


@given(st.dictionaries(KEYS, JSON), st.booleans())
def test_no_input_raises_anything_but_a_definition_error(properties: dict[str, Any], wrapped: bool) -> None:
    try:
        read_assignment({"properties": properties} if wrapped else properties)
    except DefinitionError:
        pass
