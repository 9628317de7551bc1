"""The scanner "rbac-matrix" on templates: nothing passes that was not looked at."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any, NoReturn

import pytest

from deploy_gate.role_assignments import RbacMatrixScanner, TemplateInput
from rbac_matrix.assignments import ScopeKind
from rbac_matrix.scopes import scope_of, type_and_name
from scanners.interface import ScanContext
from scanners.running import run_scanner
from verdicts import Completed, Decision, NotCompleted, Outcome, Reason, Severity, decide

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
SCIENTISTS = "47eaa099-2cb6-416d-86dc-283cf0480ff9"
SUPPORT = "00a154d8-5ed8-4bcc-b5c7-19c2add9ca88"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
REGISTRY = "Microsoft.ContainerRegistry/registries/cr"
PRINCIPALS = f"""schema: mlgate/principals/v1
principals:
  - {{persona: data-scientist, object_id: {SCIENTISTS}, type: Group, name: grp-scientists}}
  - {{persona: platform-technical-support, object_id: {SUPPORT}, type: Group, name: grp-support}}
  - {{persona: ml-workspace, identity: credit-ws}}
"""


def role(role_id: str) -> str:
    return f"[subscriptionResourceId('Microsoft.Authorization/roleDefinitions', '{role_id}')]"


def grant(
    role_id: str = READER, principal: str = SCIENTISTS, scope: str | None = REGISTRY, **more: Any
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "Microsoft.Authorization/roleAssignments",
        "apiVersion": "2022-04-01",
        "name": "[guid(resourceGroup().id)]",
        "properties": {"roleDefinitionId": role(role_id), "principalId": principal, "principalType": "Group"},
    }
    return made | ({"scope": scope} if scope else {}) | more


def template(*resources: Any, **more: Any) -> str:
    return json.dumps({"$schema": SCHEMA, "contentVersion": "1", "resources": list(resources), **more}, indent=1)


class NoTools:
    def tool(self, name: str) -> NoReturn:
        raise AssertionError(name)


def scan(
    tmp_path: Path,
    *texts: str,
    name: str = "t{}.json",
    principals: str | None = PRINCIPALS,
    matrix: str = "production",
    parameters: str | None = None,
) -> tuple[Outcome, ...]:
    inputs = []
    for index, text in enumerate(texts):
        path = tmp_path / name.format(index)
        path.write_text(text)
        values = None
        if parameters is not None:
            values = tmp_path / "values.json"
            values.write_text(parameters)
        inputs.append(TemplateInput(path, values))
    file = tmp_path / "principals.yml"
    if principals is not None:
        file.write_text(principals)
    workspace = tmp_path / "workspace"
    workspace.mkdir(exist_ok=True)
    now = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    context = ScanContext(root=tmp_path, workspace=workspace, now=now, tools=NoTools())
    return run_scanner(RbacMatrixScanner(tuple(inputs), matrix, file), context)


def decision(outcomes: tuple[Outcome, ...]) -> Decision:
    at = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    return decide(outcomes, required=frozenset({"rbac-matrix"}), fail_on=Severity.MEDIUM, at=at).decision


def rules(outcomes: tuple[Outcome, ...]) -> list[str]:
    return sorted(finding.rule_id for outcome in outcomes for finding in outcome.findings)


def obstacles(outcomes: tuple[Outcome, ...]) -> list[NotCompleted]:
    return [one for one in outcomes if isinstance(one, NotCompleted)]


def test_what_the_matrix_gives_is_allowed_and_counted(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, template(grant()), template())
    (completed,) = outcomes
    assert isinstance(completed, Completed)
    assert (completed.examined, completed.unit, completed.findings) == (2, "templates", ())
    assert completed.notes == ("1 role assignments",)
    inputs = [one.name for one in completed.evidence.inputs]
    assert inputs[-3:] == ["principals.yml", "t0.json", "t1.json"]
    assert decision(outcomes) is Decision.ALLOWED


def test_an_owner_for_the_data_scientists_is_denied_at_its_line(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, template(grant(OWNER)))
    (completed,) = outcomes
    (finding,) = completed.findings
    assert (finding.rule_id, finding.severity) == ("MLG-RBAC-EXCESS", Severity.CRITICAL)
    assert (str(finding.location)) == "t0.json:10"
    assert decision(outcomes) is Decision.DENIED


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (grant(scope=None), ["MLG-RBAC-WIDE-SCOPE"]),
        (grant(principal="99999999-9999-4999-8999-999999999999"), ["MLG-RBAC-UNKNOWN-PRINCIPAL"]),
        (grant(OWNER, SUPPORT, "Microsoft.KeyVault/vaults/kv"), ["MLG-RBAC-PERMANENT"]),
        (
            grant(
                OWNER,
                SUPPORT,
                "Microsoft.KeyVault/vaults/kv",
                type="Microsoft.Authorization/roleEligibilityScheduleRequests",
            ),
            [],
        ),
        (
            grant(
                OWNER,
                SUPPORT,
                "Microsoft.KeyVault/vaults/kv",
                type="Microsoft.Authorization/roleAssignmentScheduleRequests",
            ),
            ["MLG-RBAC-PERMANENT"],
        ),
        (
            grant(
                OWNER,
                SUPPORT,
                "Microsoft.KeyVault/vaults/kv",
                type="Microsoft.Authorization/roleAssignmentScheduleRequests",
                properties={
                    "roleDefinitionId": role(OWNER),
                    "principalId": SUPPORT,
                    "scheduleInfo": {"expiration": {"type": "AfterDuration", "duration": "PT8H"}},
                },
            ),
            [],
        ),
        (
            {
                "type": "Microsoft.Authorization/roleDefinitions",
                "name": "r",
                "properties": {"roleName": "all", "permissions": [{"actions": ["*"]}]},
            },
            ["MLG-RBAC-CUSTOM-ROLE-WILDCARD"],
        ),
        (
            {
                "type": "Microsoft.KeyVault/vaults/providers/roleAssignments",
                "name": "kv/Microsoft.Authorization/x",
                "properties": {"roleDefinitionId": role(OWNER), "principalId": SCIENTISTS},
            },
            ["MLG-RBAC-PRODUCTION"],
        ),
    ],
)
def test_each_rule_is_reached_from_a_template(tmp_path: Path, resource: dict[str, Any], expected: list[str]) -> None:
    outcomes = scan(tmp_path, template(resource))
    assert (rules(outcomes), obstacles(outcomes)) == (expected, [])


def test_a_user_is_found(tmp_path: Path) -> None:
    properties = {"roleDefinitionId": role(READER), "principalId": SCIENTISTS, "principalType": "User"}
    assert rules(scan(tmp_path, template(grant(properties=properties)))) == ["MLG-RBAC-USER"]


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "not json",
        "[]",
        template(grant())[:-20],
        template("text"),
        template({"type": "[parameters('t')]", "name": "x"}),
        template(
            {"type": "Microsoft.Resources/deployments", "name": "x", "properties": {"templateLink": {"uri": "u"}}}
        ),
        template(grant(principal="[parameters('who')]"), parameters={"who": {"type": "string"}}),
        template(grant(scope="[parameters('where')]"), parameters={"where": {"type": "string"}}),
        template(
            grant(properties={"roleDefinitionId": "[parameters('what')]", "principalId": SCIENTISTS}),
            parameters={"what": {"type": "string"}},
        ),
        template(grant(properties="[parameters('all')]"), parameters={"all": {"type": "object"}}),
        template(grant(properties={})),
        template(
            grant(
                properties={
                    "roleDefinitionId": role(READER),
                    "RoleDefinitionId": role(OWNER),
                    "principalId": SCIENTISTS,
                }
            )
        ),
        template({"type": "Microsoft.ManagedServices/registrationDefinitions", "name": "x", "properties": {}}),
        template(
            {
                "type": "Microsoft.Authorization/roleDefinitions",
                "name": "r",
                "properties": {"permissions": "[parameters('p')]"},
            },
            parameters={"p": {"type": "array"}},
        ),
    ],
)
def test_what_can_not_be_decided_is_never_allowed(tmp_path: Path, text: str) -> None:
    outcomes = scan(tmp_path, text)
    assert decision(outcomes) is Decision.COULD_NOT_CHECK
    assert all(one.location is not None and one.location.path == "t0.json" for one in obstacles(outcomes))


def test_a_parameter_file_decides_what_was_open(tmp_path: Path) -> None:
    text = template(grant(OWNER, principal="[parameters('who')]"), parameters={"who": {"type": "string"}})
    values = json.dumps({"parameters": {"who": {"value": SCIENTISTS}}})
    assert rules(scan(tmp_path, text, parameters=values)) == ["MLG-RBAC-EXCESS"]


def test_one_unreadable_template_does_not_hide_the_findings_of_another(tmp_path: Path) -> None:
    outcomes = scan(tmp_path, "{", template(grant(OWNER)))
    assert rules(outcomes) == ["MLG-RBAC-EXCESS"]
    assert [one.reason for one in obstacles(outcomes)] == [Reason.UNREADABLE_INPUT]
    assert decision(outcomes) is Decision.DENIED


@pytest.mark.parametrize("principals", [None, "", "schema: other", PRINCIPALS.replace("data-scientist", "nobody")])
def test_without_a_principals_file_nothing_is_allowed(tmp_path: Path, principals: str | None) -> None:
    outcomes = scan(tmp_path, template(grant()), principals=principals)
    assert decision(outcomes) is Decision.COULD_NOT_CHECK


def test_no_templates_and_an_unknown_matrix_are_could_not_check(tmp_path: Path) -> None:
    assert decision(scan(tmp_path)) is Decision.COULD_NOT_CHECK
    assert decision(scan(tmp_path, template(grant()), matrix="elsewhere")) is Decision.COULD_NOT_CHECK


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    (tmp_path / "principals.yml").write_text(PRINCIPALS)
    scanner = RbacMatrixScanner((TemplateInput(tmp_path / "absent.json"),), "production", tmp_path / "principals.yml")
    now = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    outcomes = run_scanner(scanner, ScanContext(root=tmp_path, workspace=tmp_path, now=now, tools=NoTools()))
    assert [str(one.location) for one in obstacles(outcomes)] == ["absent.json"]
    assert decision(outcomes) is Decision.COULD_NOT_CHECK


def test_files_that_only_list_role_ids_are_not_reported(tmp_path: Path) -> None:
    variables = {"owner": OWNER, "roles": {"Owner": role(OWNER), "Reader": role(READER)}}
    parameters = {"role": {"type": "string", "defaultValue": OWNER, "allowedValues": [OWNER, READER]}}
    lists = template(
        {"type": "Microsoft.KeyVault/vaults", "name": "kv", "properties": {"note": OWNER}},
        grant(OWNER, condition=False),
        variables=variables,
        parameters=parameters,
        outputs={"owner": {"type": "string", "value": "[variables('owner')]"}},
    )
    outcomes = scan(tmp_path, lists)
    assert (rules(outcomes), decision(outcomes)) == ([], Decision.ALLOWED)


def test_an_assignment_under_an_unknown_condition_counts(tmp_path: Path) -> None:
    text = template(grant(OWNER, condition="[parameters('c')]"), parameters={"c": {"type": "bool"}})
    (finding,) = scan(tmp_path, text)[0].findings
    assert "condition" in finding.message


ARM_IDENTITY = (
    "[reference(resourceId('Microsoft.MachineLearningServices/workspaces', '{}'), '2024-04-01', 'full')"
    ".identity.principalId]"
)


def test_the_identity_of_a_workspace_in_the_same_template_is_decided(tmp_path: Path) -> None:
    known = grant(READER, ARM_IDENTITY.format("credit-ws"), "Microsoft.KeyVault/vaults/kv")
    other = grant(READER, ARM_IDENTITY.format("stranger"), "Microsoft.KeyVault/vaults/kv")
    assert decision(scan(tmp_path, template(known))) is Decision.ALLOWED
    assert rules(scan(tmp_path, template(other))) == ["MLG-RBAC-UNKNOWN-PRINCIPAL"]
    assert rules(scan(tmp_path, template(grant(OWNER, ARM_IDENTITY.format("credit-ws"))))) == ["MLG-RBAC-EXCESS"]


BICEP = """
resource ws 'Microsoft.MachineLearningServices/workspaces@2024-04-01' = { name: 'credit-ws' }
resource id 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' existing = { name: 'credit-ws' }
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = { name: 'kv' }
resource ra 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(kv.id)
  scope: kv
  properties: {
    principalId: PRINCIPAL
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', 'ROLE')
  }
}
"""


@pytest.mark.parametrize("principal", ["ws.identity.principalId", "id.properties.principalId"])
def test_identities_are_decided_in_bicep(tmp_path: Path, principal: str) -> None:
    text = BICEP.replace("PRINCIPAL", principal)
    assert decision(scan(tmp_path, text.replace("ROLE", READER), name="t{}.bicep")) is Decision.ALLOWED
    outcomes = scan(tmp_path, text.replace("ROLE", OWNER), name="t{}.bicep")
    assert rules(outcomes) == ["MLG-RBAC-EXCESS"]
    assert str(outcomes[0].findings[0].location) == "t0.bicep:10"


@pytest.mark.parametrize(
    "principal", ["ws.properties.principalId", "kv.properties.tenantId", "ws.identity.tenantId", "nowhere"]
)
def test_another_property_of_a_resource_is_no_identity(tmp_path: Path, principal: str) -> None:
    text = BICEP.replace("PRINCIPAL", principal).replace("ROLE", READER)
    assert decision(scan(tmp_path, text, name="t{}.bicep")) is Decision.COULD_NOT_CHECK


def test_a_registry_module_is_could_not_check_and_an_unread_type_import_is_not(tmp_path: Path) -> None:
    module = "module m 'br/public:avm/res/key-vault/vault:0.1.0' = { name: 'm' }\n"
    types = "import { roleAssignmentType } from 'br/public:avm/utl/types/avm-common-types:0.5.1'\n"
    assert decision(scan(tmp_path, module, name="t{}.bicep")) is Decision.COULD_NOT_CHECK
    assert decision(scan(tmp_path, types, name="t{}.bicep")) is Decision.ALLOWED


def test_hostile_names_do_not_reach_the_report_raw(tmp_path: Path) -> None:
    text = template(grant(OWNER, name="\x1b[2J\u202e allowed"))
    (finding,) = scan(tmp_path, text)[0].findings
    assert "\x1b" not in finding.resource + finding.message


@pytest.mark.parametrize(
    ("text", "kind", "resource_type"),
    [
        ("/", ScopeKind.TENANT, ""),
        ("/subscriptions/{s}", ScopeKind.SUBSCRIPTION, ""),
        ("/subscriptions/s/resourceGroups/{g}", ScopeKind.RESOURCE_GROUP, ""),
        ("/providers/Microsoft.Management/managementGroups/m", ScopeKind.MANAGEMENT_GROUP, ""),
        ("/subscriptions/s/resourceGroups/g/providers/A.B/c/x/d/{f('/')}", ScopeKind.RESOURCE, "A.B/c/d"),
        ("/subscriptions/s/resourceGroups/g/providers/{p}/c/x", ScopeKind.UNKNOWN, ""),
        ("/subscriptions/s/resourceGroups/g/providers/A.B/c", ScopeKind.UNKNOWN, ""),
        ("{parameters('scope')}", ScopeKind.UNKNOWN, ""),
        ("/subscriptions/s/resourceGroups/g/more", ScopeKind.UNKNOWN, ""),
    ],
)
def test_scopes_are_told_apart_by_their_ids(text: str, kind: ScopeKind, resource_type: str) -> None:
    scope = scope_of(text)
    assert (scope.kind, scope.resource_type) == (kind, resource_type)


def test_type_and_name_come_from_the_last_provider() -> None:
    whole = "/subscriptions/s/providers/A.B/c/x/providers/D.E/f/y/g/z"
    assert type_and_name(whole) == ("D.E/f/g", "y/z")
    assert type_and_name("/subscriptions/s") == ("", "")
