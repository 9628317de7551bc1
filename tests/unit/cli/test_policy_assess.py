"""`mlgate policy assess`: what all assignments together do with a deployment, and how the command ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.main import run
from cli.policy_commands import policy
from policies.estate_files import read_estate
from policies.pack_sources import from_values
from policies.resource_files import placed
from verdicts.errors import ConfigurationError

SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
TYPE = "Microsoft.Storage/storageAccounts"
ALIAS = f"{TYPE}/minimumTlsVersion"
DEFINITION_ID = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyDefinitions/tls"
ASSIGNMENT_ID = f"{SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments/tls"
OPEN_ID = (
    "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}"
    "/providers/Microsoft.Storage/storageAccounts/st"
)


def _definition(effect: str = "deny", **details: Any) -> dict[str, Any]:
    conditions = [{"field": "type", "equals": TYPE}, {"field": ALIAS, "notEquals": "TLS1_2"}]
    then = {"effect": effect, **({"details": details} if details else {})}
    rule = {"if": {"allOf": conditions}, "then": then}
    return {"id": DEFINITION_ID, "name": "tls", "properties": {"displayName": "TLS", "mode": "All", "policyRule": rule}}


ASSIGNMENT = {
    "id": ASSIGNMENT_ID,
    "name": "tls",
    "properties": {"policyDefinitionId": DEFINITION_ID, "nonComplianceMessages": [{"message": "Take TLS 1.2."}]},
}
EXEMPTION = {
    "id": f"{GROUP}/providers/Microsoft.Authorization/policyExemptions/old",
    "name": "old",
    "properties": {"policyAssignmentId": ASSIGNMENT_ID, "exemptionCategory": "Waiver"},
}


def _store(tls: Any = "TLS1_0", **more: Any) -> dict[str, Any]:
    return {"type": TYPE, "name": "st", "id": OPEN_ID, "properties": {"minimumTlsVersion": tls}, **more}


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("governance").mkdir()
    Path("governance/tls.json").write_text(json.dumps(ASSIGNMENT))
    Path("governance/definition.json").write_text(json.dumps(_definition()))
    return tmp_path


def _assess(resource: Any, *arguments: str, place: str | None = GROUP) -> Result:
    where = ["--deployed-to", place] if place else []
    return CliRunner().invoke(
        policy, ["assess", "--assignments", "governance", *where, *arguments, "-"], input=json.dumps(resource)
    )


def test_a_denied_request_ends_with_1_and_shows_the_message(work: Path) -> None:
    result = _assess(_store())
    assert result.exit_code == 1
    assert "request denied; 1 NonCompliant" in result.stdout
    assert "Take TLS 1.2." in result.stdout


def test_an_allowed_request_ends_with_0_and_an_unknown_one_with_3(work: Path) -> None:
    assert _assess(_store("TLS1_2")).exit_code == 0
    result = _assess(_store({"$unknown": "a parameter"}))
    assert result.exit_code == 3
    assert "not decided: a parameter" in result.stdout


def test_without_a_place_nobody_knows_whether_the_assignment_holds(work: Path) -> None:
    assert _assess(_store(), place=None).exit_code == 3


def test_outside_of_the_scope_nothing_was_looked_at(work: Path) -> None:
    other = GROUP.replace("1111", "2222")
    assert _assess(_store(), place=other).exit_code == 3


def test_an_exemption_lets_the_request_pass(work: Path) -> None:
    Path("governance/exemptions.json").write_text(json.dumps({"value": [EXEMPTION]}))
    result = _assess(_store())
    assert result.exit_code == 0
    assert "1 Exempt" in result.stdout


def test_an_existing_resource_is_not_denied_but_not_compliant(work: Path) -> None:
    result = _assess(_store(), "--existing")
    assert result.exit_code == 0
    assert "request" not in result.stdout
    assert "1 NonCompliant" in result.stdout
    assert _assess(_store(), "--existing", "--fail-on", "audit").exit_code == 1


def test_changes_are_shown(work: Path) -> None:
    operation = {"operation": "addOrReplace", "field": ALIAS, "value": "TLS1_2"}
    body = _definition("modify", roleDefinitionIds=["x"], operations=[operation])
    Path("governance/definition.json").write_text(json.dumps(body))
    result = _assess(_store(), "--json")
    assert result.exit_code == 0
    (resource,) = json.loads(result.stdout)["resources"]
    assert resource["decision"] == "allowed"
    assert resource["changes"][0]["value"] == "TLS1_2"
    assert resource["id"] == f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st"


def test_a_resource_of_the_same_deployment_satisfies_an_existence_condition(work: Path) -> None:
    body = _definition("auditIfNotExists", type="Microsoft.Storage/storageAccounts/blobServices")
    Path("governance/definition.json").write_text(json.dumps(body))
    child = {
        "type": f"{TYPE}/blobServices",
        "name": "st/default",
        "id": f"{OPEN_ID}/blobServices/default",
        "properties": {},
    }
    assert _assess([_store(), child]).exit_code == 0
    assert _assess([_store()]).exit_code == 3
    Path("none.json").write_text("[]")
    result = _assess([_store()], "--related", "none.json", "--fail-on", "audit")
    assert result.exit_code == 1


@pytest.mark.parametrize("content", ["{", "[3]", "null", '{"value": [], "nextLink": "x"}', '{"properties": {"x": 1}}'])
def test_a_file_that_can_not_be_read_is_named_and_never_green(work: Path, content: str) -> None:
    Path("governance/odd.json").write_text(content)
    result = _assess(_store("TLS1_2"))
    assert result.exit_code == 3
    assert "not read: odd.json" in result.stderr


def test_a_definition_that_is_not_at_hand_is_unknown(work: Path) -> None:
    Path("governance/definition.json").unlink()
    result = _assess(_store("TLS1_2"))
    assert result.exit_code == 3
    assert "not at hand" in result.output
    Path("pack").mkdir()
    Path("pack/definition.json").write_text(json.dumps(_definition()))
    assert _assess(_store("TLS1_2"), "--pack", "pack").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--assignments", "absent"],
        ["--assignments", "governance", "--deployed-to", "rg"],
        ["--assignments", "governance", "--pack", "absent"],
        ["--assignments", "governance", "--hierarchy", "hierarchy.json"],
        ["--assignments", "empty"],
    ],
)
def test_wrong_use_ends_with_2(work: Path, arguments: list[str]) -> None:
    Path("store.json").write_text(json.dumps(_store()))
    Path("hierarchy.json").write_text('{"a": 3}')
    Path("empty").mkdir()
    assert run(["policy", "assess", *arguments, "store.json"]) == 2


def test_each_kind_of_file_is_told_by_what_it_holds() -> None:
    enrollment = {
        "id": f"{GROUP}/providers/Microsoft.Authorization/policyEnrollments/e",
        "properties": {"policyAssignmentId": ASSIGNMENT_ID},
    }
    initiative = {"properties": {"policyDefinitions": [{"policyDefinitionId": DEFINITION_ID}]}}
    bodies = [ASSIGNMENT, EXEMPTION, enrollment, initiative, _definition()]
    files = read_estate(from_values((f"{index}.json", body) for index, body in enumerate(bodies)))
    lists = (files.assignments, files.exemptions, files.enrollments, files.initiatives, files.definitions)
    assert [len(found) for found in lists] == [1] * 5
    assert not files.errors


def test_a_place_is_written_into_open_ids_only() -> None:
    given: list[dict[str, Any]] = [
        {"id": OPEN_ID, "name": "{resourceGroup().name}"},
        {"id": "/subscriptions/a/x"},
        {"id": {"$unknown": "x"}},
    ]
    done = placed(given, GROUP)
    assert done[0] == {
        "id": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/st",
        "name": "{resourceGroup().name}",
    }
    assert done[1:] == tuple(given[1:])
    assert given[0]["id"] == OPEN_ID
    (half,) = placed(given[:1], SUBSCRIPTION)
    assert half["id"].startswith(f"{SUBSCRIPTION}/resourceGroups/{{resourceGroup().name}}/")
    for wrong in ("", "rg", "/subscriptions/", f"{GROUP}/providers/x/y", "/subscriptions/{x}"):
        with pytest.raises(ConfigurationError):
            placed(given, wrong)
