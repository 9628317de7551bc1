"""Where the properties of a resource stand in a template."""

from __future__ import annotations

from dataclasses import dataclass

from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode, Position


@dataclass(frozen=True, slots=True)
class TemplateSource:
    """A SourceMap over a resource's JSON.

    A property that a `copy` loop makes stands where the loop's input stands, in every round; what an expression gives
    stands where the expression does.
    """

    node: ObjectNode

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        node: Node | None = self.node
        place: Node | Entry = self.node
        looped = False
        for part in path:
            if looped and isinstance(part, int):
                looped = False
                continue
            looped = False
            if isinstance(node, ObjectNode) and isinstance(part, str):
                entry = node.entry(part)
                if entry is not None:
                    place, node = entry, entry.value
                    continue
                loop = _loop(node, part)
                if loop is None:
                    break
                given = loop.entry("input")
                place, node, looped = given or loop, given.value if given else None, True
            elif isinstance(node, ArrayNode) and isinstance(part, int) and part < len(node.items):
                place = node = node.items[part]
            else:
                if isinstance(node, Literal):
                    place = node
                break
        return Position(place.line, place.column)


def _loop(node: ObjectNode, name: str) -> ObjectNode | None:
    """The property loop that makes a property."""
    copies = node.get("copy")
    for item in copies.items if isinstance(copies, ArrayNode) else ():
        own = item.get("name") if isinstance(item, ObjectNode) else None
        if isinstance(own, Literal) and str(own.value).casefold() == name.casefold():
            assert isinstance(item, ObjectNode)
            return item
    return None
