"""Template functions of numbers, comparisons, dates and networks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.function_arguments import as_integer, as_text, equal, fail
from template_functions import dates, networks
from template_functions.collation import compare_text

_INTEGER = re.compile(r"\s*[+-]?[0-9]{1,100}\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9][0-9,]{0,400}(?:\.[0-9]{0,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?\s*")
_INT64 = 2**63


def _whole(number: int) -> int:
    return number if -_INT64 <= number < _INT64 else fail("a number leaves 64 bits")


def _to_int(value: Value) -> Value:
    if not isinstance(value, str):
        return _whole(as_integer(value))
    return _whole(int(value)) if _INTEGER.fullmatch(value) else fail("no whole number")


def _to_float(value: Value) -> Value:
    if isinstance(value, str):
        if _NUMBER.fullmatch(value) is None:
            fail("no number")
        number = float(value.replace(",", ""))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    else:
        fail("a number or text is needed")
    return number if math.isfinite(number) else fail("a number that is too big")


def _to_bool(value: Value) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value != 0
    known = {"true": True, "false": False}.get(as_text(value).strip().lower())
    return known if known is not None else fail("no truth value")


def _divide(first: int, second: int) -> int:
    if second == 0:
        fail("division by zero")
    quotient = abs(first) // abs(second)
    return quotient if (first < 0) == (second < 0) else -quotient


def _arithmetic(operation: Callable[[int, int], int]) -> Callable[..., Value]:
    def calculate(first: Value, second: Value) -> Value:
        return _whole(operation(_whole(as_integer(first)), _whole(as_integer(second))))

    return calculate


def _compare(holds: Callable[[Any, Any], bool]) -> Callable[..., Value]:
    def compare(first: Value, second: Value) -> Value:
        if isinstance(first, str) and isinstance(second, str):
            return holds(compare_text(first, second, ignore_case=False), 0)
        numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (first, second))
        return holds(first, second) if numbers else fail("two numbers or two texts are needed")

    return compare


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else fail("a truth value is needed")


def _date_add(base: Value, duration: Value, pattern: Value = None) -> Value:
    texts = as_text(base), as_text(duration), None if pattern is None else as_text(pattern)
    try:
        moment = dates.parse_moment(texts[0]).plus(*dates.parse_duration(texts[1]))
        return dates.write_iso(moment) if texts[2] is None else dates.write_moment(moment, texts[2])
    except ValueError as error:
        fail(str(error))
    except dates.NotSupportedError as error:
        return Unknown(f"dateTimeAdd() of {error} is not worked out")


def _date_to_epoch(moment: Value) -> Value:
    try:
        return dates.to_epoch(dates.parse_moment(as_text(moment)))
    except ValueError as error:
        fail(str(error))
    except dates.NotSupportedError as error:
        return Unknown(f"dateTimeToEpoch() of {error} is not worked out")


def _network(make: Callable[..., Value], network: Value, *numbers: Value) -> Value:
    asked = (networks.with_mask(as_text(network)), *(as_integer(number) for number in numbers))
    try:
        return make(*asked)
    except ValueError as error:
        fail(str(error))


def _date_from_epoch(seconds: Value) -> Value:
    try:
        return dates.write_iso(dates.from_epoch(as_integer(seconds)))
    except ValueError as error:
        fail(str(error))


NUMBER_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "add": _arithmetic(lambda a, b: a + b),
    "sub": _arithmetic(lambda a, b: a - b),
    "mul": _arithmetic(lambda a, b: a * b),
    "div": _arithmetic(_divide),
    "mod": _arithmetic(lambda a, b: a - b * _divide(a, b)),
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "not": _not,
    "true": lambda: True,
    "false": lambda: False,
    "null": lambda: None,
    "equals": equal,
    "less": _compare(lambda a, b: bool(a < b)),
    "lessorequals": _compare(lambda a, b: bool(a <= b)),
    "greater": _compare(lambda a, b: bool(a > b)),
    "greaterorequals": _compare(lambda a, b: bool(a >= b)),
    "datetimeadd": _date_add,
    "datetimefromepoch": _date_from_epoch,
    "datetimetoepoch": _date_to_epoch,
    "parsecidr": lambda network: _network(networks.parse_cidr, network),
    "cidrsubnet": lambda network, length, index: _network(networks.cidr_subnet, network, length, index),
    "cidrhost": lambda network, index: _network(networks.cidr_host, network, index),
}
"""By casefolded name."""
