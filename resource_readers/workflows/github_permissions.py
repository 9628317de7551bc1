"""What the token of a workflow or job may do."""

from __future__ import annotations

from resource_readers.interface import Value
from resource_readers.trees.nodes import Entry, ObjectNode
from resource_readers.workflows.properties import Properties, entries_of, text_of


def permissions(properties: Properties, own: Entry | None, inherited: Entry | None = None) -> dict[str, Value]:
    """The permissions that hold, for the property `permissions`.

    `kind`: "explicit" (only what `scopes` lists, everything else none), "read-all", "write-all", "none" (an empty
    mapping), "default" (nothing is declared: what the repository's settings give, which no file shows), "other".
    `source`: "own", "workflow" or "default". `scopes`: name and access; `writes`: names of those that may be written.
    """
    entry = own if own is not None else inherited
    if entry is None:
        return {"kind": "default", "source": "default", "scopes": [], "writes": []}
    source = "own" if own is not None else "workflow"
    scopes: list[Value] = []
    if isinstance(entry.value, ObjectNode):
        for name, one in entries_of(entry.value):
            properties.mark(one, "permissions", "scopes", len(scopes))
            scopes.append({"name": name, "access": text_of(one.value)})
        kind = "explicit" if scopes else "none"
    else:
        text = text_of(entry.value)
        kind = text if text in ("read-all", "write-all") else "none" if text in ("", "{}") else "other"
    writes = [one["name"] for one in scopes if one["access"] == "write"]
    return {"kind": kind, "source": source, "scopes": scopes, "writes": writes}
