"""What a reader gave, as plain JSON and back: equal for everything that judges it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from resource_readers.interface import NotRead, ReadResult, Resource, SourceMap, Unknown, Value
from resource_readers.trees.nodes import Position
from verdicts import InputDigest, Location

_MARK = "\0"
"""No key of a template begins with it: it stands before the key of what JSON doesn't have."""
_UNKNOWN = _MARK + "unknown"


class NotPlainError(Exception):
    """The result holds something that can't be written as JSON and come back the same."""


def body_of(result: ReadResult) -> str:
    """The resources as JSON text. Raises NotPlainError."""
    try:
        rows = [_row(resource) for resource in result.resources]
        return json.dumps(rows, separators=(",", ":"), ensure_ascii=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotPlainError(str(error)) from None


def plain_value(value: Value) -> Any:
    """A value as JSON has it. Raises NotPlainError."""
    try:
        return _plain(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise NotPlainError(str(error)) from None


def resources_of(body: str, source_of: Callable[[int], SourceMap]) -> tuple[Resource, ...]:
    """The resources again; `source_of` gives the places of the n-th. Raises ValueError and the like for other texts."""
    rows = json.loads(body, object_hook=_object)
    return tuple(_resource(row, source_of(number)) for number, row in enumerate(rows))


def _row(resource: Resource) -> list[Any]:
    return [
        *(_text(resource.type), _text(resource.api_version), _plain(resource.name), _text(resource.id)),
        *(_text(resource.scope), _plain(resource.properties), location_to_json(resource.location)),
        *(_plain(dict(resource.fields)), _plain(resource.condition), resource.repeated, resource.existing),
        resource.source is not None,
    ]


def _resource(row: list[Any], source: SourceMap) -> Resource:
    type_, version, name, id_, scope, properties, place, fields, condition, repeated, existing, placed = row
    return Resource(
        type=type_,
        api_version=version,
        name=name,
        id=id_,
        scope=scope,
        properties=properties,
        location=Location(*place),
        fields=fields,
        condition=condition,
        repeated=repeated,
        existing=existing,
        source=source if placed else None,
    )


def _text(value: object) -> str:
    if type(value) is not str:
        raise TypeError("no text")
    return value


def _plain(value: Value) -> Any:
    kind = type(value)
    if value is None or kind in (str, bool, int, float):
        return value
    if kind is list:
        return [_plain(one) for one in value]
    if kind is dict:
        return {_key(key): _plain(one) for key, one in value.items()}
    if kind is Unknown:
        return {_UNKNOWN: [value.reason, value.text, value.resource, list(value.path)]}
    raise TypeError(f"a value of type {kind.__name__}")


def _key(key: object) -> str:
    text = _text(key)
    if text.startswith(_MARK):
        raise ValueError("a key that begins with a zero byte")
    return text


def _object(value: dict[str, Any]) -> Any:
    if _UNKNOWN not in value:
        return value
    reason, text, resource, path = value[_UNKNOWN]
    return Unknown(reason, text, resource, tuple(path))


def location_to_json(place: Location) -> list[Any]:
    """As `Location(*...)` takes it again."""
    return [place.path, place.line, place.column]


def not_read_to_json(missing: Iterable[NotRead]) -> list[list[Any]]:
    """As `not_read_from_json` takes it again."""
    return [[one.path, one.line, one.reason, one.may_hold_resources] for one in missing]


def not_read_from_json(rows: Any) -> tuple[NotRead, ...]:
    """Raises ValueError or TypeError for anything else."""
    return tuple(NotRead(*row) for row in rows)


def files_to_json(files: Iterable[InputDigest]) -> list[list[str]]:
    """As `files_from_json` takes it again."""
    return [[one.name, one.digest] for one in files]


def files_from_json(rows: Any) -> tuple[InputDigest, ...]:
    """Raises ValueError or TypeError for anything else."""
    return tuple(InputDigest(*row) for row in rows)


def places_to_json(places: Mapping[int, Mapping[tuple[str | int, ...], Position]]) -> list[list[Any]]:
    """Known places by the number of the resource, as `places_from_json` takes them again."""
    return [[number, list(path), *place] for number, known in places.items() for path, place in known.items()]


def places_from_json(rows: Any) -> dict[int, dict[tuple[str | int, ...], Position]]:
    """Raises ValueError or TypeError for anything else."""
    places: dict[int, dict[tuple[str | int, ...], Position]] = {}
    for number, path, line, column in rows:
        places.setdefault(number, {})[tuple(path)] = Position(line, column)
    return places
