"""Who holds what where: the assignments of an estate by holder, with the permissions that they give."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from rbac_matrix.assignments import RoleAssignment, ScopeKind, Timing
from rbac_matrix.estate.model import DenyAssignment, Directory, Estate, PrincipalKind
from rbac_matrix.permissions.interface import Permissions, RoleDefinition
from rbac_matrix.scopes import lineage


class Roles(Protocol):
    """What is asked of a catalogue of roles."""

    def with_id(self, role_id: str) -> RoleDefinition | None:
        """The role with that GUID."""

    def with_name(self, name: str) -> RoleDefinition | None:
        """The role with that name."""


class Groups(Protocol):
    """What is asked of a directory."""

    def groups_of(self, principal: str) -> Collection[str]:
        """Ids of all groups that somebody is in, directly or through other groups."""


@dataclass(frozen=True, slots=True)
class Terms:
    """How something is held: for good or not, and under which condition of the assignment."""

    timing: Timing
    condition: str

    def at_least(self, other: Terms) -> bool:
        """Whether who holds something on these terms holds it on the others, too."""
        return _STRENGTH[self.timing] >= _STRENGTH[other.timing] and self.condition in ("", other.condition)


_STRENGTH = {Timing.ELIGIBLE: 0, Timing.TIME_BOUND: 1, Timing.PERMANENT: 2}


@dataclass(frozen=True, slots=True)
class Held:
    """One assignment as something that is held. `scope` is folded; `holder` see `holder_of`."""

    holder: str
    scope: str
    terms: Terms
    role: str
    permissions: Permissions
    assignment: RoleAssignment


@dataclass
class Holdings:
    """All that is held in an estate.

    Attributes:
        by_place: what a holder has directly on a scope.
        unclear: assignments whose role, principal, scope or condition isn't known, each with what isn't.
        groups: who is in which group; None where no directory was read.
        people: everybody in some group who is no group.
        denials: the estate's deny assignments.
    """

    by_place: dict[tuple[str, str], list[Held]] = field(default_factory=lambda: defaultdict(list))
    unclear: list[tuple[RoleAssignment, str]] = field(default_factory=list)
    groups: Groups | None = None
    people: tuple[str, ...] = ()
    denials: tuple[DenyAssignment, ...] = ()
    _known_groups: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @functools.cached_property
    def holders(self) -> frozenset[str]:
        """Everybody who has something assigned."""
        return frozenset(holder for holder, _ in self.by_place)

    def groups_of(self, holder: str) -> tuple[str, ...]:
        """The groups of a holder that have something assigned."""
        if self.groups is None or holder.startswith(_IDENTITY):
            return ()
        known = self._known_groups.get(holder)
        if known is None:
            known = tuple(sorted(self.holders.intersection(self.groups.groups_of(holder))))
            self._known_groups[holder] = known
        return known

    def reaching(self, holder: str, scope: str) -> Iterator[Held]:
        """Everything that somebody has on a scope: assigned there or above, directly or through a group."""
        for place in lineage(scope):
            for one in (holder, *self.groups_of(holder)):
                yield from self.by_place.get((one, place), ())


_IDENTITY = "identity:"


def holder_of(assignment: RoleAssignment) -> str | None:
    """What tells a principal from others: its object id, or the resource whose identity it is; None for unknown."""
    if assignment.principal_id is not None:
        return assignment.principal_id
    if assignment.identity is not None:
        return f"{_IDENTITY}{assignment.identity.resource_type}/{assignment.identity.name}".casefold()
    return None


def holdings(estate: Estate, roles: Roles, groups: Groups | None) -> Holdings:
    """The holdings of an estate. Roles that it declares are found by the name that an assignment has for them."""
    declared = {one.name.casefold(): one for one in estate.definitions}
    found = Holdings(groups=groups, people=_people(estate.directory), denials=tuple(estate.denials))
    for assignment in estate.assignments:
        role = _role(assignment, roles, declared)
        missing = _missing(assignment, role)
        holder = holder_of(assignment)
        if missing or holder is None or role is None or assignment.condition is None:
            found.unclear.append((assignment, "; ".join(missing)))
            continue
        terms = Terms(assignment.timing, " ".join(assignment.condition.split()))
        scope = lineage(assignment.scope.text)[0]
        held = Held(holder, scope, terms, role.name, role.permissions, assignment)
        found.by_place[holder, scope].append(held)
    return found


def _people(directory: Directory | None) -> tuple[str, ...]:
    if directory is None:
        return ()
    within = {member for members in directory.members.values() for member in members}
    return tuple(sorted(one for one in within if not _is_group(one, directory)))


def _is_group(principal: str, directory: Directory) -> bool:
    known = directory.objects.get(principal)
    return principal in directory.members or (known is not None and known.kind is PrincipalKind.GROUP)


def _role(assignment: RoleAssignment, roles: Roles, declared: Mapping[str, RoleDefinition]) -> RoleDefinition | None:
    if assignment.custom_role:
        own = declared.get(assignment.custom_role.casefold())
        return own if own is not None else roles.with_name(assignment.custom_role)
    return roles.with_id(assignment.role_id) if assignment.role_id else None


def _missing(assignment: RoleAssignment, role: RoleDefinition | None) -> Sequence[str]:
    missing = []
    if role is None:
        missing.append(f"what the role {assignment.role_text} permits is not known")
    elif role.unknown:
        missing.append(f"not all that the role {role.name} permits is known ({role.unknown})")
    if holder_of(assignment) is None:
        missing.append(f"its principal is not known ({assignment.principal_text})")
    if assignment.scope.kind is ScopeKind.UNKNOWN:
        missing.append(f"its scope is not known ({assignment.scope.text})")
    if assignment.condition is None:
        missing.append("its condition is not known")
    return missing
