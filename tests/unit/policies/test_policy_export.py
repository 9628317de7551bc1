"""Rules as Azure's definitions: nothing is lost on the way there, and nothing is left out without a word."""

from __future__ import annotations

import copy
import datetime as dt
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from policies.aliases import built_in_aliases
from policies.cases import answer_case
from policies.definitions import read_definition
from policies.estate_files import read_estate
from policies.export_comparison import ComparedRule, Standing, compare_export
from policies.export_conditions import AzureAliases
from policies.initiatives import passed_parameters, read_initiative
from policies.pack_sources import bodies_of, from_values, read_inputs
from policies.pack_tests import read_cases
from policies.parameters import bind
from policies.policy_export import NOTE, Export, checked_scope, make_export, parameter_name, write_export
from policies.policy_import import import_policies
from policies.rule_export import NotExportableError, definition_name, export_rule, shortened
from policies.rules import PROFILES, Rule, built_in_folder, load_rules, read_rule
from verdicts.errors import ConfigurationError, CouldNotCheckError

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SCHEMA = Path(__file__).resolve().parents[2] / "data" / "policy-definition.schema.json"
SCOPE = "/providers/Microsoft.Management/managementGroups/platform"
RULES = load_rules()
ALIASES = AzureAliases(built_in_aliases())


@functools.cache
def exported() -> Export:
    return make_export(RULES, ALIASES, scope=SCOPE)


def rule(**changes: Any) -> Rule:
    """A small rule; `changes` are of its properties."""
    properties: dict[str, Any] = {
        "displayName": "Storage",
        "mode": "All",
        "description": "d",
        "metadata": {
            "version": "1.2.0",
            "category": "Storage",
            "mlgate": {
                "id": "MLG-TEST-RULE",
                "family": "isolation",
                "severity": "high",
                "synopsis": "s",
                "reason": "r",
                "remediation": {"text": "t"},
                "sources": ["x"],
                "profiles": ["test", "production"],
            },
        },
        "parameters": {
            "effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Deny"}
        },
        "policyRule": {
            "if": {
                "allOf": [{"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, *changes.pop("asks", [])]
            },
            "then": {"effect": "[parameters('effect')]"},
        },
    }
    properties.update(changes)
    return read_rule({"name": "mlg-test-rule", "properties": properties}, "pack/rule.json")


def converted(*asks: Mapping[str, Any]) -> Any:
    """What becomes of conditions beside the type."""
    return export_rule(rule(asks=list(asks)), ALIASES, SCOPE)["properties"]["policyRule"]["if"]["allOf"][1:]


def answer(case: Mapping[str, Any], body: Any, parameters: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """State, effect and details. In Azure every request has an API version; a case that has none gets the newest."""
    context = dict(case.get("context") or {})
    if "apiVersion" not in case["resource"]:
        context.setdefault("requestContext", {"apiVersion": "2099-01-01"})
    given = {**case, "policy": body, "parameters": parameters, "context": context}
    found = answer_case(given, NOW)
    return found["state"], found["effect"], found["details"]


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)
def test_every_rule_is_exported_with_the_same_answers_or_named_with_the_reason(one: Rule) -> None:
    export = exported()
    assert (one.id in export.definitions) is not (one.id in export.left_out)
    if one.id in export.left_out:
        assert export.left_out[one.id]
        return
    body = export.definitions[one.id]
    cases = read_cases(built_in_folder() / one.source)
    assert cases
    for case in cases:
        given = case.get("parameters", {})
        assert answer(case, body, given) == answer(case, one.body, given), case


@pytest.mark.parametrize("profile", PROFILES)
def test_the_initiative_of_a_profile_hands_through_what_the_profile_says(profile: str) -> None:
    export = exported()
    initiatives = [body for body in export.initiatives.values() if f"-{profile}" in body["name"]]
    seen = set()
    for body in initiatives:
        initiative = read_initiative(body)
        for reference in initiative.references:
            one = next(one for one in RULES if one.id == reference.id)
            seen.add(one.id)
            assert reference.definition_id == export.definitions[one.id]["id"].lower()
            assert reference.groups == (one.family,)
            for case in read_cases(built_in_folder() / one.source):
                given = case.get("parameters", {})
                through = {parameter_name(one, key): value for key, value in given.items()}
                passed = passed_parameters(reference, bind(initiative.parameters, through))
                expected = answer(case, one.body, {**one.parameters.get(profile, {}), **given})
                assert answer(case, export.definitions[one.id], passed) == expected, (one.id, case)
    assert seen == {one.id for one in RULES if profile in one.profiles and one.id in export.definitions}


def test_everything_written_is_as_the_documentation_wants_it(tmp_path: Path) -> None:
    write_export(exported(), tmp_path / "out")
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    files = sorted((tmp_path / "out").rglob("*.json"))
    assert len(files) == len(exported().definitions) + len(exported().initiatives)
    for path in files:
        body = json.loads(path.read_text())
        assert [error.message for error in validator.iter_errors(body)] == [], path
        assert path.stem == body["name"]


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["properties"].update(mode="Any"),
        lambda body: body["properties"].update(displayName="x" * 129),
        lambda body: body["properties"]["metadata"].pop("version"),
        lambda body: body["properties"]["policyRule"]["if"].update(some=[]),
        lambda body: body["properties"]["policyRule"].update({"if": {"field": "properties.x", "equals": "1"}}),
        lambda body: body["properties"]["policyRule"].update({"if": {"field": "kind", "equals": True}}),
    ],
)
def test_the_schema_of_these_tests_refuses_what_is_wrong(change: Any) -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    body = copy.deepcopy(dict(export_rule(rule(), ALIASES, SCOPE)))
    assert validator.is_valid(body)
    change(body)
    assert not validator.is_valid(body)


def test_an_export_is_read_back_by_import_with_nothing_lost(tmp_path: Path) -> None:
    write_export(exported(), tmp_path / "out")
    report = import_policies(tmp_path / "out", tmp_path / "pack")
    assert report.unread == []
    assert len(report.definitions) == len(exported().definitions)
    for path in (tmp_path / "out").rglob("*.json"):
        assert json.loads((tmp_path / "pack" / path.relative_to(tmp_path / "out")).read_text()) == json.loads(
            path.read_text()
        )


def test_two_exports_are_the_same_bytes_and_the_note_names_every_rule_left_out(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_export(make_export(tuple(reversed(RULES)) if name == "b" else RULES, ALIASES), tmp_path / name)
    first, second = (
        {path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*.json")}
        for name in ("a", "b")
    )
    assert first == second
    note = (tmp_path / "a" / NOTE).read_text()
    assert all(f"rule: {rule_id}," in note for rule_id in exported().left_out)
    assert "not_exported:" in note


def test_an_export_replaces_an_earlier_one_and_nothing_else(tmp_path: Path) -> None:
    export = make_export([rule()], ALIASES)
    target = tmp_path / "out"
    write_export(export, target)
    (target / "policyDefinitions" / "stale.json").write_text("{}")
    write_export(export, target)
    assert not (target / "policyDefinitions" / "stale.json").exists()
    other = tmp_path / "mine"
    other.mkdir()
    (other / "work.txt").write_text("work")
    with pytest.raises(ConfigurationError, match="isn't empty"):
        write_export(export, other)
    assert (other / "work.txt").read_text() == "work"
    with pytest.raises(CouldNotCheckError, match="not one rule"):
        write_export(make_export([], ALIASES), tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        (
            {"field": "properties.minimumTlsVersion", "notEquals": "TLS1_2"},
            {"field": "microsoft.storage/storageaccounts/minimumTlsVersion", "notEquals": "TLS1_2"},
        ),
        ({"field": "sku.name", "equals": "x"}, {"field": "microsoft.storage/storageaccounts/sku.name", "equals": "x"}),
        ({"field": "kind", "equals": True}, {"field": "kind", "equals": "true"}),
        ({"field": "kind", "equals": None}, {"field": "kind", "equals": ""}),
        (
            {"field": "apiVersion", "less": "2019-04-01"},
            {"value": "[requestContext().apiVersion]", "less": "2019-04-01"},
        ),
        (
            {"value": "[empty(field('properties.encryption.keySource'))]", "equals": True},
            {"value": "[empty(field('microsoft.storage/storageaccounts/encryption.keySource'))]", "equals": "true"},
        ),
        (
            {
                "count": {
                    "field": "properties.networkAcls.ipRules[*]",
                    "where": {"value": "[current('properties.networkAcls.ipRules[*].value')]", "equals": "x"},
                },
                "greater": 0,
            },
            {
                "count": {
                    "field": "microsoft.storage/storageaccounts/networkAcls.ipRules[*]",
                    "where": {
                        "value": "[current('microsoft.storage/storageaccounts/networkAcls.ipRules[*].value')]",
                        "equals": "x",
                    },
                },
                "greater": 0,
            },
        ),
        (
            {"field": "[concat('tags[', 'x', ']')]", "exists": True},
            {"field": "[concat('tags[', 'x', ']')]", "exists": True},
        ),
    ],
)
def test_what_is_asked_by_path_is_asked_by_alias(asked: dict[str, Any], made: dict[str, Any]) -> None:
    assert converted(asked) == [made]


def test_a_path_that_several_types_have_is_asked_of_each_by_its_own_alias() -> None:
    types = ["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"]
    asks = {"allOf": [{"field": "type", "in": types}, {"field": "properties.publicNetworkAccess", "equals": "Enabled"}]}
    (made,) = converted(asks)
    assert [part["allOf"][1]["field"] for part in made["allOf"][1]["anyOf"]] == [
        "microsoft.keyvault/vaults/publicNetworkAccess",
        "microsoft.storage/storageaccounts/publicNetworkAccess",
    ]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"field": "properties.nothing.like.it", "equals": "x"}, "no alias for properties.nothing"),
        ({"field": "Microsoft.Storage/storageAccounts/nothing", "equals": "x"}, "no alias Microsoft.Storage"),
        ({"field": "azureml.traffic", "equals": "x"}, "of files only"),
        ({"field": "estate.also[*]", "equals": "x"}, "of files only"),
        ({"field": "apiVersion", "exists": True}, "whether a file has an apiVersion"),
        ({"field": "apiVersion", "notEquals": ""}, "whether a file has an apiVersion"),
        ({"field": "[parameters('effect')]", "equals": "x"}, "worked out"),
        ({"allOf": [{"field": "type", "equals": "GitHub.Actions/workflows"}]}, "no resource type of Azure"),
        ({"allOf": [{"field": "type", "equals": "Microsoft.Storage/nothing"}]}, "has no aliases"),
        ({"value": "[field('azureml.x')]", "equals": "x"}, "of files only"),
    ],
)
def test_what_azure_cannot_ask_keeps_a_rule_back_and_says_why(asked: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotExportableError, match=reason):
        converted(asked)
    left = make_export([rule(asks=[asked])], ALIASES)
    assert left.definitions == {}
    assert reason in left.left_out["MLG-TEST-RULE"]


def test_an_effect_that_is_written_into_the_rule_becomes_a_parameter() -> None:
    one = rule(
        parameters={},
        policyRule={"if": {"field": "type", "equals": "Microsoft.KeyVault/vaults"}, "then": {"effect": "audit"}},
    )
    properties = export_rule(one, ALIASES, SCOPE)["properties"]
    assert properties["parameters"]["effect"]["defaultValue"] == "Audit"
    assert properties["parameters"]["effect"]["allowedValues"] == ["Audit", "Deny", "Disabled"]
    assert properties["policyRule"]["then"]["effect"] == "[parameters('effect')]"
    with pytest.raises(NotExportableError, match="effects"):
        export_rule(
            rule(
                parameters={},
                policyRule={
                    "if": {"field": "type", "equals": "Microsoft.KeyVault/vaults"},
                    "then": {"effect": "manual"},
                },
            ),
            ALIASES,
            SCOPE,
        )


def test_rules_about_tags_and_places_look_at_what_has_them() -> None:
    tagged = rule(asks=[{"field": "tags['owner']", "exists": False}])
    assert export_rule(tagged, ALIASES, SCOPE)["properties"]["mode"] == "Indexed"
    assert export_rule(rule(), ALIASES, SCOPE)["properties"]["mode"] == "All"


def test_names_and_texts_keep_to_azures_lengths() -> None:
    long = "MLG-" + "-".join(["VERY"] * 20)
    body = copy.deepcopy(dict(rule().body))
    body["name"] = long.lower()
    body["properties"]["metadata"]["mlgate"]["id"] = long
    body["properties"]["displayName"] = "word " * 60
    body["properties"]["description"] = "word " * 300
    one = read_rule(body, "x.json")
    made = export_rule(one, ALIASES, SCOPE)
    assert len(made["name"]) == 64
    assert made["name"] == definition_name(one)
    assert len(made["properties"]["displayName"]) <= 128
    assert len(made["properties"]["description"]) <= 512
    assert shortened("short", 128) == "short"


def test_an_initiative_that_would_be_too_large_is_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("policies.policy_export.MAXIMUM_INITIATIVE_PARAMETERS", 50)
    export = make_export(RULES, ALIASES, profiles=["production"])
    assert len(export.initiatives) > 2
    references = [
        reference["policyDefinitionReferenceId"]
        for body in export.initiatives.values()
        for reference in body["properties"]["policyDefinitions"]
    ]
    assert all(len(body["properties"]["parameters"]) <= 50 for body in export.initiatives.values())
    assert sorted(references) == sorted(
        one.id for one in RULES if "production" in one.profiles and one.id in export.definitions
    )


@pytest.mark.parametrize(
    "scope", ["", "/", "subscriptions/x", "/subscriptions/x", "/subscriptions/{scope}", SCOPE + "/x"]
)
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    with pytest.raises(ConfigurationError, match="no id of"):
        checked_scope(scope)
    assert checked_scope(SCOPE + "/") == SCOPE


# What stands in Azure


def stored(export: Export) -> list[Any]:
    """As `az policy definition list` and `set-definition list` write them: flat."""
    bodies = [*export.definitions.values(), *export.initiatives.values()]
    return [
        {
            "id": body["id"],
            "name": body["name"],
            "type": body["type"],
            "systemData": {},
            **copy.deepcopy(body["properties"]),
        }
        for body in bodies
    ]


def assignment(export: Export, **changes: Any) -> dict[str, Any]:
    (initiative,) = export.initiatives.values()
    return {
        "id": f"{SCOPE}/providers/Microsoft.Authorization/policyAssignments/gate",
        "name": "gate",
        "type": "Microsoft.Authorization/policyAssignments",
        "scope": SCOPE,
        "policyDefinitionId": initiative["id"],
        "enforcementMode": "Default",
        "notScopes": [],
        **changes,
    }


def standing(export: Export, items: list[Any]) -> ComparedRule:
    estate = read_estate(from_values([("list.json", items)]))
    assert estate.errors == []
    (compared,) = compare_export(export, estate, "production")
    return compared


@pytest.fixture
def one() -> Export:
    return make_export([rule()], ALIASES, profiles=["production"], scope=SCOPE)


def test_all_of_ours_are_assigned_where_the_initiative_is() -> None:
    export = make_export(RULES, ALIASES, profiles=["production"], scope=SCOPE)
    if len(export.initiatives) == 1:
        estate = read_estate(from_values([("list.json", [*stored(export), assignment(export)])]))
        compared = compare_export(export, estate, "production")
        assert {one.standing for one in compared} == {Standing.ASSIGNED}
        assert len(compared) == sum("production" in one.profiles and one.id in export.definitions for one in RULES)


def test_what_is_missing_or_not_assigned_is_told_apart(one: Export) -> None:
    assert standing(one, []).standing is Standing.MISSING
    assert standing(one, stored(one)).standing is Standing.NOT_ASSIGNED
    assert standing(one, [*stored(one), assignment(one)]).standing is Standing.ASSIGNED


def test_an_assignment_whose_initiative_or_definition_is_not_at_hand_says_nothing(one: Export) -> None:
    definitions = [item for item in stored(one) if "policyRule" in item]
    initiatives = [item for item in stored(one) if "policyDefinitions" in item]
    for known in (definitions, initiatives):
        compared = standing(one, [*known, assignment(one)])
        assert compared.standing is Standing.UNKNOWN
        assert "not at hand" in compared.details[0]


@pytest.mark.parametrize(
    ("changes", "expected", "effect", "detail"),
    [
        ({"parameters": {"effect-test-rule": {"value": "Audit"}}}, Standing.WEAKER, "audit", "audit, not deny"),
        (
            {"parameters": {"effect-test-rule": {"value": "Disabled"}}},
            Standing.WEAKER,
            "disabled",
            "disabled, not deny",
        ),
        ({"enforcementMode": "DoNotEnforce"}, Standing.NOT_ENFORCED, "deny", "DoNotEnforce"),
        ({"overrides": [{"kind": "policyEffect", "value": "Audit"}]}, Standing.WEAKER, "audit", "audit, not deny"),
        (
            {
                "overrides": [
                    {
                        "kind": "policyEffect",
                        "value": "Audit",
                        "selectors": [{"kind": "policyDefinitionReferenceId", "in": ["other"]}],
                    }
                ]
            },
            Standing.ASSIGNED,
            "deny",
            "",
        ),
        (
            {
                "overrides": [
                    {
                        "kind": "policyEffect",
                        "value": "Disabled",
                        "selectors": [{"kind": "resourceLocation", "in": ["westeurope"]}],
                    }
                ]
            },
            Standing.WEAKER,
            "deny",
            "for some resources",
        ),
    ],
)
def test_what_weakens_an_assignment_is_named(
    one: Export, changes: dict[str, Any], expected: Standing, effect: str, detail: str
) -> None:
    compared = standing(one, [*stored(one), assignment(one, **changes)])
    assert compared.standing is expected
    assert compared.effect == effect
    assert detail in "; ".join(compared.details)


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        (
            lambda item: item["policyRule"].update({"if": {"field": "type", "equals": "Microsoft.KeyVault/vaults"}}),
            "if block",
        ),
        (lambda item: item["policyRule"].update(then={"effect": "deny"}), "then block"),
        (lambda item: item.update(mode="Indexed"), "mode is indexed"),
        (
            lambda item: item["parameters"].update(more={"type": "String", "defaultValue": "x"}),
            "parameters are others: more",
        ),
    ],
)
def test_a_definition_that_somebody_changed_is_never_taken_for_ours(one: Export, change: Any, detail: str) -> None:
    items = stored(one)
    change(next(item for item in items if "policyRule" in item))
    compared = standing(one, [*items, assignment(one)])
    assert compared.standing is Standing.CHANGED
    assert detail in "; ".join(compared.details)


def test_other_parameters_are_shown() -> None:
    with_parameter = rule(
        parameters={
            "effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Deny"},
            "minimum": {"type": "String", "defaultValue": "TLS1_2"},
        },
        asks=[{"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "[parameters('minimum')]"}],
    )
    export = make_export([with_parameter], ALIASES, profiles=["production"], scope=SCOPE)
    given = {"parameters": {"minimum-test-rule": {"value": "TLS1_0"}}}
    compared = standing(export, [*stored(export), assignment(export, **given)])
    assert compared.standing is Standing.DIFFERENT
    assert compared.details[0].endswith('minimum is "TLS1_0", not "TLS1_2"')


def test_a_definition_that_is_assigned_alone_counts(one: Export) -> None:
    (definition,) = one.definitions.values()
    alone = assignment(one, policyDefinitionId=definition["id"])
    assert standing(one, [*stored(one), alone]).standing is Standing.ASSIGNED


def test_the_folder_is_read_as_a_pack(tmp_path: Path) -> None:
    write_export(exported(), tmp_path / "out")
    estate = read_estate(bodies_of(read_inputs(tmp_path / "out")))
    assert estate.errors == []
    assert len(estate.definitions) == len(exported().definitions)
    assert all(read_definition(body).evaluable for body in exported().definitions.values())
