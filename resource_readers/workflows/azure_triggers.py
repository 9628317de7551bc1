"""What starts a pipeline, and what it takes from elsewhere."""

from __future__ import annotations

from resource_readers.interface import Value
from resource_readers.trees.nodes import Entry, ObjectNode
from resource_readers.workflows.action_references import pinned
from resource_readers.workflows.azure_templates import Shape
from resource_readers.workflows.properties import (
    Properties,
    entries_of,
    is_empty,
    items_of,
    node_of,
    text_of,
    texts_of,
    value_of,
)


def put_triggers(properties: Properties, shape: Shape) -> None:
    """Adds `trigger`, `pr` ("none", "default" where nothing is said, "explicit") and the list `triggers`."""
    triggers: list[Value] = []
    for name, event in (("trigger", "push"), ("pr", "pull_request")):
        entry = shape.entry(name)
        kind = _kind(entry)
        properties.put(name, kind, entry)
        if kind != "none" and entry is not None:
            properties.mark(entry, "triggers", len(triggers))
            triggers.append({"event": event, **_filters(entry)})
        elif kind == "default":
            triggers.append({"event": event, "branches": ["*"], "implied": True})
    for position, item in enumerate(items_of(shape.get("schedules"))):
        properties.mark(item, "triggers", len(triggers))
        one: dict[str, Value] = {"event": "schedule", "position": position, "cron": text_of(node_of(item, "cron"))}
        one |= _branches(node_of(item, "branches"), "branches")
        one["always"] = value_of(node_of(item, "always"), properties.budget) in (True, "true")
        triggers.append(one)
    properties.put("triggers", triggers)


def _kind(entry: Entry | None) -> str:
    if entry is None or is_empty(entry.value):
        return "default"
    return "none" if text_of(entry.value).lower() == "none" else "explicit"


def _filters(entry: Entry) -> dict[str, Value]:
    if not isinstance(entry.value, ObjectNode):
        return {"branches": texts_of(entry.value)}
    found: dict[str, Value] = {}
    for name in ("branches", "paths", "tags"):
        found |= _branches(node_of(entry.value, name), name)
    for name in ("batch", "drafts", "autoCancel", "enabled"):
        node = node_of(entry.value, name)
        if node is not None:
            found[name] = text_of(node).lower() == "true"
    return found


def _branches(node: object, name: str) -> dict[str, Value]:
    """`include` and `exclude` as `branches` and `branchesIgnore`."""
    if isinstance(node, ObjectNode):
        found: dict[str, Value] = {}
        for written, given in (("include", name), ("exclude", f"{name}Ignore")):
            one = node_of(node, written)
            if one is not None:
                found[given] = texts_of(one)
        return found
    return {}


def put_resources(properties: Properties, shape: Shape) -> dict[str, str]:
    """Adds `resources`: repositories, containers, pipelines ..., each a list; gives the containers' images by name."""
    inner = shape.shape("resources")
    if inner is None:
        return {}
    images: dict[str, str] = {}
    found: dict[str, Value] = {}
    for kind in inner.names:
        entry = inner.entry(kind)
        listed: list[Value] = []
        for item in items_of(entry.value if entry is not None else None):
            properties.mark(item, "resources", kind, len(listed))
            value = value_of(item, properties.budget)
            if kind == "repositories" and isinstance(value, dict):
                value["pinned"] = pinned(str(value.get("ref") or "").removeprefix("refs/heads/"))
                if str(value.get("ref") or "").startswith("refs/heads/"):
                    value["pinned"] = "branch"
            if kind == "containers" and text_of(node_of(item, "image")):
                images[text_of(node_of(item, "container"))] = text_of(node_of(item, "image"))
            listed.append(value)
            for key, one in entries_of(item):
                properties.mark(one, "resources", kind, len(listed) - 1, key)
        found[kind] = listed
    slots = shape.slots("resources")
    properties.put("resources", found, slots[0].entry if slots else None)
    return images
