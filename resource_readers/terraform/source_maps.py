"""Where the values of a Terraform resource stand."""

from __future__ import annotations

from dataclasses import dataclass

from resource_readers.terraform.resources import Places
from resource_readers.terraform.syntax import Call, Literal, Node, ObjectNode, SourceText, TupleNode
from resource_readers.trees.nodes import Position


@dataclass(frozen=True, slots=True)
class BlockSource:
    """A SourceMap over the values of a block."""

    text: SourceText
    places: Places

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        return self.text.position(_offset(self.places, path))


def _offset(places: Places, path: tuple[str | int, ...]) -> int:
    while path:
        name, *rest = path
        attribute = places.body.attributes.get(str(name))
        if attribute is not None:
            # What an override file gave stands elsewhere: the block is the nearest place in this file.
            return places.at if attribute.foreign else _in_value(attribute.value, attribute.at, tuple(rest))
        blocks = places.blocks.get(str(name))
        if not blocks:
            return places.at
        number = rest[0] if rest and isinstance(rest[0], int) else 0
        places = blocks[number if number < len(blocks) else 0]
        path = tuple(rest[1:])
    return places.at


def _in_value(node: Node, at: int, path: tuple[str | int, ...]) -> int:
    for part in path:
        if isinstance(node, Call) and node.name == "jsonencode" and node.arguments:
            node = node.arguments[0]
        if isinstance(node, ObjectNode):
            entry = next((one for one in node.entries if isinstance(one.key, Literal) and one.key.value == part), None)
            if entry is None:
                return at
            node, at = entry.value, entry.at
        elif isinstance(node, TupleNode) and isinstance(part, int) and part < len(node.items):
            node = node.items[part]
            at = node.at
        else:
            return at
    return at
