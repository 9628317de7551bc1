"""Operators other than the logical ones, which don't always need both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, DecimalException

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.terraform.numbers import CONTEXT, Number, decimal, normal
from resource_readers.terraform.values import EvaluationProblem, same, to_bool, to_number, unknown_of


def unary(operator: str, value: Value) -> Value:
    """`!value` or `-value`. Raises EvaluationProblem."""
    if isinstance(value, Unknown):
        return unknown_of(operator + "{}", value)
    return not to_bool(value) if operator == "!" else -to_number(value)


def binary(operator: str, left: Value, right: Value, budget: Budget) -> Value:
    """Arithmetic and comparisons. Raises EvaluationProblem."""
    if operator in ("==", "!="):
        equal = same(left, right, budget)
        if equal is None:
            return unknown_of("{} " + operator + " {}", left, right)
        return equal is (operator == "==")
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return unknown_of("{} " + operator + " {}", left, right)
    first, second = to_number(left), to_number(right)
    if operator in _COMPARISONS:
        return _COMPARISONS[operator](first, second)
    return calculated(lambda: _ARITHMETIC[operator](first, second))


def calculated(make: Callable[[], Number]) -> Number:
    """A result of arithmetic. Raises EvaluationProblem where there is none."""
    try:
        result = make()
        number = normal(result) if isinstance(result, Decimal) else result
    except (DecimalException, ArithmeticError):
        raise EvaluationProblem("arithmetic without a result") from None
    if number is None or (isinstance(number, int) and number.bit_length() > 1_400):
        raise EvaluationProblem("a number that is too large")
    return number


def _divided(first: Number, second: Number) -> Number:
    if second == 0:
        raise EvaluationProblem("division by zero")
    if isinstance(first, int) and isinstance(second, int) and first % second == 0:
        return first // second
    return CONTEXT.divide(decimal(first), decimal(second))


def _remainder(first: Number, second: Number) -> Number:
    if second == 0:
        return first  # so does Terraform
    return CONTEXT.remainder(decimal(first), decimal(second))  # with the sign of the first, as in Terraform


def _added(first: Number, second: Number) -> Number:
    if isinstance(first, int) and isinstance(second, int):
        return first + second
    return CONTEXT.add(decimal(first), decimal(second))


def _subtracted(first: Number, second: Number) -> Number:
    if isinstance(first, int) and isinstance(second, int):
        return first - second
    return CONTEXT.subtract(decimal(first), decimal(second))


def _multiplied(first: Number, second: Number) -> Number:
    if isinstance(first, int) and isinstance(second, int):
        return first * second
    return CONTEXT.multiply(decimal(first), decimal(second))


_ARITHMETIC: Mapping[str, Callable[[Number, Number], Number]] = {
    "+": _added,
    "-": _subtracted,
    "*": _multiplied,
    "/": _divided,
    "%": _remainder,
}
_COMPARISONS: Mapping[str, Callable[[Number, Number], bool]] = {
    "<": lambda first, second: first < second,
    ">": lambda first, second: first > second,
    "<=": lambda first, second: first <= second,
    ">=": lambda first, second: first >= second,
}
