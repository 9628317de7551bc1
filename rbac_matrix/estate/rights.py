"""Whether a role permits something of what is asked, after what deny assignments take away.

What is asked is an action, or a pattern: then anything of it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rbac_matrix.permissions.containment import grants_of, left_out
from rbac_matrix.permissions.interface import Permissions
from rbac_matrix.permissions.patterns import Budget, PatternSet, common, fold

NOTHING = Permissions()


@dataclass(frozen=True, slots=True)
class Right:
    """Part of what is asked is permitted: as the role has it, as it was asked, or what both have in common.

    `condition` is the role definition's own, "" for none.
    """

    actions: str
    condition: str = ""


def rights(held: Permissions, asked: str, *, data: bool, denied: Permissions = NOTHING) -> tuple[Right, ...]:
    """What of an action or a pattern is permitted, and not denied for certain; empty for nothing.

    Raises:
        CouldNotCheckError: the patterns are too many-sided to be compared.
    """
    folded, budget = fold(asked), Budget()
    taken = [grant for grant in grants_of(denied, data) if not grant.condition]
    found: dict[Right, None] = {}
    for grant in grants_of(held, data):
        for action in grant.actions.overlapping(folded, budget):
            for part in common(action, folded, budget):
                if _something_left(part, grant.nots, taken, budget):
                    written = grant.written[action] if part == action else asked if part == folded else part
                    found[Right(written, grant.condition)] = None
    return tuple(found)


def _something_left(part: str, nots: PatternSet, taken: Sequence, budget: Budget) -> bool:  # type: ignore[type-arg]
    return left_out(part, nots, taken, budget) is not None
