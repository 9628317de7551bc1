"""Functions over text. Source: Microsoft's page "String functions for ARM templates"."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from policies.functions.formatting import as_text
from policies.functions.interface import MAXIMUM_TEXT, Function, array, exactly_equal, integer, kind, text
from policies.values import EvaluationError, text_of
from template_functions import letters, uris


def _from_base64(name: str, value: Any) -> str:
    return _made(name, uris.decode_base64, text(name, value))


def _made(name: str, make: Callable[..., str], *values: str) -> str:
    try:
        return make(*values)
    except ValueError as error:
        raise EvaluationError(f"{name}() {error}") from None


def _json(name: str, value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise EvaluationError(f"{name}() needs JSON text") from None


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _json_function(value: Any) -> Any:
    # Microsoft: an empty object when null is given.
    return {} if value is None else _json("json", text("json", value))


def _concat(*values: Any) -> Any:
    if all(isinstance(value, list) for value in values):
        return [item for value in values for item in value]
    return "".join(_concatenated(value) for value in values)


def _concatenated(value: Any) -> str:
    if isinstance(value, dict | list | float):
        raise EvaluationError(f"concat() can't join {kind(value)} to text")
    return as_text(value)


def _found(name: str, value: Any) -> str:
    """Text that is looked for."""
    if value is None:
        raise EvaluationError(f"{name}() needs a string to look for, found null")
    return letters.lower(text(name, value))


def _ends_with(value: Any, end: Any) -> bool:
    return letters.lower(text("endsWith", value)).endswith(_found("endsWith", end))


def _starts_with(value: Any, start: Any) -> bool:
    return letters.lower(text("startsWith", value)).startswith(_found("startsWith", start))


def _index_of(value: Any, wanted: Any) -> int:
    if value is None:
        return -1
    if isinstance(value, list):
        return next((index for index, item in enumerate(value) if exactly_equal(item, wanted)), -1)
    return letters.lower(text("indexOf", value)).find(_found("indexOf", wanted))


def _last_index_of(value: Any, wanted: Any) -> int:
    if value is None:
        return -1
    if isinstance(value, list):
        found = [index for index, item in enumerate(value) if exactly_equal(item, wanted)]
        return found[-1] if found else -1
    return letters.lower(text("lastIndexOf", value)).rfind(_found("lastIndexOf", wanted))


def _pad_left(value: Any, width: Any, sign: Any = None) -> str:
    if isinstance(value, bool | float | dict | list):
        raise EvaluationError(f"padLeft() needs a string or an integer, found {kind(value)}")
    count, filler = integer("padLeft", width), " " if sign is None else text("padLeft", sign)
    if len(filler) != 1 or not 0 < count <= MAXIMUM_TEXT:
        raise EvaluationError("padLeft() needs one character and a sensible length")
    return text_of(value).rjust(count, filler)


def _replace(value: Any, old: Any, new: Any) -> str:
    if text("replace", old) == "":
        raise EvaluationError("replace() of nothing")
    content, new = text("replace", value), text("replace", new)
    if len(content) + content.count(old) * (len(new) - len(old)) > MAXIMUM_TEXT:
        raise EvaluationError(f"replace() makes more than {MAXIMUM_TEXT:,} characters")
    return content.replace(old, new)


def _split(value: Any, delimiter: Any) -> list[str]:
    content = text("split", value)
    if value is None:
        return []
    signs = [text("split", item) for item in array("split", delimiter if isinstance(delimiter, list) else [delimiter])]
    # As in .NET, an empty delimiter never occurs.
    signs = [sign for sign in signs if sign]
    return re.split("|".join(re.escape(sign) for sign in signs), content) if signs else [content]


def _substring(value: Any, start: Any, *length: Any) -> str:
    content, first = text("substring", value), integer("substring", start)
    count = integer("substring", length[0]) if length else len(content) - first
    if first < 0 or count < 0 or first + count > len(content):
        raise EvaluationError(f"substring() leaves the text of {len(content)} characters")
    return content[first : first + count]


def _data_uri(value: Any) -> str:
    return uris.data_uri(as_text(value), is_json=not (value is None or isinstance(value, str)))


TEXT_FUNCTIONS = (
    Function("base64", 1, 1, lambda value: uris.encode_base64(text("base64", value))),
    Function("base64ToString", 1, 1, lambda value: _from_base64("base64ToString", value)),
    Function("base64ToJson", 1, 1, lambda value: _json("base64ToJson", _from_base64("base64ToJson", value))),
    Function("concat", 1, None, _concat),
    Function("dataUri", 1, 1, _data_uri),
    Function(
        "dataUriToString",
        1,
        1,
        lambda value: _made("dataUriToString", uris.text_of_data_uri, text("dataUriToString", value)),
    ),
    Function("endsWith", 2, 2, _ends_with),
    Function("indexOf", 2, 2, _index_of),
    Function("json", 1, 1, _json_function),
    Function("lastIndexOf", 2, 2, _last_index_of),
    Function("padLeft", 2, 3, _pad_left),
    Function("replace", 3, 3, _replace),
    Function("split", 2, 2, _split),
    Function("startsWith", 2, 2, _starts_with),
    Function("substring", 2, 3, _substring),
    Function("toLower", 1, 1, lambda value: text("toLower", value).lower()),
    Function("toUpper", 1, 1, lambda value: text("toUpper", value).upper()),
    Function("trim", 1, 1, lambda value: text("trim", value).strip()),
    Function("uri", 2, 2, lambda base, relative: _made("uri", uris.join_uri, text("uri", base), text("uri", relative))),
    Function("uriComponent", 1, 1, lambda value: uris.encode_component(text("uriComponent", value))),
    Function("uriComponentToString", 1, 1, lambda value: uris.decode_component(text("uriComponentToString", value))),
)
