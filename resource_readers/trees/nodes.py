"""The tree that files are turned into. Lines and columns are 1-based; column 0: not known."""

from __future__ import annotations

from dataclasses import field
from typing import NamedTuple, TypeAlias

from verdicts.records import record


class Position(NamedTuple):
    """A place in a file: 1-based line and column; column 0 where it is not known."""

    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Literal:
    """A text, number, truth value or null."""

    value: str | int | float | bool | None
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class ArrayNode:
    """`[a, b]`; an item may be a Spread."""

    items: tuple[Node, ...]
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Entry:
    """`key: value`; the key is a text or, where it is computed, a node. A Spread stands as a value under the key ""."""

    key: str | Node
    value: Node
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class ObjectNode:
    """`{key: value}` in the file's order."""

    entries: tuple[Entry, ...]
    line: int
    column: int = 0
    _folded: dict[str, Entry] | None = field(default=None, init=False, repr=False, compare=False)
    """Entries by casefolded key, made when one is asked for first."""

    def get(self, key: str) -> Node | None:
        """The value under a literal key, whatever its case (as Azure Resource Manager reads keys)."""
        entry = self.entry(key)
        return entry.value if entry is not None else None

    def entry(self, key: str) -> Entry | None:
        """The entry under a literal key, whatever its case; of two that differ in case only, the exact one."""
        found = self._folded
        if found is None:
            found = {}
            for entry in self.entries:
                if isinstance(entry.key, str):
                    found.setdefault(entry.key.casefold(), entry)
            object.__setattr__(self, "_folded", found)
        near = found.get(key.casefold())
        if near is None or near.key == key:
            return near
        return next((entry for entry in self.entries if entry.key == key), near)


@record(frozen=True, slots=True)
class Spread:
    """`...value` inside an array or object."""

    value: Node
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Name:
    """A symbol of a Bicep file, or a loop or lambda variable."""

    name: str
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Call:
    """A function call; operators are calls of the function that the template language has for them."""

    name: str
    arguments: tuple[Node, ...]
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Member:
    """`base.name`; `safe` is `base.?name`."""

    base: Node
    name: str
    safe: bool
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Index:
    """`base[index]`; `safe` is `base[?index]`."""

    base: Node
    index: Node
    safe: bool
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Loop:
    """One value for each item.

    Attributes:
        over: the items (or, with `counted`, how many).
        item: name under which the body finds the item; "" if it has none.
        index: name of its position; "" if it has none.
        condition: items for which it is false are left out; None if there is none.
        counted: `over` is a number and the body asks by copyIndex(name), `item` being that name.
    """

    over: Node
    item: str
    index: str
    condition: Node | None
    body: Node
    counted: bool
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Lambda:
    """`(a, b) => body`."""

    parameters: tuple[str, ...]
    body: Node
    line: int
    column: int = 0


@record(frozen=True, slots=True)
class Unreadable:
    """Something that was not understood; evaluates to an Unknown with the reason.

    `refused`: it is understood well enough to say that a deployment would be refused for it: the Unknown says all.
    """

    reason: str
    line: int
    column: int = 0
    refused: bool = False


Node: TypeAlias = Literal | ArrayNode | ObjectNode | Spread | Name | Call | Member | Index | Loop | Lambda | Unreadable


@record(frozen=True, slots=True)
class NodeSource:
    """A SourceMap over a tree."""

    node: Node

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        node: Node = self.node
        place: Node | Entry = node
        for part in path:
            if isinstance(node, ObjectNode) and isinstance(part, str):
                entry = node.entry(part)
                if entry is None:
                    break
                place, node = entry, entry.value
            elif isinstance(node, ArrayNode) and isinstance(part, int) and part < len(node.items):
                place = node = node.items[part]
            else:
                break
        return Position(place.line, place.column)
