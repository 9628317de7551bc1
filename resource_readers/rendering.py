"""What a reader gave, as plain JSON values."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from resource_readers.interface import ReadResult, Resource, Unknown, Value
from resource_readers.template_language.evaluation import Closure
from resource_readers.template_language.unknowns import ResourceHandle
from verdicts.text import redact


def plain_value(value: Value, shown: Callable[[str], str] = redact) -> Any:
    """A value with every Unknown as {"$unknown": reason, ...}.

    Args:
        value: see interface.Value.
        shown: what becomes of texts; by default what looks like a secret is redacted.
    """
    if isinstance(value, str):
        return shown(value)
    if isinstance(value, Unknown):
        marker: dict[str, Any] = {"$unknown": value.reason}
        return marker | {"text": shown(value.text)} if value.text else marker
    if isinstance(value, dict):
        return {key: plain_value(one, shown) for key, one in value.items()}
    if isinstance(value, list):
        return [plain_value(one, shown) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$unknown": "a number that JSON doesn't have"}
    if isinstance(value, Closure | ResourceHandle):
        return {"$unknown": "a function" if isinstance(value, Closure) else f"the whole of {shown(value.id)}"}
    return value


def plain_resource(resource: Resource, shown: Callable[[str], str] = redact) -> dict[str, Any]:
    """One resource, shaped as Azure Resource Manager shows it, with `$` keys for what mlgate adds."""
    marks: dict[str, Any] = {"$file": resource.location.path, "$line": resource.location.line}
    if resource.condition is not True:
        marks["$condition"] = plain_value(resource.condition, shown)
    if resource.repeated:
        marks["$repeated"] = True
    if resource.existing:
        marks["$existing"] = True
    return {
        "type": resource.type,
        "apiVersion": resource.api_version,
        "name": plain_value(resource.name, shown),
        "id": resource.id,
        "scope": resource.scope,
        **{key: plain_value(value, shown) for key, value in resource.fields.items()},
        "properties": plain_value(resource.properties, shown),
        **marks,
    }


def positions_of(resource: Resource) -> dict[str, list[int]]:
    """Line and column of every property, by JSON pointer (RFC 6901) from the resource's top."""
    places: dict[str, list[int]] = {}
    stack: list[tuple[tuple[str | int, ...], Value]] = [((), {**resource.fields, "properties": resource.properties})]
    while stack:
        path, value = stack.pop()
        if path:
            pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
            places[pointer] = list(resource.place(*path))
        inner: list[tuple[str | int, Value]] = []
        if isinstance(value, dict):
            inner = list(value.items())
        elif isinstance(value, list):
            inner = list(enumerate(value))
        stack.extend(((*path, key), one) for key, one in reversed(inner))
    return places


def plain_result(shown: str, result: ReadResult, *, positions: bool = False) -> dict[str, Any]:
    """One line of `mlgate template expand`."""
    resources = [plain_resource(resource) for resource in result.resources]
    if positions:
        for shaped, resource in zip(resources, result.resources, strict=True):
            shaped["$positions"] = positions_of(resource)
    return {
        "file": shown,
        "kind": result.kind,
        "resources": resources,
        "not_read": [{"file": one.path, "line": one.line, "reason": one.reason} for one in result.not_read],
    }
