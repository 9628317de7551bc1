"""Counts: how many members of an array meet a condition, and what follows where some of them can't be known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Compiled
from policies.fields import TYPE_NOT_KNOWN, alias_path
from policies.operators import OPERATORS
from policies.paths import PropertyPath
from policies.resource_types import UNTYPED
from policies.scope import Scope
from policies.values import EvaluationError, Truth, Unknown, first_unknown, known

Ask = Callable[[Scope], Truth]

MAXIMUM_ROUNDS = 100
"""Of counts of values, those around them multiplied in (Microsoft: limits enforced during authoring)."""


@dataclass(slots=True)
class Tally:
    """The result of a count.

    Attributes:
        sure: members that certainly count.
        perhaps: members that may count, too.
        endless: whether there may be any number beyond these (the array itself isn't known).
        why: why it isn't certain; None where it is.
    """

    sure: int = 0
    perhaps: int = 0
    endless: bool = False
    why: Unknown | None = None

    def add(self, truth: Truth) -> None:
        """Takes in whether one member counts."""
        if truth is True:
            self.sure += 1
        elif truth is not False:
            self.perhaps += 1
            self.why = truth

    def add_any_number(self, why: Unknown) -> None:
        """Takes in an array that isn't known."""
        self.endless, self.why = True, why


Counted = Callable[[Scope], Tally]


def count_field(alias: str, where: Ask | None, plain: PropertyPath | None = None) -> Counted:
    """The members of an array that meet a condition; all of them where it is None.

    Args:
        alias: what the array is called (lower-cased).
        where: the condition.
        plain: the array's path, where it is named by that and not by an alias.
    """
    arrays_by_path: dict[str, int] = {}

    def count(scope: Scope) -> Tally:
        tally = Tally()
        path = plain if plain is not None else alias_path(scope, alias)
        if path is None:
            if scope.type in UNTYPED:
                tally.add_any_number(TYPE_NOT_KNOWN)
            return tally
        arrays = arrays_by_path.get(path.text)
        if arrays is None:
            arrays = arrays_by_path[path.text] = path.text.count("[*]")
        for value, positions in path.members(scope.resource, scope.cursors):
            if type(value) is Unknown and len(positions) < arrays:
                tally.add_any_number(value)
            elif where is None:
                tally.sure += 1
            else:
                tally.add(where(scope.within(positions, {alias: value})))
        return tally

    return count


def count_value(items: Compiled, name: str, where: Ask | None) -> Counted:
    """The members of an array that meet a condition, in which `current(name)` is the member (name lower-cased)."""

    def count(scope: Scope) -> Tally:
        tally = Tally()
        members = known(items.value(scope))
        if isinstance(members, Unknown):
            tally.add_any_number(members)
            return tally
        if not isinstance(members, list):
            raise EvaluationError("count.value is no array")
        rounds = len(members)
        if scope.rounds * rounds > MAXIMUM_ROUNDS:
            raise EvaluationError(f"counts of values that need more than {MAXIMUM_ROUNDS} rounds")
        if where is None:
            tally.sure = len(members)
            return tally
        for member in members:
            tally.add(where(scope.within({}, {name: known(member)}, rounds)))
        return tally

    return count


def judge(tally: Tally, scope: Scope, operator: str, operand: Compiled) -> Truth:
    """Whether the number meets an operator: certain where every number that it may be gives the same answer."""
    given = operand.value(scope)
    unknown = first_unknown(given)
    if unknown is not None:
        return unknown
    if given is None:
        raise EvaluationError("what is compared with is null")
    test = OPERATORS[operator](given)
    if tally.why is None:
        return test(tally.sure)
    answers = {test(number) for number in _candidates(tally, given)}
    return answers.pop() if len(answers) == 1 else tally.why


_FEW = 16


def _candidates(tally: Tally, operand: Any) -> Iterable[int]:
    """Numbers that stand for all that the count may be: an operator's answer changes only beside its operand."""
    least = tally.sure
    most = None if tally.endless else least + tally.perhaps
    if most is not None and most - least <= _FEW:
        return range(least, most + 1)
    told = [_whole(item) for item in (operand if isinstance(operand, list) else [operand])]
    if any(number is None for number in told) and not isinstance(operand, bool):
        # Patterns and other texts: far apart numbers may differ in any way. Two answers mean "not known".
        told = [number for number in told if number is not None]
        told += range(least, least + 100)
    beside = {number + step for number in told if number is not None for step in (-1, 0, 1)}
    ends = {least, least + 1} if most is None else {least, most}
    return sorted(
        number for number in {*beside, *ends, max((*beside, least)) + 1} if least <= number <= (most or number)
    )


def _whole(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15:
        return int(value)
    return None
