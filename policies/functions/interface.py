"""What a template function is: a Python function over JSON values that raises EvaluationError for what it can't take.

Functions that need the resource, the request or the parameters (`field`, `parameters`, `current` ...) are compiled
separately; see `policies.compiled_expressions`. `if`, `and`, `or` and `coalesce` are, too: they don't need every
argument.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from policies.values import EvaluationError


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
    """A text argument."""
    if not isinstance(value, str):
        raise EvaluationError(f"{name}() needs a string, found {kind(value)}")
    return value


def integer(name: str, value: Any) -> int:
    """A whole number argument."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
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
