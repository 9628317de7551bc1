"""The template functions that need nothing but their arguments.

Names are looked up casefolded. A function gets arguments without an Unknown on their top level, unless it stands in
`TOLERANT`. What isn't in the table is unknown to the evaluator, and its result an Unknown.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.collection_functions import COLLECTION_FUNCTIONS
from resource_readers.template_language.function_arguments import (
    as_integer,
    as_items,
    as_text,
    contains_unknown,
    equal,
    fail,
)
from resource_readers.template_language.text_functions import TEXT_FUNCTIONS
from resource_readers.template_language.unknowns import FunctionError, LimitError, symbolic, unknown_call


def _to_int(value: Value) -> Value:
    try:
        return int(as_text(value).strip()[:400])
    except ValueError:
        return fail("no whole number")


def _to_string(value: Value) -> Value:
    if contains_unknown(value):
        return Unknown("string() with an unknown value in it")
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return symbolic(value)


def _to_bool(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    known = {"true": True, "false": False, "1": True, "0": False}.get(as_text(value).casefold())
    return known if known is not None else fail("no truth value")


def _divide(first: Value, second: Value, *, remainder: bool) -> Value:
    dividend, divisor = as_integer(first), as_integer(second)
    if divisor == 0:
        fail("division by zero")
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    return dividend - quotient * divisor if remainder else quotient


def _json(text: Value) -> Value:
    from resource_readers.trees import lenient_json
    from resource_readers.trees.plain import plain

    try:
        return plain(lenient_json.parse(as_text(text)))
    except lenient_json.LenientJsonError as error:
        return fail(str(error))


def _base64_text(text: Value) -> Value:
    try:
        return base64.b64decode(as_text(text), validate=True).decode("utf-8")
    except ValueError:
        return fail("no base64")


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., Value]:
    def compare(first: Value, second: Value) -> Value:
        same = (isinstance(first, str) and isinstance(second, str)) or (
            isinstance(first, int | float) and isinstance(second, int | float)
        )
        return test(first, second) if same else fail("two numbers or two texts are needed")

    return compare


def _arithmetic(operation: Callable[[int, int], int]) -> Callable[..., Value]:
    def calculate(first: Value, second: Value) -> Value:
        a, b = as_integer(first), as_integer(second)
        if max(a.bit_length(), b.bit_length()) > 128:
            raise LimitError("a number beyond 128 bits")
        return operation(a, b)

    return calculate


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., Value]:
    def extreme(*values: Value) -> Value:
        numbers = as_items(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)
        inner = next((one for one in numbers if isinstance(one, Unknown)), None)
        if inner is not None:
            return Unknown(inner.reason)
        return choose([as_integer(one) for one in numbers]) if numbers else fail("no numbers")

    return extreme


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else fail("a truth value is needed")


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    **TEXT_FUNCTIONS,
    **COLLECTION_FUNCTIONS,
    "equals": equal,
    "any": lambda value: value,
    "not": _not,
    "less": _compare(lambda a, b: a < b),
    "lessorequals": _compare(lambda a, b: a <= b),
    "greater": _compare(lambda a, b: a > b),
    "greaterorequals": _compare(lambda a, b: a >= b),
    "int": _to_int,
    "string": _to_string,
    "bool": _to_bool,
    "json": _json,
    "null": lambda: None,
    "true": lambda: True,
    "false": lambda: False,
    "add": _arithmetic(lambda a, b: a + b),
    "sub": _arithmetic(lambda a, b: a - b),
    "mul": _arithmetic(lambda a, b: a * b),
    "div": lambda a, b: _divide(a, b, remainder=False),
    "mod": lambda a, b: _divide(a, b, remainder=True),
    "min": _extreme(min),
    "max": _extreme(max),
    "base64tostring": _base64_text,
    "base64tojson": lambda value: _json(_base64_text(value)),
}
"""All of them by casefolded name."""

TOLERANT = frozenset(
    {"concat", "format", "equals", "createarray", "createobject", "array", "tryget", "max", "min", "any"}
)
"""These take an Unknown as an argument and make the best of it."""


_CHANGING = frozenset({"newguid", "utcnow"})
"""Two calls give two values, so their result has no symbolic text."""


def call_plain(name: str, arguments: tuple[Value, ...]) -> Value:
    """A function of the table; an Unknown if it isn't there or an argument is unknown.

    Raises:
        FunctionError, LimitError.
    """
    folded = name.casefold()
    function = FUNCTIONS.get(folded)
    if folded in _CHANGING:
        return Unknown(f"{name}() gives another value each time")
    if function is None:
        return unknown_call(name, arguments, f"{name}() is not evaluated")
    if folded not in TOLERANT and any(isinstance(one, Unknown) for one in arguments):
        return unknown_call(name, arguments)
    try:
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise FunctionError(f"called with something it can't take ({type(error).__name__})") from None
