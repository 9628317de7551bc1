"""Writes into a copy of a resource what modify and append ask for (Microsoft: author policies for arrays)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.fields import Field, alias_path
from policies.paths import PropertyPath, parse_path
from policies.scope import Scope
from policies.values import EvaluationError, copied, same

_TAG = re.compile(r"tags(?:\.(.+)|\[\s*'?(.*?)'?\s*\])", re.IGNORECASE | re.DOTALL)
_MISSING: Any = object()


def apply_change(resource: dict[str, Any], operation: str, field: Field, value: Any, scope: Scope) -> None:
    """Changes `resource` in place. Raises EvaluationError where the change can't be made."""
    tag = _TAG.fullmatch(field.name.strip())
    if tag is not None:
        tags = resource.setdefault(_own_name(resource, "tags"), {})
        if not isinstance(tags, dict):
            raise EvaluationError("the tags are no object")
        _change_member(tags, tag.group(1) or tag.group(2).replace("''", "'"), operation, value)
        return
    if operation == "remove":
        raise EvaluationError(f"only tags can be removed, not {field.name}")
    path = parse_path(field.name) if field.alias is None else alias_path(scope, field.alias)
    if path is None or not path.steps:
        raise EvaluationError(f"{field.name} is no property of {scope.type}")
    parts = [part.name if hasattr(part, "name") else "[*]" for part in path.steps]
    if parts[-1] == "[*]":
        _change_array(resource, parts[:-1], operation, value)
        return
    for holder in _holders(resource, parts[:-1], path):
        _change_member(holder, parts[-1], operation, value)


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
        if not same(current, value):
            raise EvaluationError(f"{name} has another value already: adding one is a conflict")
        return
    holder[key] = copied(value)


def _change_array(resource: dict[str, Any], parts: list[str], operation: str, value: Any) -> None:
    for holder in _holders(resource, parts[:-1], None):
        key = _own_name(holder, parts[-1])
        items = holder.get(key)
        if items is not None and not isinstance(items, list):
            raise EvaluationError(f"{parts[-1]} is no array")
        kept = [] if operation == "addorreplace" or items is None else items
        holder[key] = kept if any(same(item, value) for item in kept) else [*kept, copied(value)]


def _holders(current: Any, parts: list[str], path: PropertyPath | None) -> Iterator[dict[str, Any]]:
    """The objects that hold the last name; made where they are missing, one for each member behind a "[*]"."""
    if not parts:
        if isinstance(current, dict):
            yield current
        return
    head, *rest = parts
    if head == "[*]":
        if isinstance(current, list):
            for item in current:
                yield from _holders(item, rest, path)
        return
    if not isinstance(current, dict):
        return
    key = _own_name(current, head)
    if current.get(key) is None:
        if rest[:1] == ["[*]"]:
            return  # an array that isn't there has no members to change
        current[key] = {}
    yield from _holders(current[key], rest, path)
