"""Persons on both sides of a toxic combination, through groups in groups.

A person is somebody in a group of the principals file (or named there). A side is held by whoever belongs to one of its
personas, or holds one of its roles or actions by any assignment. Groups that are for different setups aren't held
together: whoever develops in one project may test in another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.interface import SCANNER
from rbac_matrix.checks.places import Place, Setups
from rbac_matrix.checks.roles import HeldRole
from rbac_matrix.checks.workloads import role_named
from rbac_matrix.checks.world import World
from rbac_matrix.estate.model import DevOpsMembership
from rbac_matrix.organisation.model import Combination, Side
from rbac_matrix.principals import Principal
from verdicts import Finding, Location

SEPARATION = "MLG-RBAC-SEPARATION"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a principal is on a side.

    Attributes:
        text: "as data-scientist", "by Owner on ...".
        setups: in which setups; empty for all.
        persona: id, "" where a role or action is the reason.
    """

    text: str
    setups: Setups
    persona: str
    location: Location


class Sides:
    """Which principals are on which side, filled assignment by assignment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sides = [side for one in world.organisation.combinations for side in (one.first, one.second)]
        self._by_access = [index for index, side in enumerate(self._sides) if side.roles or side.actions]
        self._matching: dict[HeldRole, tuple[int, ...]] = {}
        self._holders: list[dict[str, Reason]] = [{} for _ in self._sides]

    def meant(self, role: HeldRole | None, place: Place) -> tuple[int, ...]:
        """Numbers of the sides that a role belongs to on a place, and on all of its class."""
        if role is None or not self._by_access:
            return ()
        known = self._matching.get(role)
        if known is None:
            known = tuple(index for index in self._by_access if _is_of(self._world, self._sides[index], role))
            self._matching[role] = known
        return tuple(number for number in known if self._counts(self._sides[number], place))

    def note(
        self,
        numbers: Sequence[int],
        holder: str,
        role: HeldRole,
        place: Place,
        location: Callable[[int], Location],
        row: int,
    ) -> None:
        """Somebody has a role of those sides on a place; see `meant`."""
        for number in numbers:
            if holder not in self._holders[number]:
                reason = Reason(f"by {role.name} on {place.text}", place.alike.setups, "", location(row))
                self._holders[number][holder] = reason

    def note_membership(self, holder: str, membership: DevOpsMembership) -> None:
        """Somebody is in a group of Azure DevOps, or has a role on a feed."""
        world = self._world
        for number, side in enumerate(self._sides):
            named = (role_named(world.matrix, label) for label in side.roles)
            if not any(role is not None and not role.id and role.label == membership.role for role in named):
                continue
            if world.environments.are_meant(world.environments.judged, side.environments):
                reason = Reason(f"by {membership.group} of {membership.service}", frozenset(), "", membership.location)
                self._holders[number].setdefault(holder, reason)

    def _counts(self, side: Side, place: Place) -> bool:
        environments = [environment for _, environment in place.alike.setups] or list(self._world.environments.judged)
        return self._world.environments.are_meant(environments, side.environments)

    def of(self, combination: int) -> tuple[Mapping[str, Reason], Mapping[str, Reason]]:
        """Principals by role or action of both sides of a combination."""
        return self._holders[2 * combination], self._holders[2 * combination + 1]


def _is_of(world: World, side: Side, role: HeldRole) -> bool:
    labels = (role_named(world.matrix, label) for label in side.roles)
    if any(named is not None and named.id == role.key for named in labels):
        return True
    if role.name.removeprefix("the custom role ").casefold() in map(str.casefold, side.roles):
        return True
    from rbac_matrix.permissions.comparison import permits

    return any(permits(role.permissions, action, data=data) for action in side.actions for data in (False, True))


@dataclass(slots=True)
class _Bucket:
    """Principals on a side for the same reason: groups, and who is none. `mask` has the groups' persons."""

    setups: Setups
    persona: str
    groups: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    mask: int = 0


def separation(world: World, sides: Sides, collector: Collector) -> None:
    """Everybody on both sides of a combination."""
    if world.groups is None:
        return
    told: set[str] = set()
    for index, combination in enumerate(world.organisation.combinations):
        access = sides.of(index)
        first = _buckets(world, combination.first, access[0])
        second = _buckets(world, combination.second, access[1])
        if first and second:
            for group in sorted({group for bucket in (*first, *second) for group in bucket.groups} - told):
                told.add(group)
                _note_unknown(world, group, collector)
        for person in sorted(_on_both(world, first, second)):
            if not collector.wants(SEPARATION, combination.severity):
                collector.count(SEPARATION, combination.severity)
                continue
            pair = _pair(
                list(_reasons(world, person, combination.first, access[0])),
                list(_reasons(world, person, combination.second, access[1])),
            )
            assert pair is not None, "somebody is on both sides for no reason"
            collector.add(_finding(world, combination, person, *pair))


def _buckets(world: World, side: Side, by_access: Mapping[str, Reason]) -> list[_Bucket]:
    assert world.groups is not None
    found: dict[tuple[Setups, str], _Bucket] = {}
    for object_id, reason in _principals(world, side, by_access):
        bucket = found.setdefault((reason.setups, reason.persona), _Bucket(reason.setups, reason.persona))
        if world.holders.is_group(object_id):
            bucket.groups.add(object_id)
            bucket.mask |= world.groups.mask(object_id)
        else:
            bucket.others.add(object_id)
    return list(found.values())


def _on_both(world: World, first: Sequence[_Bucket], second: Sequence[_Bucket]) -> set[str]:
    assert world.groups is not None
    found: set[str] = set()
    mask = 0
    for one in first:
        for other in second:
            if _is_one_thing(one.persona, one.setups, other.persona, other.setups):
                continue
            mask |= one.mask & other.mask
            found |= one.others & other.others
            for here, there in ((one, other), (other, one)):
                found.update(
                    person for person in here.others if there.groups.intersection(world.groups.groups_of(person))
                )
    return found.union(world.groups.persons(mask))


def _is_one_thing(persona: str, setups: Setups, other: str, others: Setups) -> bool:
    """Whether two reasons are the same one (a persona's group has a role: its cell judges that), or setups apart."""
    names, other_names = {name for name, _ in setups}, {name for name, _ in others}
    return (bool(persona) and persona == other) or (bool(names) and bool(other_names) and not names & other_names)


def _note_unknown(world: World, group: str, collector: Collector) -> None:
    assert world.groups is not None
    directory = world.estate.directory
    unknown = world.groups.unknown_below(group)
    if unknown and not (directory is not None and directory.is_orphan(group)):
        collector.undecided(
            f"not all members of {world.holders.name_of(group)} are known "
            f"({', '.join(map(world.holders.name_of, unknown[:3]))}), so nobody can say who is on two sides",
            "read the members of the group, too",
            None,
        )


def _principals(world: World, side: Side, by_access: Mapping[str, Reason]) -> Iterator[tuple[str, Reason]]:
    for object_id, entry in world.holders.entries():
        if _is_on(world, side, entry):
            yield object_id, _as_persona(entry)
    for object_id, reason in by_access.items():
        yield object_id, _of_access(world, object_id, reason)


def _of_access(world: World, object_id: str, reason: Reason) -> Reason:
    """A persona's own group that has a role has it as that persona."""
    entry = world.holders.entry_of(object_id)
    return reason if entry is None else replace(reason, setups=entry.setups, persona=entry.persona)


def _is_on(world: World, side: Side, entry: Principal) -> bool:
    if entry.persona not in side.personas:
        return False
    environments = [environment for _, environment in entry.setups]
    return not environments or world.environments.are_meant(environments, side.environments)


def _as_persona(entry: Principal) -> Reason:
    return Reason(f"as {entry.persona} ({entry.name or entry.object_id})", entry.setups, entry.persona, entry.location)


def _reasons(world: World, person: str, side: Side, by_access: Mapping[str, Reason]) -> Iterator[Reason]:
    for object_id in (person, *world.holders.groups_of(person)):
        entry = world.holders.entry_of(object_id)
        if entry is not None and _is_on(world, side, entry):
            yield _as_persona(entry)
        if object_id in by_access:
            yield _of_access(world, object_id, by_access[object_id])


def _pair(first: Sequence[Reason], second: Sequence[Reason]) -> tuple[Reason, Reason] | None:
    for one in first:
        for other in second:
            if not _is_one_thing(one.persona, one.setups, other.persona, other.setups):
                return one, other
    return None


def _finding(world: World, combination: Combination, person: str, first: Reason, second: Reason) -> Finding:
    name = world.holders.name_of(person)
    return Finding(
        rule_id=SEPARATION,
        scanner=SCANNER,
        severity=combination.severity,
        message=f"{name} is on both sides of {combination.id}: {first.text} and {second.text}. "
        f"{combination.reason[:1].upper()}{combination.reason[1:]}.",
        remediation="Take the person out of one of the two.",
        resource=person,
        subject=combination.id,
        location=second.location if second.persona else first.location,
        documentation=f"docs/rules/{SEPARATION}.md",
    )
