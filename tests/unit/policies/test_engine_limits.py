"""What the engine does with rules that are odd, deep, or about other types."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from policies.aliases import built_in_aliases, given_aliases
from policies.cases import answer_case
from policies.definitions import compile_definition, read_definition
from policies.evaluation import State, evaluate
from policies.scope import Surroundings, Trace
from policies.values import DefinitionError

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
TYPE = "Microsoft.Test/things"
ALIASES = {f"{TYPE}/list[*]": "properties.list[*]", f"{TYPE}/list[*].inner[*]": "properties.list[*].inner[*]"}
THINGS = {"type": TYPE, "properties": {"list": [{"inner": [1, 2]}, {"inner": [3]}]}}


def rule(condition: Any, effect: str = "audit", **details: Any) -> dict[str, Any]:
    then = {"effect": effect, "details": details} if details else {"effect": effect}
    return {"mode": "All", "policyRule": {"if": condition, "then": then}}


def test_a_rule_that_is_nested_too_deeply_is_refused_with_the_engines_own_error() -> None:
    value: Any = "x"
    for _ in range(800):
        value = [value]
    with pytest.raises(DefinitionError):
        compile_definition(read_definition(rule({"value": value, "equals": "x"})))


def test_a_trace_shows_each_round_of_a_nested_count_once() -> None:
    inner = {"count": {"field": f"{TYPE}/list[*].inner[*]"}, "greater": 1}
    policy = compile_definition(
        read_definition(rule({"count": {"field": f"{TYPE}/list[*]", "where": inner}, "equals": 1}))
    )
    trace = Trace()
    answer = evaluate(policy, THINGS, Surroundings(given_aliases(ALIASES), NOW), trace=trace)
    assert answer.state is State.NON_COMPLIANT
    assert [step.seen for step in trace.steps] == [2, 1, 1], "two rounds of the inner count, then the outer one"


def test_modify_of_an_alias_that_the_table_lacks_still_takes_hold() -> None:
    operation = {"operation": "add", "field": "Microsoft.NoSuchProvider/things/x", "value": 1}
    case = {
        "policy": rule({"value": 1, "equals": 1}, "modify", roleDefinitionIds=["x"], operations=[operation]),
        "resource": {"type": "Microsoft.NoSuchProvider/things"},
    }
    assert answer_case(case, NOW)["effect"] == "modify", "the shipped table may only lack it"
    assert answer_case({**case, "aliases": {}}, NOW)["effect"] == "deny", "a whole table says that there is none"


@pytest.mark.parametrize("resource_type", ["Microsoft.Storage/storageAccounts", "Microsoft.Compute/virtualMachines"])
def test_machine_learning_modes_say_nothing_of_other_types(resource_type: str) -> None:
    mode = "Microsoft.MachineLearningServices.Data"
    field = "Microsoft.MachineLearningServices.Data/workspaces/computeName"
    body = {"mode": mode, "policyRule": {"if": {"field": field, "in": ["a"]}, "then": {"effect": "enforceSetting"}}}
    policy = compile_definition(read_definition(body))
    answer = evaluate(policy, {"type": resource_type}, Surroundings(built_in_aliases(), NOW))
    assert answer.state is State.NOT_APPLICABLE


def test_what_enforce_setting_pushes_is_shown_with_its_parameters() -> None:
    body = {
        "mode": "Microsoft.MachineLearningServices.Data",
        "parameters": {"allowed": {"type": "Array"}},
        "policyRule": {
            "if": {"value": "[length(parameters('allowed'))]", "greater": 0},
            "then": {"effect": "enforceSetting", "details": {"setting": {"value": "[parameters('allowed')]"}}},
        },
    }
    resource = {"type": "Microsoft.MachineLearningServices/workspaces/computes", "name": "ws/c"}
    answer = answer_case({"policy": body, "resource": resource, "parameters": {"allowed": ["acr"]}}, NOW)
    assert (answer["effect"], answer["state"]) == ("enforcesetting", "Unknown")
    assert answer["details"] == {"setting": {"value": ["acr"]}}
