"""Numeric functions, and conversions of types."""

from __future__ import annotations

import math
from decimal import Decimal

from resource_readers.interface import Unknown, Value
from resource_readers.terraform.functions.table import Context, function
from resource_readers.terraform.numbers import CONTEXT, Number, decimal, number_of
from resource_readers.terraform.operators import calculated
from resource_readers.terraform.types import unified
from resource_readers.terraform.values import (
    EvaluationProblem,
    kind_of,
    known,
    set_of,
    to_bool,
    to_number,
    to_text,
)

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_MIXED_DIGITS = _DIGITS + _DIGITS[10:].upper()
_LONGEST = 2_000


@function("abs", "n")
def _abs(number: Number) -> Value:
    return abs(number)


@function("ceil", "n")
def _ceil(number: Number) -> Value:
    return math.ceil(number)


@function("floor", "n")
def _floor(number: Number) -> Value:
    return math.floor(number)


@function("signum", "i")
def _signum(number: int) -> Value:
    return (number > 0) - (number < 0)


@function("max", "n n*")
def _max(*numbers: Number) -> Value:
    return max(numbers)


@function("min", "n n*")
def _min(*numbers: Number) -> Value:
    return min(numbers)


@function("log", "n n")
def _log(number: Number, base: Number) -> Value:
    try:
        return _from_float(math.log(number) / math.log(base))
    except (ValueError, ZeroDivisionError):
        raise EvaluationProblem("log() has no result") from None


@function("pow", "n n")
def _pow(number: Number, exponent: Number) -> Value:
    if isinstance(number, int) and isinstance(exponent, int) and 0 <= exponent <= 2_000 and abs(number) <= 1_000_000:
        return calculated(lambda: number**exponent)
    try:
        return _from_float(math.pow(number, exponent))
    except (ValueError, OverflowError):
        raise EvaluationProblem("pow() has no result") from None


def _from_float(value: float) -> Value:
    if not math.isfinite(value):
        raise EvaluationProblem("arithmetic without a result")
    return int(value) if value.is_integer() else Decimal(repr(value))


@function("parseint", "t i")
def _parseint(text: str, base: int) -> Value:
    if not 2 <= base <= 62:
        raise EvaluationProblem(f"parseint(): the base {base}")
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    alphabet = (_DIGITS if base <= 36 else _MIXED_DIGITS)[:base]
    if base <= 36:
        digits = digits.lower()
    if not digits or len(digits) > _LONGEST or not set(digits) <= set(alphabet):
        raise EvaluationProblem(f"parseint(): no number of base {base}")
    total = 0
    for digit in digits:
        total = total * base + alphabet.index(digit)
    return calculated(lambda: sign * total)


@function("sum", "l")
def _sum(items: list[Value]) -> Value:
    if not items:
        raise EvaluationProblem("sum() of nothing")
    total: Number = 0
    for item in (known(one) for one in items):
        if isinstance(item, Unknown):
            return item
        number = to_number(item)
        exact = isinstance(total, int) and isinstance(number, int)
        before = total
        total = calculated(
            lambda: before + number if exact else CONTEXT.add(decimal(before), decimal(number))  # noqa: B023
        )
    return total


@function("tostring", "v")
def _tostring(value: Value) -> Value:
    value = known(value)
    return value if value is None or isinstance(value, Unknown) else to_text(value)


@function("tonumber", "v")
def _tonumber(value: Value) -> Value:
    value = known(value)
    return value if value is None or isinstance(value, Unknown) else to_number(value)


@function("tobool", "v")
def _tobool(value: Value) -> Value:
    value = known(value)
    return value if value is None or isinstance(value, Unknown) else to_bool(value)


@function("tolist", "v")
def _tolist(value: Value) -> Value:
    value = known(value)
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, list):
        raise EvaluationProblem(f"tolist(): {kind_of(value)}")
    return unified(list(value))


@function("toset", "v", context=True)
def _toset(context: Context, value: Value) -> Value:
    value = known(value)
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, list):
        raise EvaluationProblem(f"toset(): {kind_of(value)}")
    return set_of(unified(list(value)), context.budget)


@function("tomap", "v")
def _tomap(value: Value) -> Value:
    value = known(value)
    if value is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, dict):
        raise EvaluationProblem(f"tomap(): {kind_of(value)}")
    return dict(zip(value, unified(list(value.values())), strict=True))


@function("sensitive", "v")
def _sensitive(value: Value) -> Value:
    return value


@function("nonsensitive", "v")
def _nonsensitive(value: Value) -> Value:
    return value


@function("ephemeralasnull", "v")
def _ephemeralasnull(value: Value) -> Value:
    return value


@function("issensitive", "v")
def _issensitive(_: Value) -> Value:
    return Unknown("which values are sensitive isn't followed")


def read_number(text: str) -> Number:
    """A number in JSON or YAML. Raises EvaluationProblem."""
    number = number_of(text)
    if number is None:
        raise EvaluationProblem("a number that is too large")
    return number
