"""Resources against rules: what is found, what can't be decided, and what was never looked at."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from deploy_gate.policy_checks.judging import judge, pointer_parts
from deploy_gate.policy_checks.rule_sets import RuleSet, rule_set
from policies.rules import Rule, read_rule
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from verdicts import Completed, Finding, NotCompleted, Outcome, RuleAnswers

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
STORAGE = "Microsoft.Storage/storageAccounts"


def rule(condition: Any, *, then: Any = None, **facts: Any) -> Rule:
    facts = {
        "id": "MLG-TEST-RULE",
        "family": "isolation",
        "severity": "high",
        "synopsis": "Shared keys must be off",
        "reason": "Because.",
        "property": "/properties/allowSharedKeyAccess",
        "remediation": {"text": "Switch them off."},
        "sources": ["a test"],
        "profiles": ["production"],
        **facts,
    }
    properties = {"policyRule": {"if": condition, "then": then or {"effect": "deny"}}, "metadata": {"mlgate": facts}}
    return read_rule({"name": "mlg-test-rule", "properties": properties}, "test.json")


def shared_keys(**facts: Any) -> RuleSet:
    condition = {
        "allOf": [
            {"field": "type", "equals": STORAGE},
            {"field": f"{STORAGE}/allowSharedKeyAccess", "notEquals": False},
        ]
    }
    return rule_set([rule(condition, **facts)], "production")


def template(*resources: Any, **parts: Any) -> str:
    return json.dumps({"contentVersion": "1.0.0.0", **parts, "resources": list(resources)}, indent=1)


def account(name: str = "st", **properties: Any) -> dict[str, Any]:
    return {"type": STORAGE, "apiVersion": "2023-01-01", "name": name, "properties": properties}


def judged(root: Path, rules: RuleSet, **files: str) -> tuple[Outcome, ...]:
    for name, text in files.items():
        (root / name.replace("_", ".")).write_text(text)
    return judge(tuple(read_paths(ReadRequest(root=root, path=root), [root])), rules, NOW)


def findings(outcomes: tuple[Outcome, ...]) -> list[Finding]:
    return [finding for outcome in outcomes for finding in outcome.findings]


def obstacles(outcomes: tuple[Outcome, ...]) -> list[NotCompleted]:
    return [outcome for outcome in outcomes if isinstance(outcome, NotCompleted)]


def test_a_finding_names_rule_resource_place_and_what_stands_there(tmp_path: Path) -> None:
    outcomes = judged(tmp_path, shared_keys(), main_json=template(account(allowSharedKeyAccess=True)))
    (one,) = findings(outcomes)
    assert one.rule_id == "MLG-TEST-RULE"
    assert one.severity.value == "high"
    assert str(one.location) == "main.json:9:5"
    assert one.resource.endswith("/providers/Microsoft.Storage/storageAccounts/st")
    assert one.message == "Shared keys must be off; allowSharedKeyAccess is true"
    assert one.documentation == "docs/rules/MLG-TEST-RULE.md"
    assert obstacles(outcomes) == []


def test_a_property_that_is_missing_points_at_what_is_around_it(tmp_path: Path) -> None:
    (one,) = findings(judged(tmp_path, shared_keys(), main_json=template(account())))
    assert one.message.endswith("allowSharedKeyAccess is not set")
    assert one.location is not None
    assert one.location.line == 8


def test_a_resource_that_holds_is_examined_without_a_finding(tmp_path: Path) -> None:
    (done,) = judged(tmp_path, shared_keys(), main_json=template(account(allowSharedKeyAccess=False)))
    assert isinstance(done, Completed)
    assert (done.examined, done.findings) == (1, ())


def test_what_is_not_known_is_could_not_check_and_never_compliant(tmp_path: Path) -> None:
    resource = account(allowSharedKeyAccess="[parameters('keys')]")
    text = template(resource, resource | {"name": "other"}, parameters={"keys": {"type": "bool"}})
    outcomes = judged(tmp_path, shared_keys(), main_json=text)
    assert findings(outcomes) == []
    (one,) = obstacles(outcomes)
    assert "MLG-TEST-RULE can't be decided" in one.detail
    assert "'keys' has no value" in one.detail
    assert "1 more in this file" in one.detail


def test_what_was_not_read_is_could_not_check(tmp_path: Path) -> None:
    outcomes = judged(tmp_path, shared_keys(), good_json=template(account(allowSharedKeyAccess=False)), bad_bicep="{")
    assert [str(one.location).partition(":")[0] for one in obstacles(outcomes)] == ["bad.bicep"]


def test_nothing_read_at_all_has_examined_nothing(tmp_path: Path) -> None:
    (done,) = judged(tmp_path, shared_keys(), readme_md="")
    assert isinstance(done, Completed)
    assert done.examined == 0


def test_resources_that_are_only_referred_to_are_not_judged(tmp_path: Path) -> None:
    text = f"resource st '{STORAGE}@2023-01-01' existing = {{\n  name: 'st'\n}}\n"
    (done,) = judged(tmp_path, shared_keys(), main_bicep=text)
    assert isinstance(done, Completed)
    assert (done.examined, done.findings) == (0, ())


def test_related_resources_of_other_files_count_and_unread_files_leave_it_open(tmp_path: Path) -> None:
    wanted = {
        "effect": "auditIfNotExists",
        "details": {
            "type": "Microsoft.Network/privateEndpoints",
            "existenceCondition": {"field": "name", "like": "pe-*"},
        },
    }
    rules = rule_set([rule({"field": "type", "equals": STORAGE}, then=wanted, property="")], "production")
    endpoint = {"type": "Microsoft.Network/privateEndpoints", "apiVersion": "1", "name": "pe-st", "properties": {}}
    assert len(findings(judged(tmp_path, rules, main_json=template(account())))) == 1
    outcomes = judged(tmp_path, rules, broken_bicep="{")
    assert findings(outcomes) == []
    assert len(obstacles(outcomes)) == 2
    (tmp_path / "broken.bicep").unlink()
    assert findings(judged(tmp_path, rules, network_json=template(endpoint))) == []


def endpoint_needed() -> RuleSet:
    wanted = {"effect": "auditIfNotExists", "details": {"type": "Microsoft.Network/privateEndpoints"}}
    return rule_set([rule({"field": "type", "equals": STORAGE}, then=wanted, property="")], "production")


def test_what_a_module_needs_beside_it_may_come_from_its_caller(tmp_path: Path) -> None:
    storage = f"param name string\nresource st '{STORAGE}@2023-01-01' = {{\n  name: name\n}}\n"
    caller = "module one 'part.bicep' = {\n  name: 'one'\n  params: { name: 'st' }\n}\n"
    endpoint = "resource pe 'Microsoft.Network/privateEndpoints@2023-01-01' = {\n  name: 'pe'\n}\n"
    rules = endpoint_needed()
    assert judged(tmp_path, rules, part_bicep=storage, main_bicep=caller + endpoint)[1:] == ()
    (one,) = findings(judged(tmp_path, rules, main_bicep=caller))
    assert one.location is not None
    assert one.location.path == "part.bicep"


def test_a_change_of_a_resource_that_stands_elsewhere_is_judged_by_what_it_says(tmp_path: Path) -> None:
    change = (
        'resource "azapi_update_resource" "st" {{\n  type = "Microsoft.Storage/storageAccounts@2023-01-01"\n'
        '  resource_id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st"\n'
        "  body = {{ properties = {{ {property} }} }}\n}}\n"
    )
    wrong = change.format(property="allowSharedKeyAccess = true")
    (one,) = findings(judged(tmp_path, shared_keys(), main_tf=wrong))
    assert str(one.location).startswith("main.tf:4")
    for property in ("allowSharedKeyAccess = false", 'minimumTlsVersion = "TLS1_2"', "allowSharedKeyAccess = var.keys"):
        variables = 'variable "keys" {}\n' if "var." in property else ""
        outcomes = judged(tmp_path, shared_keys(), main_tf=change.format(property=property) + variables)
        assert (findings(outcomes), obstacles(outcomes)) == ([], [])
    source = 'data "azurerm_storage_account" "st" {\n  name = "st"\n  shared_access_key_enabled = true\n}\n'
    assert findings(judged(tmp_path, shared_keys(), main_tf=source)) == []


def test_files_of_one_terraform_folder_are_no_parts_of_each_other(tmp_path: Path) -> None:
    storage = (
        'variable "keys" {}\nresource "azurerm_storage_account" "st" {\n  name = "st"\n'
        '  resource_group_name = "rg"\n  shared_access_key_enabled = var.keys\n}\n'
    )
    outcomes = judged(tmp_path, shared_keys(), main_tf=storage, other_tf='locals {\n  a = "b"\n}\n')
    assert findings(outcomes) == []
    (one,) = obstacles(outcomes)
    assert "MLG-TEST-RULE can't be decided" in one.detail


def test_a_rule_about_secrets_does_not_quote_them(tmp_path: Path) -> None:
    rules = shared_keys(family="secrets")
    (one,) = findings(judged(tmp_path, rules, main_json=template(account(allowSharedKeyAccess="hunter2-hunter2"))))
    assert "hunter2" not in json.dumps([one.message, one.remediation, one.resource, one.subject])


def test_a_rule_that_fails_is_a_finding_as_azure_denies_then(tmp_path: Path) -> None:
    condition = {"allOf": [{"field": "type", "equals": STORAGE}, {"value": "[div(1, 0)]", "equals": 1}]}
    rules = rule_set([rule(condition)], "production")
    (one,) = findings(judged(tmp_path, rules, main_json=template(account())))
    assert "the rule itself failed" in one.message


@pytest.mark.parametrize(
    ("pointer", "parts"),
    [("", ()), ("/properties/a~1b/0/c~0d", ("properties", "a/b", 0, "c~d"))],
)
def test_pointers(pointer: str, parts: tuple[str | int, ...]) -> None:
    assert pointer_parts(pointer) == parts


def test_a_secret_that_is_not_known_stands_in_no_file(tmp_path: Path) -> None:
    given = {"parameters": {"key": {"type": "securestring"}}}
    files = {"main_json": template(account(allowSharedKeyAccess="[parameters('key')]"), **given)}
    assert obstacles(judged(tmp_path, shared_keys(), **files)) != []
    outcomes = judged(tmp_path, shared_keys(family="secrets"), **files)
    assert (findings(outcomes), obstacles(outcomes)) == ([], [])


def test_rules_may_ask_for_what_only_the_whole_project_shows(tmp_path: Path) -> None:
    kind = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"
    condition = {"allOf": [{"field": "type", "equals": kind}, {"field": "estate.identityAlsoOf[*]", "exists": True}]}
    counted = {"allOf": [condition, {"count": {"field": "estate.identityAlsoOf[*]"}, "greater": 0}]}
    rules = rule_set([rule(counted, property="/identity")], "production")
    identity = "/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i"
    held = f"identity: {{type: user_assigned, user_assigned_identities: [{{resource_id: {identity}}}]}}\n"
    schema = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\n"
    files = {f"{name}_yml": f"{schema}name: {name}\nauth_mode: key\n{held}" for name in ("a", "b")}
    assert [one.location.path for one in findings(judged(tmp_path, rules, **files)) if one.location] == [
        "a.yml",
        "b.yml",
    ]


def answers(outcomes: tuple[Outcome, ...]) -> RuleAnswers:
    (done,) = (outcome for outcome in outcomes if isinstance(outcome, Completed))
    (one,) = done.rules
    return one


def test_every_rule_tells_how_often_it_answered_what(tmp_path: Path) -> None:
    good, bad = account("good", allowSharedKeyAccess=False), account("bad", allowSharedKeyAccess=True)
    open_ = account("open", allowSharedKeyAccess="[parameters('keys')]")
    text = template(good, good | {"name": "other"}, bad, open_, parameters={"keys": {"type": "bool"}})
    outcomes = judged(tmp_path, shared_keys(), main_json=text)
    assert answers(outcomes) == RuleAnswers("MLG-TEST-RULE", compliant=2, non_compliant=1, unknown=1)


def test_a_rule_that_met_nothing_is_told_with_zeros(tmp_path: Path) -> None:
    vault = {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "kv", "properties": {}}
    assert answers(judged(tmp_path, shared_keys(), main_json=template(vault))) == RuleAnswers("MLG-TEST-RULE")


def test_a_module_that_is_used_twice_counts_once_under_its_worst_answer(tmp_path: Path) -> None:
    module = (
        "param keys bool\nparam name string\n"
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: name\n  properties: {{ allowSharedKeyAccess: keys }}\n}}\n"
    )
    uses = "".join(
        f"module {name} 'part.bicep' = {{\n  name: '{name}'\n  params: {{ keys: {keys}, name: '{name}' }}\n}}\n"
        for name, keys in (("one", "false"), ("two", "true"))
    )
    outcomes = judged(tmp_path, shared_keys(), part_bicep=module, main_bicep=uses)
    assert len(findings(outcomes)) == 1
    assert answers(outcomes) == RuleAnswers("MLG-TEST-RULE", non_compliant=1)


def test_a_secret_in_a_module_is_told_once_where_its_caller_tells_it_too(tmp_path: Path) -> None:
    module = (
        "param name string\n"
        f"resource st '{STORAGE}@2023-01-01' = {{\n  name: name\n  properties: {{ allowSharedKeyAccess: true }}\n}}\n"
    )
    uses = "module one 'part.bicep' = {\n  name: 'one'\n  params: { name: 'st' }\n}\n"
    (one,) = findings(judged(tmp_path, shared_keys(family="secrets"), part_bicep=module, main_bicep=uses))
    assert one.resource.endswith("/storageAccounts/st")


def group(*rules: tuple[str, str]) -> dict[str, Any]:
    made = [{"name": name, "properties": {"access": access}} for name, access in rules]
    return {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": "2023-01-01",
        "name": "nsg",
        "properties": {"securityRules": made},
    }


def no_allow(**facts: Any) -> RuleSet:
    alias = "Microsoft.Network/networkSecurityGroups/securityRules[*]"
    condition = {
        "allOf": [
            {"field": "type", "equals": "Microsoft.Network/networkSecurityGroups"},
            {"count": {"field": alias, "where": {"field": f"{alias}.access", "equals": "Allow"}}, "greater": 0},
        ]
    }
    return rule_set([rule(condition, synopsis="Nothing is allowed", **facts)], "production")


def test_a_finding_about_an_item_points_at_the_item_and_names_the_others(tmp_path: Path) -> None:
    text = template(group(("first", "Deny"), ("second", "Allow"), ("third", "Allow")))
    (one,) = findings(judged(tmp_path, no_allow(property="/properties"), main_json=text))
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.endswith(("{", "{,"))]
    second, third = (
        max(at for at in lines if at < number)
        for number, line in enumerate(text.split("\n"), 1)
        if '"name": "second"' in line or '"name": "third"' in line
    )
    assert one.location is not None
    assert one.location.line == second
    assert one.message == f"Nothing is allowed; securityRules[1] (second), and 1 more (line {third})"


def test_an_item_outside_of_what_the_rule_names_is_not_pointed_at(tmp_path: Path) -> None:
    text = template(group(("first", "Allow")))
    (one,) = findings(judged(tmp_path, no_allow(property="/properties/flushConnection"), main_json=text))
    assert one.message == "Nothing is allowed; flushConnection is not set"


ENDPOINT = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints"


@pytest.mark.parametrize(("target", "state"), [("'mlw/scoring'", "ok"), ("'mlw/other'", "bad"), ("name", "open")])
def test_what_a_template_makes_for_an_endpoint_of_azure_ml_counts(tmp_path: Path, target: str, state: str) -> None:
    rules = rule_set(
        [
            rule(
                {"field": "type", "equals": ENDPOINT},
                then={"effect": "auditIfNotExists", "details": {"type": "Microsoft.Insights/diagnosticSettings"}},
                property="",
            )
        ],
        "production",
    )
    template = (
        "param name string\n"
        f"resource endpoint '{ENDPOINT}@2024-10-01' existing = {{\n  name: {target}\n}}\n"
        "resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {\n"
        "  name: 'logs'\n  scope: endpoint\n  properties: {}\n}\n"
    )
    asset = "$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json\nname: scoring\n"
    outcomes = judged(tmp_path, rules, endpoint_yml=asset, main_bicep=template)
    assert len(findings(outcomes)) == (state == "bad")
    assert len(obstacles(outcomes)) == (state == "open")


def test_a_template_of_steps_has_no_job_of_its_own(tmp_path: Path) -> None:
    rules = rule_set(
        [
            rule(
                {
                    "allOf": [
                        {"field": "type", "equals": "Azure.Pipelines/pipelines/stages/jobs"},
                        {"field": "properties.environment.declared", "equals": False},
                    ]
                },
                property="",
            )
        ],
        "production",
    )
    steps = "steps:\n- script: az group create -n g -l westeurope\n"
    caller = "jobs:\n- job: made\n  steps:\n  - template: steps.yml\n"
    (one,) = findings(judged(tmp_path, rules, steps_yml=steps, azure_pipelines_yml=caller))
    assert one.location is not None
    assert one.location.path == "azure.pipelines.yml"
    (tmp_path / "azure.pipelines.yml").unlink()
    assert len(findings(judged(tmp_path, rules, steps_yml=steps))) == 1
    assert findings(judged(tmp_path, rules, steps_yml=f"parameters: []\n{steps}")) == []


def test_a_pipeline_that_was_not_read_whole_hides_no_resource_of_azure(tmp_path: Path) -> None:
    rules = rule_set(
        [
            rule(
                {"field": "type", "equals": STORAGE},
                then={"effect": "auditIfNotExists", "details": {"type": "Microsoft.Network/privateEndpoints"}},
                property="",
            )
        ],
        "production",
    )
    pipeline = "jobs:\n- job: made\n  steps:\n  - template: steps.yml@elsewhere\n"
    outcomes = judged(tmp_path, rules, main_json=template(account()), azure_pipelines_yml=pipeline)
    assert len(findings(outcomes)) == 1
    assert len(obstacles(outcomes)) == 1  # what was not read is told nevertheless


MONITOR = "Microsoft.MachineLearningServices/workspaces/schedules"


@pytest.mark.parametrize(
    ("name", "text", "hidden"),
    [
        ("cluster_yaml", "apiVersion: v1\nkind: Pod\nspec: `broken`\n", set[str]()),
        (
            "monitor_yml",
            "$schema: https://azuremlschemas.azureedge.net/latest/schedule.schema.json\nname: `broken`\n",
            {MONITOR},
        ),
        ("main_bicep", "{", {MONITOR, "Microsoft.Network/privateEndpoints"}),
    ],
)
def test_a_file_that_was_not_read_hides_only_what_its_kind_declares(
    tmp_path: Path, name: str, text: str, hidden: set[str]
) -> None:
    for wanted in (MONITOR, "Microsoft.Network/privateEndpoints"):
        then = {"effect": "auditIfNotExists", "details": {"type": wanted}}
        rules = rule_set([rule({"field": "type", "equals": STORAGE}, then=then, property="")], "production")
        outcomes = judged(tmp_path, rules, account_json=template(account()), **{name: text})
        assert len(findings(outcomes)) == (wanted not in hidden)
        assert len(obstacles(outcomes)) == 1 + (wanted in hidden)
