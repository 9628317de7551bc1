"""Writes into a copy of a resource what modify and append ask for (Microsoft: author policies for arrays)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.fields import Field, alias_path, tag_name
from policies.paths import parse_path
from policies.scope import Scope
from policies.values import UNKNOWN_KEY, EvaluationError, copied, first_unknown, same


def apply_change(
    resource: dict[str, Any], operation: str, field: Field, value: Any, scope: Scope, makes_parents: bool
) -> None:
    """Changes `resource` in place; leaves it as it is where what would be changed isn't known.

    Args:
        makes_parents: whether objects within the properties are made where they are missing.

    Raises:
        EvaluationError: the change can't be made.
        InvalidAliasError: the field is an alias that no type has.
    """
    tag = tag_name(field.name)
    if tag is not None:
        _change_tag(resource, tag, operation, value)
        return
    if operation == "remove":
        raise EvaluationError(f"only tags can be removed, not {field.name}")
    path = parse_path(field.name) if field.alias is None else alias_path(scope, field.alias)
    if path is None or not path.steps:
        raise EvaluationError(f"{field.name} is no property of {scope.type}")
    parts = [part.name if hasattr(part, "name") else "[*]" for part in path.steps]
    if parts[-1] == "[*]":
        _change_array(resource, parts[:-1], operation, value, makes_parents)
        return
    for holder in _holders(resource, parts[:-1], makes_parents):
        _change_member(holder, parts[-1], operation, value)


def _change_tag(resource: dict[str, Any], tag: str, operation: str, value: Any) -> None:
    key = _own_name(resource, "tags")
    tags = resource.get(key)
    if tags is None:
        tags = resource[key] = {}
    if not isinstance(tags, dict):
        raise EvaluationError("the tags are no object")
    if UNKNOWN_KEY not in tags:
        _change_member(tags, tag, operation, value)


def _own_name(mapping: dict[str, Any], name: str) -> str:
    """The member's name as the mapping spells it."""
    lower = name.lower()
    return next((key for key in mapping if key.lower() == lower), name)


def _change_member(holder: dict[str, Any], name: str, operation: str, value: Any) -> None:
    key = _own_name(holder, name)
    if operation == "remove":
        holder.pop(key, None)
        return
    current = holder.get(key)
    if operation == "add" and current is not None:
        if first_unknown([current, value]) is None and not same(current, value):
            raise EvaluationError(f"{name} has another value already: adding one is a conflict")
        return
    holder[key] = copied(value)


def _change_array(resource: dict[str, Any], parts: list[str], operation: str, value: Any, makes_parents: bool) -> None:
    for holder in _holders(resource, parts[:-1], makes_parents):
        key = _own_name(holder, parts[-1])
        items = holder.get(key)
        if isinstance(items, dict) and UNKNOWN_KEY in items:
            continue
        if items is not None and not isinstance(items, list):
            raise EvaluationError(f"{parts[-1]} is no array")
        kept = [] if operation == "addorreplace" or items is None else items
        holder[key] = kept if any(same(item, value) for item in kept) else [*kept, copied(value)]


def _holders(current: Any, parts: list[str], makes_parents: bool, depth: int = 0) -> Iterator[dict[str, Any]]:
    """The objects that hold the last name, one for each member behind a "[*]".

    Where one is missing, it is made at the top of the resource (`properties`, `identity`), and below if wanted.
    """
    if isinstance(current, dict) and UNKNOWN_KEY in current:
        return
    if not parts:
        if isinstance(current, dict):
            yield current
        return
    head, *rest = parts
    if head == "[*]":
        if isinstance(current, list):
            for item in current:
                yield from _holders(item, rest, makes_parents, depth + 1)
        return
    if not isinstance(current, dict):
        return
    key = _own_name(current, head)
    if current.get(key) is None:
        if rest[:1] == ["[*]"]:
            return  # an array that isn't there has no members to change
        if depth and not makes_parents:
            return
        current[key] = {}
    yield from _holders(current[key], rest, makes_parents, depth + 1)
