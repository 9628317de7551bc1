"""Estates and organisations for tests of the persona matrix: a group for each persona, one resource for each column."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable
from typing import Any

from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.cells import CellResult
from rbac_matrix.checks.interface import Judged
from rbac_matrix.checks.judging import judge
from rbac_matrix.estate.model import (
    DevOpsMembership,
    Directory,
    DirectoryObject,
    Estate,
    EstateResource,
    Part,
    PrincipalKind,
)
from rbac_matrix.matrix import Persona, PersonaKind
from rbac_matrix.organisation.loading import load_organisation
from rbac_matrix.organisation.model import Organisation
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.principals import Principal, Principals
from rbac_matrix.scopes import scope_of
from verdicts import Finding, Location, Severity

HERE = Location("export.json", 7)
NOW = dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
SUBSCRIPTION = "/subscriptions/5f2c0a52-0000-4000-8000-000000000001"
GROUP = f"{SUBSCRIPTION}/resourceGroups/rg"
TYPES = {
    "ml-workspace": "Microsoft.MachineLearningServices/workspaces",
    "key-vault": "Microsoft.KeyVault/vaults",
    "container-registry": "Microsoft.ContainerRegistry/registries",
    "storage-account": "Microsoft.Storage/storageAccounts",
    "log-analytics": "Microsoft.OperationalInsights/workspaces",
    "azure-monitor": "Microsoft.Insights/components",
}


def resource(service: str, name: str = "one") -> str:
    """Id of a column's resource."""
    return f"{GROUP}/providers/{TYPES[service]}/{name}"


@functools.cache
def built_in() -> Organisation:
    """The built-in matrices, without principals."""
    return load_organisation(None)


def object_id(persona: str) -> str:
    """Of the persona's group, or of the identity of a process."""
    index = list(next(iter(built_in().matrices.values())).personas).index(persona)
    return f"00000000-0000-4000-8000-{index:012d}"


def principal(persona: str, **changes: Any) -> Principal:
    """The persona's line of a principals file."""
    entry = Principal(
        persona=persona,
        object_id=object_id(persona),
        identity="",
        resource_type="",
        type=kind_of(persona),
        name=f"grp-{persona}",
        location=Location("principals.yml", 3),
    )
    return dataclasses.replace(entry, **changes)


def kind_of(persona: str) -> str:
    """Group for people, ServicePrincipal for processes."""
    known: Persona = next(iter(built_in().matrices.values())).personas[persona]
    return "ServicePrincipal" if known.kind is PersonaKind.PROCESS else "Group"


def organisation(*entries: Principal, **changes: Any) -> Organisation:
    """The built-in one with a line for each persona, or with the entries instead."""
    personas = next(iter(built_in().matrices.values())).personas
    lines = entries or tuple(principal(one) for one in personas)
    return dataclasses.replace(built_in(), principals=Principals(lines), **changes)


def role_id(label: str) -> str:
    """GUID of a role by its abbreviation or its name."""
    for role in next(iter(built_in().matrices.values())).roles.values():
        if label in (role.label, role.name) and role.id:
            return role.id
    found = RoleCatalogue.built_in().with_name(label)
    assert found is not None, label
    return found.id


def assignment(role: str, persona: str = "ci-cd", on: str = "ml-workspace", **changes: Any) -> RoleAssignment:
    """A role for a persona on a column's resource, or on a scope by its id."""
    made = RoleAssignment(
        name=f"Microsoft.Authorization/roleAssignments {role}",
        role_id=role_id(role),
        role_text=role,
        principal_id=object_id(persona),
        principal_text=object_id(persona),
        principal_type=kind_of(persona),
        scope=scope_of(resource(on) if on in TYPES else on),
        location=HERE,
    )
    return dataclasses.replace(made, **changes)


def membership(role: str, persona: str, service: str, **changes: Any) -> DevOpsMembership:
    """A persona's group or identity in a group of Azure DevOps, or with a role on a feed."""
    made = DevOpsMembership(service=service, role=role, group=role, member=object_id(persona), location=HERE)
    return dataclasses.replace(made, **changes)


def estate(*assignments: RoleAssignment, **changes: Any) -> Estate:
    """A whole estate with one resource for each column."""
    resources = tuple(EstateResource(id=resource(service), type=TYPES[service]) for service in TYPES)
    covers = frozenset({Part.ASSIGNMENTS, Part.ELIGIBILITY})
    made = Estate(covers=covers, assignments=assignments, resources=resources, whole=True)
    return dataclasses.replace(made, **changes)


def template(*assignments: RoleAssignment, **changes: Any) -> Estate:
    """What a template says: never whole."""
    return dataclasses.replace(Estate(assignments=assignments), **changes)


def directory(
    members: dict[str, tuple[str, ...]], objects: Iterable[DirectoryObject] = (), *, whole: bool = True
) -> Directory:
    """Groups with their members; whoever isn't among the objects or groups is a user."""
    known = {one.id: one for one in objects}
    for group, ids in members.items():
        known.setdefault(group, DirectoryObject(id=group, kind=PrincipalKind.GROUP, name=f"group {group[-2:]}"))
        for one in ids:
            kind = PrincipalKind.GROUP if one in members else PrincipalKind.USER
            known.setdefault(one, DirectoryObject(id=one, kind=kind, name=f"{one}@example.com"))
    return Directory(objects=known, members=members, whole=whole)


def judged(
    one: Estate, environment: str = "production", own: Organisation | None = None, now: dt.datetime = NOW
) -> Judged:
    """The estate, judged; what every finding must have is asserted here."""
    result = judge(one, own or organisation(), environment, RoleCatalogue.built_in(), now=now)
    for finding in result.findings:
        assert finding.documentation == f"docs/rules/{finding.rule_id}.md"
        assert finding.message.endswith(".")
    return result


def rules(one: Estate, environment: str = "production", own: Organisation | None = None) -> dict[str, Severity]:
    """Rules with their severity, where each is broken once; those that need a whole estate aside."""
    found = [finding for finding in judged(one, environment, own).findings if not _of_whole(finding)]
    assert len({finding.rule_id for finding in found}) == len(found), found
    return {finding.rule_id: finding.severity for finding in found}


def _of_whole(finding: Finding) -> bool:
    return finding.rule_id in ("MLG-RBAC-MISSING", "MLG-RBAC-SUBSET")


def cell(result: Judged, persona: str, service: str) -> CellResult:
    """The only cell of a persona on a service."""
    (found,) = [one for one in result.cells if (one.persona, one.service) == (persona, service)]
    return found
