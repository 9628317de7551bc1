"""What is held beside what is allowed, by the actions that both permit."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from rbac_matrix.permissions.catalogue import actions_within
from rbac_matrix.permissions.containment import Grant, grants_of, left_out, usable
from rbac_matrix.permissions.danger import READING, danger_of, patterns_against
from rbac_matrix.permissions.examples import as_written, example_of
from rbac_matrix.permissions.interface import Comparison, Danger, ExcessAction, Permissions, Relation
from rbac_matrix.permissions.patterns import Budget, PatternSet, common, covers, fold

STEPS_OF_DANGER = 50
"""What it costs to find the dangers of a pattern that names its provider; for another one all are gone through."""

MOST_EXAMPLES = 20
"""Known actions that are tried before one is made up."""

_PLANES = (False, True)
_NOTHING = PatternSet(())


def permits(permissions: Permissions, action: str, *, data: bool) -> bool:
    """Whether all of an action, or of a pattern of actions, is permitted, be it under a condition."""
    return bool(conditions_of(permissions, action, data=data))


def conditions_of(permissions: Permissions, action: str, *, data: bool) -> tuple[str, ...]:
    """The conditions under which an action is permitted, spaces and case made equal; "" comes first and is none at all.

    Empty where it isn't permitted. What several conditions permit together, each a part of it, isn't put together.
    """
    pattern, budget = fold(action), Budget()
    grants = grants_of(permissions, data)
    conditions = sorted({grant.condition for grant in grants})
    found = [one for one in conditions if left_out(pattern, _NOTHING, usable(grants, one), budget) is None]
    return ("",) if "" in found else tuple(found)


def contains(outer: Permissions, inner: Permissions) -> bool:
    """Whether everything that `inner` permits is permitted by `outer` too.

    What `inner` permits under a condition has to be permitted by `outer` without one or under the same.

    Raises:
        CouldNotCheckError: the patterns are too many or too wild; `patterns.STEPS`.
    """
    return inner == outer or next(_left_out_of(inner, outer, Budget()), None) is None


@functools.lru_cache(maxsize=2048)
def compare(held: Permissions, allowed: Permissions) -> Comparison:
    """See `Comparison`. Raises CouldNotCheckError where they are too many or too wild to be compared."""
    if held == allowed:
        return Comparison(Relation.EQUAL)
    budget = Budget()
    lacking = tuple(dict.fromkeys(one.written for one in _left_out_of(allowed, held, budget)))
    excess = tuple(sorted(_excess(held, allowed, budget), key=_most_dangerous_first))
    match bool(excess), bool(lacking):
        case True, True:
            relation = Relation.DIFFERENT
        case True, False:
            relation = Relation.EXCESS
        case False, True:
            relation = Relation.SUBSET
        case _:
            relation = Relation.EQUAL
    return Comparison(relation, excess, lacking)


def worst_of(permissions: Permissions) -> Danger:
    """The worst that they permit; READS where they permit nothing."""
    return max((one.danger for one in compare(permissions, Permissions()).excess), default=Danger.READS)


class _LeftOut:
    """A pattern of an action of which something isn't granted elsewhere: `part` is a part of it."""

    __slots__ = ("data", "grant", "outer", "part", "pattern")

    def __init__(self, grant: Grant, pattern: str, outer: Sequence[Grant], part: str, data: bool) -> None:
        self.grant, self.pattern, self.outer, self.part, self.data = grant, pattern, outer, part, data

    @property
    def written(self) -> str:
        """The whole pattern as it is written."""
        return self.grant.written[self.pattern]


def _left_out_of(inner: Permissions, outer: Permissions, budget: Budget) -> Iterator[_LeftOut]:
    for data in _PLANES:
        grants = grants_of(outer, data)
        for grant in grants_of(inner, data):
            granted = usable(grants, grant.condition)
            for pattern in grant.written:
                part = left_out(pattern, grant.nots, granted, budget)
                if part is not None:
                    yield _LeftOut(grant, pattern, granted, part, data)


def _excess(held: Permissions, allowed: Permissions, budget: Budget) -> list[ExcessAction]:
    found: dict[tuple[str, bool], ExcessAction] = {}
    by_grant: dict[int, list[_LeftOut]] = {}
    for one in _left_out_of(held, allowed, budget):
        by_grant.setdefault(id(one.grant), []).append(one)
    for group in by_grant.values():
        for one in _widest(group, budget):
            excess = _judged(one, budget)
            known = found.get((one.pattern, one.data))
            if known is None or known.danger < excess.danger:
                found[one.pattern, one.data] = excess
    return list(found.values())


def _widest(group: Sequence[_LeftOut], budget: Budget) -> Iterator[_LeftOut]:
    """Of patterns in one grant, those within no other one: `Microsoft.Web/*` speaks for `Microsoft.Web/*/read`."""
    patterns = PatternSet(one.pattern for one in group)
    yield from (one for one in group if not patterns.covers(one.pattern, budget, by_another=True))


def _judged(one: _LeftOut, budget: Budget) -> ExcessAction:
    """With the worst that lies in the surplus, not merely in the pattern, and an action which shows that."""
    if "*" not in one.pattern:
        return ExcessAction(one.written, one.data, danger_of(one.pattern, data=one.data), one.written)
    budget.spend(STEPS_OF_DANGER * (5 if one.pattern.startswith("*") else 1))
    for kind in (*patterns_against(one.pattern, one.data), READING):
        for part in sorted(common(one.pattern, kind.pattern, budget), key=lambda part: "*" in part):
            found = left_out(part, one.grant.nots, one.outer, budget)
            if found is not None:
                example = _example(one, found, (one.written, kind.written), budget)
                return ExcessAction(one.written, one.data, kind.danger, example)
    return ExcessAction(one.written, one.data, Danger.CHANGES, _example(one, one.part, (one.written,), budget))


def _example(one: _LeftOut, part: str, written: Sequence[str], budget: Budget) -> str:
    """An action in the part, one of the known ones if there is any."""

    def proves(action: str) -> bool:
        folded = fold(action)
        return (
            covers(one.pattern, folded)
            and not one.grant.nots.covers(folded, budget)
            and left_out(folded, _NOTHING, one.outer, budget) is not None
        )

    known = sorted(actions_within(part, one.data), key=lambda action: (action.count("/"), action))
    budget.spend(len(known))
    return next(filter(proves, known[:MOST_EXAMPLES]), None) or example_of(as_written(part, written), proves)


def _most_dangerous_first(one: ExcessAction) -> tuple[int, bool, str]:
    return -one.danger, not one.data, one.pattern.casefold()
