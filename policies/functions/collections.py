"""Functions over arrays and objects. Source: Microsoft's pages "Array functions" and "Object functions"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.functions.interface import Function, array, exactly_equal, identity, integer, kind, text
from policies.values import EvaluationError, get_key, text_of


def _contains(container: Any, item: Any) -> bool:
    if isinstance(container, str):
        if isinstance(item, dict | list):
            raise EvaluationError(f"contains() can't look for {kind(item)} in text")
        return text_of(item) in container
    if isinstance(container, list):
        return any(exactly_equal(member, item) for member in container)
    if isinstance(container, dict):
        wanted = text("contains", item).lower()
        return any(key.lower() == wanted for key in container)
    raise EvaluationError(f"contains() can't look into {kind(container)}")


def _length(value: Any) -> int:
    if value is None:
        return 0
    if isinstance(value, str | list | dict):
        return len(value)
    raise EvaluationError(f"length() has no {kind(value)}")


def _empty(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, str | list | dict):
        return len(value) == 0
    raise EvaluationError(f"empty() can't judge {kind(value)}")


def _first(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return value[:1]
    return next(iter(array("first", value)), None)


def _last(value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, str):
        return value[-1:]
    items = array("last", value)
    return items[-1] if items else None


def _take(value: Any, number: Any) -> Any:
    count = max(0, integer("take", number))
    if value is None:
        return None
    return value[:count] if isinstance(value, str) else array("take", value)[:count]


def _skip(value: Any, number: Any) -> Any:
    count = max(0, integer("skip", number))
    if value is None:
        return None
    return value[count:] if isinstance(value, str) else array("skip", value)[count:]


def _create_object(*pairs: Any) -> dict[str, Any]:
    if len(pairs) % 2:
        raise EvaluationError("createObject() needs keys and values in pairs")
    keys = [text("createObject", key) for key in pairs[::2]]
    if len(set(keys)) != len(keys):
        raise EvaluationError("createObject() got a key twice")
    return dict(zip(keys, pairs[1::2], strict=True))


def _intersection(first: Any, *others: Any) -> Any:
    if isinstance(first, list):
        kept = [{identity(item) for item in array("intersection", other)} for other in others]
        return _distinct([item for item in first if all(identity(item) in members for members in kept)])
    if not isinstance(first, dict) or not all(isinstance(other, dict) for other in others):
        raise EvaluationError("intersection() needs arrays, or objects")
    return {
        key: value
        for key, value in first.items()
        if all(key in other and exactly_equal(value, other[key]) for other in others)
    }


def _distinct(items: list[Any]) -> list[Any]:
    kept: dict[Any, Any] = {}
    for item in items:
        kept.setdefault(identity(item), item)
    return list(kept.values())


def _union(first: Any, *others: Any) -> Any:
    if isinstance(first, list):
        return _distinct([item for value in (first, *others) for item in array("union", value)])
    if not isinstance(first, dict) or not all(isinstance(other, dict) for other in others):
        raise EvaluationError("union() needs arrays, or objects")
    result: dict[str, Any] = first
    for other in others:
        result = _merged(result, other)
    return result


def _merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Objects are merged to their depths; what is no object is replaced."""
    result = dict(left)
    names = {key.lower(): key for key in left}
    for key, value in right.items():
        name = names.get(key.lower(), key)
        old = result.get(name)
        result[name] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return result


def _shallow_merge(objects: Any) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for item in array("shallowMerge", objects):
        if not isinstance(item, dict):
            raise EvaluationError("shallowMerge() needs an array of objects")
        result |= item
    return result


def _items(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, dict):
        raise EvaluationError(f"items() needs an object, found {kind(value)}")
    return [{"key": key, "value": value[key]} for key in sorted(value, key=str.lower)]


def _object_keys(value: Any) -> list[str]:
    if not isinstance(value, dict):
        raise EvaluationError(f"objectKeys() needs an object, found {kind(value)}")
    return sorted(value, key=str.lower)


def _range(start: Any, count: Any) -> list[int]:
    first, number = integer("range", start), integer("range", count)
    if not 0 <= number <= 10_000 or first + number > 2**31 - 1:
        raise EvaluationError("range() gives 0 to 10,000 numbers")
    return list(range(first, first + number))


def _flatten(value: Any) -> list[Any]:
    return [item for part in array("flatten", value) for item in array("flatten", part)]


def _try_get(value: Any, key: Any, *further: Any) -> Any:
    """The first key may be missing; what is asked of the value behind it must be there."""
    if isinstance(key, bool) or not isinstance(key, str | int):
        raise EvaluationError(f"tryGet() needs a name or a position, found {kind(key)}")
    found: Any = None
    if isinstance(value, dict) and isinstance(key, str):
        found = get_key(value, key, key.lower())
    elif isinstance(value, list) and isinstance(key, int) and 0 <= key < len(value):
        found = value[key]
    for name in further:
        if found is None:
            return None
        found = member(found, name)
    return found


def member(value: Any, key: Any) -> Any:
    """A member of an object (by name, any case) or an array (by position). Raises EvaluationError if there is none."""
    if isinstance(value, dict) and isinstance(key, str):
        found = get_key(value, key, key.lower())
        if found is None and not any(name.lower() == key.lower() for name in value):
            raise EvaluationError(f"there is no property {key!r}")
        return found
    if isinstance(value, list):
        position = integer("[]", key)
        if not 0 <= position < len(value):
            raise EvaluationError(f"there is no member {position} in an array of {len(value)}")
        return value[position]
    raise EvaluationError(f"{kind(value)} has no property {key!r}")


def _index_from_end(value: Any, position: Any) -> Any:
    items, back = array("indexFromEnd", value), integer("indexFromEnd", position)
    if not 0 < back <= len(items):
        raise EvaluationError(f"there is no member {back} from the end of an array of {len(items)}")
    return items[-back]


def _try_index_from_end(value: Any, position: Any) -> Any:
    back = integer("tryIndexFromEnd", position)
    return value[-back] if isinstance(value, list) and 0 < back <= len(value) else None


def _extreme(name: str, choose: Callable[[list[int | float]], int | float]) -> Function:
    def apply(*values: Any) -> int | float:
        numbers = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
        if not numbers:
            raise EvaluationError(f"{name}() of nothing")
        wrong = [number for number in numbers if isinstance(number, bool) or not isinstance(number, int | float)]
        if wrong:
            raise EvaluationError(f"{name}() needs numbers, found {kind(wrong[0])}")
        return choose(numbers)

    return Function(name, 1, None, apply)


COLLECTION_FUNCTIONS = (
    Function("array", 1, 1, lambda value: value if isinstance(value, list) else [value], deep=False),
    Function("contains", 2, 2, _contains),
    Function("createArray", 0, None, lambda *values: list(values), deep=False),
    Function("createObject", 0, None, _create_object, deep=False),
    Function("empty", 1, 1, _empty, deep=False),
    Function("first", 1, 1, _first, deep=False),
    Function("flatten", 1, 1, _flatten, deep=False),
    Function("intersection", 2, None, _intersection),
    Function("indexFromEnd", 2, 2, _index_from_end, deep=False),
    Function("items", 1, 1, _items, deep=False),
    Function("last", 1, 1, _last, deep=False),
    Function("length", 1, 1, _length, deep=False),
    _extreme("max", max),
    _extreme("min", min),
    Function("objectKeys", 1, 1, _object_keys, deep=False),
    Function("range", 2, 2, _range),
    Function("shallowMerge", 1, 1, _shallow_merge, deep=False),
    Function("skip", 2, 2, _skip, deep=False),
    Function("take", 2, 2, _take, deep=False),
    Function("tryIndexFromEnd", 2, 2, _try_index_from_end, deep=False),
    Function("tryGet", 2, None, _try_get, deep=False),
    Function("union", 2, None, _union),
)
