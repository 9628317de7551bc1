"""YAML as a tree with the line and column of every value.

Scalars are read as YAML 1.2 has them (`yes` and `on` are text, as workflows and the Azure ML CLI read them). Aliases
share a node, so a bomb costs nothing here; who makes values of the tree counts them (trees.plain). A key that stands
twice is refused: two readers could see two files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from resource_readers.trees import placeholders
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode, Unreadable

if TYPE_CHECKING:
    import yaml

MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 500_000

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]{1,400}\Z")
_OTHER_INTEGER = re.compile(r"0o[0-7]{1,400}\Z|0x[0-9a-fA-F]{1,400}\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,5})?\Z")
_TAG = "tag:yaml.org,2002:"
_MERGE = "<<"


class YamlError(ValueError):
    """The text is no YAML that can be trusted. `line` and `column` are 1-based."""

    def __init__(self, message: str, line: int, column: int = 0) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


def parse(text: str, *, templated: bool = False) -> Node:
    """The only document of a text; a Literal of None if there is none. See parse_all. Raises YamlError."""
    documents = parse_all(text, templated=templated)
    if len(documents) > 1:
        raise YamlError("more than one document", documents[1].line, documents[1].column)
    return documents[0] if documents else Literal(None, 1, 1)


def parse_all(text: str, *, templated: bool = False) -> list[Node]:
    """Every document of a text; empty ones, which `---` at an end makes, are left out beside others.

    Args:
        text: YAML.
        templated: `{{ name }}` and `#{name}#` may stand in it, also unquoted; they are part of texts then.

    Raises:
        YamlError: it is none; where blocks of a template language stand in it, the message says so.
    """
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    builder = _Builder(placeholders.unmask if templated else None)
    try:
        documents = _documents(builder, yaml.parse(placeholders.mask(text) if templated else text, Loader=loader))
        return [one for one in documents if not _is_empty(one)] or documents[:1]
    except YamlError as error:
        line = placeholders.block_line(text) if templated else None
        if line is None:
            raise
        raise YamlError("blocks of a template language ({% ... %}) stand in it", line) from error


def _documents(builder: _Builder, events: Iterable[yaml.Event]) -> list[Node]:
    import yaml

    try:
        for event in events:
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        message = f"not YAML: {error.problem or error.context}"
        raise YamlError(message, mark.line + 1 if mark else 1, mark.column + 1 if mark else 0) from None
    except yaml.YAMLError as error:
        raise YamlError(f"not YAML: {str(error).splitlines()[0]}", 1) from None
    return builder.documents


def _is_empty(document: Node) -> bool:
    return isinstance(document, Literal) and document.value is None


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end hasn't come."""

    place: tuple[int, int]
    anchor: str | None
    mapping: bool
    tag: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: list[Node] = field(default_factory=list)
    key: tuple[str, tuple[int, int]] | None = None


class _Builder:
    """Puts a parser's events together, without recursion."""

    def __init__(self, restore: Callable[[str], str] | None) -> None:
        self.documents: list[Node] = []
        self._restore = restore
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def take(self, event: yaml.Event) -> None:
        import yaml

        mark = event.start_mark
        place = (mark.line + 1, mark.column + 1) if mark is not None else (1, 0)
        if isinstance(event, yaml.ScalarEvent):
            self._count(place)
            self._scalar(event, place)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._count(place)
            if len(self._open) >= MAXIMUM_DEPTH:
                raise YamlError(f"nested deeper than {MAXIMUM_DEPTH} levels", *place)
            top = self._open[-1] if self._open else None
            if top is not None and top.mapping and top.key is None:
                raise YamlError("a key that is no text", *place)
            self._open.append(_Open(place, event.anchor, isinstance(event, yaml.MappingStartEvent), event.tag))
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._close()
        elif isinstance(event, yaml.AliasEvent):
            name = str(event.anchor)
            node = self._anchors.get(name)
            if node is None:
                raise YamlError(f"the alias *{name[:60]} stands for nothing that is complete", *place)
            self._add(node, place)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}

    def _count(self, place: tuple[int, int]) -> None:
        self._nodes += 1
        if self._nodes > MAXIMUM_NODES:
            raise YamlError(f"more than {MAXIMUM_NODES:,} values", *place)

    def _scalar(self, event: yaml.ScalarEvent, place: tuple[int, int]) -> None:
        top = self._open[-1] if self._open else None
        text = event.value if self._restore is None else self._restore(event.value)
        if top is not None and top.mapping and top.key is None:
            top.key = text, place
            return
        node: Node
        if text is not event.value:
            node = Literal(text, *place)
        elif event.implicit[0]:
            node = Literal(_resolved(event.value), *place)
        elif event.implicit[1] or event.tag in (_TAG + "str", "!"):
            node = Literal(event.value, *place)
        elif (event.tag or "").startswith(_TAG):
            node = Literal(_resolved(event.value), *place)
        else:
            node = Unreadable(f"the tag {str(event.tag)[:60]!r} is not understood", *place)
        if event.anchor:
            self._anchors[event.anchor] = node
        self._add(node, place)

    def _close(self) -> None:
        done = self._open.pop()
        node: Node
        if done.tag is not None and not done.tag.startswith(_TAG):
            node = Unreadable(f"the tag {done.tag[:60]!r} is not understood", *done.place)
        elif done.mapping:
            for other in done.merged:
                for entry in _merged_entries(other):
                    self._count(done.place)
                    done.entries.setdefault(str(entry.key), entry)
            node = ObjectNode(tuple(done.entries.values()), *done.place)
        else:
            node = ArrayNode(tuple(done.items), *done.place)
        if done.anchor:
            self._anchors[done.anchor] = node
        self._add(node, done.place)

    def _add(self, node: Node, place: tuple[int, int]) -> None:
        if not self._open:
            self.documents.append(node)
            return
        top = self._open[-1]
        if not top.mapping:
            top.items.append(node)
            return
        if top.key is None:
            raise YamlError("a key that is no text", *place)
        (key, where), top.key = top.key, None
        if key == _MERGE:
            top.merged.append(node)
        elif key in top.entries:
            raise YamlError(f"the key {key[:60]!r} stands twice", *where)
        else:
            top.entries[key] = Entry(key, node, *where)


def _merged_entries(node: Node) -> Iterator[Entry]:
    """What `<<` brings in: the entries of a mapping, or of several, the first winning."""
    if isinstance(node, ObjectNode):
        yield from node.entries
    elif isinstance(node, ArrayNode):
        for item in node.items:
            if not isinstance(item, ObjectNode):
                raise YamlError("<< takes mappings only", item.line, item.column)
            yield from item.entries
    else:
        raise YamlError("<< takes mappings only", node.line, node.column)


def _resolved(text: str) -> str | int | float | bool | None:
    """A plain scalar's value by the core schema of YAML 1.2."""
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    first = text[0]
    if not (first.isdigit() or first in "+-."):
        return text
    if _INTEGER.match(text):
        return int(text)
    if _OTHER_INTEGER.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        number = float(text)
        # JSON has no infinity, and a number of this size is none that anybody meant.
        return number if abs(number) != float("inf") else text
    return text
