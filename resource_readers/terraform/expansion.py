"""How many instances a block stands for: count and for_each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import LimitError, unknown
from resource_readers.terraform.evaluation import Frame, attempt
from resource_readers.terraform.syntax import Body, Conditional, Embedded, Node
from resource_readers.terraform.values import EvaluationProblem, TfSet, known, to_number, to_text

MAXIMUM_INSTANCES = 20_000


@dataclass(frozen=True, slots=True)
class Round:
    """One instance.

    Attributes:
        key: of count or for_each; None without them, or where it isn't known.
        frame: with `count` or `each`.
    """

    key: str | int | None
    frame: Frame


@dataclass(frozen=True, slots=True)
class Expansion:
    """The instances of a block.

    Attributes:
        kind: "", "count" or "for_each".
        rounds: one for each instance; one for all of them where `repeated`.
        condition: True, or an Unknown if it isn't known whether there are any.
        repeated: nobody can say how many there are.
    """

    kind: str
    rounds: tuple[Round, ...]
    condition: Value = True
    repeated: bool = False


def expanded(body: Body, frame: Frame, name: str, resolve: Callable[[Node], Node]) -> Expansion:
    """The instances of a block.

    Args:
        body: of the block.
        frame: where it stands.
        name: of the block, for the texts of keys that aren't known.
        resolve: gives the expression of a local value in place of a reference to it.
    """
    for kind in ("count", "for_each"):
        if kind in body.attributes:
            value, condition = _decided(resolve(body.attributes[kind].value), frame, resolve)
            rounds = _rounds(kind, value, frame)
            if rounds is None:
                return Expansion(kind, (_any_round(kind, frame, name),), condition, repeated=True)
            return Expansion(kind, rounds, condition)
    return Expansion("", (Round(None, frame),))


def _decided(node: Node, frame: Frame, resolve: Callable[[Node], Node]) -> tuple[Value, Value]:
    """The value of count or for_each, and True; or the only side that gives instances, and the condition for it."""
    value = known(attempt(node, frame))
    inner = node.node if isinstance(node, Embedded) else node
    if not isinstance(value, Unknown) or not isinstance(inner, Conditional):
        return value, True
    condition = known(attempt(inner.condition, frame))
    if not isinstance(condition, Unknown):
        return value, True
    sides = [_decided(resolve(side), frame, resolve)[0] for side in (inner.then, inner.otherwise)]
    filled = [side for side in sides if not _empty(side)]
    if len(filled) == 1:
        return filled[0], condition
    return value, True


def _empty(value: Value) -> bool:
    return value is not None and not isinstance(value, Unknown) and value in (0, "0", [], {}, False)


def _rounds(kind: str, value: Value, frame: Frame) -> tuple[Round, ...] | None:
    """None if it isn't known how many there are."""
    if isinstance(value, Unknown) or value is None:
        return None
    if kind == "count":
        try:
            count = to_number(value)
        except EvaluationProblem:
            return None
        if not isinstance(count, int) or count < 0:
            return None
        _bounded(count)
        return tuple(Round(number, frame.where(count={"index": number})) for number in range(count))
    if isinstance(value, dict):
        _bounded(len(value))
        return tuple(Round(key, frame.where(each={"key": key, "value": value[key]})) for key in sorted(value))
    if not isinstance(value, list):
        return None
    _bounded(len(value))
    items = [known(item) for item in value]
    if any(isinstance(item, Unknown | list | dict) or item is None for item in items):
        return None
    keys = list(dict.fromkeys(to_text(item) for item in items))  # a list would be refused; what it means is clear
    return tuple(Round(key, frame.where(each={"key": key, "value": key})) for key in sorted(keys))


def _bounded(count: int) -> None:
    if count > MAXIMUM_INSTANCES:
        raise LimitError(f"more than {MAXIMUM_INSTANCES:,} instances")


def _any_round(kind: str, frame: Frame, name: str) -> Round:
    reason = f"{kind} isn't known"
    if kind == "count":
        return Round(None, frame.where(count={"index": unknown(reason, f"{{count.index in {name}}}")}))
    each = {part: unknown(reason, f"{{each.{part} in {name}}}") for part in ("key", "value")}
    return Round(None, frame.where(each=each))


def elements_of(value: Value) -> list[tuple[Value, Value]] | None:
    """Keys and values for a dynamic block; None if they aren't known."""
    if isinstance(value, dict):
        return [(key, value[key]) for key in sorted(value)]
    if isinstance(value, TfSet):
        return [(item, item) for item in value]
    return list(enumerate(value)) if isinstance(value, list) else None
