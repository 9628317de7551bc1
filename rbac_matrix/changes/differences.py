"""What changes in effective access between two states of an estate.

Roles are compared by what they permit, and an assignment counts with everything below its scope: a role that only names
differently what somebody had anyway is no change, and one that is assigned anew where more is inherited isn't either.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from rbac_matrix.assignments import AssignmentScope, RoleAssignment
from rbac_matrix.changes.holdings import Held, Holdings, Terms
from rbac_matrix.estate.model import DenyAssignment
from rbac_matrix.permissions.interface import Comparison, Danger, ExcessAction, Permissions, Relation

Compare = Callable[[Permissions, Permissions], Comparison]
"""What the first permits and the second doesn't, as excess."""


class Direction(enum.Enum):
    """Whether somebody has more afterwards or less."""

    GAINS = "gains"
    LOSES = "loses"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChange:
    """Somebody gains or loses something.

    Attributes:
        holder: object id, or the identity's key (`holdings.holder_of`).
        persons: ids of those who join or leave the group `holder`; empty where the assignments changed.
        scope: where.
        terms: how the actions are held.
        actions: what is gained or lost, the most dangerous first.
        roles: names of the roles through which.
        assignments: they themselves, of the new state for a gain and of the old one for a loss.
    """

    direction: Direction
    holder: str
    persons: tuple[str, ...] = ()
    scope: AssignmentScope
    terms: Terms
    actions: tuple[ExcessAction, ...]
    roles: tuple[str, ...]
    assignments: tuple[RoleAssignment, ...]

    @property
    def danger(self) -> Danger:
        """Of the worst action."""
        return max((action.danger for action in self.actions), default=Danger.READS)


@dataclass(frozen=True, slots=True)
class Differences:
    """What changes.

    Attributes:
        changes: in the order of their danger, gains first.
        denied, no_longer_denied: deny assignments that come and go.
        unclear: assignments of which nothing certain can be said, each with why.
        without_effect: how many places have other assignments than before, and nobody has more or less by that.
        memberships: whether groups were compared; without a directory on both sides they can't be.
    """

    changes: tuple[AccessChange, ...]
    denied: tuple[DenyAssignment, ...]
    no_longer_denied: tuple[DenyAssignment, ...]
    unclear: tuple[tuple[RoleAssignment, str], ...]
    without_effect: int
    memberships: bool


def differences(old: Holdings, new: Holdings, compare: Compare) -> Differences:
    """Everything that changes from `old` to `new`."""
    gained, same = _moved(old, new, Direction.GAINS, compare)
    lost, same_back = _moved(new, old, Direction.LOSES, compare)
    joined = _members(old, new, Direction.GAINS, compare)
    left = _members(new, old, Direction.LOSES, compare)
    changes = sorted([*gained, *lost, *joined, *left], key=_order)
    return Differences(
        changes=tuple(changes),
        denied=_denied(old, new),
        no_longer_denied=_denied(new, old),
        unclear=tuple(_unclear(old, new)),
        without_effect=same + same_back,
        memberships=old.groups is not None and new.groups is not None,
    )


def danger_of_freed(found: Differences, compare: Compare) -> Danger | None:
    """The worst of what deny assignments took away that go; None where none goes. Who may do it now isn't judged."""
    blocks = tuple(block for one in found.no_longer_denied for block in one.permissions)
    if not blocks:
        return None
    return max((one.danger for one in compare(Permissions(blocks), Permissions()).excess), default=Danger.READS)


def _denied(before: Holdings, after: Holdings) -> tuple[DenyAssignment, ...]:
    known = {_denial_key(one) for one in before.denials}
    return tuple(one for one in after.denials if _denial_key(one) not in known)


def _denial_key(denial: DenyAssignment) -> tuple[object, ...]:
    return (
        denial.scope.casefold().rstrip("/"),
        frozenset(denial.permissions),
        frozenset(denial.principals),
        frozenset(denial.excluded),
        denial.own_scope_only,
        denial.condition,
    )


def _order(change: AccessChange) -> tuple[int, bool, str, str]:
    return -change.danger, change.direction is Direction.LOSES, change.holder, change.scope.text.casefold()


def _moved(before: Holdings, after: Holdings, direction: Direction, compare: Compare) -> tuple[list[AccessChange], int]:
    """What holders have in `after` and not in `before`, and how many assignments differ without changing that."""
    changes: list[AccessChange] = []
    without_effect = 0
    for (holder, scope), held in after.by_place.items():
        known = _alike(before.by_place.get((holder, scope), ()))
        fresh = [one for one in held if _alike_key(one) not in known]
        if not fresh:
            continue
        found = list(_beyond(before, holder, scope, fresh, direction, (), compare))
        changes += found
        without_effect += not found
    return changes, without_effect


def _alike(held: Iterable[Held]) -> frozenset[tuple[Terms, Permissions]]:
    return frozenset(map(_alike_key, held))


def _alike_key(held: Held) -> tuple[Terms, Permissions]:
    return held.terms, held.permissions


def _beyond(
    before: Holdings,
    holder: str,
    scope: str,
    held: Iterable[Held],
    direction: Direction,
    persons: tuple[str, ...],
    compare: Compare,
) -> Iterator[AccessChange]:
    """What is held on each terms beyond what the holder (or the persons) had there before."""
    asked = persons[0] if persons else holder
    had = list(before.reaching(asked, scope))
    by_terms: dict[Terms, list[Held]] = defaultdict(list)
    for one in held:
        by_terms[one.terms].append(one)
    for terms, group in by_terms.items():
        known = _together(one for one in had if one.terms.at_least(terms))
        comparison = compare(_together(group), known)
        if comparison.relation in (Relation.EQUAL, Relation.SUBSET):
            continue
        yield AccessChange(
            direction=direction,
            holder=holder,
            persons=persons,
            scope=group[0].assignment.scope,
            terms=terms,
            actions=comparison.excess,
            roles=tuple(dict.fromkeys(one.role for one in group)),
            assignments=tuple(one.assignment for one in group),
        )


def _together(held: Iterable[Held]) -> Permissions:
    blocks = dict.fromkeys(block for one in held for block in one.permissions.blocks)
    return Permissions(tuple(blocks))


def _members(before: Holdings, after: Holdings, direction: Direction, compare: Compare) -> list[AccessChange]:
    """What people get by being in other groups than before. Those to whom the same happens are told together."""
    alike: dict[tuple[frozenset[str], tuple[str, ...], str], list[str]] = defaultdict(list)
    for person, joined in _joined(before, after):
        # Who had the same before, directly or through groups, gains the same.
        own = person if person in before.holders else ""
        alike[joined, before.groups_of(person), own].append(person)
    places: dict[str, list[tuple[str, list[Held]]]] = defaultdict(list)
    for (holder, scope), held in after.by_place.items():
        places[holder].append((scope, held))
    changes: list[AccessChange] = []
    for (joined, _, _), persons in alike.items():
        for group in sorted(joined):
            for scope, held in places[group]:
                changes += _beyond(before, group, scope, held, direction, tuple(sorted(persons)), compare)
    return changes


def _joined(before: Holdings, after: Holdings) -> Iterator[tuple[str, frozenset[str]]]:
    """Everybody who is in groups with assignments in `after` that they weren't in before."""
    if before.groups is None or after.groups is None:
        return
    for person in after.people:
        joined = frozenset(after.groups_of(person)).difference(before.groups.groups_of(person))
        if joined:
            yield person, joined


def _unclear(old: Holdings, new: Holdings) -> Iterator[tuple[RoleAssignment, str]]:
    """Assignments that can't be judged and that aren't the same, word for word, in both."""
    known = {_words(assignment) for assignment, _ in old.unclear}
    coming = {_words(assignment) for assignment, _ in new.unclear}
    for assignment, reason in new.unclear:
        if _words(assignment) not in known:
            yield assignment, f"comes or changes, and {reason}"
    for assignment, reason in old.unclear:
        if _words(assignment) not in coming:
            yield assignment, f"goes or changes, and {reason}"


def _words(assignment: RoleAssignment) -> tuple[str | None, ...]:
    return (
        assignment.principal_text,
        assignment.role_text,
        assignment.scope.text.casefold(),
        assignment.condition,
        assignment.timing.value,
    )
