"""Profiles, and what a project may change of the rules."""

from __future__ import annotations

import pytest

from deploy_gate.policy_checks.rule_sets import RuleChange, rule_set
from policies.rules import load_rules
from verdicts import ConfigurationError, Severity

RULES = load_rules()
ID = "MLG-WORKSPACE-PUBLIC-ACCESS"
NAME = ID.lower()


def test_a_profile_has_the_rules_that_name_it() -> None:
    assert NAME in rule_set(RULES, "production").rules
    assert NAME not in rule_set(RULES, "development").rules


def test_a_rule_can_be_switched_on_and_off() -> None:
    on = rule_set(RULES, "development", {ID: RuleChange(enabled=True)})
    assert NAME in on.rules
    assert on.notes == ()
    off = rule_set(RULES, "production", {ID: RuleChange(enabled=False, reason="behind a firewall")})
    assert NAME not in off.rules
    assert off.notes == (f"{ID} is switched off: behind a firewall",)


def test_severities_can_be_changed_and_a_weaker_one_is_noted() -> None:
    harder = rule_set(RULES, "production", {ID: RuleChange(severity=Severity.CRITICAL)})
    assert (harder.severities[ID], harder.notes) == (Severity.CRITICAL, ())
    weaker = rule_set(RULES, "production", {ID: RuleChange(severity=Severity.LOW, reason="for now")})
    assert weaker.severities[ID] is Severity.LOW
    assert weaker.notes == (f"{ID} is low instead of high: for now",)


@pytest.mark.parametrize(
    ("profile", "changes", "message"),
    [
        ("live", {}, "no profile"),
        ("production", {"MLG-NONE": RuleChange()}, "no rule 'MLG-NONE'"),
        ("production", {ID: RuleChange(enabled=False)}, "without a reason"),
        ("production", {ID: RuleChange(severity=Severity.LOW)}, "without a reason"),
        ("production", {ID: RuleChange(parameters={"effect": "Disabled"})}, "without a reason"),
        ("production", {ID: RuleChange(parameters={"none": 1}, reason="x")}, "can't be used"),
        ("production", {ID: RuleChange(parameters={"effect": "Never"}, reason="x")}, "can't be used"),
    ],
)
def test_what_can_not_hold_is_a_configuration_error(profile: str, changes: dict[str, RuleChange], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        rule_set(RULES, profile, changes)
