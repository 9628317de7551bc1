"""A rule holds for every language: the same mistakes in Bicep, Terraform and Azure ML files give the same findings."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import rule_set
from policies.rules import load_rules
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from verdicts import NotCompleted

PROJECTS = Path(__file__).resolve().parents[1] / "golden" / "languages"
PACKS = ("workspaces", "registries", "endpoints", "deployments", "models", "data", "jobs", "monitoring-ml")
RULES = [rule for rule in load_rules() if rule.source.split("/")[0] in PACKS]
HELD = rule_set(RULES, "production")
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)

ONLY_OF_SOME = {
    # Azure ML's CLI leaves the traffic as it is where a file doesn't say it.
    "MLG-ENDPOINT-TRAFFIC-RESET": {"bicep", "terraform"},
    # A rule of its own, or in the workspace, as the language has it.
    "MLG-OUTBOUND-RULE-OPEN": {"bicep", "terraform"},
    "MLG-WORKSPACE-OUTBOUND-OPEN": {"bicep", "azure_ml"},
}


def judged(name: str) -> tuple[set[str], list[str]]:
    """Ids of rules with findings, and what could not be checked."""
    root = PROJECTS / name
    outcomes = judge(tuple(read_paths(ReadRequest(root=root, path=root), [root])), HELD, NOW)
    found = {finding.rule_id for outcome in outcomes for finding in outcome.findings}
    return found, [outcome.detail for outcome in outcomes if isinstance(outcome, NotCompleted)]


@pytest.mark.parametrize("language", ["bicep", "terraform", "azure_ml"])
def test_the_same_mistakes_give_the_same_findings(language: str) -> None:
    every = set().union(*(judged(one)[0] for one in ("bicep", "terraform", "azure_ml")))
    assert len(every) > 30
    wanted = {rule for rule in every if language in ONLY_OF_SOME.get(rule, {language})}
    assert judged(language) == (wanted, [])


def test_a_project_as_the_architecture_wants_it_gives_none() -> None:
    assert judged("good") == (set(), [])
