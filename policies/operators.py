"""The condition operators. Each makes a test of one value against an operand.

Source: Microsoft's page "Azure Policy definition structure policy rule", conditions; docs/azure-policy.md lists where
sources differ. Every negated operator is the exact negation of its positive one on a single value.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from policies.values import DefinitionError, EvaluationError, get_key, parse_date, same, text_of

Test = Callable[[Any], bool]
MakeTest = Callable[[Any], Test]
"""Takes the operand, which is known and constant, and gives the test of a value (known, perhaps None)."""


def _equals(operand: Any) -> Test:
    if isinstance(operand, str):
        lowered = operand.lower()
        if lowered not in ("", "true", "false") and not _numeric(operand):
            # The common case: only text can equal it.
            return lambda value: value == operand or (isinstance(value, str) and value.lower() == lowered)
    return lambda value: same(value, operand)


def _numeric(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "+-."


def _like(operand: Any) -> Test:
    pattern = _text_operand("like", operand).lower()
    parts = pattern.split("*")
    if len(parts) == 1:
        return lambda value: _has_text(value) and text_of(value).lower() == pattern
    if len(parts) == 2:
        head, tail = parts
        least = len(head) + len(tail)

        def one_star(value: Any) -> bool:
            if not _has_text(value):
                return False
            text = text_of(value).lower()
            return len(text) >= least and text.startswith(head) and text.endswith(tail)

        return one_star
    # More than one is not allowed by the documentation; Azure takes it, and each stands for any text.
    expression = re.compile(".*".join(re.escape(part) for part in parts), re.DOTALL)
    return lambda value: _has_text(value) and expression.fullmatch(text_of(value).lower()) is not None


def _has_text(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _text_operand(name: str, operand: Any) -> str:
    if operand is None or isinstance(operand, dict | list):
        raise EvaluationError(f"{name} needs text, found {_kind(operand)}")
    return text_of(operand)


@functools.lru_cache(maxsize=4096)
def _match_expression(pattern: str, insensitive: bool) -> re.Pattern[str]:
    signs = {"#": "[0-9]", "?": "[A-Za-z]", ".": "."}
    body = "".join(signs.get(sign, re.escape(sign)) for sign in pattern)
    return re.compile(body, re.DOTALL | (re.IGNORECASE if insensitive else 0))


def _match(insensitive: bool) -> MakeTest:
    def make(operand: Any) -> Test:
        expression = _match_expression(_text_operand("match", operand), insensitive)
        return lambda value: _has_text(value) and expression.fullmatch(text_of(value)) is not None

    return make


def _contains(operand: Any) -> Test:
    if isinstance(operand, dict | list):
        return lambda value: isinstance(value, list) and any(same(item, operand) for item in value)
    lowered = text_of(operand).lower()

    def test(value: Any) -> bool:
        if isinstance(value, list):
            return any(same(item, operand) for item in value)
        return _has_text(value) and lowered in text_of(value).lower()

    return test


def _in(operand: Any) -> Test:
    if not isinstance(operand, list):
        raise EvaluationError(f"in needs an array, found {_kind(operand)}")
    if all(isinstance(item, str) and item for item in operand):
        texts = frozenset(item.lower() for item in operand)

        def test(value: Any) -> bool:
            if isinstance(value, str):
                return value.lower() in texts
            return value is not None and not isinstance(value, dict | list) and text_of(value).lower() in texts

        return test
    return lambda value: any(same(value, item) for item in operand)


def _contains_key(operand: Any) -> Test:
    key = _text_operand("containsKey", operand)
    lowered = key.lower()
    return lambda value: isinstance(value, dict) and any(name.lower() == lowered for name in value)


def _exists(operand: Any) -> Test:
    wanted = boolean(operand)
    if wanted is None:
        raise EvaluationError(f"exists needs true or false, found {operand!r}")
    return lambda value: (value is not None) is wanted


def boolean(operand: Any) -> bool | None:
    """True or false, also as text of any case; None for anything else."""
    if isinstance(operand, bool):
        return operand
    if isinstance(operand, str) and operand.lower() in ("true", "false"):
        return operand.lower() == "true"
    return None


def _ordering(name: str, holds: Callable[[int], bool]) -> MakeTest:
    def make(operand: Any) -> Test:
        def test(value: Any) -> bool:
            if value is None:
                return False
            return holds(compare(value, operand, name))

        return test

    return make


def compare(left: Any, right: Any, name: str) -> int:
    """-1, 0 or 1. Numbers with numbers, moments with moments, text with text without case.

    Raises:
        EvaluationError: the two can't be ordered.
    """
    if _is_number(left) and _is_number(right):
        return int(left > right) - int(left < right)
    if isinstance(left, str) and isinstance(right, str):
        moments = parse_date(left), parse_date(right)
        if moments[0] is not None and moments[1] is not None:
            return (moments[0] > moments[1]) - (moments[0] < moments[1])
        a, b = left.lower(), right.lower()
        return (a > b) - (a < b)
    raise EvaluationError(f"{name} can't compare {_kind(left)} with {_kind(right)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "text", bool: "a boolean", int: "a number", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


def _negated(make: MakeTest) -> MakeTest:
    def make_negated(operand: Any) -> Test:
        test = make(operand)
        return lambda value: not test(value)

    return make_negated


_POSITIVE: dict[str, MakeTest] = {
    "equals": _equals,
    "like": _like,
    "match": _match(insensitive=False),
    "matchinsensitively": _match(insensitive=True),
    "contains": _contains,
    "in": _in,
    "containskey": _contains_key,
}

OPERATORS: Mapping[str, MakeTest] = MappingProxyType(
    {
        **_POSITIVE,
        **{f"not{name}": _negated(make) for name, make in _POSITIVE.items()},
        "exists": _exists,
        "less": _ordering("less", lambda order: order < 0),
        "lessorequals": _ordering("lessOrEquals", lambda order: order <= 0),
        "greater": _ordering("greater", lambda order: order > 0),
        "greaterorequals": _ordering("greaterOrEquals", lambda order: order >= 0),
    }
)
"""By lower-cased name. Making a test raises EvaluationError where the operand doesn't fit the operator."""


def check_literal(operator: str, operand: Any, path: str) -> None:
    """Refuses at load what can't be an operand. Raises DefinitionError."""
    try:
        OPERATORS[operator](operand)
    except EvaluationError as error:
        raise DefinitionError(str(error), path) from None


def get_member(value: Any, name: str) -> Any:
    """A member of an object by its name without case; None if it isn't there or the value is no object."""
    return get_key(value, name, name.lower()) if isinstance(value, dict) else None
