"""What is known of a text may settle a condition; what isn't known never does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.cases import answer_case
from policies.operators import OPERATORS
from policies.partial_texts import tell
from policies.values import Unknown

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)


def asked(text: str, operator: str, operand: Any) -> Any:
    found = tell(Unknown("not known", text), operator, operand)
    return "unknown" if isinstance(found, Unknown) else found


@pytest.mark.parametrize(
    ("text", "operator", "operand", "expected"),
    [
        ("azureml:{MODEL}@latest", "like", "*@LATEST", True),
        ("{toLower(ai{uniqueString('x')})}", "exists", True, True),
        ("{substr({lower({random_id.x.hex})}, 1, 4)}", "exists", "false", False),
        ("{toLower(ai)}", "equals", "ai", "unknown"),
        ("{parameters('name')}", "exists", True, "unknown"),
        ("{if({empty({parameters('x')})}, {?}, {?})}", "exists", True, "unknown"),
        ("{toLower(x)}{parameters('y')}", "exists", True, "unknown"),
        ("{reference('x').name}", "exists", True, "unknown"),
        ("{toLower(x).name}", "exists", True, "unknown"),
        ("azureml:{MODEL}@latest", "notlike", "*@latest", False),
        ("azureml:{MODEL}@latest", "like", "azureml:*", True),
        ("azureml:{MODEL}@latest", "like", "azureml:*@latest", True),
        ("azureml:{MODEL}@latest", "like", "azureml://*", "unknown"),
        ("azureml:{MODEL}", "like", "*@latest", "unknown"),
        ("azureml:{MODEL}:1", "like", "*@latest", False),
        ("azureml:{MODEL}:1", "like", "*:1*", True),
        ("{acr}.azurecr.io/x:1", "like", "*azurecr*", True),
        ("{acr}.azurecr.io/x:1", "like", "*docker.io*", "unknown"),
        ("{acr}.azurecr.io/x:1", "like", "*/*:*", True),
        ("{acr}.azurecr.io/x:1", "like", "*:*/*", "unknown"),
        ("a{x}b{y}c", "like", "a*b*c", True),
        ("a{x}b{y}c", "like", "*c*b*", "unknown"),
        ("{acr}.azurecr.io/x:1", "contains", "azurecr.io", True),
        ("{acr}.azurecr.io/x:1", "contains", "{acr}", "unknown"),
        ("{acr}.azurecr.io/x:1", "notcontains", "azurecr", False),
        ("{a}x{b}", "contains", "x", True),
        ("/s/{a}/models/Anonymous/versions/{b}", "like", "*/anonymous/*", True),
        ("/s/{a}/models/Anonymous/versions/{b}", "like", "/s/*/anonymous/*", True),
        ("/s/{a}/models/Anonymous/versions/{b}", "like", "*/labels/*", "unknown"),
        ("/subscriptions/{s}/w/{a}/models/credit/versions/{b/c}", "like", "*/models/Anonymous/*", False),
        ("/subscriptions/{s}/w/{a}/models/credit/versions/{b/c}", "notlike", "*/models/Anonymous/*", True),
        ("/subscriptions/{s}/w/{a}/models/{m}/versions/1", "like", "*/models/anonymous/*", "unknown"),
        ("/subscriptions/{s}/w/{a}/models/credit-{m}/versions/1", "like", "*/models/anonymous/*", "unknown"),
        ("/subscriptions/{s}/w/{a}/models/{m}", "like", "*/models/anonymous/*", False),
        ("/subscriptions/{s}/w/{a}/models/credit/1", "like", "*/anonymous/*", "unknown"),
        ("/other/{s}/models/credit/versions/1", "like", "*/models/anonymous/*", "unknown"),
        ("/s/{a}/models/{b}", "equals", "/s/1/datas/1", False),
        ("{concat('}', x)}abc", "contains", "x", "unknown"),
        ("{a{b}c}d", "contains", "c", "unknown"),
        ("{it's}abc", "contains", "abc", "unknown"),
        ("x{a", "contains", "a", "unknown"),
        ("x{a", "like", "x*", True),
        ("kv-{x}", "equals", "st-1", False),
        ("kv-{x}", "equals", "kv-1", "unknown"),
        ("kv-{x}", "equals", "", False),
        ("kv-{x}", "notequals", "st-1", True),
        ("ab{x}ba", "equals", "aba", False),
        ("kv-{x}", "in", ["a", "b"], False),
        ("kv-{x}", "in", ["a", "kv-1"], "unknown"),
        ("/s/{x}/ml", "equals", "/t/{y}/ml", "unknown"),
        ("kv-{x}", "in", ["a", "{y}"], "unknown"),
        ("kv-{x}", "exists", "true", True),
        ("kv-{x}", "exists", False, False),
        ("{x}", "exists", "true", "unknown"),
        ("{x}", "like", "*", "unknown"),
        ("kv-{x}", "greater", "a", "unknown"),
        ("kv-{x}", "match", "kv-#", "unknown"),
        ("kv", "equals", "other", "unknown"),
    ],
)
def test_a_condition_is_settled_where_the_known_parts_tell(
    text: str, operator: str, operand: Any, expected: Any
) -> None:
    assert asked(text, operator, operand) == expected


_WORD = st.text("ab:*@", max_size=4)


@given(
    begin=_WORD,
    filling=_WORD,
    middle=_WORD,
    other=_WORD,
    end=_WORD,
    operator=st.sampled_from(["equals", "notequals", "like", "notlike", "contains", "notcontains", "in", "exists"]),
    operand=_WORD,
)
def test_an_answer_holds_for_everything_that_the_unknown_can_be(
    begin: str, filling: str, middle: str, other: str, end: str, operator: str, operand: str
) -> None:
    given_operand: Any = [operand, "b"] if operator == "in" else "true" if operator == "exists" else operand
    found = asked(begin + "{x}" + middle + "{y}" + end, operator, given_operand)
    if found != "unknown":
        assert OPERATORS[operator](given_operand)(begin + filling + middle + other + end) is found


def state(resource: dict[str, Any], condition: dict[str, Any]) -> Any:
    policy = {
        "properties": {
            "mode": "All",
            "policyRule": {
                "if": {"allOf": [{"field": "type", "equals": "A.B/c"}, condition]},
                "then": {"effect": "deny"},
            },
        }
    }
    return answer_case({"policy": policy, "resource": {"type": "A.B/c", **resource}}, NOW)["state"]


LATEST = {"$unknown": "a placeholder", "text": "azureml:{MODEL}@latest"}


def test_values_are_told_by_their_parts_and_what_functions_make_of_them_is_not() -> None:
    resource = {"properties": {"model": LATEST, "list": [{"model": LATEST}]}}
    assert state(resource, {"field": "properties.model", "like": "*@latest"}) == "NonCompliant"
    assert state(resource, {"field": "properties.list[*].model", "like": "*@latest"}) == "NonCompliant"
    where = {"field": "properties.list[*].model", "like": "*@latest"}
    count = {"count": {"field": "properties.list[*]", "where": where}, "equals": 1}
    assert state(resource, count) == "NonCompliant"
    same = ("field('properties.model')", "string(field('properties.model'))", "coalesce(field('properties.model'), '')")
    for expression in (*same, "tryGet(field('properties'), 'model')"):
        assert state(resource, {"value": f"[{expression}]", "like": "*@latest"}) == "NonCompliant", expression
    made = ("toUpper(field('properties.model'))", "string(createArray(field('properties.model')))")
    for expression in (*made, "concat(field('properties.model'), 'x')", "field('properties.model').part"):
        assert state(resource, {"value": f"[{expression}]", "like": "*@latest"}) == "Unknown", expression
    for condition in ("and(field('properties.model'), true())", "if(field('properties.model'), 'a', 'b')"):
        assert state(resource, {"value": f"[{condition}]", "notLike": "*@latest"}) == "Unknown", condition
    assert state(resource, {"field": "properties.model", "equals": "[concat('azureml:', 'm:1')]"}) == "Compliant"


def test_names_and_locations_are_not_what_stands_in_a_template() -> None:
    part = {"$unknown": "the workspace is chosen later", "text": "{workspace}/scoring"}
    assert state({"name": part}, {"field": "name", "equals": "scoring"}) == "Unknown"
    assert state({"name": part}, {"field": "fullName", "equals": "scoring"}) == "Unknown"
    assert (
        state({"location": {"$unknown": "r", "text": "West {x}"}}, {"field": "location", "equals": "westus"})
        == "Unknown"
    )
