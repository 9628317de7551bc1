"""Whose managed identity it is: a hub's, a project's, an endpoint's; and what each of them may have.

Source: the table of workload identities of the architecture (chat baseline).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.places import Place, fold
from rbac_matrix.estate.model import IdentityUse
from rbac_matrix.matrix import Matrix, Role
from rbac_matrix.organisation.model import Workload, WorkloadGrant
from rbac_matrix.scopes import lineage, type_and_name

WORKSPACE = "microsoft.machinelearningservices/workspaces"
ENDPOINT = f"{WORKSPACE}/onlineendpoints"
_KINDS = {"hub": Workload.HUB, "project": Workload.PROJECT}
_JUDGED = frozenset({Workload.HUB, Workload.PROJECT, Workload.ENDPOINT})


@dataclass(frozen=True, slots=True)
class WorkloadUse:
    """A workload runs as an identity. `resource` is its own id, folded; `own`: it is the system-assigned identity."""

    workload: Workload
    resource: str
    own: bool


def workload_of(use: IdentityUse) -> Workload | None:
    """Which line of the table a resource belongs to; None for one that the table says nothing of."""
    folded = use.resource_type.casefold()
    if folded == ENDPOINT:
        return Workload.ENDPOINT
    return _KINDS.get(use.resource_kind.casefold()) if folded == WORKSPACE else None


def uses_by_identity(
    uses: Iterable[IdentityUse], grants: Iterable[WorkloadGrant]
) -> Mapping[str, tuple[WorkloadUse, ...]]:
    """What runs as an identity, by the identity's folded id and by "type:name". Only what the table speaks of."""
    spoken = {one.workload for one in grants} & _JUDGED
    found: dict[str, dict[WorkloadUse, None]] = {}
    for use in uses:
        workload = workload_of(use)
        if workload is None or workload not in spoken:
            continue
        identity = fold(use.identity)
        value = WorkloadUse(workload, fold(use.resource_id), identity == fold(use.resource_id))
        resource_type, name = type_and_name(use.identity)
        keys = [identity, f"{resource_type}:{name}".casefold()] if resource_type else [identity]
        for key in keys:
            found.setdefault(key, {})[value] = None
    return {key: tuple(values) for key, values in found.items()}


def roles_for(use: WorkloadUse, place: Place, grants: Iterable[WorkloadGrant], matrix: Matrix) -> tuple[Role, ...]:
    """What the table gives a workload on a place."""
    scope = _scope_of(use, place)
    labels = [one.role for one in grants if one.workload is use.workload and one.scope.casefold() == scope]
    return tuple(role for role in (role_named(matrix, label) for label in labels) if role is not None)


def role_named(matrix: Matrix, label: str) -> Role | None:
    """A role by its label or its name."""
    folded = label.casefold()
    own = matrix.roles.get(label)
    return own or next((one for one in matrix.roles.values() if one.name.casefold() == folded), None)


def _scope_of(use: WorkloadUse, place: Place) -> str:
    """What the table calls a place, seen from a workload: only its own hub or project counts as one."""
    if place.alike.kind is ScopeKind.RESOURCE_GROUP:
        return "resource-group" if place.folded in lineage(use.resource) else ""
    resource_type = place.alike.resource_type.casefold()
    if resource_type != WORKSPACE:
        return resource_type
    if use.workload is Workload.ENDPOINT:
        return "project" if place.folded in lineage(use.resource) else ""
    return use.workload.value if place.folded == use.resource else ""
