"""The template functions that need nothing but their arguments.

Names are looked up casefolded. A function gets arguments without an Unknown on their top level, unless it stands in
`TOLERANT`. What isn't in the table is unknown to the evaluator, and its result an Unknown.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, unquote

from resource_readers.evaluation import (
    MAXIMUM_TEXT,
    Closure,
    FunctionError,
    LimitError,
    ResourceHandle,
    member,
    symbolic,
    unknown,
    unknown_call,
)
from resource_readers.interface import Unknown, Value

_MAXIMUM_RANGE = 10_000


def _fail(message: str) -> NoReturn:
    raise FunctionError(message)


def _text(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        _fail("a text is needed")
    return str(value)


def _integer(value: Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        _fail("a whole number is needed")
    return int(value)


def _items(value: Value) -> list[Value]:
    if not isinstance(value, list):
        _fail("an array is needed")
    return value


def contains_unknown(value: Value) -> bool:
    """Whether there is an Unknown anywhere in it."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Unknown):
            return True
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return False


def equal(first: Value, second: Value) -> Value:
    """Deep equality as equals() has it; an Unknown where it hangs on one."""
    if type(first) is type(second) and isinstance(first, dict | list):
        if len(first) != len(second) or (isinstance(first, dict) and set(first) != set(second)):
            return False
        pairs = (
            [(first[key], second[key]) for key in first]
            if isinstance(first, dict)
            else list(zip(first, second, strict=True))
        )
        results = [equal(one, other) for one, other in pairs]
        if False in results:
            return False
        return next((one for one in results if isinstance(one, Unknown)), True)
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        if (
            isinstance(first, Unknown)
            and isinstance(second, Unknown)
            and first == second
            and "{?}" not in first.text
            and first.text
        ):
            return True
        inner = first if isinstance(first, Unknown) else second
        return unknown(inner.reason, "{" + f"equals({symbolic(first)}, {symbolic(second)})" + "}")
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return bool(first == second)


def joined(parts: list[Value]) -> Value:
    """Texts put together; an Unknown with a symbolic text if one of them is unknown."""
    inner = next((part for part in parts if isinstance(part, Unknown)), None)
    for part in parts:
        if part is None or isinstance(part, dict | list | Closure | ResourceHandle):
            _fail("only texts and numbers can be joined")
    if sum(len(part) for part in parts if isinstance(part, str)) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    text = "".join(symbolic(part) for part in parts)
    return text if inner is None else unknown(inner.reason, text)


def concat(*parts: Value) -> Value:
    """concat() of texts or of arrays."""
    if parts and all(isinstance(part, list) for part in parts):
        return [item for part in parts for item in part]
    if any(isinstance(part, list) for part in parts):
        inner = next((part for part in parts if isinstance(part, Unknown)), None)
        return Unknown(inner.reason) if inner is not None else _fail("texts and arrays can't be joined")
    return joined(list(parts))


def format_text(pattern: Value, *arguments: Value) -> Value:
    """format('{0}-{1:N}', ...); a format specification makes the result unknown."""
    if isinstance(pattern, Unknown):
        return unknown(pattern.reason)
    parts: list[Value] = []
    rest = _text(pattern)
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
            _fail("a } is missing")
        parts.append(plain)
        if not number.strip().isdigit():
            parts.append(Unknown(f"the format {{{number[:20]}}} is not evaluated"))
        elif int(number) >= len(arguments):
            _fail(f"there is no argument {number}")
        else:
            parts.append(arguments[int(number)])
    return joined([("True" if part else "False") if isinstance(part, bool) else part for part in parts])


def _length(value: Value) -> Value:
    return len(value) if isinstance(value, str | list | dict) else _fail("nothing that has a length")


def _empty(value: Value) -> Value:
    return value is None or (not value if isinstance(value, str | list | dict) else _fail("nothing that can be empty"))


def _contains(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return _text(item) in container
    if isinstance(container, dict):
        return _text(item).casefold() in {key.casefold() for key in container}
    results = [equal(one, item) for one in _items(container)]
    return True if True in results else next((one for one in results if isinstance(one, Unknown)), False)


def _replace(text: Value, old: Value, new: Value) -> Value:
    whole, before, after = _text(text), _text(old), _text(new)
    if not before:
        _fail("nothing to replace")
    if whole.count(before) * len(after) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return whole.replace(before, after)


def _split(text: Value, delimiter: Value) -> Value:
    delimiters = [_text(one) for one in delimiter] if isinstance(delimiter, list) else [_text(delimiter)]
    parts = [_text(text)]
    for one in delimiters:
        if not one:
            _fail("an empty delimiter")
        parts = [piece for part in parts for piece in part.split(one)]
    return parts


def _join(items: Value, delimiter: Value) -> Value:
    parts: list[Value] = []
    for position, item in enumerate(_items(items)):
        parts += [delimiter, item] if position else [item]
    return joined(parts)


def _end(value: Value, position: int) -> Value:
    if isinstance(value, str | list):
        return value[position] if value else ("" if isinstance(value, str) else None)
    return _fail("a text or an array is needed")


def _union(*values: Value) -> Value:
    if all(isinstance(value, dict) for value in values):
        result: dict[str, Value] = {}
        for value in values:
            result = _merged(result, value)
        return result
    merged: list[Value] = []
    seen: set[str] = set()
    for value in values:
        for item in _items(value):
            key = json.dumps(item, sort_keys=True, default=repr)
            if key not in seen:
                seen.add(key)
                merged.append(item)
    return merged


def _merged(first: dict[str, Value], second: dict[str, Value]) -> dict[str, Value]:
    result = dict(first)
    for key, value in second.items():
        before = result.get(key)
        result[key] = _merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def _intersection(*values: Value) -> Value:
    if any(contains_unknown(value) for value in values):
        return Unknown("intersection() with an unknown value in it")
    first, rest = values[0], values[1:]
    if all(isinstance(value, dict) for value in values):
        return {key: value for key, value in first.items() if all(key in one and one[key] == value for one in rest)}
    return [item for item in _items(first) if all(item in _items(one) for one in rest)]


def _to_int(value: Value) -> Value:
    try:
        return int(_text(value).strip()[:400])
    except ValueError:
        return _fail("no whole number")


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
    known = {"true": True, "false": False, "1": True, "0": False}.get(_text(value).casefold())
    return known if known is not None else _fail("no truth value")


def _to_array(value: Value) -> Value:
    return value if isinstance(value, list) else [value]


def _create_object(*pairs: Value) -> Value:
    if len(pairs) % 2:
        _fail("a value is missing")
    names = pairs[::2]
    if any(isinstance(name, Unknown) for name in names):
        return Unknown("createObject() with an unknown name")
    return {_text(name): value for name, value in zip(names, pairs[1::2], strict=True)}


def _substring(text: Value, start: Value, length: Value = None) -> Value:
    whole, begin = _text(text), _integer(start)
    end = len(whole) if length is None else begin + _integer(length)
    return whole[begin:end] if 0 <= begin <= end <= len(whole) else _fail("outside of the text")


def _take(value: Value, count: Value) -> Value:
    return value[: max(0, _integer(count))] if isinstance(value, str | list) else _fail("a text or an array is needed")


def _skip(value: Value, count: Value) -> Value:
    return value[max(0, _integer(count)) :] if isinstance(value, str | list) else _fail("a text or an array is needed")


def _range(start: Value, count: Value) -> Value:
    if not 0 <= _integer(count) <= _MAXIMUM_RANGE:
        raise LimitError(f"a range of more than {_MAXIMUM_RANGE:,} numbers")
    return list(range(_integer(start), _integer(start) + _integer(count)))


def _divide(first: Value, second: Value, *, remainder: bool) -> Value:
    dividend, divisor = _integer(first), _integer(second)
    if divisor == 0:
        _fail("division by zero")
    quotient = abs(dividend) // abs(divisor) * (1 if (dividend < 0) == (divisor < 0) else -1)
    return dividend - quotient * divisor if remainder else quotient


def _pad_left(value: Value, width: Value, character: Value = " ") -> Value:
    if _integer(width) > 10_000:
        raise LimitError("a text padded to more than 10,000 characters")
    return _text(value).rjust(_integer(width), _text(character))


def _json(text: Value) -> Value:
    from resource_readers import lenient_json

    try:
        return lenient_json.plain(lenient_json.parse(_text(text)))
    except lenient_json.LenientJsonError as error:
        return _fail(str(error))


def _base64_text(text: Value) -> Value:
    try:
        return base64.b64decode(_text(text), validate=True).decode("utf-8")
    except ValueError:
        return _fail("no base64")


def _object_items(value: Value) -> Value:
    if not isinstance(value, dict):
        _fail("an object is needed")
    return [{"key": key, "value": value[key]} for key in sorted(value, key=str.casefold)]


def _try_get(value: Value, *path: Value) -> Value:

    for part in path:
        if isinstance(value, Unknown):
            return member(value, symbolic(part), safe=True)
        if isinstance(value, dict) and isinstance(part, str):
            value = member(value, part, safe=True)
        elif isinstance(value, list) and isinstance(part, int):
            value = value[part] if 0 <= part < len(value) else None
        else:
            return None
    return value


def _compare(test: Callable[[Any, Any], bool]) -> Callable[..., Value]:
    def compare(first: Value, second: Value) -> Value:
        same = (isinstance(first, str) and isinstance(second, str)) or (
            isinstance(first, int | float) and isinstance(second, int | float)
        )
        return test(first, second) if same else _fail("two numbers or two texts are needed")

    return compare


def _arithmetic(operation: Callable[[int, int], int]) -> Callable[..., Value]:
    def calculate(first: Value, second: Value) -> Value:
        a, b = _integer(first), _integer(second)
        if max(a.bit_length(), b.bit_length()) > 128:
            raise LimitError("a number beyond 128 bits")
        return operation(a, b)

    return calculate


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., Value]:
    def extreme(*values: Value) -> Value:
        numbers = _items(values[0]) if len(values) == 1 and isinstance(values[0], list) else list(values)
        inner = next((one for one in numbers if isinstance(one, Unknown)), None)
        if inner is not None:
            return Unknown(inner.reason)
        return choose([_integer(one) for one in numbers]) if numbers else _fail("no numbers")

    return extreme


def _lambda(value: Value) -> Closure:
    return value if isinstance(value, Closure) else _fail("a lambda is needed")


def _map(items: Value, function: Value) -> Value:
    return [_lambda(function)(item, position) for position, item in enumerate(_items(items))]


def _filter(items: Value, function: Value) -> Value:
    kept = []
    for position, item in enumerate(_items(items)):
        wanted = _lambda(function)(item, position)
        if isinstance(wanted, Unknown):
            return Unknown("filter() by something unknown: " + wanted.reason)
        if wanted is True:
            kept.append(item)
    return kept


def _reduce(items: Value, start: Value, function: Value) -> Value:
    result = start
    for position, item in enumerate(_items(items)):
        result = _lambda(function)(result, item, position)
    return result


def _to_object(items: Value, key: Value, value: Value = None) -> Value:
    result: dict[str, Value] = {}
    for item in _items(items):
        name = _lambda(key)(item)
        if isinstance(name, Unknown):
            return Unknown("toObject() with an unknown name")
        result[_text(name)] = item if value is None else _lambda(value)(item)
    return result


def _flatten(items: Value) -> Value:
    if any(isinstance(one, Unknown) for one in _items(items)):
        return Unknown("flatten() with an unknown array in it")
    return [item for one in _items(items) for item in _items(one)]


def _not(value: Value) -> Value:
    return not value if isinstance(value, bool) else _fail("a truth value is needed")


def _index_of(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return container.casefold().find(_text(item).casefold())
    results = [equal(one, item) for one in _items(container)]
    for position, one in enumerate(results):
        if isinstance(one, Unknown):
            return one
        if one:
            return position
    return -1


FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "concat": concat,
    "format": format_text,
    "tolower": lambda value: _text(value).lower(),
    "toupper": lambda value: _text(value).upper(),
    "trim": lambda value: _text(value).strip(),
    "equals": equal,
    "not": _not,
    "less": _compare(lambda a, b: a < b),
    "lessorequals": _compare(lambda a, b: a <= b),
    "greater": _compare(lambda a, b: a > b),
    "greaterorequals": _compare(lambda a, b: a >= b),
    "length": _length,
    "empty": _empty,
    "contains": _contains,
    "startswith": lambda a, b: _text(a).casefold().startswith(_text(b).casefold()),
    "endswith": lambda a, b: _text(a).casefold().endswith(_text(b).casefold()),
    "indexof": _index_of,
    "replace": _replace,
    "split": _split,
    "join": _join,
    "first": lambda value: _end(value, 0),
    "last": lambda value: _end(value, -1),
    "substring": _substring,
    "take": _take,
    "skip": _skip,
    "padleft": _pad_left,
    "union": _union,
    "intersection": _intersection,
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
    "array": _to_array,
    "range": _range,
    "flatten": _flatten,
    "items": _object_items,
    "objectkeys": lambda value: (
        sorted(value, key=str.casefold) if isinstance(value, dict) else _fail("an object is needed")
    ),
    "tryget": _try_get,
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
    "base64": lambda value: base64.b64encode(_text(value).encode("utf-8", "surrogatepass")).decode(),
    "base64tostring": _base64_text,
    "base64tojson": lambda value: _json(_base64_text(value)),
    "uricomponent": lambda value: quote(_text(value), safe="", errors="replace"),
    "uricomponenttostring": lambda value: unquote(_text(value)),
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "toobject": _to_object,
}

TOLERANT = frozenset({"concat", "format", "equals", "createarray", "createobject", "array", "tryget", "max", "min"})
"""These take an Unknown as an argument and make the best of it."""


def call_plain(name: str, arguments: tuple[Value, ...]) -> Value:
    """A function of the table; an Unknown if it isn't there or an argument is unknown.

    Raises:
        FunctionError, LimitError.
    """
    folded = name.casefold()
    function = FUNCTIONS.get(folded)
    if function is None:
        return unknown_call(name, arguments, f"{name}() is not evaluated")
    if folded not in TOLERANT and any(isinstance(one, Unknown) for one in arguments):
        return unknown_call(name, arguments)
    try:
        return function(*arguments)
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
        raise FunctionError(f"called with something it can't take ({type(error).__name__})") from None
