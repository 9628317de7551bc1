"""The live estate, read by the real clients from a loopback server."""

from __future__ import annotations

import pytest

from cloud_backends.azure.estate import COVERS, read_estate
from rbac_matrix.assignments import ScopeKind, Timing
from rbac_matrix.estate.model import Estate, Part, PrincipalKind
from tests.fakes.azure import shapes
from tests.fakes.azure.cloud import Cloud
from tests.fakes.azure.shapes import (
    CONTRIBUTOR,
    GROUP_ID,
    OWNER,
    READER,
    SUBSCRIPTION,
    SUBSCRIPTION_ID,
    WORKSPACE_ID,
)
from verdicts import ConfigurationError

MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/root"


def read(cloud: Cloud, *scopes: str) -> Estate:
    with cloud.connected() as connection:
        return read_estate(connection, scopes or [SUBSCRIPTION])


def test_everything_is_read_and_nothing_is_missing(cloud: Cloud) -> None:
    azure = cloud.azure
    team, nested, person, guest = shapes.group(1, "grp-ml"), shapes.group(2), shapes.user(1), shapes.user(2, guest=True)
    identity = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-hub"
    program = shapes.service_principal(1, identity)
    azure.join(team, person, nested)
    azure.join(nested, guest, program, team)
    azure.assignments = [
        shapes.assignment(WORKSPACE_ID, READER, team["id"]),
        shapes.assignment(MANAGEMENT_GROUP, OWNER, person["id"], kind="User"),
        shapes.assignment("/", READER, program["id"], kind="ServicePrincipal", condition="@Resource[x] == 'y'"),
    ]
    azure.definitions = [
        shapes.definition(READER, "Reader", ["*/read"], kind="BuiltInRole"),
        shapes.definition(shapes.guid(9), "Own", ["*"]),
    ]
    azure.denials = [shapes.denial(GROUP_ID, ["*/delete"], ["00000000-0000-0000-0000-000000000000"], [team["id"]])]
    azure.eligibilities = [shapes.eligibility(SUBSCRIPTION_ID, CONTRIBUTOR, team["id"])]
    azure.schedules = [shapes.schedule(azure.assignments[0])]
    azure.resources = [
        {
            "id": WORKSPACE_ID,
            "type": "microsoft.machinelearningservices/workspaces",
            "kind": "Hub",
            "identity": {"type": "UserAssigned", "userAssignedIdentities": {identity: {"principalId": program["id"]}}},
        },
        {
            "id": f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/kv",
            "type": "microsoft.keyvault/vaults",
            "kind": "",
            "identity": None,
        },
    ]
    estate = read(cloud)
    assert estate.gaps == ()
    assert estate.whole
    assert estate.covers == COVERS
    by_scope = {one.scope.kind: one for one in estate.assignments if one.timing is not Timing.ELIGIBLE}
    on_workspace = by_scope[ScopeKind.RESOURCE]
    assert (on_workspace.timing, on_workspace.hours) == (Timing.TIME_BOUND, 8.0)
    assert on_workspace.role_id == READER
    assert on_workspace.principal_name == "grp-pim"
    assert by_scope[ScopeKind.MANAGEMENT_GROUP].principal_type == "User"
    assert by_scope[ScopeKind.TENANT].condition == "@Resource[x] == 'y'"
    assert [one.role_id for one in estate.assignments if one.timing is Timing.ELIGIBLE] == [CONTRIBUTOR]
    assert [one.name for one in estate.definitions] == ["Own"]
    assert estate.denials[0].excluded == (team["id"],)
    directory = estate.directory
    assert directory is not None
    assert set(directory.members[team["id"]]) == {person["id"], nested["id"]}
    assert set(directory.members[nested["id"]]) == {guest["id"], program["id"], team["id"]}
    assert directory.objects[guest["id"]].guest
    assert not directory.objects[person["id"]].guest
    assert directory.objects[program["id"]].managed_identity == identity
    assert directory.objects[program["id"]].kind is PrincipalKind.SERVICE_PRINCIPAL
    assert {one.type for one in estate.resources} == {
        "microsoft.machinelearningservices/workspaces",
        "microsoft.keyvault/vaults",
    }
    assert [(one.identity, one.resource_kind) for one in estate.identity_uses] == [(identity, "Hub")]
    assert {one.name.split(" at ")[0] for one in estate.inputs} >= {Part.ASSIGNMENTS.value, Part.DIRECTORY.value}


def test_no_scope_and_a_scope_that_is_none_are_refused(cloud: Cloud) -> None:
    with cloud.connected() as connection:
        for scopes in ([], ["all of it"], ["/subscriptions/../x"], [f"{SUBSCRIPTION_ID}/resourceGroups/../.."]):
            with pytest.raises(ConfigurationError):
                read_estate(connection, scopes)
    assert cloud.server.asked == []
