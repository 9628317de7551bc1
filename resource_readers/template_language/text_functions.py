"""Template functions of texts (those that take arrays, too, are among the collections)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Closure
from resource_readers.template_language.function_arguments import (
    as_integer,
    as_items,
    as_object,
    as_text,
    contains_unknown,
    fail,
    joined,
)
from resource_readers.template_language.unknowns import (
    MAXIMUM_TEXT,
    LimitError,
    ResourceHandle,
    quoted,
    symbolic,
    unknown,
)
from template_functions import hashes, letters, uris
from template_functions.formats import NotSupportedError, Placeholder, format_number, parts_of

_MAXIMUM_WIDTH = 10_000


def concat(*parts: Value) -> Value:
    """concat() of texts, numbers and truth values, or of arrays."""
    if not parts:
        fail("at least one argument is needed")
    if any(isinstance(part, list) for part in parts):
        if all(isinstance(part, list) for part in parts):
            return [item for part in parts for item in part]
        inner = next((part for part in parts if isinstance(part, Unknown)), None)
        return Unknown(inner.reason) if inner is not None else fail("texts and arrays can't be joined")
    return joined(list(parts))


def format_text(pattern: Value, *arguments: Value) -> Value:
    """format('{0}-{1:N0}', ...) as .NET does it."""
    if isinstance(pattern, Unknown):
        return unknown(pattern.reason)
    try:
        parts = parts_of(as_text(pattern))
    except ValueError as error:
        fail(str(error))
    return joined([part if isinstance(part, str) else _placed(part, arguments) for part in parts])


def _placed(part: Placeholder, arguments: tuple[Value, ...]) -> Value:
    if part.index >= len(arguments):
        fail(f"there is no argument {part.index}")
    value = arguments[part.index]
    if part.plain:
        return shown(value)
    if abs(part.width) > _MAXIMUM_WIDTH:
        raise LimitError(f"a text padded to more than {_MAXIMUM_WIDTH:,} characters")
    pattern = "{0" + (f",{part.width}" if part.width else "") + (f":{part.specifier}" if part.specifier else "") + "}"
    if isinstance(value, Unknown):
        return unknown(value.reason, "{" + f"format({quoted(pattern)}, {symbolic(value)})" + "}")
    if part.specifier and isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return part.aligned(format_number(value, part.specifier))
        except ValueError as error:
            fail(str(error))
        except NotSupportedError:
            return unknown(f"the format {pattern} is not evaluated", "{" + f"format({quoted(pattern)}, {value})" + "}")
    text = shown(value)
    return part.aligned(text) if isinstance(text, str) else text


def shown(value: Value) -> Value:
    """A value as it stands in a formatted text, or in a Bicep text with `${...}`: a text, or an Unknown."""
    if isinstance(value, str | Unknown):
        return value
    if isinstance(value, dict | list):
        if contains_unknown(value):
            return Unknown("a text of something that holds an unknown value")
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        if "'" in text or '\\"' in text:
            return Unknown("a text of an array or object with quotes in it is not worked out")
        return text.replace('"', "'")
    return plain_text(value)


def plain_text(value: Value) -> str:
    """A scalar as text."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Closure | ResourceHandle):
        fail("a lambda or resource is no text")
    if isinstance(value, float) and not isinstance(value, bool):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value).upper()
    return str(value)


def to_string(value: Value) -> Value:
    """string(): JSON of arrays and objects."""
    if isinstance(value, dict | list):
        if contains_unknown(value):
            return Unknown("string() with an unknown value in it")
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return plain_text(value)


def made(make: Callable[..., str], *values: Value) -> Value:
    """A shared function of texts, whose ValueError ends this one."""
    texts = [as_text(value) for value in values]
    try:
        return make(*texts)
    except ValueError as error:
        fail(str(error))


def _replace(text: Value, old: Value, new: Value) -> Value:
    whole, before, after = as_text(text), as_text(old), as_text(new)
    if not before:
        fail("nothing to replace")
    if whole.count(before) * len(after) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return whole.replace(before, after)


def _split(text: Value, delimiter: Value) -> Value:
    whole = as_text(text)
    if not isinstance(delimiter, list):
        sign = as_text(delimiter)
        return whole.split(sign) if sign else [whole]
    if contains_unknown(delimiter):
        return Unknown("split() at an unknown text")
    # As in .NET: the first of the delimiters that fits at a place counts, and an empty one fits nowhere.
    signs = [sign for sign in map(as_text, delimiter) if sign]
    return re.split("|".join(map(re.escape, signs)), whole) if signs else [whole]


def _join(items: Value, delimiter: Value) -> Value:
    between = as_text(delimiter)
    parts: list[Value] = []
    for position, item in enumerate(as_items(items)):
        parts += [between, item] if position else [item]
    return joined(parts)


def _substring(text: Value, start: Value, length: Value = None) -> Value:
    whole, begin = as_text(text), as_integer(start)
    end = len(whole) if length is None else begin + as_integer(length)
    return whole[begin:end] if 0 <= begin <= end <= len(whole) else fail("outside of the text")


def _pad_left(value: Value, width: Value, character: Value = " ") -> Value:
    text = as_text(value) if isinstance(value, str) else str(as_integer(value))
    filler = as_text(character)
    if as_integer(width) > _MAXIMUM_WIDTH:
        raise LimitError(f"a text padded to more than {_MAXIMUM_WIDTH:,} characters")
    if len(filler) != 1 or width < 0:
        fail("one character and a length are needed")
    return text.rjust(width, filler)


def _data_uri(value: Value) -> Value:
    text = to_string(value)
    return text if isinstance(text, Unknown) else uris.data_uri(text, is_json=not isinstance(value, str | None))


def _parse_uri(text: Value) -> Value:
    try:
        return uris.parse_uri(as_text(text))
    except ValueError as error:
        fail(str(error))


def _build_uri(parts: Value) -> Value:
    given = {key.lower(): value for key, value in as_object(parts).items()}
    inner = next((value for value in given.values() if isinstance(value, Unknown)), None)
    if inner is not None:
        return Unknown(inner.reason)
    port = given.get("port")
    texts = [as_text(given.get(name) or "") for name in ("scheme", "host", "path", "query")]
    scheme, host, path, query = texts
    try:
        return uris.build_uri(scheme, host, None if port is None else as_integer(port), path, query)
    except ValueError as error:
        fail(str(error))


def _some_texts(values: tuple[Value, ...]) -> list[str]:
    return [as_text(value) for value in values] if values else fail("at least one argument is needed")


TEXT_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "base64": lambda value: uris.encode_base64(as_text(value)),
    "base64tostring": lambda value: made(uris.decode_base64, value),
    "builduri": _build_uri,
    "concat": concat,
    "datauri": _data_uri,
    "datauritostring": lambda value: made(uris.text_of_data_uri, value),
    "endswith": lambda a, b: letters.lower(as_text(a)).endswith(letters.lower(as_text(b))),
    "format": format_text,
    "guid": lambda *values: hashes.guid(_some_texts(values)),
    "join": _join,
    "like": lambda text, pattern: letters.like(as_text(text), as_text(pattern)),
    "padleft": _pad_left,
    "parseuri": _parse_uri,
    "replace": _replace,
    "split": _split,
    "startswith": lambda a, b: letters.lower(as_text(a)).startswith(letters.lower(as_text(b))),
    "string": to_string,
    "substring": _substring,
    "tolower": lambda value: letters.lower(as_text(value)),
    "toupper": lambda value: letters.upper(as_text(value)),
    "trim": lambda value: as_text(value).strip(),
    "uniquestring": lambda *values: hashes.unique_string(_some_texts(values)),
    "uri": lambda base, relative: made(uris.join_uri, base, relative),
    "uricomponent": lambda value: uris.encode_component(as_text(value)),
    "uricomponenttostring": lambda value: uris.decode_component(as_text(value)),
}
"""By casefolded name."""
