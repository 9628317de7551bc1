"""Template functions of arrays and objects (some take texts, too)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Closure, member
from resource_readers.template_language.function_arguments import (
    as_integer,
    as_items,
    as_text,
    contains_unknown,
    equal,
    fail,
)
from resource_readers.template_language.unknowns import LimitError, symbolic

_MAXIMUM_RANGE = 10_000


def _length(value: Value) -> Value:
    return len(value) if isinstance(value, str | list | dict) else fail("nothing that has a length")


def _empty(value: Value) -> Value:
    return value is None or (not value if isinstance(value, str | list | dict) else fail("nothing that can be empty"))


def _contains(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return as_text(item) in container
    if isinstance(container, dict):
        return as_text(item).casefold() in {key.casefold() for key in container}
    results = [equal(one, item) for one in as_items(container)]
    return True if True in results else next((one for one in results if isinstance(one, Unknown)), False)


def _end(value: Value, position: int) -> Value:
    if isinstance(value, str | list):
        return value[position] if value else ("" if isinstance(value, str) else None)
    return fail("a text or an array is needed")


def _union(*values: Value) -> Value:
    if all(isinstance(value, dict) for value in values):
        result: dict[str, Value] = {}
        for value in values:
            result = _merged(result, value)
        return result
    merged: list[Value] = []
    seen: set[str] = set()
    for value in values:
        for item in as_items(value):
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
    return [item for item in as_items(first) if all(item in as_items(one) for one in rest)]


def _take(value: Value, count: Value) -> Value:
    return value[: max(0, as_integer(count))] if isinstance(value, str | list) else fail("a text or an array is needed")


def _skip(value: Value, count: Value) -> Value:
    return value[max(0, as_integer(count)) :] if isinstance(value, str | list) else fail("a text or an array is needed")


def _range(start: Value, count: Value) -> Value:
    if not 0 <= as_integer(count) <= _MAXIMUM_RANGE:
        raise LimitError(f"a range of more than {_MAXIMUM_RANGE:,} numbers")
    return list(range(as_integer(start), as_integer(start) + as_integer(count)))


def _object_items(value: Value) -> Value:
    if not isinstance(value, dict):
        fail("an object is needed")
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


def _flatten(items: Value) -> Value:
    if any(isinstance(one, Unknown) for one in as_items(items)):
        return Unknown("flatten() with an unknown array in it")
    return [item for one in as_items(items) for item in as_items(one)]


def _lambda(value: Value) -> Closure:
    return value if isinstance(value, Closure) else fail("a lambda is needed")


def _map(items: Value, function: Value) -> Value:
    return [_lambda(function)(item, position) for position, item in enumerate(as_items(items))]


def _filter(items: Value, function: Value) -> Value:
    kept = []
    for position, item in enumerate(as_items(items)):
        wanted = _lambda(function)(item, position)
        if isinstance(wanted, Unknown):
            return Unknown("filter() by something unknown: " + wanted.reason)
        if wanted is True:
            kept.append(item)
    return kept


def _reduce(items: Value, start: Value, function: Value) -> Value:
    result = start
    for position, item in enumerate(as_items(items)):
        result = _lambda(function)(result, item, position)
    return result


def _to_object(items: Value, key: Value, value: Value = None) -> Value:
    result: dict[str, Value] = {}
    for item in as_items(items):
        name = _lambda(key)(item)
        if isinstance(name, Unknown):
            return Unknown("toObject() with an unknown name")
        result[as_text(name)] = item if value is None else _lambda(value)(item)
    return result


def _create_object(*pairs: Value) -> Value:
    if len(pairs) % 2:
        fail("a value is missing")
    names = pairs[::2]
    if any(isinstance(name, Unknown) for name in names):
        return Unknown("createObject() with an unknown name")
    return {as_text(name): value for name, value in zip(names, pairs[1::2], strict=True)}


def _to_array(value: Value) -> Value:
    return value if isinstance(value, list) else [value]


COLLECTION_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "length": _length,
    "empty": _empty,
    "contains": _contains,
    "first": lambda value: _end(value, 0),
    "last": lambda value: _end(value, -1),
    "take": _take,
    "skip": _skip,
    "union": _union,
    "intersection": _intersection,
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
    "array": _to_array,
    "range": _range,
    "flatten": _flatten,
    "items": _object_items,
    "objectkeys": lambda value: (
        sorted(value, key=str.casefold) if isinstance(value, dict) else fail("an object is needed")
    ),
    "tryget": _try_get,
    "map": _map,
    "filter": _filter,
    "reduce": _reduce,
    "toobject": _to_object,
}
"""By casefolded name."""
