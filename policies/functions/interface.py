"""What a template function is: a Python function over JSON values that raises EvaluationError for what it can't take.

Functions that need the resource, the request or the parameters (`field`, `parameters`, `current` ...) are compiled
separately; see `policies.compiled_expressions`. `if`, `and`, `or` and `coalesce` are, too: they don't need every
argument.

Where the pages of the functions are silent (null, wrong types), the functions follow Azure/azure-policy-linter, in
which Microsoft publishes how its policy engine evaluates them. Above all, null passes for text, and is "".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from policies.values import EvaluationError

MAXIMUM_TEXT = 131_072
MAXIMUM_NODES = 32_768
MAXIMUM_DEPTH = 128
"""Limits of what a function may take and return (Microsoft: limits enforced during evaluation)."""


@dataclass(frozen=True, slots=True)
class Function:
    """A pure function.

    Attributes:
        name: as documented ("padLeft").
        least, most: number of arguments; most None for any number.
        apply: takes the values.
        deep: whether it looks into arrays and objects, so that an unknown inside makes the answer unknown.
    """

    name: str
    least: int
    most: int | None
    apply: Callable[..., Any]
    deep: bool = True


def kind(value: Any) -> str:
    """A value's type in the words of messages."""
    names = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "float"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def text(name: str, value: Any) -> str:
    """A text argument; null is ""."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise EvaluationError(f"{name}() needs a string, found {kind(value)}")
    return value


def integer(name: str, value: Any) -> int:
    """A whole number argument."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise EvaluationError(f"{name}() needs an integer, found {kind(value)}")
    return value


def boolean(name: str, value: Any) -> bool:
    """A boolean argument."""
    if not isinstance(value, bool):
        raise EvaluationError(f"{name}() needs a boolean, found {kind(value)}")
    return value


def array(name: str, value: Any) -> list[Any]:
    """An array argument."""
    if not isinstance(value, list):
        raise EvaluationError(f"{name}() needs an array, found {kind(value)}")
    return value


def check_limits(value: Any) -> None:
    """Raises EvaluationError for a value that a function may neither take nor return."""
    if isinstance(value, str):
        if len(value) > MAXIMUM_TEXT:
            raise EvaluationError(f"text of more than {MAXIMUM_TEXT:,} characters")
    elif isinstance(value, list | dict):
        _check_container(value)


def _check_container(value: list[Any] | dict[str, Any]) -> None:
    level: list[Any] = [value]
    nodes = depth = 0
    while level:
        nodes += len(level)
        depth += 1
        if nodes > MAXIMUM_NODES or depth > MAXIMUM_DEPTH:
            raise EvaluationError(f"a value of more than {MAXIMUM_NODES:,} nodes or {MAXIMUM_DEPTH} levels")
        level = [
            item
            for parent in level
            if isinstance(parent, list | dict)
            for item in (parent if isinstance(parent, list) else parent.values())
        ]


def exactly_equal(left: Any, right: Any) -> bool:
    """Equality of functions: types count, and so does the case of text (unlike in conditions)."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(exactly_equal(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(exactly_equal(left[key], right[key]) for key in left)
    return bool(left == right)


def identity(value: Any) -> Any:
    """Something hashable that is the same for what is exactly equal, and for nothing else."""
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, list):
        return list, tuple(identity(item) for item in value)
    if isinstance(value, dict):
        return dict, frozenset((key, identity(item)) for key, item in value.items())
    return value
