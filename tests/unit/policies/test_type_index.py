"""Which types a rule reaches, told from the rule alone."""

from __future__ import annotations

from typing import Any

import pytest

from policies.definitions import compile_definition, read_definition
from policies.type_index import Reach, TypeIndex, reach_of

VAULT, STORAGE = "Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"
BOTH = frozenset({VAULT.lower(), STORAGE.lower()})


def is_type(name: str) -> dict[str, Any]:
    return {"field": "type", "equals": name}


def reach(condition: Any, effect: Any = "audit", mode: str = "All") -> Reach:
    parameters = {
        "types": {"type": "Array", "defaultValue": [VAULT, STORAGE]},
        "needed": {"type": "Array"},
        "field": {"type": "String", "defaultValue": "type"},
    }
    rule = {"if": condition, "then": {"effect": effect}}
    body = {"properties": {"mode": mode, "parameters": parameters, "policyRule": rule}}
    return reach_of(compile_definition(read_definition(body)))


ELSEWHERE = {"field": "location", "equals": "westeurope"}


@pytest.mark.parametrize(
    ("condition", "types"),
    [
        (is_type(VAULT), {VAULT}),
        ({"FIELD": "TYPE", "EQUALS": VAULT.upper()}, {VAULT}),
        ({"field": "[parameters('field')]", "equals": VAULT}, {VAULT}),
        ({"field": "type", "in": [VAULT, STORAGE]}, {VAULT, STORAGE}),
        ({"field": "type", "in": "[parameters('types')]"}, {VAULT, STORAGE}),
        ({"field": "type", "like": VAULT}, {VAULT}),
        ({"field": "type", "like": "Microsoft.KeyVault/*"}, None),
        ({"field": "type", "notEquals": VAULT}, None),
        ({"not": {"field": "type", "notEquals": VAULT}}, {VAULT}),
        ({"not": {"field": "type", "notIn": [VAULT, STORAGE]}}, {VAULT, STORAGE}),
        ({"not": {"anyOf": [{"field": "type", "notEquals": VAULT}, ELSEWHERE]}}, {VAULT}),
        ({"not": {"allOf": [{"field": "type", "notEquals": VAULT}, ELSEWHERE]}}, None),
        ({"allOf": [is_type(VAULT), ELSEWHERE]}, {VAULT}),
        ({"allOf": [is_type(VAULT), {"field": "type", "in": [VAULT, STORAGE]}]}, {VAULT}),
        ({"allOf": [is_type(VAULT), is_type(STORAGE)]}, set()),
        ({"anyOf": [is_type(VAULT), is_type(STORAGE)]}, {VAULT, STORAGE}),
        ({"anyOf": [is_type(VAULT), ELSEWHERE]}, None),
        ({"allOf": [is_type(VAULT), {"field": "kind", "notContains": "x"}, {"field": "name", "like": "a*"}]}, {VAULT}),
        (ELSEWHERE, None),
        ({"anyOf": []}, None),
    ],
)
def test_types_are_told_from_constants_and_parameters(condition: Any, types: set[str] | None) -> None:
    expected = None if types is None else frozenset(name.lower() for name in types)
    assert reach(condition) == Reach(expected, told=True)


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "type", "equals": "[field('tags.type')]"},
        {"field": "type", "equals": "[concat(subscription().displayName, '')]"},
        {"field": "type", "in": "[parameters('needed')]"},
        {"field": "type", "less": "x"},
        {"allOf": [is_type(VAULT), {"field": "name", "greater": 1}]},
        {"allOf": [is_type(VAULT), {"field": "kind", "equals": "[field('tags.kind')]"}]},
    ],
)
def test_what_may_fail_or_differ_from_resource_to_resource_reaches_every_type(condition: Any) -> None:
    assert reach(condition) == Reach(None, told=False)


def test_disabled_and_static_definitions_reach_nothing() -> None:
    assert reach(ELSEWHERE, effect="disabled").types == frozenset()
    assert reach(is_type(VAULT), mode="Microsoft.KeyVault.Data") == Reach(None, told=False)


def test_an_effect_that_cannot_be_worked_out_reaches_every_type() -> None:
    assert reach(is_type(VAULT), effect="[int('x')]") == Reach(None, told=False)


def test_the_index_keeps_the_order_of_the_pack() -> None:
    index = TypeIndex([BOTH, None, frozenset({VAULT.lower()}), frozenset(), None])
    assert list(index.positions(VAULT)) == [0, 1, 2, 4]
    assert list(index.positions(STORAGE.upper())) == [0, 1, 4]
    assert list(index.positions("")) == [1, 4]
