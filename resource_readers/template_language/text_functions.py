"""Template functions of texts (concat and indexOf of arrays, too)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.function_arguments import as_integer, as_items, as_text, equal, fail, joined
from resource_readers.template_language.unknowns import MAXIMUM_TEXT, LimitError, unknown


def concat(*parts: Value) -> Value:
    """concat() of texts or of arrays."""
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    if any(isinstance(part, list) for part in parts):
        inner = next((part for part in parts if isinstance(part, Unknown)), None)
        return Unknown(inner.reason) if inner is not None else fail("texts and arrays can't be joined")
    return joined(list(parts))


def format_text(pattern: Value, *arguments: Value) -> Value:
    """format('{0}-{1:N}', ...); a format specification makes the result unknown."""
    if isinstance(pattern, Unknown):
        return unknown(pattern.reason)
    parts: list[Value] = []
    rest = as_text(pattern)
    while rest:
        plain, brace, after = rest.partition("{")
        plain = plain.replace("}}", "}")
        if not brace:
            parts.append(plain)
            break
        if after.startswith("{"):
            parts.append(plain + "{")
            rest = after[1:]
            continue
        number, close, rest = after.partition("}")
        if not close:
            fail("a } is missing")
        parts.append(plain)
        if not number.strip().isdigit():
            parts.append(Unknown(f"the format {{{number[:20]}}} is not evaluated"))
        elif int(number) >= len(arguments):
            fail(f"there is no argument {number}")
        else:
            parts.append(arguments[int(number)])
    return joined([("True" if part else "False") if isinstance(part, bool) else part for part in parts])


def _replace(text: Value, old: Value, new: Value) -> Value:
    whole, before, after = as_text(text), as_text(old), as_text(new)
    if not before:
        fail("nothing to replace")
    if whole.count(before) * len(after) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return whole.replace(before, after)


def _split(text: Value, delimiter: Value) -> Value:
    delimiters = [as_text(one) for one in delimiter] if isinstance(delimiter, list) else [as_text(delimiter)]
    parts = [as_text(text)]
    for one in delimiters:
        if not one:
            fail("an empty delimiter")
        parts = [piece for part in parts for piece in part.split(one)]
    return parts


def _join(items: Value, delimiter: Value) -> Value:
    parts: list[Value] = []
    for position, item in enumerate(as_items(items)):
        parts += [delimiter, item] if position else [item]
    return joined(parts)


def _substring(text: Value, start: Value, length: Value = None) -> Value:
    whole, begin = as_text(text), as_integer(start)
    end = len(whole) if length is None else begin + as_integer(length)
    return whole[begin:end] if 0 <= begin <= end <= len(whole) else fail("outside of the text")


def _pad_left(value: Value, width: Value, character: Value = " ") -> Value:
    if as_integer(width) > 10_000:
        raise LimitError("a text padded to more than 10,000 characters")
    return as_text(value).rjust(as_integer(width), as_text(character))


def _index_of(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return container.casefold().find(as_text(item).casefold())
    results = [equal(one, item) for one in as_items(container)]
    for position, one in enumerate(results):
        if isinstance(one, Unknown):
            return one
        if one:
            return position
    return -1


TEXT_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "concat": concat,
    "format": format_text,
    "tolower": lambda value: as_text(value).lower(),
    "toupper": lambda value: as_text(value).upper(),
    "trim": lambda value: as_text(value).strip(),
    "startswith": lambda a, b: as_text(a).casefold().startswith(as_text(b).casefold()),
    "endswith": lambda a, b: as_text(a).casefold().endswith(as_text(b).casefold()),
    "indexof": _index_of,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "substring": _substring,
    "padleft": _pad_left,
    "base64": lambda value: base64.b64encode(as_text(value).encode("utf-8", "surrogatepass")).decode(),
    "uricomponent": lambda value: quote(as_text(value), safe="", errors="replace"),
    "uricomponenttostring": lambda value: unquote(as_text(value)),
}
"""By casefolded name."""
