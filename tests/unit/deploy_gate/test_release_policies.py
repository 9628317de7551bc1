"""A release's templates and Azure ML files against the rules."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.release_policies import ReleasePolicyScanner
from scanners.interface import ScanContext
from verdicts import Completed, NotCompleted, Outcome, Reason

ENDPOINT = "name: scoring\nauth_mode: {}\npublic_network_access: disabled\n"
TEMPLATE = """{{"contentVersion": "1.0.0.0", "parameters": {{"access": {{"type": "string"}}}}, "resources": [
 {{"type": "Microsoft.MachineLearningServices/workspaces", "apiVersion": "2024-04-01", "name": "ml", "location": "west",
   "properties": {{"publicNetworkAccess": "{}"}}}}]}}
"""


def scan(root: Path, *files: str, profile: str = "production") -> tuple[Outcome, ...]:
    tools: Any = None
    context = ScanContext(root=root, workspace=root, now=dt.datetime(2026, 11, 1, tzinfo=dt.UTC), tools=tools)
    return ReleasePolicyScanner(tuple((Path(file), None) for file in files), profile).scan(context)


def rules_of(outcomes: tuple[Outcome, ...]) -> set[str]:
    return {finding.rule_id for outcome in outcomes for finding in outcome.findings}


def test_templates_and_azure_ml_files_are_judged(tmp_path: Path) -> None:
    (tmp_path / "main.json").write_text(TEMPLATE.format("Enabled"))
    (tmp_path / "endpoint.yml").write_text(ENDPOINT.format("key"))
    found = rules_of(scan(tmp_path, "main.json", "endpoint.yml"))
    assert {"MLG-WORKSPACE-PUBLIC-ACCESS", "MLG-ENDPOINT-AUTHENTICATION"} <= found
    (tmp_path / "main.json").write_text(TEMPLATE.format("Disabled"))
    (tmp_path / "endpoint.yml").write_text(ENDPOINT.format("aad_token"))
    found = rules_of(scan(tmp_path, "main.json", "endpoint.yml"))
    assert not {"MLG-WORKSPACE-PUBLIC-ACCESS", "MLG-ENDPOINT-AUTHENTICATION"} & found


def test_the_profile_says_which_rules_hold(tmp_path: Path) -> None:
    (tmp_path / "endpoint.yml").write_text(ENDPOINT.format("key"))
    assert rules_of(scan(tmp_path, "endpoint.yml", profile="development")) < rules_of(scan(tmp_path, "endpoint.yml"))


@pytest.mark.parametrize(
    ("files", "configuration", "reason"),
    [
        ((), "", Reason.NOTHING_EXAMINED),
        (("missing.yml",), "", Reason.UNREADABLE_INPUT),
        (("../outside.yml",), "", Reason.UNREADABLE_INPUT),
        (("broken.json",), "", Reason.UNREADABLE_INPUT),
        (("endpoint.yml",), "check: {rules: {MLG-NONE: {enabled: false, reason: x}}}", Reason.UNREADABLE_INPUT),
        (("endpoint.yml",), "check: {profile: 1}", Reason.UNREADABLE_INPUT),
    ],
)
def test_what_can_not_be_looked_at_is_could_not_check(
    tmp_path: Path, files: tuple[str, ...], configuration: str, reason: Reason
) -> None:
    (tmp_path / "endpoint.yml").write_text(ENDPOINT.format("aad_token"))
    (tmp_path / "broken.json").write_text('{"$schema": "deploymentTemplate.json#"')
    if configuration:
        (tmp_path / "mlgate.yml").write_text(f"schema: mlgate/project/v1\n{configuration}\n")
    outcomes = scan(tmp_path, *files)
    assert [one.reason for one in outcomes if isinstance(one, NotCompleted)] == [reason]
    assert not any(isinstance(one, Completed) and one.examined for one in outcomes)


def test_a_rule_that_the_project_switched_off_is_noted(tmp_path: Path) -> None:
    (tmp_path / "endpoint.yml").write_text(ENDPOINT.format("key"))
    off = "check: {rules: {MLG-ENDPOINT-AUTHENTICATION: {enabled: false, reason: old callers}}}"
    (tmp_path / "mlgate.yml").write_text(f"schema: mlgate/project/v1\n{off}\n")
    outcomes = scan(tmp_path, "endpoint.yml")
    assert "MLG-ENDPOINT-AUTHENTICATION" not in rules_of(outcomes)
    notes = [note for one in outcomes if isinstance(one, Completed) for note in one.notes]
    assert "MLG-ENDPOINT-AUTHENTICATION is switched off: old callers" in notes
