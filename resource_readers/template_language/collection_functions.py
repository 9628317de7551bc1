"""Template functions of arrays and objects (some take texts, too). Names of properties have no case."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import member
from resource_readers.template_language.function_arguments import (
    as_integer,
    as_items,
    as_object,
    as_text,
    contains_unknown,
    equal,
    fail,
    identity,
)
from resource_readers.template_language.unknowns import LimitError, ResourceHandle, has_known_part, unknown_call
from template_functions import letters

_MAXIMUM_RANGE = 10_000
_MAXIMUM_COMPARISONS = 1_000_000


def _length(value: Value) -> Value:
    if value is None:
        return 0
    return len(value) if isinstance(value, str | list | dict) else fail("nothing that has a length")


def _empty(value: Value) -> Value:
    if isinstance(value, Unknown):
        return False if has_known_part(value) else unknown_call("empty", (value,))
    return value is None or (not value if isinstance(value, str | list | dict) else fail("nothing that can be empty"))


def _contains(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return (item if isinstance(item, str) else str(as_integer(item))) in container
    if isinstance(container, dict):
        folded = as_text(item).lower()
        return item in container or any(key.lower() == folded for key in container)
    undecided: Value = False
    for one in as_items(container):
        same = equal(one, item)
        if same is True:
            return True
        if same is not False and undecided is False:
            undecided = same
    return undecided


def _end(value: Value, position: int) -> Value:
    if value is None:
        return None
    if isinstance(value, str | list):
        return value[position] if value else ("" if isinstance(value, str) else None)
    return fail("a text or an array is needed")


def _index_of(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return letters.lower(container).find(letters.lower(as_text(item)))
    return _first_equal(enumerate(as_items(container)), item)


def _last_index_of(container: Value, item: Value) -> Value:
    if isinstance(container, str):
        return letters.lower(container).rfind(letters.lower(as_text(item)))
    return _first_equal(reversed(list(enumerate(as_items(container)))), item)


def _first_equal(items: Iterable[tuple[int, Value]], wanted: Value) -> Value:
    for position, one in items:
        same = equal(one, wanted)
        if same is not False:
            return position if same is True else same
    return -1


def _union(*values: Value) -> Value:
    if len(values) < 2:
        fail("two arrays or objects are needed")
    if isinstance(values[0], dict):
        result: Value = values[0]
        for value in values[1:]:
            result = _merged(result, as_object(value))
        return result
    return _distinct([item for value in values for item in as_items(value)])


def _merged(first: dict[str, Value], second: dict[str, Value]) -> dict[str, Value]:
    """Objects are merged to their depths; what is no object is replaced."""
    result = dict(first)
    names = {key.lower(): key for key in first}
    for key, value in second.items():
        name = names.setdefault(key.lower(), key)
        before = result.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            value = _merged(before, value)
        elif isinstance(before, Unknown | dict) and isinstance(value, Unknown | dict):
            # Whether there are two objects to merge can't be known.
            value = unknown_call("union", (before, value))
        result[name] = value
    return result


def _distinct(items: list[Value]) -> Value:
    """Each once, at its first place; an Unknown if nobody can say whether two are the same."""
    if contains_unknown(items):
        return _distinct_undecided(items)
    kept: dict[object, Value] = {}
    for item in items:
        kept.setdefault(identity(item), item)
    return list(kept.values())


def _distinct_undecided(items: list[Value]) -> Value:
    if len(items) ** 2 > _MAXIMUM_COMPARISONS:
        raise LimitError("more than a million comparisons of array items")
    kept: list[Value] = []
    for item in items:
        results = [equal(one, item) for one in kept]
        if True in results:
            continue
        undecided = next((one for one in results if isinstance(one, Unknown)), None)
        if undecided is not None:
            return Unknown(f"whether two items of an array are the same hangs on something unknown: {undecided.reason}")
        kept.append(item)
    return kept


def _shallow_merge(objects: Value) -> Value:
    result: dict[str, Value] = {}
    names: dict[str, str] = {}
    for one in as_items(objects):
        if isinstance(one, Unknown):
            return Unknown("shallowMerge() with an unknown object in it: " + one.reason)
        for key, value in as_object(one).items():
            result[names.setdefault(key.lower(), key)] = value
    return result


def _intersection(*values: Value) -> Value:
    if len(values) < 2:
        fail("two arrays or objects are needed")
    first, rest = values[0], values[1:]
    if any(contains_unknown(value) for value in values):
        return Unknown("intersection() with an unknown value in it")
    if isinstance(first, dict):
        others = [as_object(value) for value in rest]
        return {key: value for key, value in first.items() if all(_has(one, key, value) for one in others)}
    kept = [{identity(item) for item in as_items(value)} for value in rest]
    return _distinct([item for item in as_items(first) if all(identity(item) in one for one in kept)])


def _has(values: dict[str, Value], key: str, wanted: Value) -> bool:
    name = key if key in values else next((one for one in values if one.lower() == key.lower()), None)
    return name is not None and equal(values[name], wanted) is True


def _take(value: Value, count: Value) -> Value:
    number = max(0, as_integer(count))
    return value[:number] if isinstance(value, str | list) else fail("a text or an array is needed")


def _skip(value: Value, count: Value) -> Value:
    number = max(0, as_integer(count))
    return value[number:] if isinstance(value, str | list) else fail("a text or an array is needed")


def _range(start: Value, count: Value) -> Value:
    first, number = as_integer(start), as_integer(count)
    if not 0 <= number <= _MAXIMUM_RANGE or first + number > 2**31 - 1:
        fail(f"up to {_MAXIMUM_RANGE:,} numbers can be made")
    return list(range(first, first + number))


def ordered_names(value: Value) -> list[str]:
    """The names of an object in the order in which items() and objectKeys() give them."""
    return sorted(as_object(value), key=str.upper)


def _flatten(items: Value) -> Value:
    inner = next((one for one in as_items(items) if isinstance(one, Unknown)), None)
    if inner is not None:
        return Unknown("flatten() with an unknown array in it: " + inner.reason)
    return [item for one in items for item in as_items(one)]


def _try_get(value: Value, *path: Value) -> Value:
    """tryGet(value, 'a', 0, ...): null if the first part of the path is missing; the others must be there."""
    if not path:
        fail("a name or position is needed")
    found = _asked(value, path[0], safe=True)
    return _behind(found, path[1:])


def _behind(found: Value, path: tuple[Value, ...]) -> Value:
    for part in path:
        if found is None:
            return None
        found = _asked(found, part, safe=False)
    return found


def _asked(value: Value, part: Value, *, safe: bool) -> Value:
    if isinstance(part, dict):  # {value: 2, fromEnd: true} for `[^2]`
        part, from_end = part.get("value"), part.get("fromEnd") is True
        if from_end:
            return _from_end(value, part, safe=safe)
    if isinstance(part, Unknown):
        return unknown_call("item", (value, part))
    if isinstance(part, str):
        if isinstance(value, dict | Unknown | ResourceHandle):
            return member(value, part, safe=safe)
        return None if safe else fail("a property is asked of something that has none")
    if isinstance(value, Unknown):
        return unknown_call("item", (value, part))
    position = as_integer(part)
    if isinstance(value, list) and 0 <= position < len(value):
        return value[position]
    return None if safe else fail(f"there is no item {position}")


def _from_end(value: Value, position: Value, *, safe: bool) -> Value:
    if isinstance(value, Unknown) or isinstance(position, Unknown):
        return unknown_call("indexFromEnd", (value, position))
    back = as_integer(position)
    if isinstance(value, list) and 0 < back <= len(value):
        return value[-back]
    return None if safe else fail(f"there is no item {back} from the end")


def _create_object(*pairs: Value) -> Value:
    if len(pairs) % 2:
        fail("a value is missing")
    result: dict[str, Value] = {}
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        if isinstance(name, Unknown):
            return Unknown("createObject() with an unknown name: " + name.reason)
        result[as_text(name)] = value
    if len({name.lower() for name in result}) * 2 != len(pairs):
        fail("a name stands twice")
    return result


def _extreme(choose: Callable[[list[int]], int]) -> Callable[..., Value]:
    def extreme(*values: Value) -> Value:
        numbers = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
        inner = next((one for one in numbers if isinstance(one, Unknown)), None)
        if inner is not None:
            return Unknown(inner.reason)
        return choose([as_integer(one) for one in numbers]) if numbers else fail("no numbers")

    return extreme


COLLECTION_FUNCTIONS: Mapping[str, Callable[..., Value]] = {
    "array": lambda value: value if isinstance(value, list) else [value],
    "contains": _contains,
    "createarray": lambda *items: list(items),
    "createobject": _create_object,
    "distinct": lambda items: _distinct(as_items(items)),
    "empty": _empty,
    "first": lambda value: _end(value, 0),
    "flatten": _flatten,
    "indexfromend": lambda value, position: _from_end(value, position, safe=False),
    "indexof": _index_of,
    "intersection": _intersection,
    "items": lambda value: [{"key": key, "value": value[key]} for key in ordered_names(value)],
    "last": lambda value: _end(value, -1),
    "lastindexof": _last_index_of,
    "length": _length,
    "max": _extreme(max),
    "min": _extreme(min),
    "objectkeys": ordered_names,
    "range": _range,
    "shallowmerge": _shallow_merge,
    "skip": _skip,
    "take": _take,
    "tryget": _try_get,
    "tryindexfromend": lambda value, position, *path: _behind(_from_end(value, position, safe=True), path),
    "union": _union,
}
"""By casefolded name."""
