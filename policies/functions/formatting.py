"""`format`, `string` and `join`. Source: Microsoft's page "String functions", and .NET's composite formatting."""

from __future__ import annotations

import json
import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from policies.functions.interface import MAXIMUM_TEXT, Function, kind, text
from policies.values import EvaluationError, Unknown, text_of

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,7})(?:,\s*(-?\d{1,7}))?\s*(?::([^{}]*))?\}|[{}]")
_STANDARD = re.compile(r"([A-Za-z])(\d{0,2})")
_CUSTOM = re.compile(r"(#*)(0*)(?:\.(0*)(#*))?")


def as_text(value: Any) -> str:
    """`string()`: text as it is, true as "True", arrays and objects as JSON, null as ""."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return text_of(value)


class _NotSupportedError(Exception):
    """A format that .NET knows and this module doesn't."""


def _format(pattern: Any, *values: Any) -> str | Unknown:
    length = 0

    def replace(found: re.Match[str]) -> str:
        nonlocal length
        if found.group() in ("{{", "}}"):
            return found.group()[0]
        if found.group(1) is None:
            raise EvaluationError("format() found a brace that stands alone")
        index = int(found.group(1))
        if index >= len(values):
            raise EvaluationError(f"format() has no argument {index}")
        width = int(found.group(2) or 0)
        shown = _formatted(values[index], found.group(3) or "")
        length += max(len(shown), abs(width))
        if length > MAXIMUM_TEXT:
            raise EvaluationError(f"format() makes more than {MAXIMUM_TEXT:,} characters")
        return shown.rjust(width) if width >= 0 else shown.ljust(-width)

    if not isinstance(pattern, str):
        raise EvaluationError(f"format() needs a string, found {kind(pattern)}")
    try:
        return _PLACEHOLDER.sub(replace, pattern)
    except _NotSupportedError as error:
        return Unknown(f"format() with {error} is not worked out offline")


def _formatted(value: Any, specifier: str) -> str:
    """A value in a placeholder; only numbers heed what stands behind the colon."""
    if isinstance(value, dict | list):
        return as_text(value).replace('"', "'")
    if not specifier or isinstance(value, bool) or not isinstance(value, int | float):
        return as_text(value)
    standard = _STANDARD.fullmatch(specifier)
    if standard is not None:
        return _standard(value, standard.group(1), standard.group(2))
    custom = _CUSTOM.fullmatch(specifier)
    if custom is None:
        raise _NotSupportedError(repr(specifier))
    return _custom(Decimal(str(value)), len(custom.group(2)), len(custom.group(3) or ""), len(custom.group(4) or ""))


def _standard(value: int | float, letter: str, digits: str) -> str:
    """.NET's standard numeric formats, in its invariant culture."""
    number, places = Decimal(str(value)), int(digits) if digits else 2
    match letter.upper():
        case "D" if isinstance(value, int):
            return f"{'-' if value < 0 else ''}{abs(value):0{int(digits or 0)}d}"
        case "X" if isinstance(value, int):
            shown = f"{value & 0xFFFFFFFFFFFFFFFF:x}".rjust(int(digits or 0), "0")
            return shown.upper() if letter == "X" else shown
        case "N":
            return f"{_rounded(number, places):,.{places}f}"
        case "F":
            return f"{_rounded(number, places):.{places}f}"
        case "D" | "X":
            raise EvaluationError(f"format() can't write {kind(value)} as {letter}")
        case "C" | "E" | "G" | "P" | "R":
            raise _NotSupportedError(repr(f"{letter}{digits}"))
    raise EvaluationError(f"format() knows no format {letter!r}")


def _custom(number: Decimal, least: int, places: int, optional: int) -> str:
    shown = f"{_rounded(number, places + optional):.{places + optional}f}"
    whole, point, fraction = shown.lstrip("-").partition(".")
    fraction = fraction[:places] + fraction[places:].rstrip("0")
    body = whole.lstrip("0").rjust(least, "0") + (point + fraction if fraction else "")
    return f"-{body}" if shown.startswith("-") and body.strip("0.") else body


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP) if number.is_finite() else number


def _join(values: Any, delimiter: Any) -> str:
    if not isinstance(values, list):
        raise EvaluationError(f"join() needs an array, found {kind(values)}")
    return text("join", delimiter).join(text("join", item) for item in values)


FORMAT_FUNCTIONS = (
    Function("format", 1, None, _format),
    Function("string", 1, 1, as_text),
    Function("join", 2, 2, _join),
)
