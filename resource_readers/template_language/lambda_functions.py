"""Template functions that call a lambda for each item. Source: Microsoft's page "Lambda functions"."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Closure
from resource_readers.template_language.function_arguments import as_items, as_object, as_text, fail


def _lambda(value: Value) -> Closure:
    return value if isinstance(value, Closure) else fail("a lambda is needed")


def _map(items: Value, function: Value) -> Value:
    call = _lambda(function)
    return [call(item, position) for position, item in enumerate(as_items(items))]


def _map_values(value: Value, function: Value) -> Value:
    call = _lambda(function)
    return {key: call(item) for key, item in as_object(value).items()}


def _filter(items: Value, function: Value) -> Value:
    call = _lambda(function)
    kept = []
    for position, item in enumerate(as_items(items)):
        wanted = call(item, position)
        if isinstance(wanted, Unknown):
            return Unknown("filter() by something unknown: " + wanted.reason)
        if not isinstance(wanted, bool):
            fail("the lambda gives no truth value")
        if wanted:
            kept.append(item)
    return kept


def _reduce(items: Value, start: Value, function: Value) -> Value:
    call = _lambda(function)
    result = start
    for position, item in enumerate(as_items(items)):
        result = call(result, item, position)
    return result


class _UndecidedError(Exception):
    """Two items can't be put in order; `value` is what the lambda gave."""

    def __init__(self, value: Unknown) -> None:
        super().__init__(value.reason)
        self.value = value


def _sort(items: Value, function: Value) -> Value:
    """The lambda says whether its first argument stands before its second; equals keep their order."""
    call = _lambda(function)

    def before(one: Value, other: Value) -> bool:
        result = call(one, other)
        if isinstance(result, Unknown):
            raise _UndecidedError(result)
        return result if isinstance(result, bool) else fail("the lambda gives no truth value")

    def compare(one: Value, other: Value) -> int:
        return -1 if before(one, other) else int(before(other, one))

    try:
        return sorted(as_items(items), key=functools.cmp_to_key(compare))
    except _UndecidedError as error:
        return Unknown("sort() by something unknown: " + error.value.reason)


def _to_object(items: Value, key: Value, value: Value = None) -> Value:
    result: dict[str, Value] = {}
    names: dict[str, str] = {}
    for item in as_items(items):
        name = _lambda(key)(item)
        if isinstance(name, Unknown):
            return Unknown("toObject() with an unknown name: " + name.reason)
        # Names have no case: the last one counts, under the name of the first.
        result[names.setdefault(as_text(name).lower(), name)] = item if value is None else _lambda(value)(item)
    return result


def _group_by(items: Value, key: Value, value: Value = None) -> Value:
    result: dict[str, Value] = {}
    names: dict[str, str] = {}
    for item in as_items(items):
        name = _lambda(key)(item)
        if isinstance(name, Unknown):
            return Unknown("groupBy() with an unknown name: " + name.reason)
        group = result.setdefault(names.setdefault(as_text(name).lower(), name), [])
        group.append(item if value is None else _lambda(value)(item))
    return result


LAMBDA_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "filter": _filter,
    "groupby": _group_by,
    "map": _map,
    "mapvalues": _map_values,
    "reduce": _reduce,
    "sort": _sort,
    "toobject": _to_object,
}
"""By casefolded name."""
