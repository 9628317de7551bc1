"""Results of evaluations as rows, and their roll-up.

Source: Microsoft's page "Azure Policy compliance states" (rank of the states, percentage). Its rank puts Compliant
above Conflict and Unknown, so that a rolled-up Compliant may hide either: `RollUp.state` keeps that rank, and
`RollUp.verdict_ok`, which decides in mlgate, doesn't.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import assert_never

from policies.evaluation import State

RANK = (
    State.NON_COMPLIANT,
    # Azure documents no rank for it; a failed evaluation denies requests, so it ranks with the denied.
    State.ERROR,
    State.COMPLIANT,
    State.CONFLICT,
    State.EXEMPT,
    State.UNKNOWN,
)
"""The states from the one that wins a roll-up on. NotApplicable is no compliance state and counts nowhere."""

NOT_OK = frozenset({State.NON_COMPLIANT, State.ERROR, State.CONFLICT, State.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One policy of an assignment and one resource to which it applies.

    Attributes:
        assignment: id, or name where there is no id.
        initiative: id, or name; "" if a definition is assigned. reference: id in it, likewise.
        groups: of the reference, names as the initiative spells them.
        definition: id, lower-cased. definition_name: its display name.
        resource: id as far as it is known, else type and name. resource_type: as written.
        state: never NotApplicable.
        effect: that the policy has after overrides, lower-cased; "" where that can't be told.
        takes_hold: whether the effect does.
        enforced: whether requests feel it: True, False, or None where it isn't known.
        changed: whether the request would be changed in accord with the policy.
        reason: in a sentence.
        message: the assignment's non-compliance message, where the state calls for one.
        exemption: name and category of the exemption that holds. expired_exemption: of one that would, had it not
            expired.
        problem: why it isn't exactly what Azure would evaluate; "" if it is.
    """

    assignment: str
    initiative: str
    reference: str
    groups: tuple[str, ...]
    definition: str
    definition_name: str
    resource: str
    resource_type: str
    state: State
    effect: str
    takes_hold: bool
    enforced: bool | None
    changed: bool = False
    reason: str
    message: str = ""
    exemption: str = ""
    expired_exemption: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RollUp:
    """Rows summed up.

    Attributes:
        counts: how many rows there are of each state that occurs.
    """

    counts: Mapping[State, int]

    @property
    def total(self) -> int:
        """The number of rows."""
        return sum(self.counts.values())

    @property
    def state(self) -> State | None:
        """What Azure shows: the highest-ranking state, an Error as NonCompliant; None for no rows at all."""
        found = next((state for state in RANK if self.counts.get(state)), None)
        return State.NON_COMPLIANT if found is State.ERROR else found

    @property
    def verdict_ok(self) -> bool:
        """Whether all is well: something was looked at, and nothing is NonCompliant, Error, Conflict or Unknown."""
        return self.total > 0 and not any(self.counts.get(state) for state in NOT_OK)

    def __add__(self, other: RollUp) -> RollUp:
        """Both together."""
        states = [state for state in RANK if state in self.counts or state in other.counts]
        return _of({state: self.counts.get(state, 0) + other.counts.get(state, 0) for state in states})


def _of(counts: Mapping[State, int]) -> RollUp:
    return RollUp(MappingProxyType({state: counts[state] for state in RANK if counts.get(state)}))


def roll_up(states: Iterable[State]) -> RollUp:
    """States summed up; NotApplicable doesn't count."""
    counts: dict[State, int] = {}
    for state in states:
        counts[state] = counts.get(state, 0) + 1
    return _of(counts)


class Level(enum.Enum):
    """By what rows are rolled up."""

    RESOURCE = "resource"
    POLICY = "policy"
    INITIATIVE = "initiative"
    GROUP = "group"
    ASSIGNMENT = "assignment"


def roll_up_by(rows: Iterable[Row], level: Level) -> dict[tuple[str, ...], RollUp]:
    """The roll-up of each resource, policy, initiative, group of an initiative, or assignment, in order of their names.

    Keys are one name each, but (initiative, group) for groups. A row without initiative or group has none there.
    """
    states: dict[tuple[str, ...], list[State]] = {}
    for row in rows:
        for key in _keys(row, level):
            states.setdefault(key, []).append(row.state)
    return {key: roll_up(states[key]) for key in sorted(states)}


def _keys(row: Row, level: Level) -> Iterator[tuple[str, ...]]:
    match level:
        case Level.RESOURCE:
            yield (row.resource,)
        case Level.POLICY:
            yield (row.definition,)
        case Level.INITIATIVE:
            if row.initiative:
                yield (row.initiative,)
        case Level.GROUP:
            yield from ((row.initiative, group) for group in row.groups)
        case Level.ASSIGNMENT:
            yield (row.assignment,)
        case _:
            assert_never(level)


def compliant_share(rows: Iterable[Row]) -> tuple[int, int]:
    """Azure's percentage as a fraction: distinct resources that roll up to Compliant, Exempt or Unknown, of all.

    It counts Unknown as good, as Azure does: show it beside `verdict_ok`, never instead.
    """
    states = [found.state for found in roll_up_by(rows, Level.RESOURCE).values()]
    good = sum(state in (State.COMPLIANT, State.EXEMPT, State.UNKNOWN) for state in states)
    return good, len(states)
