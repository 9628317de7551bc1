"""Numbers, truth and comparisons. Source: Microsoft's pages on numeric, logical and comparison functions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from policies.functions.interface import Function, boolean, exactly_equal, integer, kind, text
from policies.values import EvaluationError
from template_functions.collation import compare_text

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


_INTEGER = re.compile(r"\s*[+-]?[0-9]+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9][0-9,]*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")


def _int(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise EvaluationError(f"int() can't turn {kind(value)} into an integer")
    if isinstance(value, int):
        return _whole(value)
    if _INTEGER.fullmatch(value) is None or len(value) > 100:
        raise EvaluationError(f"int() can't turn {value[:40]!r} into an integer")
    return _whole(int(value))


def _float(value: Any) -> float:
    if not isinstance(value, str | int | float):
        raise EvaluationError(f"float() can't turn {kind(value)} into a number")
    if isinstance(value, str) and _NUMBER.fullmatch(value) is None:
        raise EvaluationError(f"float() can't turn {value[:40]!r} into a number")
    try:
        number = float(value.replace(",", "")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        raise EvaluationError("float() of a number that is too big") from None
    if not math.isfinite(number):
        raise EvaluationError("float() of a number that is too big")
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool | int | float):
        return bool(value)
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise EvaluationError(f"bool() can't judge {repr(value[:40]) if isinstance(value, str) else kind(value)}")


def _ordered(name: str, holds: Callable[[int], bool]) -> Function:
    def apply(left: Any, right: Any) -> bool:
        if isinstance(left, str | None) or isinstance(right, str | None):
            return holds(compare_text(text(name, left), text(name, right), ignore_case=False))
        for value in (left, right):
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise EvaluationError(f"{name}() can't order {kind(value)}")
        return holds((left > right) - (left < right))

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
