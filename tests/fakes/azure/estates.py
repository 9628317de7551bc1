"""Estates that several tests use."""

from __future__ import annotations

from tests.fakes.azure import shapes
from tests.fakes.azure.application import FakeAzure
from tests.fakes.azure.shapes import CONTRIBUTOR, GROUP_ID, READER, SUBSCRIPTION_ID, WORKSPACE_ID

EVERYBODY = "00000000-0000-0000-0000-000000000000"


def of_everything(azure: FakeAzure) -> None:
    """Two of everything, so that every list has two pages where a page has one entry."""
    first, second = shapes.group(1, "grp-scientists"), shapes.group(2, "grp-leads")
    person, guest, direct = shapes.user(1), shapes.user(2, guest=True), shapes.user(3)
    identity = f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-hub"
    program, other = shapes.service_principal(1, identity), shapes.service_principal(2)
    azure.join(first, person, guest, program, other)
    azure.join(second, first, person)
    azure.know(direct)
    azure.assignments = [
        shapes.assignment(WORKSPACE_ID, READER, first["id"]),
        shapes.assignment(GROUP_ID, READER, second["id"]),
        shapes.assignment(SUBSCRIPTION_ID, CONTRIBUTOR, direct["id"], kind="User"),
        shapes.assignment(SUBSCRIPTION_ID, READER, other["id"], kind="ServicePrincipal"),
    ]
    azure.definitions = [
        shapes.definition(shapes.guid(number), f"Own {number}", ["Microsoft.Storage/*"]) for number in (1, 2)
    ]
    azure.denials = [shapes.denial(GROUP_ID, ["*/delete"], [EVERYBODY], [first["id"]], number) for number in (1, 2)]
    azure.eligibilities = [
        shapes.eligibility(SUBSCRIPTION_ID, role, first["id"], number=number)
        for number, role in enumerate((CONTRIBUTOR, READER))
    ]
    azure.schedules = [shapes.schedule(one, number=at) for at, one in enumerate(azure.assignments[:2])]
    azure.resources = [
        {
            "id": f"{WORKSPACE_ID}{number}",
            "type": "microsoft.machinelearningservices/workspaces",
            "kind": "Hub",
            "identity": {"userAssignedIdentities": {identity: {}}},
        }
        for number in (1, 2)
    ]
