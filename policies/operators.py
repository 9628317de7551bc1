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

from policies.values import DefinitionError, EvaluationError, parse_date, same, text_of
from template_functions.collation import compare_text

Test = Callable[[Any], bool]
MakeTest = Callable[[Any], Test]
"""Takes the operand, which is known and constant, and gives the test of a value (known, perhaps None)."""


def _equals(operand: Any) -> Test:
    if isinstance(operand, str):
        folded = operand.casefold()
        if folded not in ("", "true", "false") and not _numeric(operand):
            # The common case: only text can equal it.
            return lambda value: value == operand or (isinstance(value, str) and value.casefold() == folded)
    return lambda value: same(value, operand)


def _numeric(text: str) -> bool:
    return text[:1].isdigit() or text[:1] in "+-.iInN"  # infinity and "not a number" are numbers, too


def _like(operand: Any) -> Test:
    pattern = _text_operand("like", operand).casefold()
    parts = pattern.split("*")
    if len(parts) == 1:
        return lambda value: _has_text(value) and text_of(value).casefold() == pattern
    if len(parts) == 2:
        head, tail = parts
        least = len(head) + len(tail)

        def one_star(value: Any) -> bool:
            if not _has_text(value):
                return False
            text = text_of(value).casefold()
            return len(text) >= least and text.startswith(head) and text.endswith(tail)

        return one_star
    # More than one is not allowed by the documentation; Azure takes it, and each stands for any text.
    head, *middle, tail = parts

    def stars(value: Any) -> bool:
        if not _has_text(value):
            return False
        text = text_of(value).casefold()
        if not text.startswith(head) or not text.endswith(tail):
            return False
        at = len(head)
        for part in middle:
            at = text.find(part, at)
            if at < 0:
                return False
            at += len(part)
        return at <= len(text) - len(tail)

    return stars


def _has_text(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _text_operand(name: str, operand: Any) -> str:
    if operand is None or isinstance(operand, dict | list):
        raise EvaluationError(f"{name} needs text, found {_kind(operand)}")
    return text_of(operand)


@functools.lru_cache(maxsize=4096)
def _match_expression(pattern: str, insensitive: bool) -> re.Pattern[str]:
    signs = {"#": "[0-9]", "?": r"[^\W\d_]", ".": "."}
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
    folded = text_of(operand).casefold()

    def test(value: Any) -> bool:
        if isinstance(value, list):
            return any(same(item, operand) for item in value)
        return _has_text(value) and folded in text_of(value).casefold()

    return test


def _in(operand: Any) -> Test:
    if not isinstance(operand, list):
        raise EvaluationError(f"in needs an array, found {_kind(operand)}")
    if all(isinstance(item, str) and item for item in operand):
        texts = frozenset(item.casefold() for item in operand)

        def test(value: Any) -> bool:
            if isinstance(value, str):
                return value.casefold() in texts
            return _has_text(value) and text_of(value).casefold() in texts

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
        return compare_text(left, right, ignore_case=True)
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


_TEXTUAL = frozenset({"equals", "like", "match", "matchinsensitively", "contains", "containskey"})


def check_constant(operator: str, operand: Any) -> None:
    """Refuses what can't be an operand. Raises EvaluationError.

    Microsoft ("Author policies for arrays"): an array where text is expected is refused when the definition is made;
    an expression that gives one while a resource is evaluated is just not equal.
    """
    if isinstance(operand, dict | list) and operator.removeprefix("not") in _TEXTUAL:
        raise EvaluationError(f"{operator} needs text, a number or a boolean, found {_kind(operand)}")
    OPERATORS[operator](operand)


def check_literal(operator: str, operand: Any, path: str) -> None:
    """The same at load. Raises DefinitionError."""
    try:
        check_constant(operator, operand)
    except EvaluationError as error:
        raise DefinitionError(str(error), path) from None
