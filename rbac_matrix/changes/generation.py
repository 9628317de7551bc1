"""Groups and role assignments of the matrix as Bicep and Terraform.

Only what the matrix wants goes in, so the text can be made again after each change of the organisation's file. Every
value comes from that file and is written as a literal of the language, never as an expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.changes.plan import WantedAssignment
from rbac_matrix.scopes import scope_of, type_and_name
from verdicts import ConfigurationError

_UNSAFE = re.compile(r"[^a-zA-Z0-9]+")
_API = "2022-04-01"
_VERSION = "2021-04-01"
"""For types without one of their own below; Bicep warns of a version that it doesn't know, and goes on."""
_VERSIONS = {
    "microsoft.containerregistry/registries": "2023-07-01",
    "microsoft.insights/components": "2020-02-02",
    "microsoft.keyvault/vaults": "2023-07-01",
    "microsoft.machinelearningservices/workspaces": "2024-04-01",
    "microsoft.operationalinsights/workspaces": "2023-09-01",
    "microsoft.storage/storageaccounts": "2023-05-01",
}
_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"
_GRAPH = "Microsoft.Graph/groups@v1.0"
_TEXT = re.compile(r"[^\x00-\x1f\x7f]*")


def terraform(wanted: Sequence[WantedAssignment]) -> str:
    """azuread_group for groups without an object id, azurerm_role_assignment and PIM eligibility for the rest."""
    blocks = [_HEAD.format(mark="#")]
    groups = _groups(wanted)
    labels = _labels(groups, "group")
    blocks += [_group_hcl(name, labels[name]) for name in groups]
    for one in wanted:
        principal = (
            _hcl(one.principal_id) if one.principal_id else f"azuread_group.{labels[one.principal_name]}.object_id"
        )
        blocks.append(_eligible_hcl(one, principal) if one.eligible else _assignment_hcl(one, principal))
    return "\n".join(blocks)


def _group_hcl(name: str, label: str) -> str:
    return f'resource "azuread_group" "{label}" {{\n  display_name     = {_hcl(name)}\n  security_enabled = true\n}}\n'


def _assignment_hcl(one: WantedAssignment, principal: str) -> str:
    return (
        f'resource "azurerm_role_assignment" "{_label(one)}" {{\n'
        f"  name               = {_hcl(one.name)}\n"
        f"  scope              = {_hcl(one.scope)}\n"
        f"  role_definition_id = {_hcl(_definition(one))} # {_comment(one.role_name)}\n"
        f"  principal_id       = {principal}\n"
        f"  principal_type     = {_hcl(one.principal_type)}\n"
        f"  description        = {_hcl(one.description)}\n"
        "}\n"
    )


def _eligible_hcl(one: WantedAssignment, principal: str) -> str:
    return (
        f'resource "azurerm_pim_eligible_role_assignment" "{_label(one)}" {{\n'
        f"  scope              = {_hcl(one.scope)}\n"
        f"  role_definition_id = {_hcl(_definition(one))} # {_comment(one.role_name)}\n"
        f"  principal_id       = {principal}\n"
        f"  justification      = {_hcl(one.description)}\n"
        "}\n"
    )


def bicep(wanted: Sequence[WantedAssignment]) -> str:
    """A template for one resource group, whose resources are the scopes.

    Raises:
        ConfigurationError: the scopes lie in several resource groups, or are no resources; then one template can't hold
            them.
    """
    group = _one_group(wanted)
    blocks = [_HEAD.format(mark="//") + f"// Deploy it to {group}.\n"]
    groups = _groups(wanted)
    labels = _labels(groups, "group")
    if groups:
        blocks.append("extension microsoftGraphV1\n")
    blocks += [_group_bicep(name, labels[name]) for name in groups]
    scopes: dict[str, str] = {}
    for one in wanted:
        if scope_of(one.scope).kind is ScopeKind.RESOURCE and one.scope not in scopes:
            scopes[one.scope] = f"scope{len(scopes) + 1}"
            blocks.append(_existing(one.scope, scopes[one.scope]))
    for one in wanted:
        principal = _bicep(one.principal_id) if one.principal_id else f"{labels[one.principal_name]}.id"
        blocks.append(_assignment_bicep(one, principal, scopes.get(one.scope, "")))
    return "\n".join(blocks)


def _group_bicep(name: str, label: str) -> str:
    return (
        f"resource {label} '{_GRAPH}' = {{\n"
        f"  uniqueName: {_bicep(name)}\n  displayName: {_bicep(name)}\n"
        f"  mailEnabled: false\n  mailNickname: {_bicep(_UNSAFE.sub('-', name).strip('-') or 'group')}\n"
        "  securityEnabled: true\n}\n"
    )


def _existing(scope: str, label: str) -> str:
    resource_type, name = type_and_name(scope)
    version = _VERSIONS.get(resource_type.casefold(), _VERSION)
    return f"resource {label} '{resource_type}@{version}' existing = {{\n  name: {_bicep(name)}\n}}\n"


def _assignment_bicep(one: WantedAssignment, principal: str, scope: str) -> str:
    kind = "roleEligibilityScheduleRequests@2020-10-01" if one.eligible else f"roleAssignments@{_API}"
    own = (
        "    requestType: 'AdminAssign'\n    scheduleInfo: { expiration: { type: 'NoExpiration' } }\n"
        f"    justification: {_bicep(one.description)}\n"
        if one.eligible
        else f"    principalType: {_bicep(one.principal_type)}\n    description: {_bicep(one.description)}\n"
    )
    return (
        f"resource {_label(one)} 'Microsoft.Authorization/{kind}' = {{\n"
        f"  name: {_bicep(one.name)}\n" + (f"  scope: {scope}\n" if scope else "") + "  properties: {\n"
        f"    // {_comment(one.role_name)}\n"
        f"    roleDefinitionId: subscriptionResourceId({_bicep(_DEFINITIONS)}, {_bicep(one.role_id)})\n"
        f"    principalId: {principal}\n{own}"
        "  }\n}\n"
    )


_HEAD = "{mark} Made by `mlgate rbac plan` from the persona matrix. Change the organisation's file, not this one.\n"


def _one_group(wanted: Iterable[WantedAssignment]) -> str:
    found: dict[str, str] = {}
    for one in wanted:
        if scope_of(one.scope).kind is ScopeKind.SUBSCRIPTION:
            raise ConfigurationError(
                f"{one.scope} is a subscription: a Bicep file for a resource group can't hold its assignments",
                remedy="name the resources in the setup, or use --format terraform",
            )
        text = "/".join(one.scope.strip("/").split("/")[:4])
        found.setdefault(text.casefold(), text)
    if len(found) > 1:
        raise ConfigurationError(
            f"the setup's resources lie in {len(found)} resource groups ({', '.join(sorted(found.values()))})",
            remedy="use --setup to write a Bicep file for each, or --format terraform",
        )
    return next(iter(found.values()), "the resource group")


def _groups(wanted: Iterable[WantedAssignment]) -> list[str]:
    """Names of the groups that have to be made."""
    return list(dict.fromkeys(one.principal_name for one in wanted if not one.principal_id))


def _labels(names: Iterable[str], prefix: str) -> dict[str, str]:
    return {name: f"{prefix}{index}_{_UNSAFE.sub('_', name).strip('_')}"[:80] for index, name in enumerate(names, 1)}


def _label(one: WantedAssignment) -> str:
    own = one.name.replace("-", "")[:8]
    return _UNSAFE.sub("_", f"{one.setup}_{one.persona}_{one.service}_{own}").strip("_").lower()


def _definition(one: WantedAssignment) -> str:
    parts = one.scope.strip("/").split("/")
    return f"/{'/'.join(parts[:2])}/providers/{_DEFINITIONS}/{one.role_id}"


def _comment(text: str) -> str:
    return " ".join(text.split())


def _hcl(text: str) -> str:
    """A literal: quotes and control characters escaped, `${` and `%{` made plain."""
    return json.dumps(_plain(text), ensure_ascii=False).replace("${", "$${").replace("%{", "%%{")


def _bicep(text: str) -> str:
    escaped = _plain(text).replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return f"'{escaped}'"


def _plain(text: str) -> str:
    if _TEXT.fullmatch(text) is None:
        raise ConfigurationError(f"{text!r} holds control characters", remedy="correct it in the organisation's file")
    return text
