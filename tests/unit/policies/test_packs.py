"""The packs that ship with mlgate: every rule is whole, tested and explained."""

from __future__ import annotations

import copy
import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.policy_checks.rule_sets import rule_set
from policies.aliases import built_in_aliases
from policies.pack_tests import read_cases, run_pack_tests
from policies.rule_pages import page_of
from policies.rules import PROFILES, Rule, RuleError, built_in_folder, load_rules, read_rule

ROOT = Path(__file__).resolve().parents[3]
RULES = load_rules()


def body() -> Any:
    return copy.deepcopy(dict(RULES[0].body))


def facts(changed: Any) -> Any:
    return changed["properties"]["metadata"]["mlgate"]


def test_every_case_gives_what_it_expects_and_no_rule_is_untested() -> None:
    results = run_pack_tests(built_in_folder(), dt.datetime(2026, 1, 1, tzinfo=dt.UTC), built_in_aliases())
    assert [failure for result in results for failure in result.failures] == []
    assert {result.source: result.missing for result in results if result.missing} == {}
    assert len(results) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_its_page(rule: Rule) -> None:
    page = ROOT / rule.page
    assert page.is_file(), "run `mlgate rule pages docs/rules`"
    assert page.read_text() == page_of(rule, read_cases(built_in_folder() / rule.source)), "run `mlgate rule pages`"


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_compiles(profile: str) -> None:
    rules = rule_set(RULES, profile)
    assert rules.pack.errors == ()
    assert len(rules.pack) == sum(profile in rule.profiles for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_production_never_asks_for_less_than_test(rule: Rule) -> None:
    assert "test" not in rule.profiles or "production" in rule.profiles


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda changed: changed["properties"]["metadata"].pop("mlgate"), "no properties.metadata.mlgate"),
        (lambda changed: facts(changed).pop("synopsis"), "synopsis must be a text"),
        (lambda changed: facts(changed).update(severity="bad"), "no severity"),
        (lambda changed: facts(changed).update(severity="unknown"), "must be known"),
        (lambda changed: facts(changed).update(id="X-1"), "must look like"),
        (lambda changed: facts(changed).update(id="MLG-OTHER"), "name must be"),
        (lambda changed: facts(changed).update(profiles=["live"]), "may name"),
        (lambda changed: facts(changed).update(profiles=[]), "list of texts"),
        (lambda changed: facts(changed).update(remediation={"arm": "x"}), "needs text"),
        (lambda changed: facts(changed).update(property="a.b"), "JSON pointer"),
        (lambda changed: facts(changed).update(parameters={"production": {"none": 1}}), "does not have"),
        (lambda changed: facts(changed).update(parameters={"live": {}}), "not on"),
        (lambda changed: facts(changed).update(extra=1), "no key of a rule"),
        (lambda changed: changed["properties"].pop("policyRule"), "policyRule"),
    ],
)
def test_a_broken_rule_is_refused_and_named(change: Any, message: str) -> None:
    changed = body()
    change(changed)
    with pytest.raises(RuleError, match=message) as caught:
        read_rule(changed, "pack/rule.json")
    assert str(caught.value).startswith("pack/rule.json")


def test_a_pack_with_a_broken_file_or_two_rules_of_one_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(body()))
    assert [rule.id for rule in load_rules(tmp_path)] == [RULES[0].id]
    (tmp_path / "b.json").write_text(json.dumps(body()))
    with pytest.raises(RuleError, match=r"stands in a\.json, too"):
        load_rules(tmp_path)
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(RuleError, match=r"b\.json"):
        load_rules(tmp_path)
