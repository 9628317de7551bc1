"""What somebody may do: groups, roles, and the worst of what they permit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rbac_matrix.assignments import Timing
from rbac_matrix.estate.access import AccessIndex
from rbac_matrix.estate.answers import Explanation, Held, Peril, Subject
from rbac_matrix.estate.model import DirectoryObject, PrincipalKind
from rbac_matrix.estate.rights import rights
from rbac_matrix.estate.table import GivenRole
from rbac_matrix.estate.unknowns import unknown_members
from rbac_matrix.permissions.catalogue import actions_within
from rbac_matrix.permissions.comparison import permits
from rbac_matrix.permissions.danger import DangerousPattern, dangerous_patterns
from rbac_matrix.permissions.effects import has_effect
from rbac_matrix.permissions.interface import Danger, Permissions
from rbac_matrix.permissions.patterns import covers, fold
from rbac_matrix.principals import GUID, Principals
from verdicts import ConfigurationError, CouldNotCheckError

MAXIMUM_PERILS = 8
"""So many actions of a role are named, the most dangerous first."""


def find(index: AccessIndex, named: str) -> str:
    """The object id of somebody, by id, name or mail address.

    Raises:
        ConfigurationError: nobody has that name, or several have it.
        CouldNotCheckError: nobody has it in what was read, and not everything was read.
    """
    if GUID.fullmatch(named):
        return named.casefold()
    folded = named.strip().casefold()
    found = {id for id, one in index.directory.objects.items() if folded in (one.name.casefold(), one.mail.casefold())}
    holders = index.table.holders.values
    found |= {one.principal_id for one in holders if one.principal_id and one.principal_name.casefold() == folded}
    if len(found) > 1:
        raise ConfigurationError(
            f"{named!r} is the name of several: {', '.join(sorted(found)[:10])}", remedy="name the object id"
        )
    if found:
        return found.pop()
    if any(one.member == folded for one in index.estate.memberships or ()):
        return folded
    gaps = tuple(index.gaps())
    if gaps:
        raise CouldNotCheckError(f"nobody is called {named!r} in what was read, which isn't all: {gaps[0]}")
    raise ConfigurationError(f"nobody is called {named!r}", remedy="name the object id, or give the directory")


def explain(index: AccessIndex, id: str, principals: Principals | None = None) -> Explanation:
    """What somebody (an object id in lower case) may do. `principals` says who stands for which persona."""
    memberships = index.memberships
    subject = index.subject(id)
    groups = memberships.groups_of(id)
    held = sorted(_held(index, id, groups), key=_most_dangerous_first)
    around = {id, subject.mail.casefold(), *groups} - {""}
    return Explanation(
        subject=subject,
        groups=tuple((index.subject(one), tuple(map(index.subject, memberships.chain(id, one)))) for one in groups),
        held=tuple(one for one in held if one.assignment.timing is not Timing.ELIGIBLE),
        eligible=tuple(one for one in held if one.assignment.timing is Timing.ELIGIBLE),
        denials=index.denials.of(id),
        memberships=tuple(one for one in index.estate.memberships or () if one.member in around),
        personas=dict(_personas(principals, id, groups)) if principals is not None else {},
        undecided=tuple(_undecided(index, id, subject, held)),
        notes=tuple(_notes(index)),
    )


def _held(index: AccessIndex, id: str, groups: Sequence[str]) -> Iterator[Held]:
    table = index.table
    owners = {id, *groups}
    numbers = {number for number, one in enumerate(table.holders.values) if one.principal_id in owners}
    chains = {group: tuple(map(index.subject, index.memberships.chain(id, group))) for group in groups}
    known: dict[tuple[int, str], tuple[str, tuple[Peril, ...], int, str]] = {}
    for row, number in enumerate(table.holder):
        if number not in numbers:
            continue
        kind = (table.role[row], table.scopes.values[table.scope[row]].resource_type)
        if kind not in known:
            known[kind] = _described(index, table.roles.values[kind[0]], kind[1])
        name, perils, patterns, unknown = known[kind]
        holder = table.holders.values[number].principal_id
        yield Held(
            assignment=table[row],
            role=name,
            through=chains.get(holder or "", ()),
            perils=perils,
            patterns=patterns,
            unknown=unknown,
        )


def _described(index: AccessIndex, role: GivenRole, resource_type: str) -> tuple[str, tuple[Peril, ...], int, str]:
    """Name of a role, the worst of it there, how many patterns it has, and what of it isn't known."""
    definition = index.definition_of(role)
    if definition is None:
        return role.custom_role or role.role_text, (), 0, "its definition is not known"
    count = sum(len(block.actions) + len(block.data_actions) for block in definition.permissions.blocks)
    return definition.name, tuple(perils(definition.permissions, resource_type)), count, definition.unknown


def perils(permissions: Permissions, resource_type: str = "") -> list[Peril]:
    """The worst that is permitted, the most dangerous first; of each danger something, as far as there is room.

    Args:
        permissions: of a role.
        resource_type: only what has an effect on that type, if it is assigned on one resource.
    """
    found: dict[Danger, list[Peril]] = {}
    for data in (False, True):
        for one in dangerous_patterns(data):
            of_kind = found.setdefault(one.danger, [])
            if len(of_kind) < MAXIMUM_PERILS and has_effect(one.written, resource_type):
                action = _proof(permissions, one)
                if action and has_effect(action, resource_type):
                    of_kind.append(Peril(action, data, one.danger, one.reason))
    worst_first = [found[danger] for danger in sorted(found, reverse=True)]
    share = max(1, MAXIMUM_PERILS // max(1, len([one for one in worst_first if one])))
    return [peril for of_kind in worst_first for peril in of_kind[:share]]


def _proof(permissions: Permissions, one: DangerousPattern) -> str:
    """The dangerous pattern, where all of it is permitted; else an action of it that exists; "" for neither."""
    found = rights(permissions, one.written, data=one.data)
    whole = any(right.actions == one.written or covers(fold(right.actions), one.pattern) for right in found)
    if whole or not found:
        return one.written if whole else ""
    within = (action for right in found for action in actions_within(fold(right.actions), one.data))
    return next((action for action in within if permits(permissions, action, data=one.data)), "")


def _most_dangerous_first(one: Held) -> tuple[int, int, str, str]:
    worst = one.perils[0].danger if one.perils else Danger.GRANTS if one.unknown else Danger.READS
    return -worst, len(one.assignment.scope.text), one.assignment.scope.text.casefold(), one.role


def _personas(principals: Principals, id: str, groups: Sequence[str]) -> Iterator[tuple[str, str]]:
    for group in reversed(groups):
        entry = principals.with_object_id(group)
        if entry is not None:
            yield entry.persona, group
    own = principals.with_object_id(id)
    if own is not None:
        yield own.persona, ""


def _undecided(index: AccessIndex, id: str, subject: Subject, held: Sequence[Held]) -> Iterator[str]:
    yield from index.gaps()
    if index.estate.directory is None:
        yield "no directory was given: the groups that it is in are not known"
    else:
        unclear = sum(1 for group in index.directory.objects.values() if _has_unknown_members(index, group))
        if unclear:
            yield f"the members of {unclear} groups are not known, and it may be in one of them"
    if subject.kind is PrincipalKind.GROUP:
        yield from unknown_members(index, [id])
    for role in dict.fromkeys(one.role for one in held if one.unknown):
        yield f"what the role {role} permits is not known"


def _has_unknown_members(index: AccessIndex, one: DirectoryObject) -> bool:
    return one.kind is PrincipalKind.GROUP and one.id not in index.directory.members


def _notes(index: AccessIndex) -> Iterator[str]:
    yield from index.notes()
    if index.estate.memberships is None:
        yield "memberships of Azure DevOps were not given"


def resolved(index: AccessIndex, principals: Principals) -> Principals:
    """Principals with the groups that are named by their display names, as the directory has them."""
    from rbac_matrix.organisation.naming import resolve_names

    groups = [(one.id, one.name) for one in index.directory.objects.values() if one.kind is PrincipalKind.GROUP]
    return resolve_names(principals, groups).principals
