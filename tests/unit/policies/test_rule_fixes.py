"""What mends a mistake by itself: as data, and right by the rule's own cases."""

from __future__ import annotations

import copy
import datetime as dt
from typing import Any

import pytest

from policies.cases import answer_case
from policies.pack_tests import read_cases
from policies.rule_fixes import SetProperty, read_fixes
from policies.rule_pages import page_of
from policies.rules import Rule, RuleError, built_in_folder, load_rules, read_rule

RULES = [rule for rule in load_rules() if rule.fixes]
POINTER = "/properties/publicNetworkAccess"


def body(fix: Any, **facts: Any) -> dict[str, Any]:
    facts = {
        "id": "MLG-TEST-RULE",
        "family": "isolation",
        "severity": "high",
        "synopsis": "It must be closed",
        "reason": "Because.",
        "property": POINTER,
        "remediation": {"text": "Close it.", "arm": "x", "bicep": "x", "terraform": "x", "yaml": "x"},
        "sources": ["a test"],
        "profiles": ["production"],
        "fix": fix,
        **facts,
    }
    condition = {"field": "type", "equals": "A.B/c"}
    properties = {"policyRule": {"if": condition, "then": {"effect": "deny"}}, "metadata": {"mlgate": facts}}
    return {"name": "mlg-test-rule", "properties": properties}


def setting(value: object = "Disabled", pointer: object = POINTER) -> dict[str, Any]:
    return {"set": {"pointer": pointer, "value": value}}


def test_a_fix_says_what_to_set_in_which_language() -> None:
    fix = {"arm": setting(), "terraform": setting(False, "/network/open~1public")}
    assert read_rule(body(fix), "x.json").fixes == {
        "arm": SetProperty(("properties", "publicNetworkAccess"), "Disabled"),
        "terraform": SetProperty(("network", "open/public"), False),
    }


@pytest.mark.parametrize(
    ("fix", "why"),
    [
        ({}, "must be an object of languages"),
        ([], "must be an object of languages"),
        ({"pulumi": setting()}, "not 'pulumi'"),
        ({"arm": {"remove": {}}}, "must be"),
        ({"arm": {"set": {"pointer": POINTER}}}, "must be"),
        ({"arm": setting() | {"more": 1}}, "must be"),
        ({"arm": setting(pointer="properties/x")}, "needs a JSON pointer"),
        ({"terraform": setting(pointer="/a//b")}, "needs a JSON pointer"),
        ({"terraform": setting(pointer="/a/0/b")}, "item of a list"),
        ({"arm": setting(pointer="/properties/other")}, "the property that the rule is about"),
        ({"arm": setting(value=None)}, "needs a text"),
        ({"arm": setting(value=1.5)}, "needs a text"),
        ({"arm": setting(value=["x"])}, "needs a text"),
    ],
)
def test_a_fix_that_is_none_is_refused_with_its_file(fix: Any, why: str) -> None:
    with pytest.raises(RuleError, match=r"x\.json: metadata\.mlgate\.fix") as caught:
        read_rule(body(fix), "x.json")
    assert why in str(caught.value)


def test_what_is_mended_has_a_remediation_in_the_same_language() -> None:
    with pytest.raises(RuleError, match="no remediation"):
        read_rule(body({"yaml": setting(pointer="/x")}, remediation={"text": "Close it."}), "x.json")


def test_a_fix_of_a_rule_about_a_whole_resource_sets_nothing_in_templates() -> None:
    with pytest.raises(ValueError, match="there is none"):
        read_fixes({"arm": setting(pointer="/properties/x")}, "")


def test_the_page_says_that_it_can_be_mended() -> None:
    page = page_of(read_rule(body({"arm": setting(), "bicep": setting()}), "x.json"), [])
    assert "`mlgate check --fix` writes it in ARM and Bicep where" in page


def with_value(resource: Any, path: tuple[str, ...], value: object) -> Any:
    """The resource with the property set, as the fix would leave it."""
    made = inner = copy.deepcopy(resource)
    for part in path[:-1]:
        inner = inner.setdefault(next((key for key in inner if key.casefold() == part.casefold()), part), {})
    inner[next((key for key in inner if key.casefold() == path[-1].casefold()), path[-1])] = value
    return made


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in RULES if "arm" in rule.fixes])
def test_a_fix_mends_what_the_cases_of_the_rule_deny(rule: Rule) -> None:
    states = []
    for case in read_cases(built_in_folder() / rule.source):
        if case["expect"].get("state") != "NonCompliant":
            continue
        fix = rule.fixes["arm"]
        mended = {**case, "policy": rule.body, "resource": with_value(case["resource"], fix.path, fix.value)}
        states.append(answer_case(mended, dt.datetime(2026, 11, 1, tzinfo=dt.UTC))["state"])
    assert {"Compliant", "NotApplicable"} & set(states)
    assert set(states) <= {"Compliant", "NotApplicable", "NonCompliant"}


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.id) for rule in RULES])
def test_a_fix_writes_what_the_remediation_says(rule: Rule) -> None:
    for language, fix in rule.fixes.items():
        assert fix.path[-1] in rule.remediation[language]
    templates = [rule.fixes[language] for language in ("arm", "bicep") if language in rule.fixes]
    assert len(set(templates)) <= 1
