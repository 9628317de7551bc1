"""Somebody else's definitions beside our rules: what they find, and what is said of those that can't be asked."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.policy_checks.added_policies import added_rules, rule_id_of
from deploy_gate.policy_checks.added_settings import AddedPolicies, read_added
from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import RuleChange, rule_set
from deploy_gate.static_checks.settings import load_settings
from policies.definitions import read_definition
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from verdicts import ConfigurationError, Finding, Severity
from verdicts.documents import load_document
from verdicts.sections import Section

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
STORAGE = "Microsoft.Storage/storageAccounts"
GUID = "404c3081-a854-4457-ae30-26a93ef643f9"
AUDIT = "2a1a9cdf-e04d-429a-8416-3bfb72a1b26f"


def definition(name: str = GUID, effect: str = "deny", **changes: Any) -> dict[str, Any]:
    properties = {
        "displayName": "Secure transfer should be enabled",
        "description": "Set supportsHttpsTrafficOnly.",
        "mode": "Indexed",
        "policyType": "BuiltIn",
        "metadata": {"category": "Storage", "version": "2.0.0"},
        "policyRule": {
            "if": {
                "allOf": [
                    {"field": "type", "equals": STORAGE},
                    {"field": f"{STORAGE}/supportsHttpsTrafficOnly", "notEquals": "true"},
                ]
            },
            "then": {"effect": effect},
        },
        **changes,
    }
    identifier = f"/providers/Microsoft.Authorization/policyDefinitions/{name}"
    return {"id": identifier, "name": name, "properties": properties}


def folder(root: Path, *bodies: Any) -> Path:
    place = root / "azure"
    place.mkdir(exist_ok=True)
    for index, body in enumerate(bodies):
        (place / f"{index}.json").write_text(json.dumps(body))
    return place


def entry(root: Path, *bodies: Any, **changes: Any) -> AddedPolicies:
    return AddedPolicies(path=folder(root, *bodies), shown="azure", **changes)


def findings(root: Path, *entries: AddedPolicies, changes: Any = None, **properties: Any) -> list[Finding]:
    resource = {
        "type": STORAGE,
        "apiVersion": "2023-01-01",
        "name": "st",
        "location": "westeurope",
        "properties": properties,
    }
    (root / "main.json").write_text(json.dumps({"contentVersion": "1.0.0.0", "resources": [resource]}, indent=1))
    rules, _ = added_rules(entries)
    read = tuple(read_paths(ReadRequest(root=root, path=root), [root / "main.json"], lambda _path, _folder: False))
    outcomes = judge(read, rule_set(rules, "production", changes), NOW)
    return [finding for outcome in outcomes for finding in outcome.findings]


def test_a_definition_of_somebody_else_finds_as_ours_do(tmp_path: Path) -> None:
    (found,) = findings(tmp_path, entry(tmp_path, definition()), supportsHttpsTrafficOnly=False)
    assert found.rule_id == rule_id_of(read_definition(definition()))
    assert found.rule_id.startswith("AZ-404C3081-")
    assert found.severity is Severity.HIGH
    assert found.message == "Secure transfer should be enabled; supportsHttpsTrafficOnly is false"
    assert found.remediation == "Set supportsHttpsTrafficOnly."
    assert found.location is not None
    assert found.location.line is not None
    assert "supportsHttpsTrafficOnly" in (tmp_path / "main.json").read_text().splitlines()[found.location.line - 1]
    assert findings(tmp_path, entry(tmp_path, definition()), supportsHttpsTrafficOnly=True) == []


@pytest.mark.parametrize(
    ("effect", "severities", "severity"),
    [
        ("deny", {}, Severity.HIGH),
        ("audit", {}, Severity.MEDIUM),
        ("audit", {"severities": {"deny": Severity.CRITICAL, "audit": Severity.LOW}}, Severity.LOW),
        ("deny", {"severities": {"deny": Severity.CRITICAL, "audit": Severity.LOW}}, Severity.CRITICAL),
    ],
)
def test_the_severity_comes_from_the_effect(
    tmp_path: Path, effect: str, severities: dict[str, Any], severity: Severity
) -> None:
    (found,) = findings(tmp_path, entry(tmp_path, definition(effect=effect), **severities))
    assert found.severity is severity


def test_a_rule_of_others_is_changed_like_ours(tmp_path: Path) -> None:
    one = entry(tmp_path, definition())
    rule_id = rule_id_of(read_definition(definition()))
    assert findings(tmp_path, one, changes={rule_id: RuleChange(enabled=False, reason="not here")}) == []
    (found,) = findings(tmp_path, one, changes={rule_id: RuleChange(severity=Severity.LOW, reason="old")})
    assert found.severity is Severity.LOW


def test_categories_choose_and_parameters_reach_the_definition(tmp_path: Path) -> None:
    other = definition(
        AUDIT,
        metadata={"category": "Network"},
        parameters={"minimum": {"type": "String"}},
        policyRule={
            "if": {
                "allOf": [
                    {"field": "type", "equals": STORAGE},
                    {"field": f"{STORAGE}/minimumTlsVersion", "notEquals": "[parameters('minimum')]"},
                ]
            },
            "then": {"effect": "audit"},
        },
    )
    rules, notes = added_rules([entry(tmp_path, definition(), other, categories=("storage",))])
    assert len(rules) == 1
    rules, notes = added_rules([entry(tmp_path, definition(), other)])
    assert len(rules) == 1
    assert any("without a value for a parameter" in note and "AZ-2A1A9CDF" in note for note in notes)
    given = entry(tmp_path, definition(), other, parameters={AUDIT: {"minimum": "TLS1_2"}})
    messages = {
        one.rule_id[:11] for one in findings(tmp_path, given, supportsHttpsTrafficOnly=True, minimumTlsVersion="TLS1_0")
    }
    assert messages == {"AZ-2A1A9CDF"}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (definition(AUDIT, effect="disabled"), "disabled"),
        (definition(AUDIT, effect="manual"), "manual"),
        (definition(AUDIT, mode="Microsoft.Kubernetes.Data"), "its resource provider only"),
        (definition(AUDIT, metadata={"category": "Storage", "version": "1.0.0-deprecated"}), "deprecated"),
        (
            definition(
                AUDIT,
                policyRule={
                    "if": {"field": "type", "equals": STORAGE},
                    "then": {"effect": "auditIfNotExists", "details": {"type": "Microsoft.Security/assessments"}},
                },
            ),
            "running estate",
        ),
    ],
)
def test_what_is_not_checked_is_in_the_notes_with_the_reason(tmp_path: Path, body: Any, why: str) -> None:
    rules, notes = added_rules([entry(tmp_path, definition(), body)])
    assert [rule.id[:11] for rule in rules] == ["AZ-404C3081"]
    (note,) = [note for note in notes if why in note]
    assert "AZ-2A1A9CDF" in note
    alone = tmp_path / "alone"
    alone.mkdir()
    with pytest.raises(ConfigurationError, match="no definition in it that can be checked"):
        added_rules([entry(alone, body)])


def test_a_broken_or_absent_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        added_rules([AddedPolicies(path=tmp_path / "none", shown="none")])
    place = folder(tmp_path, definition())
    (place / "broken.json").write_text("{")
    with pytest.raises(ConfigurationError, match=r"broken\.json"):
        added_rules([AddedPolicies(path=place, shown="azure")])
    (place / "broken.json").write_text(json.dumps({"properties": {"displayName": "no rule"}}))
    with pytest.raises(ConfigurationError, match=r"broken\.json"):
        added_rules([AddedPolicies(path=place, shown="azure")])


def test_parameters_for_what_is_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="isn't there"):
        added_rules([entry(tmp_path, definition(), parameters={"AZ-NONE": {"x": 1}})])


def test_the_same_definition_named_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="stands in"):
        added_rules([entry(tmp_path, definition()), entry(tmp_path, definition())])


def test_of_several_versions_the_newest_is_taken(tmp_path: Path) -> None:
    old = definition(displayName="old", metadata={"category": "Storage", "version": "1.0.0"})
    rules, _ = added_rules([entry(tmp_path, old, definition())])
    assert [rule.synopsis for rule in rules] == ["Secure transfer should be enabled"]


def initiative(**changes: Any) -> dict[str, Any]:
    return {
        "name": "baseline",
        "properties": {
            "displayName": "Our baseline",
            "parameters": {"effect": {"type": "String", "defaultValue": "Audit"}},
            "policyDefinitions": [
                {
                    "policyDefinitionId": definition()["id"],
                    "policyDefinitionReferenceId": "https",
                    "parameters": {"effect": {"value": "[parameters('effect')]"}},
                }
            ],
            **changes,
        },
    }


def test_an_initiative_hands_its_parameters_to_its_definitions(tmp_path: Path) -> None:
    first = definition(parameters={"effect": {"type": "String", "defaultValue": "Deny"}})
    first["properties"]["policyRule"]["then"]["effect"] = "[parameters('effect')]"
    other = definition(AUDIT)
    one = entry(tmp_path, first, other, initiative(), initiative="our baseline")
    (found,) = findings(tmp_path, one)
    assert found.severity is Severity.MEDIUM
    given = entry(tmp_path, first, other, initiative(), initiative="baseline", parameters={"effect": "Deny"})
    (found,) = findings(tmp_path, given)
    assert found.severity is Severity.HIGH
    with pytest.raises(ConfigurationError, match="0 initiatives"):
        added_rules([entry(tmp_path, first, initiative(), initiative="another")])
    with pytest.raises(ConfigurationError, match="is not in it"):
        added_rules(
            [AddedPolicies(path=folder(tmp_path, other, other, initiative()), shown="azure", initiative="baseline")]
        )


SETTINGS = """\
schema: mlgate/project/v1
check:
  policies:
    - path: governance/azure
      categories: [Machine Learning, Storage]
      parameters:
        AZ-2A1A9CDF-0000: {minimum: TLS1_2}
      severities: {deny: critical}
"""


def test_the_configuration_names_them(tmp_path: Path) -> None:
    (tmp_path / "mlgate.yml").write_text(SETTINGS)
    (one,) = load_settings(tmp_path).policies
    assert one.path == tmp_path / "governance" / "azure"
    assert one.categories == ("machine learning", "storage")
    assert one.parameters == {"AZ-2A1A9CDF-0000": {"minimum": "TLS1_2"}}
    assert one.severities == {"deny": Severity.CRITICAL, "audit": Severity.MEDIUM}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path: ../elsewhere", "leads out"),
        ("categories: [x]", "'path' is missing"),
        ("path: a\nmore: 1", "more"),
        ("path: a\nseverities: {modify: low}", "no severity for"),
        ("path: a\nseverities: {deny: unknown}", "must be a severity"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "entry.yml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message):
        read_added(Section(load_document(path, shown_as="entry.yml"), "entry.yml"), tmp_path)
