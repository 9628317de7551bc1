"""A pack answers as its definitions would one by one, and what it leaves out is NotApplicable."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from policies.aliases import AliasTable, given_aliases
from policies.definitions import compile_definition, read_definition
from policies.evaluation import Answer, State, evaluate
from policies.pack import Pack, make_pack
from policies.pack_sources import from_values
from policies.scope import Surroundings
from policies.values import PolicyError

ALIASES = given_aliases(
    {
        "Microsoft.Storage/storageAccounts/minimumTlsVersion": "properties.minimumTlsVersion",
        "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value": "properties.networkAcls.ipRules[*].value",
    }
)
SURROUNDINGS = Surroundings(aliases=ALIASES, now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
STORAGE, VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
TYPES = (
    *(STORAGE, VAULT, STORAGE.lower(), "Microsoft.KeyVault/vaults/secrets", "Microsoft.Resources/deployments", "5"),
    *("Microsoft.Resources/resourceGroups", "Microsoft.Resources/subscriptions/resourceGroups"),
    *("Microsoft.KeyVault/vaults/providers/diagnosticSettings", "Microsoft.Insights/diagnosticSettings"),
)

# Rules: what can be excluded by type, and everything that must not be.

texts = st.sampled_from((*TYPES, "*", "Microsoft.*", "StorageV2", "one", "", "true", "[["))
expressions = st.sampled_from(
    (
        "[field('type')]",
        "[field('tags.wanted')]",
        "[concat('Microsoft.KeyVault/', field('tags.rest'))]",
        "[parameters('types')]",
        "[parameters('nothing')]",
        "[subscription().displayName]",
        "[int('x')]",
        "[resourceGroup().location]",
    )
)
operands = st.one_of(texts, expressions, st.integers(0, 9), st.booleans(), st.lists(texts, max_size=3))
operators = st.sampled_from(
    (
        *("equals", "notEquals", "in", "notIn", "like", "notLike", "contains", "notContains", "exists", "NOTEQUALS"),
        *("match", "notMatch", "matchInsensitively", "notMatchInsensitively", "less", "greaterOrEquals", "containsKey"),
    )
)
fields = st.sampled_from(
    (
        *("type", "type", "type", "Type", "name", "kind", "fullName", "location", "tags.wanted", "id"),
        *("Microsoft.Storage/storageAccounts/minimumTlsVersion", "Microsoft.Nobody/knows/this"),
        *("Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value", "[parameters('field')]"),
        "[concat('ty', 'pe')]",
    )
)
leaves = st.one_of(
    st.builds(lambda name, operator, operand: {"field": name, operator: operand}, fields, operators, operands),
    st.builds(lambda name, operand: {"field": name, "equals": operand}, fields, texts),
    st.builds(lambda value, operator, operand: {"value": value, operator: operand}, expressions, operators, operands),
    st.builds(
        lambda number: {
            "count": {"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value"},
            "less": number,
        },
        st.integers(0, 2),
    ),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"allOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda parts: {"anyOf": parts}, st.lists(inner, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)
effects = st.sampled_from(
    (
        {"effect": "audit"},
        {"effect": "deny"},
        {"effect": "disabled"},
        {"effect": "[parameters('effect')]"},
        {"effect": "[int('x')]"},
        {"effect": "manual"},
        {"effect": "auditIfNotExists", "details": {"type": VAULT}},
        {"effect": "modify", "details": {"operations": [{"operation": "add", "field": "tags.a", "value": "b"}]}},
    )
)
modes = st.sampled_from(("All", "Indexed", "Microsoft.KeyVault.Data", "Microsoft.MachineLearningServices.v2.Data"))
PARAMETERS = {
    "types": {"type": "Array", "defaultValue": [STORAGE]},
    "nothing": {"type": "String"},
    "field": {"type": "String", "defaultValue": "type"},
    "effect": {"type": "String", "defaultValue": "Audit"},
}
definitions = st.builds(
    lambda mode, condition, then: {
        "properties": {"mode": mode, "parameters": PARAMETERS, "policyRule": {"if": condition, "then": then}}
    },
    modes,
    conditions,
    effects,
)
UNKNOWN = {"$unknown": "for a test"}
resources = st.fixed_dictionaries(
    {},
    optional={
        "type": st.one_of(st.sampled_from(TYPES), st.sampled_from((UNKNOWN, None, 5, ["a"]))),
        "Type": st.sampled_from(TYPES),
        "kind": st.sampled_from(("StorageV2", "one", "", None, UNKNOWN, 5, ["StorageV2"])),
        "KIND": st.sampled_from(("StorageV2", UNKNOWN)),
        "name": st.sampled_from(("one", "a/one", "one/Microsoft.Insights/logs", UNKNOWN, None)),
        "Name": st.just("one"),
        "fullName": st.sampled_from(("one", "a/one")),
        "id": st.sampled_from(("/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/one", UNKNOWN)),
        "location": st.sampled_from(("westeurope", UNKNOWN)),
        "tags": st.sampled_from(({"wanted": VAULT, "rest": "vaults"}, {"Wanted": STORAGE}, UNKNOWN)),
        "properties": st.sampled_from(({"minimumTlsVersion": "TLS1_2"}, {"networkAcls": {"ipRules": [{}]}}, UNKNOWN)),
    },
)


def pack_of(*bodies: Any) -> Pack:
    return make_pack(from_values((f"definition-{index}", body) for index, body in enumerate(bodies)))


@settings(max_examples=300, deadline=None)
@given(bodies=st.lists(definitions, min_size=1, max_size=4), rounds=st.lists(resources, min_size=1, max_size=3))
@example(
    bodies=[
        {"if": {"allOf": [{"field": "type", "equals": "[field('tags.wanted')]"}]}, "then": {"effect": "audit"}},
    ],
    rounds=[{"type": VAULT, "tags": {"wanted": VAULT}}],
)
@example(
    bodies=[
        {
            "if": {"anyOf": [{"field": "type", "greater": 3}, {"field": "type", "equals": VAULT}]},
            "then": {"effect": "audit"},
        }
    ],
    rounds=[{"type": STORAGE}],
)
@example(
    bodies=[{"if": {"field": "type", "match": "Microsoft.KeyVault/vaults"}, "then": {"effect": "audit"}}],
    rounds=[{"type": VAULT.lower()}, {"type": VAULT}],
)
@example(
    bodies=[
        {
            "if": {"allOf": [{"field": "kind", "equals": "StorageV2"}, {"field": "type", "equals": STORAGE}]},
            "then": {"effect": "audit"},
        }
    ],
    rounds=[{"type": STORAGE}, {"type": STORAGE, "KIND": "StorageV2"}, {"type": STORAGE, "kind": UNKNOWN}],
)
def test_a_pack_answers_as_each_definition_alone_and_leaves_out_only_what_does_not_apply(
    bodies: list[dict[str, Any]], rounds: list[dict[str, Any]]
) -> None:
    pack = pack_of(*bodies)
    policies = {}
    for index, body in enumerate(bodies):
        try:
            policies[f"definition-{index}"] = compile_definition(read_definition(body, f"definition-{index}"))
        except PolicyError:
            assert any(error.source == f"definition-{index}" for error in pack.errors)
    given_ones: dict[tuple[int, str], Answer] = {}
    evaluation = pack.evaluate(rounds, SURROUNDINGS)
    for position, definition, answer in evaluation:
        assert (position, definition.source) not in given_ones
        given_ones[position, definition.source] = answer
    for position, resource in enumerate(rounds):
        for source, policy in policies.items():
            alone = evaluate(policy, resource, SURROUNDINGS)
            if (position, source) in given_ones:
                assert given_ones[position, source] == alone
            else:
                assert alone.state is State.NOT_APPLICABLE, (resource, bodies)
    counts = evaluation.counts
    assert (counts.resources, counts.pairs) == (len(rounds), len(rounds) * len(policies))
    assert counts.not_applicable == counts.pairs - len(given_ones)


# What a pack holds


def rule(type_: str, **then: Any) -> dict[str, Any]:
    return {"if": {"field": "type", "equals": type_}, "then": {"effect": "audit", **then}}


def test_the_index_spares_the_definitions_of_other_types() -> None:
    pack = pack_of(rule(STORAGE), rule(VAULT), {"if": {"field": "location", "equals": "x"}, "then": {"effect": "deny"}})
    evaluation = pack.evaluate([{"type": VAULT.upper(), "name": "one"}], SURROUNDINGS)
    assert [definition.source for _, definition, _ in evaluation] == ["definition-1", "definition-2"]
    assert evaluation.counts.not_applicable == 1


@pytest.mark.parametrize(
    ("body", "path", "what"),
    [
        ({"if": {"field": "type", "equal": "x"}, "then": {"effect": "audit"}}, "if", "equal"),
        ({"if": {"value": "[nope()]", "equals": 1}, "then": {"effect": "audit"}}, "if.value", "nope"),
        ({"properties": {"mode": "Sometimes", "policyRule": rule(VAULT)}}, "properties.mode", "Sometimes"),
        ([], "", "object"),
    ],
)
def test_what_does_not_compile_is_an_error_with_file_and_path(body: Any, path: str, what: str) -> None:
    pack = pack_of(rule(STORAGE), body)
    (error,) = pack.errors
    assert len(pack) == 1
    assert (error.source, error.path) == ("definition-1", path)
    assert what in error.what
    assert str(error).startswith("definition-1: ")


def test_initiatives_are_named_not_errors() -> None:
    pack = pack_of({"properties": {"policyDefinitions": []}}, rule(VAULT))
    assert pack.skipped == ("definition-0",)
    assert pack.errors == ()


def named(name: str) -> dict[str, Any]:
    parameters = {"place": {"type": "String", "allowedValues": ["here", "there"], "defaultValue": "here"}}
    condition = {"field": "location", "equals": "[parameters('place')]"}
    return {
        "name": name,
        "properties": {"parameters": parameters, "policyRule": {"if": condition, "then": {"effect": "deny"}}},
    }


def states(pack: Pack, resource: dict[str, Any]) -> list[State]:
    return [answer.state for _, _, answer in pack.evaluate([resource], SURROUNDINGS)]


def test_parameters_go_to_the_definition_of_the_name_only() -> None:
    pack = make_pack(from_values([("a", named("One")), ("b", named("Two"))]), {"one": {"place": "there"}})
    resource = {"type": VAULT, "name": "v", "location": "there"}
    assert states(pack, resource) == [State.NON_COMPLIANT, State.COMPLIANT]


def test_parameters_that_do_not_fit_or_belong_to_nothing_are_errors() -> None:
    pack = make_pack(from_values([("a", named("One"))]), {"One": {"place": "elsewhere"}, "three": {"x": 1}})
    assert len(pack) == 0
    assert {error.source for error in pack.errors} == {"a", "one", "three"}
    assert all(error.path == "parameters" for error in pack.errors)


def test_related_resources_are_given_for_all_or_by_index() -> None:
    body = rule(STORAGE, effect="auditIfNotExists", details={"type": "Microsoft.Insights/diagnosticSettings"})
    pack = pack_of(body)
    resource = {"type": STORAGE, "name": "one"}
    setting = {"type": "Microsoft.Insights/diagnosticSettings", "name": "logs"}

    def found(related: Any) -> list[State]:
        return [answer.state for _, _, answer in pack.evaluate([resource, resource], SURROUNDINGS, related=related)]

    assert found(None) == [State.UNKNOWN] * 2
    assert found([]) == [State.NON_COMPLIANT] * 2
    assert found([setting]) == [State.COMPLIANT] * 2
    assert found(lambda index: [setting] if index else None) == [State.UNKNOWN, State.COMPLIANT]


def test_another_table_of_aliases_is_asked_anew() -> None:
    alias = "Microsoft.Storage/storageAccounts/minimumTlsVersion"
    pack = pack_of({"if": {"field": alias, "notEquals": "TLS1_2"}, "then": {"effect": "audit"}})
    resource = {"type": VAULT, "name": "one", "properties": {"minimumTlsVersion": "TLS1_0"}}
    path = "properties.minimumTlsVersion"
    of_vaults = AliasTable({}, {alias.lower(): {VAULT.lower(): path}})
    of_accounts = AliasTable({STORAGE.lower(): {alias.lower(): path}})
    for aliases in (of_vaults, of_accounts, of_vaults):
        surroundings = Surroundings(aliases=aliases, now=SURROUNDINGS.now)
        (policy,) = (member.policy for member in pack.members)
        alone = evaluate(policy, resource, surroundings)
        together = [answer for _, _, answer in pack.evaluate([resource], surroundings)]
        assert together == ([] if alone.state is State.NOT_APPLICABLE else [alone])
        assert (alone.state is State.NON_COMPLIANT) is (aliases is of_vaults)


def test_evaluating_does_not_change_the_resources() -> None:
    pack = pack_of(
        {
            "if": {"field": "type", "equals": STORAGE},
            "then": {
                "effect": "modify",
                "details": {"operations": [{"operation": "addOrReplace", "field": "tags.a", "value": "b"}]},
            },
        }
    )
    resource = {"type": STORAGE, "name": "one", "tags": {"a": "c"}, "properties": {"list": [{"x": 1}]}}
    before = json.dumps(resource)
    assert states(pack, resource) == [State.NON_COMPLIANT]
    assert json.dumps(resource) == before


def test_a_part_of_a_pack_keeps_the_errors() -> None:
    pack = pack_of(rule(STORAGE), rule(VAULT), {})
    part = pack.where(lambda member: member.source == "definition-1")
    assert [member.source for member in part.members] == ["definition-1"]
    assert part.errors == pack.errors
    assert part.errors


def test_a_shared_condition_over_the_members_of_an_array_is_asked_for_each_of_them() -> None:
    alias = "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value"

    def counting(number: int) -> dict[str, Any]:
        where = {"anyOf": [{"field": alias, "equals": "1.1.1.1"}, {"field": alias, "equals": "2.2.2.2"}]}
        return {
            "if": {"count": {"field": alias, "where": where}, "equals": number},
            "then": {"effect": "audit"},
        }

    rules = [{"value": value} for value in ("1.1.1.1", "3.3.3.3", "2.2.2.2")]
    resource = {"type": STORAGE, "name": "one", "properties": {"networkAcls": {"ipRules": rules}}}
    assert states(pack_of(counting(0), counting(2), counting(2), counting(2), counting(3)), resource) == [
        State.COMPLIANT,
        *[State.NON_COMPLIANT] * 3,
        State.COMPLIANT,
    ]
