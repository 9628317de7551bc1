"""Reads JSON objects whose keys are known, in any case, with errors that say where."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from policies.values import DefinitionError


def keyed(body: Any, known: Collection[str], path: str) -> dict[str, Any]:
    """An object by lower-cased key.

    Args:
        known: every key that it may have, lower-cased.
        path: where it stands.

    Raises:
        DefinitionError: no object, an unknown key, or one that stands twice.
    """
    if not isinstance(body, dict):
        raise DefinitionError("an object is needed", path)
    lowered: dict[str, Any] = {}
    for name, value in body.items():
        key = str(name).lower()
        if key not in known:
            raise DefinitionError(f"unknown key {name!r}", path)
        if key in lowered:
            raise DefinitionError(f"the key {name!r} stands twice, in different case", path)
        lowered[key] = value
    return lowered


def resource_properties(body: Any, known: Collection[str], path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What surrounds the properties of an Azure resource, and its properties; `body` may be the properties alone.

    Raises:
        DefinitionError: as `keyed`.
    """
    if isinstance(body, dict) and any(str(key).lower() == "properties" for key in body):
        outer = keyed(body, _SURROUNDINGS, path)
        return outer, keyed(outer["properties"], known, f"{path}.properties" if path else "properties")
    inner = keyed(body, {*known, *_SURROUNDINGS}, path)
    return inner, inner


_SURROUNDINGS = frozenset(
    {
        *("properties", "id", "name", "type", "systemdata", "location", "identity", "apiversion", "scope", "etag"),
        *("dependson", "comments", "condition", "copy", "metadata"),
        *("$file", "$line", "$condition", "$repeated", "$existing"),
    }
)


def text(holder: dict[str, Any], key: str, path: str, *, needed: bool = False) -> str:
    """A member that is text; "" where there is none. Raises DefinitionError."""
    value = holder.get(key)
    if value is None and not needed:
        return ""
    if not isinstance(value, str) or (needed and not value.strip()):
        raise DefinitionError(f"{key} must be text", path)
    return value


def items(holder: dict[str, Any], key: str, path: str) -> list[tuple[Any, str]]:
    """The members of an array, each with its place; none where there is no array. Raises DefinitionError."""
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise DefinitionError("an array is needed", f"{path}.{key}" if path else key)
    return [(item, f"{path}.{key}[{index}]" if path else f"{key}[{index}]") for index, item in enumerate(value)]


def texts(holder: dict[str, Any], key: str, path: str) -> tuple[str, ...]:
    """An array of texts. Raises DefinitionError."""
    found = items(holder, key, path)
    for item, place in found:
        if not isinstance(item, str):
            raise DefinitionError("text is needed", place)
    return tuple(item for item, _ in found)
