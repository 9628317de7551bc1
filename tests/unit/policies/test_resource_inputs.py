"""Resources and cases from files: what is read, what is refused with file and line, and what is only partly known."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest

from policies import case_stream
from policies.aliases import given_aliases
from policies.case_stream import case_answers
from policies.definitions import compile_definition, read_definition
from policies.known_resources import KnownResources, evaluate_known
from policies.resource_files import parse_resources
from policies.scope import Surroundings
from verdicts.errors import ConfigurationError

NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
VAULT = {"type": "Microsoft.KeyVault/vaults", "name": "kv"}
STORE = {"type": "Microsoft.Storage/storageAccounts", "name": "st"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(VAULT) + "\n" + json.dumps(STORE),
        json.dumps([VAULT, STORE], indent=2),
        json.dumps({"value": [VAULT, STORE]}),
        json.dumps({"file": "a", "resources": [VAULT]}) + "\n\n" + json.dumps({"resources": [STORE]}) + "\n",
        "\ufeff" + json.dumps([VAULT, STORE]),
    ],
)
def test_resources_come_in_several_forms(text: str) -> None:
    assert parse_resources(text.encode(), "x").resources == (VAULT, STORE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty|not JSON"),
        ("[]", "no resource"),
        ('{"resources": []}', "no resource"),
        ("3", "must be an object"),
        ("{\n  bad\n}", r"x:2: not JSON"),
        (json.dumps(VAULT) + "\n{bad", r"x:2: not JSON"),
        ('[{"name": "x"}]', r"x: \[0\]: a resource must be an object with a type"),
        ('{"type": "x"}', "with a type"),
        ('{"type": 3}', "with a type"),
        ('{"type": "a/b", "resources": [{"type": "c"}]}', "children inside"),
        ('{"$schema": "https://x/deploymentTemplate.json#", "resources": []}', "template expand"),
        ('{"value": [], "nextLink": "x"}', "first page"),
        ('{"resources": {}}', "must be a list"),
        ('{"type": "a/b", "type": "c/d"}', "stands twice"),
        ('{"type": "a/b", "x": NaN}', "NaN is not JSON"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_what_holds_no_resources_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_resources(text.encode(), "x")


def test_what_the_expansion_could_not_read_is_kept() -> None:
    line = {"file": "a", "resources": [], "not_read": [{"file": "a.json", "line": 3, "reason": "a linked template"}]}
    assert parse_resources(json.dumps(line).encode(), "x").not_read == ("a.json:3: a linked template",)


# Cases by the line

CASE = {"policy": {"if": {"field": "type", "equals": "a/b"}, "then": {"effect": "deny"}}, "resource": {"type": "A/B"}}


def _answers(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(answer.text) for answer in case_answers(io.BytesIO(data), NOW)]


def test_every_line_but_blank_ones_gets_one_answer_in_order() -> None:
    lines = [json.dumps({**CASE, "id": 1}), "", "{bad", "[]", json.dumps({**CASE, "id": 2}), "  "]
    answers = _answers("\n".join(lines).encode())
    assert [(one.get("id"), one["state"]) for one in answers] == [
        (1, "NonCompliant"),
        (None, "Error"),
        (None, "Error"),
        (2, "NonCompliant"),
    ]
    assert answers[1]["reason"].startswith("line 3: not JSON")
    assert all({"effect", "state", "details", "reason"} <= one.keys() for one in answers)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"policy": ' + b'{"if": {"not": ' * 50_000, "nested too deeply"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": 1e999}', "larger than"),
        (b'{"a": ' + b"9" * 10_000 + b"}", "digits"),
        (b"\xff\xfe", "not UTF-8"),
        (b'\x1b[2J"', "not JSON"),
    ],
)
def test_a_hostile_line_costs_one_answer_only(line: bytes, reason: str) -> None:
    found = list(case_answers(io.BytesIO(line + b"\n" + json.dumps(CASE).encode()), NOW))
    assert [(answer.read, answer.failed) for answer in found] == [(False, False), (True, False)]
    assert reason in json.loads(found[0].text)["reason"]
    assert json.loads(found[1].text)["state"] == "NonCompliant"
    assert all(answer.text.isascii() and "\n" not in answer.text for answer in found)


def test_a_line_longer_than_the_bound_is_skipped_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_stream, "MAXIMUM_LINE", 1_000)
    answers = _answers(b" " * 5_500 + b"\n" + json.dumps(CASE).encode() + b"\n" + b"x" * 3_000)
    assert [one["state"] for one in answers] == ["Error", "NonCompliant", "Error"]
    assert "longer than" in answers[0]["reason"]
    assert "line 3" in answers[2]["reason"]


def test_a_defect_of_the_engine_is_an_answer_and_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> dict[str, Any]:
        raise KeyError("x")

    monkeypatch.setattr(case_stream, "answer_case", broken)
    (answer,) = case_answers(io.BytesIO(json.dumps(CASE).encode()), NOW)
    assert answer.failed
    assert "internal error, KeyError" in json.loads(answer.text)["reason"]


@pytest.mark.parametrize(
    "change",
    [
        {"policy": None},
        {"policy": {"if": {}, "then": {"effect": "deny"}}},
        {"resource": []},
        {"related": {}},
        {"aliases": []},
        {"aliases": {"a": 1}},
        {"context": []},
        {"context": {"utcNow": "soon"}},
        {"parameters": {"unknown": 1}},
        {"releated": []},
    ],
)
def test_a_case_that_says_nothing_clear_is_an_error(change: dict[str, Any]) -> None:
    (answer,) = _answers(json.dumps({**CASE, **change}).encode())
    assert answer["state"] == "Error"
    assert answer["reason"]


# Related resources that are only partly known

RULE = {
    "if": {"field": "type", "equals": "Microsoft.KeyVault/vaults"},
    "then": {
        "effect": "auditIfNotExists",
        "details": {
            "type": "Microsoft.Network/privateEndpoints",
            "existenceCondition": {"field": "tags['for']", "equals": "kv"},
        },
    },
}
ENDPOINT = {"type": "Microsoft.Network/privateEndpoints", "name": "pe", "tags": {"for": "kv"}}


def _state(*resources: dict[str, Any], whole: bool = False) -> str:
    policy = compile_definition(read_definition(RULE))
    surroundings = Surroundings(aliases=given_aliases({}), now=NOW)
    known = KnownResources((VAULT, *resources), whole=whole)
    return evaluate_known(policy, VAULT, surroundings, known).state.value


def test_a_resource_of_the_same_template_satisfies_an_existence_condition() -> None:
    assert _state(ENDPOINT) == "Compliant"


def test_that_there_is_none_is_known_only_if_everything_is() -> None:
    assert _state() == "Unknown"
    assert _state({**ENDPOINT, "tags": {}}) == "Unknown"
    assert _state(whole=True) == "NonCompliant"
    assert _state({**ENDPOINT, "tags": {}}, whole=True) == "NonCompliant"


def test_one_that_may_not_be_deployed_settles_nothing() -> None:
    conditional = {**ENDPOINT, "$condition": {"$unknown": "a parameter"}}
    assert _state(conditional, whole=True) == "Unknown"
    assert _state(conditional) == "Unknown"
    assert _state(conditional, ENDPOINT, whole=True) == "Compliant"
    assert _state({**conditional, "tags": {}}, whole=True) == "NonCompliant"


def test_one_that_a_template_only_refers_to_may_be_what_is_looked_for() -> None:
    existing = {"type": ENDPOINT["type"], "name": "pe", "$existing": True}
    assert _state(existing) == "Unknown"
    assert _state(existing, whole=True) == "Unknown"
    assert _state({**existing, "type": "Microsoft.Network/virtualNetworks"}, whole=True) == "NonCompliant"
    assert _state(existing, ENDPOINT) == "Compliant"


def test_one_that_is_referred_to_and_declared_is_known() -> None:
    declared = {
        **ENDPOINT,
        "tags": {},
        "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/privateEndpoints/pe",
    }
    existing = {"type": ENDPOINT["type"], "name": "pe", "id": str(declared["id"]).upper(), "$existing": True}
    assert _state(existing, declared, whole=True) == "NonCompliant"


def test_what_comes_with_a_declared_resource_is_as_azure_makes_it() -> None:
    parent = {
        "type": "Microsoft.Network/privateEndpoints",
        "name": "pe",
        "id": "/providers/Microsoft.Network/privateEndpoints/pe",
    }
    child_type = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
    child = {"type": child_type, "name": "pe/default", "id": f"{parent['id']}/privateDnsZoneGroups/default"}
    policy = compile_definition(
        read_definition(
            {
                "if": {"field": "type", "equals": parent["type"]},
                "then": {"effect": "auditIfNotExists", "details": {"type": child_type}},
            }
        )
    )
    surroundings = Surroundings(aliases=given_aliases({}), now=NOW)
    existing = {**child, "$existing": True}
    for known, state in (
        (KnownResources((parent, existing), whole=True), "NonCompliant"),
        (KnownResources((existing,), whole=True), "Unknown"),
        (KnownResources((parent, child), whole=True), "Compliant"),
    ):
        assert evaluate_known(policy, parent, surroundings, known).state.value == state


def test_all_types_of_azure_may_be_known_where_others_are_not() -> None:
    policy = compile_definition(read_definition(RULE))
    steps = compile_definition(
        read_definition({**RULE, "then": {"effect": "auditIfNotExists", "details": {"type": "Azure.Pipelines/steps"}}})
    )
    surroundings = Surroundings(aliases=given_aliases({}), now=NOW)
    known = KnownResources((VAULT,), missing=("azure.", "github."))
    assert evaluate_known(policy, VAULT, surroundings, known).state.value == "NonCompliant"
    assert evaluate_known(steps, VAULT, surroundings, known).state.value == "Unknown"
