"""Which items of a list make a rule hold."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.aliases import built_in_aliases
from policies.definitions import compile_definition, read_definition
from policies.failing_items import ItemFinder, Place
from policies.scope import Surroundings

SURROUNDINGS = Surroundings(aliases=built_in_aliases(), now=dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
LIST = "properties.rules[*]"


def count(where: Any, operator: str = "greater", number: Any = 0, **counted: Any) -> dict[str, Any]:
    return {"count": {**(counted or {"field": LIST}), "where": where}, operator: number}


BAD = {"field": f"{LIST}.open", "equals": True}
GOOD = {"field": f"{LIST}.open", "equals": False}


def items(condition: Any, properties: Any) -> tuple[Place, ...]:
    policy = compile_definition(read_definition({"if": condition, "then": {"effect": "audit"}}))
    return ItemFinder(policy).items({"type": "Some.Provider/things", "properties": properties}, SURROUNDINGS)


RULES = {"Rules": [{"open": False}, {"open": True}, {"open": True}]}


def test_the_items_that_are_counted_are_told_by_the_keys_that_the_resource_has() -> None:
    assert items(count(BAD), RULES) == (("properties", "Rules", 1), ("properties", "Rules", 2))


@pytest.mark.parametrize(("operator", "number"), [("greaterOrEquals", 1), ("notEquals", 0), ("equals", 2)])
def test_a_count_that_would_not_hold_without_items_tells_them(operator: str, number: int) -> None:
    assert len(items(count(BAD, operator, number), RULES)) == 2


@pytest.mark.parametrize(("operator", "number"), [("less", 3), ("lessOrEquals", 2), ("notEquals", 3)])
def test_a_count_that_holds_without_items_as_well_tells_nothing(operator: str, number: int) -> None:
    assert items(count(GOOD, operator, number), RULES) == ()


def test_a_count_that_does_not_hold_tells_nothing() -> None:
    assert items({"anyOf": [count(BAD, "greater", 5), count(GOOD)]}, RULES) == (("properties", "Rules", 0),)


def test_of_several_counts_that_must_hold_together_the_first_tells() -> None:
    assert items({"allOf": [count(BAD), count(GOOD)]}, RULES) == (
        ("properties", "Rules", 1),
        ("properties", "Rules", 2),
    )


def test_where_the_first_of_them_tells_nothing_nothing_is_told() -> None:
    missing = count({"field": f"{LIST}.open", "equals": "neither"}, "equals", 0)
    assert items({"allOf": [missing, count(BAD)]}, RULES) == ()
    assert items({"allOf": [{"field": "properties.Rules", "exists": True}, count(BAD)]}, RULES) != ()


def test_what_stands_below_a_not_is_not_looked_at() -> None:
    assert items({"not": {"not": count(BAD)}}, RULES) == ()


def test_lists_in_lists_are_told_with_every_position() -> None:
    where = {"field": "properties.rules[*].ports[*]", "equals": "22"}
    found = items(
        count(where, field="properties.rules[*].ports[*]"), {"rules": [{"ports": ["80"]}, {"ports": ["1", "22"]}]}
    )
    assert found == (("properties", "rules", 1, "ports", 1),)


def test_entries_of_an_object_are_told_by_their_keys() -> None:
    condition = count(
        {"value": "[current('one').value]", "equals": "secret"},
        value="[items(field('properties.variables'))]",
        name="one",
    )
    assert items(condition, {"variables": {"A": "x", "b": "secret"}}) == (("properties", "variables", "b"),)


def test_what_is_not_known_tells_nothing() -> None:
    assert items(count(BAD), {"rules": {"$unknown": "a parameter"}}) == ()
    assert items(count(BAD), {"rules": [{"open": {"$unknown": "a parameter"}}, {"open": True}]}) == (
        ("properties", "rules", 1),
    )


def test_a_rule_without_counts_tells_nothing() -> None:
    assert items({"field": "properties.open", "equals": True}, {"open": True}) == ()


def test_an_alias_is_told_where_it_leads_to() -> None:
    alias = "Microsoft.Network/networkSecurityGroups/securityRules[*]"
    condition = count({"field": f"{alias}.access", "equals": "Allow"}, field=alias)
    policy = compile_definition(read_definition({"if": condition, "then": {"effect": "audit"}}))
    resource = {
        "type": "Microsoft.Network/networkSecurityGroups",
        "properties": {"securityRules": [{"properties": {"access": "Deny"}}, {"properties": {"access": "Allow"}}]},
    }
    assert ItemFinder(policy).items(resource, SURROUNDINGS) == (("properties", "securityRules", 1),)


def test_a_rule_with_as_many_counts_as_azure_allows_tells_its_items() -> None:
    condition: dict[str, Any] = count(BAD)
    for _ in range(4):
        condition = {"anyOf": [{"allOf": [condition]}, count(BAD, "greater", 99)]}
    assert len(items(condition, RULES)) == 2
