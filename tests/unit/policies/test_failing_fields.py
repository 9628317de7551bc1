"""The property that looks as it must not is told; what is missing or equal tells no place."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.aliases import given_aliases
from policies.definitions import compile_definition, read_definition
from policies.failing_fields import FieldFinder
from policies.scope import Surroundings, scope_of

SURROUNDINGS = Surroundings(aliases=given_aliases({}), now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC))
LATEST = {"like": "*@latest"}


def told(condition: dict[str, Any], **properties: Any) -> list[tuple[str | int, ...]]:
    definition = read_definition(
        {"properties": {"mode": "All", "policyRule": {"if": condition, "then": {"effect": "deny"}}}}
    )
    resource = {"type": "Microsoft.Example/jobs", "name": "x", "properties": properties}
    return list(FieldFinder(compile_definition(definition)).fields_in(scope_of(resource, SURROUNDINGS)))


ANY = {"anyOf": [{"field": f"properties.{name}", **LATEST} for name in ("a", "b.c")]}


def test_every_property_that_looks_so_is_told_in_the_order_asked() -> None:
    assert told(ANY, a="x@latest", b={"c": "y@latest"}) == [("properties", "a"), ("properties", "b", "c")]
    assert told(ANY, a="x:1", b={"c": "y@latest"}) == [("properties", "b", "c")]


@pytest.mark.parametrize(
    "condition",
    [
        {"field": "properties.a", "exists": False},
        {"field": "properties.a", "equals": "x@latest"},
        {"field": "properties.a", "notLike": "*:1"},
        {"not": {"field": "properties.a", "like": "*:1"}},
        {"value": "[field('properties.a')]", **LATEST},
        {"count": {"field": "properties.list[*]", "where": {"field": "properties.list[*]", **LATEST}}, "greater": 0},
    ],
)
def test_other_conditions_tell_no_place(condition: dict[str, Any]) -> None:
    assert told(condition, a="x@latest", list=["x@latest"]) == []


def test_what_is_unknown_or_missing_tells_no_place() -> None:
    assert told(ANY, a={"$unknown": "a parameter without a value"}) == []
