"""Evaluation of syntax trees: one evaluator for ARM and Bicep, with unknowns that flow through and a bounded budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol, assert_never

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import (
    MAXIMUM_DEPTH,
    MAXIMUM_TEXT,
    FunctionError,
    LimitError,
    ResourceHandle,
    has_known_part,
    size_of,
    unknown,
    unknown_call,
    unknown_names,
)
from resource_readers.trees.nodes import (
    ArrayNode,
    Call,
    Entry,
    Index,
    Lambda,
    Literal,
    Loop,
    Member,
    Name,
    Node,
    ObjectNode,
    Spread,
    Unreadable,
)
from verdicts.records import record

MAXIMUM_STEPS = 2_000_000
"""Nodes evaluated and values copied for one file; a large real template needs about 100,000."""
MAXIMUM_LOOP = 800
"""Azure Resource Manager's own limit on a copy loop."""


class Budget:
    """What one file may cost, shared by everything that belongs to it."""

    def __init__(self, steps: int = MAXIMUM_STEPS) -> None:
        self._left = steps

    def spend(self, steps: int = 1) -> None:
        """Raises LimitError when nothing is left."""
        self._left -= steps
        if self._left < 0:
            raise LimitError(f"more than {MAXIMUM_STEPS:,} steps")


class Scope(Protocol):
    """What names mean where an expression stands."""

    @property
    def budget(self) -> Budget:
        """The file's budget."""

    def symbol(self, name: str, frame: Frame) -> Value:
        """The value of a Bicep symbol."""

    def unreadable(self, node: Unreadable) -> None:
        """Notes something that was not understood and that a value depends on."""

    def call(self, name: str, arguments: tuple[Value, ...], frame: Frame) -> Value:
        """A function that depends on the scope (parameters, resourceId, reference ...), or the plain function table."""


@record(frozen=True, slots=True)
class Frame:
    """Where evaluation stands: the scope, loop and lambda variables, and the indexes of copy loops.

    Attributes:
        scope: see Scope.
        variables: loop and lambda variables by name.
        copies: index by the casefolded name of the copy loop; "" is the innermost resource loop.
        depth: how many evaluations are nested.
    """

    scope: Scope
    variables: Mapping[str, Value] = field(default_factory=dict)
    copies: Mapping[str, Value] = field(default_factory=dict)
    depth: int = 0

    def deeper(self) -> Frame:
        """One level down. Raises LimitError."""
        if self.depth >= MAXIMUM_DEPTH:
            raise LimitError(f"nested deeper than {MAXIMUM_DEPTH} levels")
        return Frame(self.scope, self.variables, self.copies, self.depth + 1)


@dataclass(frozen=True, slots=True)
class Closure:
    """A lambda with the place where it was written."""

    function: Lambda
    frame: Frame

    def __call__(self, *arguments: Value) -> Value:
        """Its value for the arguments; those that it has no name for are dropped."""
        names = dict(zip(self.function.parameters, arguments, strict=False))
        return evaluate(self.function.body, replace(self.frame, variables={**self.frame.variables, **names}))


def evaluate(node: Node, frame: Frame) -> Value:
    """The value of a tree. Raises LimitError only."""
    frame.scope.budget.spend()
    if isinstance(node, Literal):
        return node.value
    frame = frame.deeper()
    match node:
        case Call():  # most nodes are calls
            return _call(node, frame)
        case ArrayNode():
            return _array(node, frame)
        case ObjectNode():
            return _object(node, frame)
        case Spread():
            return Unknown("a spread outside of an array or object")
        case Name():
            if node.name in frame.variables:
                return frame.variables[node.name]
            return frame.scope.symbol(node.name, frame)
        case Member():
            base = evaluate(node.base, frame)
            if isinstance(base, dict) and node.name not in base:
                frame.scope.budget.spend(len(base) // _ITEMS)
            return None if base is None and _after_safe(node.base) else member(base, node.name, safe=node.safe)
        case Index():
            return _index(node, frame)
        case Loop():
            return _loop(node, frame)
        case Lambda():
            return Closure(node, frame)
        case Unreadable():
            frame.scope.unreadable(node)
            return Unknown(node.reason)
    assert_never(node)


def _array(node: ArrayNode, frame: Frame) -> Value:
    items: list[Value] = []
    for one in node.items:
        if isinstance(one, Spread):
            value = evaluate(one.value, frame)
            if not isinstance(value, list):
                return value if isinstance(value, Unknown) else Unknown("a spread of something that is no array")
            frame.scope.budget.spend(size_of(value))
            items.extend(value)
        else:
            items.append(evaluate(one, frame))
    return items


def _object(node: ObjectNode, frame: Frame) -> Value:
    result: dict[str, Value] = {}
    for entry in node.entries:
        value = entry.value
        if isinstance(value, Spread):
            spread = evaluate(value.value, frame)
            if not isinstance(spread, dict):
                return spread if isinstance(spread, Unknown) else Unknown("a spread of something that is no object")
            frame.scope.budget.spend(size_of(spread))
            result.update(spread)
            continue
        key = _key(entry, frame)
        if isinstance(key, Unknown):
            empty = all(isinstance(one.value, ObjectNode) and not one.value.entries for one in node.entries)
            return unknown_names([_key(one, frame) for one in node.entries] if empty else [], empty=empty)
        if not isinstance(key, str):
            return Unknown("a key that is no text")
        result[key] = evaluate(value, frame)
    return result


def _key(entry: Entry, frame: Frame) -> Value:
    return entry.key if isinstance(entry.key, str) else evaluate(entry.key, frame)


# Functions that don't need all of their arguments are evaluated one by one.
def _call(node: Call, frame: Frame) -> Value:
    name = node.name.casefold()
    lazy = _LAZY.get(name)
    if lazy is not None:
        return lazy(node, frame)
    arguments = tuple(evaluate(one, frame) for one in node.arguments)
    frame.scope.budget.spend(_size(arguments, _SLOW_CHARACTERS if name in _SLOW else _CHARACTERS))
    try:
        value = frame.scope.call(node.name, arguments, frame)
    except FunctionError as error:
        return unknown_call(node.name, arguments, f"{node.name}(): {error}")
    if isinstance(value, str) and len(value) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    # What is only shown again was paid for when it was made.
    frame.scope.budget.spend(1 if name in _SHARED else size_of(value))
    return value


_SHARED = frozenset({"parameters", "variables", "lambdavariables"})
# Functions that look at each character by itself.
_SLOW = frozenset({"greater", "greaterorequals", "less", "lessorequals", "uniquestring"})
_CHARACTERS, _SLOW_CHARACTERS = 128, 4
_ITEMS = 4


def _size(arguments: tuple[Value, ...], characters: int) -> int:
    """What it costs to go through the arguments."""
    steps = 0
    for one in arguments:
        if isinstance(one, str):
            steps += len(one) // characters
        elif isinstance(one, list | dict):
            steps += len(one) // _ITEMS
    return steps


def _if(node: Call, frame: Frame) -> Value:
    if len(node.arguments) != 3:
        return Unknown("if() takes three arguments")
    condition = evaluate(node.arguments[0], frame)
    if condition is True:
        return evaluate(node.arguments[1], frame)
    if condition is False:
        return evaluate(node.arguments[2], frame)
    first, second = (evaluate(one, frame) for one in node.arguments[1:])
    if not isinstance(first, Unknown) and type(first) is type(second) and first == second:
        return first
    return unknown_call(
        "if", (condition, first, second), "" if isinstance(condition, Unknown) else "if() of no truth value"
    )


def _logic(stop: bool, name: str) -> Callable[[Call, Frame], Value]:
    def of(node: Call, frame: Frame) -> Value:
        values: list[Value] = []
        for one in node.arguments:
            value = evaluate(one, frame)
            if value is stop:
                return stop
            values.append(value)
        undecided = [value for value in values if not isinstance(value, bool)]
        return (
            unknown_call(
                name,
                tuple(values),
                "" if any(isinstance(v, Unknown) for v in undecided) else f"{name}() of no truth value",
            )
            if undecided
            else not stop
        )

    return of


def _coalesce(node: Call, frame: Frame) -> Value:
    for position, one in enumerate(node.arguments):
        value = evaluate(one, frame)
        if isinstance(value, Unknown) and not has_known_part(value):
            rest = tuple(evaluate(other, frame) for other in node.arguments[position + 1 :])
            return unknown_call("coalesce", (value, *rest))
        if value is not None:
            return value
    return None


_LAZY: Mapping[str, Callable[[Call, Frame], Value]] = {
    "if": _if,
    "and": _logic(False, "and"),
    "or": _logic(True, "or"),
    "coalesce": _coalesce,
}


def _after_safe(node: Node) -> bool:
    """Whether a `.?` stands before it in the chain: then what follows is null, too, where that is."""
    while isinstance(node, Member | Index):
        if node.safe:
            return True
        node = node.base
    return False


def _of_handle(handle: ResourceHandle, name: str, *, safe: bool) -> Value:
    """A member of a resource or module; null where it is asked for safely and the thing isn't deployed."""
    if not safe or handle.condition is True or name in ("id", "name", "type", "apiVersion"):
        return handle.member(name)
    if handle.condition is False:
        return None
    return unknown_call("if", (handle.condition, handle.member(name), None))


def member(base: Value, name: str, *, safe: bool) -> Value:
    """`base.name`, whatever the case of the name."""
    if isinstance(base, Unknown):
        text = "{" + f"{base.text.removeprefix('{').removesuffix('}')}.{name}" + "}" if base.text else ""
        return unknown(base.reason, text, resource=base.resource, path=(*base.path, name) if base.resource else ())
    if isinstance(base, ResourceHandle):
        return _of_handle(base, name, safe=safe)
    if isinstance(base, dict):
        if name in base:
            return base[name]
        folded = name.casefold()
        for key, value in base.items():
            if key.casefold() == folded:
                return value
        return None if safe else Unknown(f"there is no property {name!r}")
    if safe:
        return None
    return Unknown(f"{name!r} is asked of something that is no object")


def _index(node: Index, frame: Frame) -> Value:
    base, index = evaluate(node.base, frame), evaluate(node.index, frame)
    safe = node.safe or (base is None and _after_safe(node.base))
    if isinstance(index, str):
        if isinstance(base, dict) and index not in base:
            frame.scope.budget.spend(len(base) // _ITEMS)
        return member(base, index, safe=safe)
    if isinstance(base, Unknown):
        return unknown_call("item", (base, index))
    if isinstance(index, Unknown):
        return unknown_call("item", (base, index))
    if isinstance(base, list) and isinstance(index, int) and not isinstance(index, bool):
        if 0 <= index < len(base):
            return base[index]
        return None if safe else Unknown(f"there is no item {index}")
    return None if safe and base is None else Unknown("an index of something that is no array")


@dataclass(frozen=True, slots=True)
class Iteration:
    """One round of a loop: the frame for its body."""

    frame: Frame
    known: bool = True


def iterations(loop: Loop, frame: Frame) -> list[Iteration] | Unknown:
    """The rounds of a loop; an Unknown if nobody can say how many. A round whose condition is unknown isn't `known`."""
    over = evaluate(loop.over, frame)
    if isinstance(over, Unknown):
        return over
    if loop.counted:
        if isinstance(over, bool) or not isinstance(over, int) or over < 0:
            return Unknown("the count of a loop is no whole number")
        items: list[Value] = [None] * over if over <= MAXIMUM_LOOP else []
        count = over
    elif isinstance(over, list):
        items, count = over, len(over)
    else:
        return Unknown("a loop over something that is no array")
    if count > MAXIMUM_LOOP:
        raise LimitError(f"a loop of more than {MAXIMUM_LOOP} rounds")
    rounds = []
    for position, item in enumerate(items):
        inner = round_frame(loop, frame, item, position)
        wanted = True if loop.condition is None else evaluate(loop.condition, inner)
        if wanted is not False:
            rounds.append(Iteration(inner, wanted is True))
    return rounds


def round_frame(loop: Loop, frame: Frame, item: Value, position: Value) -> Frame:
    """The frame of one round."""
    if loop.counted:
        return replace(frame, copies={**frame.copies, loop.item.casefold(): position})
    names = {name: value for name, value in ((loop.item, item), (loop.index, position)) if name}
    return replace(frame, variables={**frame.variables, **names})


def _loop(loop: Loop, frame: Frame) -> Value:
    rounds = iterations(loop, frame)
    if isinstance(rounds, Unknown):
        return unknown("a loop over something unknown: " + rounds.reason)
    if not all(one.known for one in rounds):
        return Unknown("a loop with an unknown condition")
    return [evaluate(loop.body, one.frame) for one in rounds]
