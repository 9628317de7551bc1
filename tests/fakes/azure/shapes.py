"""Bodies in the shapes of the REST contract. A test holds them against recorded examples where those are at hand."""

from __future__ import annotations

import uuid
from typing import Any

TENANT = "7a0c2c1e-94ab-4c6f-8b5a-000000000001"
SUBSCRIPTION = "5b000000-0000-4000-8000-000000000001"
SUBSCRIPTION_ID = f"/subscriptions/{SUBSCRIPTION}"
GROUP_ID = f"{SUBSCRIPTION_ID}/resourceGroups/rg-ml"
WORKSPACE_ID = f"{GROUP_ID}/providers/Microsoft.MachineLearningServices/workspaces/ws-ml"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"

Body = dict[str, Any]


def guid(number: int, space: str = "0b") -> str:
    """A GUID that one can tell in a test's output."""
    return f"{space}000000-0000-4000-8000-{number:012d}"


def role_id(role: str, subscription: str = "") -> str:
    return f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{role}"


def assignment(scope: str, role: str, principal: str, *, kind: str = "Group", name: str = "", **more: Any) -> Body:
    name = name or str(uuid.uuid5(uuid.NAMESPACE_OID, f"{scope}{role}{principal}"))
    prefix = "" if scope == "/" else scope
    return {
        "properties": {
            "roleDefinitionId": role_id(role),
            "principalId": principal,
            "principalType": kind,
            "scope": scope,
            **more,
        },
        "id": f"{prefix}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
    }


def definition(role: str, name: str, actions: list[str], *, kind: str = "CustomRole", **more: Any) -> Body:
    return {
        "properties": {
            "roleName": name,
            "type": kind,
            "description": "a role",
            "assignableScopes": [SUBSCRIPTION_ID],
            "permissions": [{"actions": actions, "notActions": [], "dataActions": [], "notDataActions": [], **more}],
        },
        "id": role_id(role, SUBSCRIPTION_ID),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role,
    }


def denial(scope: str, actions: list[str], principals: list[str], excluded: list[str], number: int = 1) -> Body:
    name = guid(number, "de")
    return {
        "properties": {
            "denyAssignmentName": f"denial {number}",
            "description": "a denial",
            "permissions": [{"actions": actions, "notActions": [], "dataActions": [], "notDataActions": []}],
            "scope": scope,
            "doNotApplyToChildScopes": False,
            "principals": [{"id": one, "type": "SystemDefined"} for one in principals],
            "excludePrincipals": [{"id": one, "type": "Group"} for one in excluded],
            "isSystemProtected": True,
        },
        "id": f"{scope}/providers/Microsoft.Authorization/denyAssignments/{name}",
        "type": "Microsoft.Authorization/denyAssignments",
        "name": name,
    }


def _instance(kind: str, scope: str, role: str, principal: str, number: int, properties: Body) -> Body:
    name = guid(number, "1e")
    return {
        "properties": {
            "scope": scope,
            "roleDefinitionId": role_id(role, SUBSCRIPTION_ID),
            "principalId": principal,
            "principalType": "Group",
            "startDateTime": "2026-11-20T08:00:00Z",
            "memberType": "Direct",
            "createdOn": "2026-11-20T08:00:00Z",
            "expandedProperties": {
                "scope": {"id": scope, "displayName": "ml", "type": "subscription"},
                "roleDefinition": {"id": role_id(role), "displayName": "a role", "type": "BuiltInRole"},
                "principal": {"id": principal, "displayName": "grp-pim", "type": "Group"},
            },
            **properties,
        },
        "name": name,
        "id": f"{scope}/providers/Microsoft.Authorization/{kind}/{name}",
        "type": f"Microsoft.Authorization/{kind}",
    }


def eligibility(scope: str, role: str, principal: str, *, number: int = 1, **properties: Any) -> Body:
    schedule = f"{scope}/providers/Microsoft.Authorization/RoleEligibilitySchedules/{guid(number, '5c')}"
    told = {"status": "Provisioned", "roleEligibilityScheduleId": schedule, "endDateTime": "2026-11-20T16:00:00Z"}
    return _instance("RoleEligibilityScheduleInstances", scope, role, principal, number, {**told, **properties})


def schedule(of: Body, *, number: int = 1, **properties: Any) -> Body:
    """What PIM says of a role assignment."""
    own = of["properties"]
    told = {
        "originRoleAssignmentId": of["id"],
        "assignmentType": "Assigned",
        "status": "Accepted",
        "endDateTime": "2026-11-20T16:00:00Z",
        "roleAssignmentScheduleId": f"{own['scope']}/providers/Microsoft.Authorization/RoleAssignmentSchedules/x",
    }
    role = own["roleDefinitionId"].rpartition("/")[2]
    scope, principal = own["scope"], own["principalId"]
    return _instance("RoleAssignmentScheduleInstances", scope, role, principal, number, {**told, **properties})


def user(number: int, *, guest: bool = False, **more: Any) -> Body:
    name = f"person{number}_home.example#EXT#@ml.example" if guest else f"person{number}@ml.example"
    return {
        "@odata.type": "#microsoft.graph.user",
        "id": guid(number, "aa"),
        "displayName": f"Person {number}",
        "userPrincipalName": name,
        "userType": "Guest" if guest else "Member",
        "accountEnabled": True,
        **more,
    }


def group(number: int, name: str = "", **more: Any) -> Body:
    return {
        "@odata.type": "#microsoft.graph.group",
        "id": guid(number, "bb"),
        "displayName": name or f"grp-{number}",
        "visibility": None,
        **more,
    }


def service_principal(number: int, resource: str = "", **more: Any) -> Body:
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": guid(number, "cc"),
        "displayName": f"program {number}",
        "servicePrincipalType": "ManagedIdentity" if resource else "Application",
        "alternativeNames": ["isExplicit=True", resource] if resource else [],
        "accountEnabled": True,
        **more,
    }
