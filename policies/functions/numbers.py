"""Numbers, truth and comparisons. Source: Microsoft's pages on numeric, logical and comparison functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from policies.functions.interface import Function, boolean, exactly_equal, integer, kind
from policies.operators import compare
from policies.values import EvaluationError, text_of

_INT64 = 2**63


def _whole(value: int) -> int:
    if not -_INT64 <= value < _INT64:
        raise EvaluationError("a number leaves 64 bits")
    return value


def _arithmetic(name: str, combine: Callable[[int, int], int]) -> Function:
    def apply(left: Any, right: Any) -> int:
        return _whole(combine(integer(name, left), integer(name, right)))

    return Function(name, 2, 2, apply)


def _divide(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("div() by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _modulo(left: int, right: int) -> int:
    if right == 0:
        raise EvaluationError("mod() by zero")
    return left - right * _divide(left, right)


def _int(value: Any) -> int:
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        raise EvaluationError(f"int() can't turn {kind(value)} into an integer")
    try:
        number = int(value.strip()) if isinstance(value, str) else int(value)
    except (ValueError, OverflowError):
        raise EvaluationError(f"int() can't turn {text_of(value)[:40]!r} into an integer") from None
    return _whole(number)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise EvaluationError(f"float() can't turn {kind(value)} into a number")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        raise EvaluationError(f"float() can't turn {text_of(value)[:40]!r} into a number") from None
    if not math.isfinite(number):
        raise EvaluationError("float() of something that is no finite number")
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    if isinstance(value, str) and value.lower() in ("true", "false", "1", "0"):
        return value.lower() in ("true", "1")
    raise EvaluationError(
        f"bool() can't judge {text_of(value)[:40]!r}" if isinstance(value, str) else f"bool() can't judge {kind(value)}"
    )


def _ordered(name: str, holds: Callable[[int], bool]) -> Function:
    def apply(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return holds((left > right) - (left < right))
        return holds(compare(left, right, f"{name}()"))

    return Function(name, 2, 2, apply)


NUMBER_FUNCTIONS = (
    _arithmetic("add", lambda left, right: left + right),
    _arithmetic("sub", lambda left, right: left - right),
    _arithmetic("mul", lambda left, right: left * right),
    _arithmetic("div", _divide),
    _arithmetic("mod", _modulo),
    Function("int", 1, 1, _int),
    Function("float", 1, 1, _float),
    Function("bool", 1, 1, _bool),
    Function("not", 1, 1, lambda value: not boolean("not", value)),
    Function("true", 0, 0, lambda: True),
    Function("false", 0, 0, lambda: False),
    Function("null", 0, 0, lambda: None),
    Function("equals", 2, 2, exactly_equal),
    _ordered("less", lambda order: order < 0),
    _ordered("lessOrEquals", lambda order: order <= 0),
    _ordered("greater", lambda order: order > 0),
    _ordered("greaterOrEquals", lambda order: order >= 0),
)
