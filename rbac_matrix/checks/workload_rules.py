"""Identities of hubs, projects and endpoints, and people in the portal, against the table of workload identities."""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.surplus import beyond, names
from rbac_matrix.checks.workloads import WORKSPACE, role_named, roles_for
from rbac_matrix.checks.world import World
from rbac_matrix.matrix import Persona, PersonaKind
from rbac_matrix.organisation.model import Workload, WorkloadGrant
from verdicts import Finding, Severity

WORKLOAD_EXCESS = "MLG-RBAC-WORKLOAD-EXCESS"
STORAGE_CONDITION = "MLG-RBAC-STORAGE-CONDITION"
_ONE_CONTAINER = "microsoft.storage/storageaccounts/blobservices/containers"
"""An assignment on that type (or below) reaches no other container."""
_RUN = "Microsoft.MachineLearningServices/workspaces/jobs/write"
_WORDS = {
    Workload.HUB: "a hub",
    Workload.PROJECT: "a project",
    Workload.ENDPOINT: "an online endpoint",
    Workload.APP_SERVICE: "an App Service",
    Workload.PORTAL_USER: "a user of the portal",
}


def workload_excess(case: Case) -> Finding | None:
    """A workload's identity has more than its table."""
    uses = case.holder.alike.workloads
    if not uses or case.place.alike.kind is ScopeKind.UNKNOWN:
        return None
    organisation, matrix = case.world.organisation, case.world.matrix
    allowed = dict.fromkeys(role for use in uses for role in roles_for(use, case.place, organisation.workloads, matrix))
    found = beyond(case, tuple(allowed))
    if found is None:
        return None
    workloads = " and ".join(dict.fromkeys(_WORDS[use.workload] for use in uses))
    remedy = "Remove the assignment, or give the role of the table of workload identities."
    if any(use.own for use in uses):
        remedy += (
            " The platform gives roles to a system-assigned identity by itself, Contributor on the registry for one; "
            "a user-assigned identity with assignments of its own has no more than it needs."
        )
    return case.finding(
        WORKLOAD_EXCESS,
        found.severity,
        f"{case.what}, the identity of {workloads}; its table gives {names(allowed)} there.{found.text}",
        remedy,
    )


def portal_grant(case: Case) -> WorkloadGrant | None:
    """The line of the table by which somebody who develops in the portal may have the role, if there is one."""
    role, place = case.role, case.place.alike
    if role is None or place.kind is not ScopeKind.RESOURCE or case.foreign or case.holder.alike.workloads:
        return None
    if not works_in_portal(case.world, case.personas):
        return None
    folded = place.resource_type.casefold()
    for grant in case.world.organisation.workloads:
        if grant.workload is not Workload.PORTAL_USER:
            continue
        scope, named = grant.scope.casefold(), role_named(case.world.matrix, grant.role)
        if named is not None and named.id == role.key and (folded == scope or folded.startswith(scope + "/")):
            return grant
    return None


def works_in_portal(world: World, personas: Sequence[Persona]) -> bool:
    """People of a project whom the matrix lets run something in the workspace, outside of production."""
    service = world.places.service_of(WORKSPACE)
    people = [one for one in personas if one.kind is PersonaKind.PERSON and one.project_specific]
    if world.production or service is None or not people:
        return False
    from rbac_matrix.permissions.comparison import permits

    cells = [world.roles.allowed(world.matrix.cell(one.id, service.id)).permissions for one in people]
    return any(permits(one, _RUN, data=False) for one in cells)


def storage_condition(case: Case) -> Finding | None:
    """Somebody in the portal reaches every container of a storage account."""
    grant = portal_grant(case)
    if grant is None or not grant.condition or case.assignment.condition != "":
        return None
    if case.place.alike.resource_type.casefold().startswith(_ONE_CONTAINER):
        return None
    return case.finding(
        STORAGE_CONDITION,
        Severity.MEDIUM,
        f"{case.what} without a condition, so it reaches the containers of every project.",
        "Add a role assignment condition on the container's name: the prefix is the project's GUID.",
    )
