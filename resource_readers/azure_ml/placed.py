"""A resource while it is put together, with the place of every property in the file."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resource_readers.interface import Value
from resource_readers.trees.nodes import ArrayNode, Entry, Node, ObjectNode, Position

Path = tuple[str | int, ...]
"""Of a property, from the resource's top."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a property stands.

    Attributes:
        position: of its key.
        node: what stands there, where what is below has the same shape in the resource; else None.
    """

    position: Position
    node: Node | None = None


@dataclass(slots=True)
class Placed:
    """Values by path, with their places."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)

    def put(self, path: Path, value: Value, place: Place | None = None) -> bool:
        """Puts a value; containers around it are made. False if what stands there already is no container."""
        container: Any = self.values
        for part, following in itertools.pairwise(path):
            missing: Any = [] if isinstance(following, int) else {}
            if isinstance(container, dict):
                if container.get(str(part)) is None:
                    container[str(part)] = missing
                container = container[str(part)]
            elif isinstance(container, list) and isinstance(part, int):
                if part >= len(container):
                    container.append(missing)
                container = container[min(part, len(container) - 1)]
            else:
                return False
        last = path[-1]
        if isinstance(container, dict):
            container[str(last)] = value
        elif isinstance(container, list) and isinstance(last, int):
            container[last : last + 1] = [value]
        else:
            return False
        if place is not None:
            self.places[folded(path)] = place
        return True

    def at(self, path: Path) -> Mapping[str, Any] | None:
        """The mapping at a path; None if there is none."""
        container: Any = self.values
        for part in path:
            container = container.get(part) if isinstance(container, dict) else None
        return container if isinstance(container, dict) else None

    def has(self, path: Path) -> bool:
        """Whether a value stands at a path, or something that isn't known around it."""
        container: Any = self.values
        for part in path:
            if isinstance(container, dict):
                if part not in container:
                    return False
                container = container[part]
            else:
                return True
        return True


def folded(path: Path) -> Path:
    """Paths are compared without regard to case."""
    return tuple(part.casefold() if isinstance(part, str) else part for part in path)


@dataclass(frozen=True, slots=True)
class PlacedSource:
    """See interface.SourceMap."""

    places: Mapping[Path, Place]
    top: Position

    def position(self, path: Path) -> Position:
        """See interface.SourceMap. Of something made of several keys, the first of them."""
        wanted = folded(path)
        whole = self.places.get(wanted)
        if whole is not None:
            return whole.position
        around = [
            (place, path[length:])
            for length in range(len(wanted) - 1, 0, -1)
            if (place := self.places.get(wanted[:length])) is not None
        ]
        found = next((at for place, rest in around if (at := _inside(place, rest)) is not None), None)
        if found is not None:
            return found
        below = [place.position for key, place in self.places.items() if key[: len(wanted)] == wanted]
        if below:
            return min(below)
        return around[0][0].position if around else self.top


def _inside(place: Place, rest: Path) -> Position | None:
    """The place of a part of what stands at a place; None if there is no such part."""
    node = place.node
    at: Node | Entry | None = None
    for part in rest:
        if isinstance(node, ObjectNode) and isinstance(part, str):
            at = node.entry(part)
            node = at.value if at is not None else None
        elif isinstance(node, ArrayNode) and isinstance(part, int) and part < len(node.items):
            at = node = node.items[part]
        else:
            return None
    return Position(at.line, at.column) if at is not None else None
