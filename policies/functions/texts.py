"""Functions over text. Source: Microsoft's page "String functions for ARM templates"."""

from __future__ import annotations

import base64
import binascii
import json
import re
import urllib.parse
from typing import Any

from policies.functions.interface import Function, array, integer, kind, text
from policies.values import EvaluationError, text_of

MAXIMUM_TEXT = 131_072  # length of a string that a function may return (policy rule limits)


def _bounded(value: str) -> str:
    if len(value) > MAXIMUM_TEXT:
        raise EvaluationError(f"a function returned more than {MAXIMUM_TEXT:,} characters")
    return value


def _to_base64(value: Any) -> str:
    return _bounded(base64.b64encode(text("base64", value).encode()).decode())


def _from_base64(name: str, value: Any) -> str:
    try:
        return base64.b64decode(text(name, value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise EvaluationError(f"{name}() needs base64 text") from None


def _json(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise EvaluationError(f"{name}() needs JSON text") from None


def _json_function(value: Any) -> Any:
    return _json("json", text("json", value))


def _concat(*values: Any) -> Any:
    if values and isinstance(values[0], list):
        return [item for value in values for item in array("concat", value)]
    for value in values:
        if isinstance(value, dict | list) or value is None:
            raise EvaluationError(f"concat() can't join {kind(value)} to text")
    return _bounded("".join(text_of(value) if not isinstance(value, bool) else str(value) for value in values))


def _ends_with(value: Any, end: Any) -> bool:
    return text("endsWith", value).lower().endswith(text("endsWith", end).lower())


def _starts_with(value: Any, start: Any) -> bool:
    return text("startsWith", value).lower().startswith(text("startsWith", start).lower())


_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^{}]*))?\}|[{}]")


def _format(pattern: Any, *values: Any) -> str:
    def replace(found: re.Match[str]) -> str:
        if found.group() in ("{{", "}}"):
            return found.group()[0]
        if found.group(1) is None:
            raise EvaluationError("format() found a brace that stands alone")
        index = int(found.group(1))
        if index >= len(values):
            raise EvaluationError(f"format() has no argument {index}")
        shown = _formatted(values[index], found.group(3) or "")
        width = int(found.group(2) or 0)
        if abs(width) > MAXIMUM_TEXT:
            raise EvaluationError("format() with too wide a field")
        return shown.rjust(width) if width >= 0 else shown.ljust(-width)

    return _bounded(_PLACEHOLDER.sub(replace, text("format", pattern)))


def _formatted(value: Any, specifier: str) -> str:
    """.NET's standard numeric formats, as far as templates use them."""
    if not specifier:
        return (
            _string(value)
            if isinstance(value, dict | list)
            else ("True" if value is True else "False" if value is False else text_of(value))
        )
    letter, digits = specifier[0].upper(), specifier[1:]
    if isinstance(value, bool) or not isinstance(value, int | float) or (digits and not digits.isdigit()):
        raise EvaluationError(f"format() can't write {kind(value)} as {specifier!r}")
    places = int(digits) if digits else 2
    if letter == "D" and isinstance(value, int):
        return f"{'-' if value < 0 else ''}{abs(value):0{int(digits or 0)}d}"
    if letter == "X" and isinstance(value, int):
        shown = f"{value & 0xFFFFFFFFFFFFFFFF:x}".rjust(int(digits or 0), "0")
        return shown.upper() if specifier[0] == "X" else shown
    if letter == "N":
        return f"{value:,.{places}f}"
    if letter == "F":
        return f"{value:.{places}f}"
    if letter == "P":
        return f"{value * 100:,.{places}f}%"
    raise EvaluationError(f"format() with {specifier!r} is not supported")


def _index_of(value: Any, wanted: Any) -> int:
    if isinstance(value, list):
        from policies.functions.interface import exactly_equal

        return next((index for index, item in enumerate(value) if exactly_equal(item, wanted)), -1)
    return text("indexOf", value).lower().find(text("indexOf", wanted).lower())


def _last_index_of(value: Any, wanted: Any) -> int:
    if isinstance(value, list):
        from policies.functions.interface import exactly_equal

        found = [index for index, item in enumerate(value) if exactly_equal(item, wanted)]
        return found[-1] if found else -1
    return text("lastIndexOf", value).lower().rfind(text("lastIndexOf", wanted).lower())


def _join(values: Any, delimiter: Any) -> str:
    return _bounded(text("join", delimiter).join(text_of(item) for item in array("join", values)))


def _pad_left(value: Any, width: Any, sign: Any = " ") -> str:
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise EvaluationError(f"padLeft() needs a string or an integer, found {kind(value)}")
    count = integer("padLeft", width)
    if len(text("padLeft", sign)) != 1 or not 0 <= count <= MAXIMUM_TEXT:
        raise EvaluationError("padLeft() needs one character and a sensible length")
    return text_of(value).rjust(count, sign)


def _replace(value: Any, old: Any, new: Any) -> str:
    if text("replace", old) == "":
        raise EvaluationError("replace() of nothing")
    return _bounded(text("replace", value).replace(old, text("replace", new)))


def _split(value: Any, delimiter: Any) -> list[str]:
    delimiters = delimiter if isinstance(delimiter, list) else [delimiter]
    signs = [text("split", item) for item in delimiters]
    if not all(signs):
        raise EvaluationError("split() by nothing")
    if len(signs) == 1:
        return text("split", value).split(signs[0])
    return re.split("|".join(re.escape(sign) for sign in signs), text("split", value))


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, dict | list):
        return _bounded(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    return text_of(value)


def _substring(value: Any, start: Any, length: Any = None) -> str:
    content, first = text("substring", value), integer("substring", start)
    count = len(content) - first if length is None else integer("substring", length)
    if first < 0 or count < 0 or first + count > len(content):
        raise EvaluationError(f"substring() leaves the text of {len(content)} characters")
    return content[first : first + count]


def _uri(base: Any, relative: Any) -> str:
    return urllib.parse.urljoin(text("uri", base), text("uri", relative))


def _data_uri(value: Any) -> str:
    return _bounded("data:text/plain;charset=utf8;base64," + base64.b64encode(_string(value).encode()).decode())


def _from_data_uri(value: Any) -> str:
    head, comma, body = text("dataUriToString", value).partition(",")
    if not head.lower().startswith("data:") or not comma:
        raise EvaluationError("dataUriToString() needs a data URI")
    return _from_base64("dataUriToString", body) if head.lower().endswith(";base64") else urllib.parse.unquote(body)


TEXT_FUNCTIONS = (
    Function("base64", 1, 1, _to_base64),
    Function("base64ToString", 1, 1, lambda value: _from_base64("base64ToString", value)),
    Function("base64ToJson", 1, 1, lambda value: _json("base64ToJson", _from_base64("base64ToJson", value))),
    Function("concat", 0, None, _concat),
    Function("dataUri", 1, 1, _data_uri),
    Function("dataUriToString", 1, 1, _from_data_uri),
    Function("endsWith", 2, 2, _ends_with),
    Function("format", 1, None, _format),
    Function("indexOf", 2, 2, _index_of),
    Function("join", 2, 2, _join),
    Function("json", 1, 1, _json_function),
    Function("lastIndexOf", 2, 2, _last_index_of),
    Function("padLeft", 2, 3, _pad_left),
    Function("replace", 3, 3, _replace),
    Function("split", 2, 2, _split),
    Function("startsWith", 2, 2, _starts_with),
    Function("string", 1, 1, _string),
    Function("substring", 2, 3, _substring),
    Function("toLower", 1, 1, lambda value: text("toLower", value).lower()),
    Function("toUpper", 1, 1, lambda value: text("toUpper", value).upper()),
    Function("trim", 1, 1, lambda value: text("trim", value).strip()),
    Function("uri", 2, 2, _uri),
    Function("uriComponent", 1, 1, lambda value: urllib.parse.quote(text("uriComponent", value), safe="-_.!~*'()")),
    Function("uriComponentToString", 1, 1, lambda value: urllib.parse.unquote(text("uriComponentToString", value))),
)
