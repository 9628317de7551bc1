"""What has to be created and deleted so that an estate's role assignments are those of the matrix.

Nothing here talks to anybody. What the matrix wants comes from the organisation's setups (which resources) and its
principals (which group stands for a persona there); what there is, from an estate.
"""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from rbac_matrix.assignments import RoleAssignment, ScopeKind, Timing
from rbac_matrix.estate.model import Estate
from rbac_matrix.matrix import Matrix, Role, RoleSystem, Service
from rbac_matrix.organisation.model import Organisation, Setup
from rbac_matrix.principals import Principal
from rbac_matrix.scopes import lineage

MARK = "mlgate:"
"""Descriptions of assignments that a plan made begin with this; only those are its to delete."""
Key: TypeAlias = tuple[str, str, str, bool]
"""Principal, role, folded scope, and whether it is eligible."""
_NAMES = uuid.UUID("1b3c8f52-64a2-5d0c-9f6e-6d6c67617465")


def assignment_name(scope: str, role_id: str, principal: str, *, eligible: bool) -> str:
    """A GUID that is the same in every run, so that asking twice for an assignment doesn't make two."""
    return str(
        uuid.uuid5(_NAMES, "|".join((lineage(scope)[0], role_id.casefold(), principal.casefold(), str(eligible))))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedAssignment:
    """An assignment that a cell of the matrix demands.

    Attributes:
        scope: id of a resource, resource group or subscription, as the setup has it.
        role_id: GUID in lower case.
        principal_id: object id in lower case; "" where only the group's name is known.
        principal_name: display name of the group, or the name that the file gives the principal.
        principal_type: "Group", "ServicePrincipal" or "User".
        eligible: to be activated through Privileged Identity Management, instead of held for good.
    """

    scope: str
    role_id: str
    role_name: str
    principal_id: str
    principal_name: str
    principal_type: str
    eligible: bool
    persona: str
    service: str
    setup: str

    @property
    def name(self) -> str:
        """The assignment's own GUID, the same in every run for the same scope, role and principal."""
        who = self.principal_id or f"name:{self.principal_name.casefold()}"
        return assignment_name(self.scope, self.role_id, who, eligible=self.eligible)

    @property
    def description(self) -> str:
        """What the assignment says of itself in Azure."""
        return f"{MARK} {self.persona} on {self.service} of {self.setup}"


@dataclass(frozen=True, slots=True)
class Kept:
    """An assignment that the matrix doesn't want and that stays, and why."""

    assignment: RoleAssignment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to do, creations first, so that nobody is without access in between.

    Attributes:
        unchanged: how many wanted assignments are there already.
        obstacles: what could not be planned, each as a sentence; with one, the plan is not the whole truth.
    """

    environment: str
    creations: tuple[WantedAssignment, ...]
    deletions: tuple[RoleAssignment, ...]
    kept: tuple[Kept, ...]
    unchanged: int
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Everything that the matrix demands in an environment, and what of it can't be told."""

    assignments: tuple[WantedAssignment, ...]
    obstacles: tuple[str, ...]


def wanted_assignments(organisation: Organisation, environment: str) -> Wanted:
    """What the matrix demands for the setups of an environment."""
    matrix = organisation.matrix_for(environment)
    setups = [one for one in organisation.setups if one.environment == environment]
    if matrix is None or not setups:
        return Wanted(
            (), (f"the organisation's file declares no setup in {environment}: nothing says for which resources",)
        )
    found: dict[str, WantedAssignment] = {}
    obstacles: dict[str, None] = {}
    for setup in setups:
        for one in _for_setup(setup, matrix, organisation):
            if isinstance(one, str):
                obstacles[one] = None
            else:
                found[one.name] = one
    return Wanted(tuple(found.values()), tuple(obstacles))


def _for_setup(setup: Setup, matrix: Matrix, organisation: Organisation) -> Iterator[WantedAssignment | str]:
    """Wanted assignments, and sentences for what can't be wanted."""
    for persona in matrix.personas:
        for service in matrix.services.values():
            roles = matrix.cell(persona, service.id)
            missing = roles and _missing(persona, service, setup, organisation)
            if missing:
                yield missing
            elif roles:
                yield from _for_cell(persona, service, roles, setup, organisation)


def _missing(persona: str, service: Service, setup: Setup, organisation: Organisation) -> str:
    """What stands in the way of a cell, "" for nothing."""
    if not service.resource_types:
        return f"{service.name} is not part of Azure: give {persona} of {setup.name} its access there by hand"
    if service.id not in setup.resources:
        return f"{setup.name} ({setup.environment}) names no {service.name}, which {persona} works with"
    if not any(_holders(persona, setup, organisation)):
        return f"nobody stands for {persona} in {setup.name} ({setup.environment}): name its group"
    return ""


def _for_cell(
    persona: str, service: Service, roles: Iterable[Role], setup: Setup, organisation: Organisation
) -> Iterator[WantedAssignment | str]:
    for role, holder in itertools.product(roles, _holders(persona, setup, organisation)):
        if role.system is not RoleSystem.AZURE_RBAC:
            yield f"{role.name}, which {persona} has on {service.name}, is no role of Azure"
        elif not holder.object_id and not holder.group:
            yield f"the object id of {holder.name} ({persona}) is not known before it is deployed"
        else:
            for scope in setup.resources[service.id]:
                yield WantedAssignment(
                    scope=scope,
                    role_id=role.id,
                    role_name=role.name,
                    principal_id=holder.object_id,
                    principal_name=holder.name or holder.object_id,
                    principal_type=holder.type,
                    eligible=organisation.rules[persona].just_in_time,
                    persona=persona,
                    service=service.id,
                    setup=setup.name,
                )


def _holders(persona: str, setup: Setup, organisation: Organisation) -> Iterator[Principal]:
    for entry in organisation.principals.entries:
        there = {(setup.name, setup.environment), ("", setup.environment)}
        if entry.persona == persona and (not entry.setups or not there.isdisjoint(entry.setups)):
            yield entry


def plan(
    wanted: Wanted,
    estate: Estate,
    organisation: Organisation,
    environment: str,
    *,
    group_ids: Mapping[str, str],
    remove_unmanaged: bool,
) -> Plan:
    """What leads from the estate to what is wanted.

    Args:
        group_ids: object ids by folded display name of groups, for principals of whom only that is known.
        remove_unmanaged: delete what the matrix doesn't want also where no plan made it.
    """
    obstacles = [*wanted.obstacles, *(f"{gap.detail}: {gap.remedy}" for gap in estate.gaps)]
    if not estate.whole:
        obstacles.append("the estate was not read whole (an export of all assignments, or --live): nothing is deleted")
    there: dict[Key, list[RoleAssignment]] = defaultdict(list)
    for assignment in estate.assignments:
        if (known := _key(assignment)) is not None:
            there[known].append(assignment)
    creations: list[WantedAssignment] = []
    demanded: set[Key] = set()
    for one in wanted.assignments:
        principal = one.principal_id or group_ids.get(one.principal_name.casefold(), "")
        if not principal:
            obstacles.append(f"there is no group {one.principal_name} yet: create it, then plan again")
            continue
        key = (principal, one.role_id, lineage(one.scope)[0], one.eligible)
        demanded.add(key)
        if key not in there:
            creations.append(_with_id(one, principal))
    scopes = {lineage(scope)[0] for scope in _scopes(organisation.setups, environment)}
    places = ((key, one) for key, found in there.items() for one in found)
    surplus = [one for key, one in places if key not in demanded and not scopes.isdisjoint(lineage(key[2]))]
    deletions, kept = _sorted_out(surplus, organisation, estate, remove_unmanaged=remove_unmanaged)
    kept += [Kept(one, "not all of it is known") for one in estate.assignments if _key(one) is None]
    return Plan(
        environment=environment,
        creations=tuple(sorted(creations, key=lambda one: (one.scope.casefold(), one.persona, one.role_name))),
        deletions=tuple(deletions),
        kept=tuple(kept),
        unchanged=len(demanded) - len(creations),
        obstacles=tuple(dict.fromkeys(obstacles)),
    )


def _with_id(one: WantedAssignment, principal: str) -> WantedAssignment:
    return one if one.principal_id else dataclasses.replace(one, principal_id=principal)


def _scopes(setups: Iterable[Setup], environment: str) -> Iterator[str]:
    for setup in setups:
        if setup.environment == environment:
            for ids in setup.resources.values():
                yield from (one for one in ids if one.startswith("/"))


def _sorted_out(
    surplus: Collection[RoleAssignment], organisation: Organisation, estate: Estate, *, remove_unmanaged: bool
) -> tuple[list[RoleAssignment], list[Kept]]:
    glass = {one.object_id for one in organisation.break_glass}
    deletions: list[RoleAssignment] = []
    kept: list[Kept] = []
    for one in surplus:
        if one.principal_id in glass:
            kept.append(Kept(one, "a break-glass account is never removed"))
        elif one.activated:
            kept.append(Kept(one, "somebody activated it, and it ends by itself"))
        elif not (remove_unmanaged or one.description.startswith(MARK)):
            kept.append(Kept(one, "no plan of mlgate made it (--remove-unmanaged deletes it, too)"))
        elif not estate.whole or estate.gaps:
            kept.append(Kept(one, "the estate was not read whole"))
        else:
            deletions.append(one)
    return deletions, kept


def _key(assignment: RoleAssignment) -> Key | None:
    if assignment.principal_id is None or assignment.role_id is None or assignment.scope.kind is ScopeKind.UNKNOWN:
        return None
    scope = lineage(assignment.scope.text)[0]
    return assignment.principal_id, assignment.role_id, scope, assignment.timing is Timing.ELIGIBLE
