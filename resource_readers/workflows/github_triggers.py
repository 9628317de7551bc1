"""What starts a workflow: `on` in all its shapes, as a list of triggers."""

from __future__ import annotations

from resource_readers.interface import Value
from resource_readers.trees.nodes import Entry, ObjectNode
from resource_readers.workflows.properties import (
    Properties,
    entries_of,
    items_of,
    node_of,
    text_of,
    texts_of,
    value_of,
)

_FILTERS = {
    "branches": "branches",
    "branches-ignore": "branchesIgnore",
    "tags": "tags",
    "tags-ignore": "tagsIgnore",
    "paths": "paths",
    "paths-ignore": "pathsIgnore",
    "types": "types",
    "workflows": "workflows",
}


def put_triggers(properties: Properties, on: Entry | None) -> list[str]:
    """Adds `events` (names) and `triggers` (with their filters); gives the names."""
    triggers: list[Value] = []
    if on is not None and isinstance(on.value, ObjectNode):
        for name, entry in entries_of(on.value):
            properties.mark(entry, "triggers", len(triggers))
            properties.mark(entry, "events", len(triggers))
            triggers.append(_trigger(properties, name, entry, len(triggers)))
    elif on is not None:
        for item in items_of(on.value):
            properties.mark(item, "triggers", len(triggers))
            properties.mark(item, "events", len(triggers))
            triggers.append({"event": text_of(item)})
    properties.put("events", [one["event"] for one in triggers], on)
    properties.put("triggers", triggers, on)
    return [one["event"] for one in triggers]


def _trigger(properties: Properties, name: str, entry: Entry, index: int) -> dict[str, Value]:
    trigger: dict[str, Value] = {"event": name}
    body = entry.value
    if name == "schedule":
        crons = [node_of(item, "cron") for item in items_of(body)]
        trigger["crons"] = [text_of(one) for one in crons]
        for position, cron in enumerate(crons):
            properties.mark(cron, "triggers", index, "crons", position)
    for written, given in _FILTERS.items():
        found = body.entry(written) if isinstance(body, ObjectNode) else None
        if found is not None:
            trigger[given] = texts_of(found.value)
            properties.mark(found, "triggers", index, given)
    for kind in ("inputs", "secrets", "outputs"):
        node = node_of(body, kind)
        if not isinstance(node, ObjectNode):
            continue
        listed: list[Value] = []
        for key, one in entries_of(node):
            properties.mark(one, "triggers", index, kind, len(listed))
            value = value_of(one.value, properties.budget)
            listed.append({"name": key, **(value if isinstance(value, dict) else {})})
        trigger[kind] = listed
    return trigger
