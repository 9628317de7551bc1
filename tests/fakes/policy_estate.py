"""Small definitions, initiatives, assignments and exemptions for tests of what stands above single policies."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from policies.aliases import given_aliases
from policies.assigned_policies import ResolvedAssignment, resolve_assignment
from policies.assignments import read_assignment
from policies.definitions import PolicyDefinition, read_definition
from policies.exemptions import Exemption, read_exemption
from policies.initiatives import Initiative, read_initiative
from policies.libraries import Library
from policies.scope import Surroundings

NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
SUBSCRIPTION = "/subscriptions/11111111-1111-1111-1111-111111111111"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg-ml"
WORKSPACE = f"{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/ws"
ROOT = "/providers/Microsoft.Management/managementGroups/root"
BUILT_IN = "/providers/Microsoft.Authorization"
PUBLIC = "Microsoft.MachineLearningServices/workspaces/publicNetworkAccess"
RULES = "Microsoft.MachineLearningServices/workspaces/ipAllowlist"

SURROUNDINGS = Surroundings(
    aliases=given_aliases(
        {PUBLIC: "properties.publicNetworkAccess", RULES: "properties.rules", f"{RULES}[*]": "properties.rules[*]"}
    ),
    now=NOW,
)


def workspace(**changes: Any) -> dict[str, Any]:
    """A workspace in the resource group; a key with None is left out."""
    resource = {
        "type": "Microsoft.MachineLearningServices/workspaces",
        "name": "ws",
        "id": WORKSPACE,
        "location": "westeurope",
        "tags": {"owner": "me"},
        "properties": {"publicNetworkAccess": "Enabled"},
    }
    return {key: value for key, value in {**resource, **changes}.items() if value is not None}


def definition(
    name: str,
    effect: str = "deny",
    *,
    when: dict[str, Any] | None = None,
    details: Any = None,
    version: str = "1.0.0",
    **properties: Any,
) -> PolicyDefinition:
    """A definition; without `when`, its condition holds for whatever has the type of a workspace and is public."""
    type_ = {"field": "type", "equals": "Microsoft.MachineLearningServices/workspaces"}
    condition = when if when is not None else {"field": PUBLIC, "equals": "Enabled"}
    then: dict[str, Any] = {"effect": effect}
    if details is not None:
        then["details"] = details
    body = {
        "id": f"{BUILT_IN}/policyDefinitions/{name}",
        "name": name,
        "properties": {
            "mode": "All",
            "version": version,
            "policyRule": {"if": {"allOf": [type_, condition]}, "then": then},
            **properties,
        },
    }
    return read_definition(body)


def tag_policy(name: str, value: Any, conflict: str = "deny", operation: str = "addOrReplace") -> PolicyDefinition:
    """A modify policy that gives the tag "cost" a value where it has another one."""
    details = {
        "roleDefinitionIds": ["/providers/microsoft.authorization/roleDefinitions/x"],
        "conflictEffect": conflict,
        "operations": [{"operation": operation, "field": "tags['cost']", "value": value}],
    }
    return definition(name, "modify", when={"field": "tags['cost']", "notEquals": value}, details=details)


def initiative(name: str, references: Sequence[dict[str, Any]], **properties: Any) -> Initiative:
    """An initiative."""
    body = {
        "id": f"{BUILT_IN}/policySetDefinitions/{name}",
        "name": name,
        "properties": {"version": "1.0.0", "policyDefinitions": list(references), **properties},
    }
    return read_initiative(body)


def reference(name: str, reference_id: str = "", **more: Any) -> dict[str, Any]:
    """A reference to a definition, as initiatives write it."""
    return {
        "policyDefinitionId": f"{BUILT_IN}/policyDefinitions/{name}",
        "policyDefinitionReferenceId": reference_id or name,
        **more,
    }


def assignment_body(definition_id: str, name: str = "", scope: str = SUBSCRIPTION, **properties: Any) -> dict[str, Any]:
    """An assignment's JSON; `definition_id` is "policyDefinitions/..." or "policySetDefinitions/..."."""
    own = name or definition_id.rpartition("/")[2]
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/policyAssignments/{own}",
        "name": own,
        "properties": {"policyDefinitionId": f"{BUILT_IN}/{definition_id}", **properties},
    }


def assigned(
    what: PolicyDefinition | Initiative,
    name: str = "",
    *,
    scope: str = SUBSCRIPTION,
    definitions: Sequence[PolicyDefinition] = (),
    **properties: Any,
) -> ResolvedAssignment:
    """A definition, or an initiative of `definitions`, assigned."""
    if isinstance(what, Initiative):
        body = assignment_body(f"policySetDefinitions/{what.name}", name, scope, **properties)
        return resolve_assignment(read_assignment(body), Library(definitions), Library([what]))
    body = assignment_body(f"policyDefinitions/{what.name}", name, scope, **properties)
    return resolve_assignment(read_assignment(body), Library([what]), Library([]))


def exemption_body(resolved: ResolvedAssignment, scope: str = GROUP, **properties: Any) -> dict[str, Any]:
    """An exemption's JSON."""
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/policyExemptions/ex",
        "name": "ex",
        "properties": {
            "policyAssignmentId": resolved.assignment.id,
            "exemptionCategory": "Waiver",
            **properties,
        },
    }


def exempt(resolved: ResolvedAssignment, scope: str = GROUP, **properties: Any) -> Exemption:
    """An exemption from an assignment."""
    return read_exemption(exemption_body(resolved, scope, **properties))
