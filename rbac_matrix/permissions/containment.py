"""What a union of blocks grants, and the part of a pattern that it leaves out.

A block grants its actions without its notActions. What lies in a block's notActions may be granted by another block,
so the question goes down through the blocks: whatever a block doesn't take away of a pattern, it covers; the rest has
to be covered by the others. That is exact, and ends, since each level has one block less.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence

from rbac_matrix.permissions.conditions import guarded_actions, same_condition
from rbac_matrix.permissions.interface import PermissionBlock, Permissions
from rbac_matrix.permissions.patterns import Budget, PatternSet, common, fold


class Grant:
    """Actions without notActions, under one condition ("" for none).

    Attributes:
        written: folded pattern of an action -> as it is written.
        actions, nots: folded.
    """

    __slots__ = ("actions", "condition", "nots", "written")

    def __init__(self, actions: Iterable[str], nots: Iterable[str], condition: str) -> None:
        self.written: dict[str, str] = {}
        for action in filter(None, actions):
            self.written.setdefault(fold(action), action)
        self.actions = PatternSet(self.written)
        self.nots = PatternSet(map(fold, filter(None, nots)))
        self.condition = condition


@functools.lru_cache(maxsize=1024)
def grants_of(permissions: Permissions, data: bool) -> tuple[Grant, ...]:
    """All that is granted, on the control plane or on data.

    A condition that speaks of some actions only ("not this action, or ...") leaves the others of its block without one.
    """
    simple: dict[str, list[str]] = {}
    grants = []
    for block in permissions.blocks:
        for actions, nots, condition in _parts(block, data):
            if not actions:
                continue
            if nots:
                grants.append(Grant(actions, nots, condition))
            else:
                simple.setdefault(condition, []).extend(actions)
    return (*(Grant(actions, (), condition) for condition, actions in simple.items()), *grants)


def _parts(block: PermissionBlock, data: bool) -> list[tuple[tuple[str, ...], tuple[str, ...], str]]:
    actions = block.data_actions if data else block.actions
    nots = block.not_data_actions if data else block.not_actions
    condition = same_condition(block.condition)
    if not condition:
        return [(actions, nots, "")]
    guarded = guarded_actions(block.condition)
    free = [] if guarded is None else [(actions, (*nots, *guarded), "")]
    return [*free, (actions, nots, condition)]


def usable(grants: Iterable[Grant], condition: str) -> list[Grant]:
    """Those that hold wherever something under that condition is done: without a condition, or under the same one."""
    return [grant for grant in grants if grant.condition in ("", condition)]


def left_out(pattern: str, nots: PatternSet, outer: Sequence[Grant], budget: Budget) -> str | None:
    """A folded pattern within `pattern` and outside of `nots` of which `outer` grants nothing typical; None for none.

    What it stands for when its stars are filled with a letter that no pattern has is granted by `outer` nowhere and
    lies outside of `nots`: so it is a counterexample. None means that everything is granted.

    Raises:
        CouldNotCheckError: it takes more steps than the budget has.
    """
    if nots.covers(pattern, budget):
        return None
    best: tuple[Grant, list[str]] | None = None
    for grant in outer:
        if grant.actions.covers(pattern, budget) and not grant.nots.covers(pattern, budget):
            taken = grant.nots.overlapping(pattern, budget)
            if not taken:
                return None
            if best is None or len(taken) < len(best[1]):
                best = grant, taken
    if best is None:
        return pattern
    others = [grant for grant in outer if grant is not best[0]]
    for taken_away in best[1]:
        for part in common(pattern, taken_away, budget):
            found = left_out(part, nots, others, budget)
            if found is not None:
                return found
    return None
