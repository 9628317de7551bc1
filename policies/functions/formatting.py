"""`format`, `string` and `join`. Source: Microsoft's page "String functions"; see template_functions.formats."""

from __future__ import annotations

import json
from typing import Any

from policies.functions.interface import MAXIMUM_TEXT, Function, kind, text
from policies.values import EvaluationError, Unknown, text_of
from template_functions.formats import NotSupportedError, Placeholder, format_number, parts_of


def as_text(value: Any) -> str:
    """`string()`: text as it is, true as "True", arrays and objects as JSON, null as ""."""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return text_of(value)


def _format(pattern: Any, *values: Any) -> str | Unknown:
    if not isinstance(pattern, str):
        raise EvaluationError(f"format() needs a string, found {kind(pattern)}")
    try:
        parts = [part if isinstance(part, str) else _shown(part, values) for part in parts_of(pattern)]
    except NotSupportedError as error:
        return Unknown(f"format() with {error} is not worked out offline")
    except ValueError as error:
        raise EvaluationError(f"format() {error}") from None
    if sum(map(len, parts)) > MAXIMUM_TEXT:
        raise EvaluationError(f"format() makes more than {MAXIMUM_TEXT:,} characters")
    return "".join(parts)


def _shown(part: Placeholder, values: tuple[Any, ...]) -> str:
    """A value in its placeholder; only numbers heed what stands behind the colon."""
    if part.index >= len(values):
        raise EvaluationError(f"format() has no argument {part.index}")
    if abs(part.width) > MAXIMUM_TEXT:
        raise EvaluationError(f"format() makes more than {MAXIMUM_TEXT:,} characters")
    value = values[part.index]
    if isinstance(value, dict | list):
        return part.aligned(as_text(value).replace('"', "'"))
    if not part.specifier or isinstance(value, bool) or not isinstance(value, int | float):
        return part.aligned(as_text(value))
    return part.aligned(format_number(value, part.specifier))


def _join(values: Any, delimiter: Any) -> str:
    if not isinstance(values, list):
        raise EvaluationError(f"join() needs an array, found {kind(values)}")
    return text("join", delimiter).join(text("join", item) for item in values)


FORMAT_FUNCTIONS = (
    Function("format", 1, None, _format),
    Function("string", 1, 1, as_text),
    Function("join", 2, 2, _join),
)
