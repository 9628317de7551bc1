"""Explanations: every condition that was asked, with its line and value; what would change; nothing secret."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from policies.aliases import given_aliases
from policies.definitions import compile_definition, read_definition
from policies.explanations import explain, explanation_json, explanation_text
from policies.json_positions import definition_lines, json_lines
from policies.known_resources import KnownResources
from policies.scope import Surroundings

TYPE = "Microsoft.Storage/storageAccounts"
SURROUNDINGS = Surroundings(
    aliases=given_aliases({f"{TYPE}/tls": "properties.tls", f"{TYPE}/rules[*].ip": "properties.rules[*].ip"}),
    now=dt.datetime(2026, 11, 21, tzinfo=dt.UTC),
)
TEXT = """{
  "Properties": {
    "policyRule": {
      "if": {
        "allOf": [
          {"field": "type", "equals": "Microsoft.Storage/storageAccounts"},
          {
            "field": "Microsoft.Storage/storageAccounts/tls",
            "notEquals": "TLS1_2"
          }
        ]
      },
      "then": {"effect": "deny"}
    }
  }
}
"""


def _explain(definition: Any, resource: dict[str, Any], text: str = "{}") -> Any:
    policy = compile_definition(read_definition(definition, "x.json"))
    lines = definition_lines(text.encode())
    return explain(policy, resource, SURROUNDINGS, known=KnownResources(), lines=lines)


def test_each_condition_has_its_line_value_and_result() -> None:
    explanation = _explain(json.loads(TEXT), {"type": TYPE, "properties": {"tls": "TLS1_0"}}, TEXT)
    assert [(one.line, one.path, one.seen, one.result) for one in explanation.conditions] == [
        (6, "if.allOf[0].field", TYPE, True),
        (8, "if.allOf[1].field", "TLS1_0", True),
    ]
    shown = "\n".join(explanation_text(explanation, "deny.json"))
    assert shown.startswith("NonCompliant: deny (the if block holds)")
    assert "deny.json:8" in shown
    assert 'saw "TLS1_0"' in shown


def test_conditions_that_were_not_asked_are_not_shown() -> None:
    explanation = _explain(json.loads(TEXT), {"type": "Microsoft.Web/sites"}, TEXT)
    assert [(one.seen, one.result) for one in explanation.conditions] == [("Microsoft.Web/sites", False)]


def test_what_is_not_known_says_why() -> None:
    resource = {"type": TYPE, "properties": {"tls": {"$unknown": "a parameter without value"}}}
    explanation = _explain(json.loads(TEXT), resource, TEXT)
    assert explanation.conditions[-1].result == {"$unknown": "a parameter without value"}
    assert "saw what isn't known: a parameter without value" in "\n".join(explanation_text(explanation, "x"))


def test_the_rounds_of_a_count_are_counted_together() -> None:
    where = {"field": f"{TYPE}/rules[*].ip", "equals": "1.1.1.1"}
    rule = {
        "if": {"count": {"field": f"{TYPE}/rules[*]", "where": where}, "greater": 5},
        "then": {"effect": "audit"},
    }
    table = given_aliases({f"{TYPE}/rules[*]": "properties.rules[*]", f"{TYPE}/rules[*].ip": "properties.rules[*].ip"})
    surroundings = Surroundings(aliases=table, now=SURROUNDINGS.now)
    resource = {"type": TYPE, "properties": {"rules": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.1"}, {"ip": "2.2.2.2"}]}}
    policy = compile_definition(read_definition(rule))
    explanation = explain(policy, resource, surroundings, known=KnownResources())
    assert [(one.seen, one.result, one.times) for one in explanation.conditions] == [
        (["1.1.1.1"], True, 2),
        (["2.2.2.2"], False, 1),
        (2, False, 1),
    ]


def test_a_change_shows_the_resource_before_and_after_and_leaves_it_as_it_is() -> None:
    operation = {"operation": "addOrReplace", "field": "tags['owner']", "value": "team"}
    rule = {
        "if": {"field": "type", "equals": TYPE},
        "then": {"effect": "modify", "details": {"roleDefinitionIds": ["x"], "operations": [operation]}},
    }
    resource = {"type": TYPE, "tags": {"owner": "nobody"}, "$file": "main.json"}
    before = copy.deepcopy(resource)
    explanation = _explain(rule, resource)
    assert resource == before
    assert explanation.after["tags"] == {"owner": "team"}
    shown = "\n".join(explanation_text(explanation, "x"))
    assert '-    "owner": "nobody"' in shown
    assert '+    "owner": "team"' in shown
    assert "$file" not in shown


def test_secrets_and_terminal_escapes_stay_out() -> None:
    secret = "DefaultEndpointsProtocol=https;AccountKey=abcdefabcdefabcdef=="
    explanation = _explain(json.loads(TEXT), {"type": TYPE, "properties": {"tls": f"\x1b[2J{secret}"}}, TEXT)
    for shown in ("\n".join(explanation_text(explanation, "\x1b[2J")), json.dumps(explanation_json(explanation))):
        assert "\x1b" not in shown
        assert "abcdefabcdef" not in shown


def test_a_failed_evaluation_is_explained_as_such() -> None:
    rule = {"if": {"value": "[first(field('name'))]", "less": 3}, "then": {"effect": "deny"}}
    explanation = _explain(rule, {"type": TYPE, "name": "x"})
    assert explanation_json(explanation)["state"] == "Error"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3).filter(
            # Two keys that differ in case only share a pointer: of which one then isn't told.
            lambda made: len({key.lower() for key in made}) == len(made)
        )
    ),
    max_leaves=20,
)


@given(_JSON, st.sampled_from([None, 1]))
def test_every_value_has_the_line_on_which_it_stands(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = json_lines(text.encode())
    pointers = list(_pointers(value, ()))
    assert set(lines) == {pointer for pointer, _ in pointers}
    if indent is None:
        assert set(lines.values()) == {1}
    else:
        for pointer, item in pointers:
            if pointer and not isinstance(item, dict | list):
                assert json.dumps(item) in text.splitlines()[lines[pointer] - 1]


def _pointers(value: Any, at: tuple[str | int, ...]) -> Any:
    yield at, value
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _pointers(item, (*at, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _pointers(item, (*at, key.lower()))


def test_lines_of_a_bare_rule_and_of_unknown_paths() -> None:
    lines = definition_lines(b'{\n"if": {\n"not": {\n"field": "a"}},\n"then": {"effect": "deny"}}')
    assert lines.line("if.not.field") == 4
    assert lines.line("then.effect") == 5
    assert lines.line("if.anyOf[7].field") == 2
    assert lines.line("parameters.x") == 1
