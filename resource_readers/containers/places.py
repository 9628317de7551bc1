"""Values that are put together piece by piece, each with the place that it comes from."""

from __future__ import annotations

from typing import Any

from resource_readers.interface import Value
from resource_readers.trees.nodes import Position

_Path = tuple[str | int, ...]


class RecordedPlaces:
    """A SourceMap that was written down: the place of a path, or of the nearest one around it."""

    def __init__(self, top: Position) -> None:
        self._places: dict[_Path, Position] = {(): top}

    def record(self, path: _Path, place: Position) -> None:
        """A place, unless there is one for the path."""
        self._places.setdefault(path, place)

    def replace(self, path: _Path, place: Position) -> None:
        """The place of a value that took another's."""
        self._places[path] = place

    def position(self, path: _Path) -> Position:
        """See interface.SourceMap."""
        while path not in self._places:
            path = path[:-1]
        return self._places[path]


class Section:
    """A mapping in the making."""

    def __init__(self, places: RecordedPlaces, path: _Path) -> None:
        self.values: dict[str, Any] = {}
        self.places = places
        self.path = path

    def set(self, key: str, value: Value, place: Position) -> None:
        """A value, in place of one that was set before."""
        self.values[key] = value
        self.places.replace((*self.path, key), place)

    def append(self, key: str, value: Value, place: Position) -> None:
        """One more item of a list."""
        items = self.values.get(key)
        if not isinstance(items, list):
            items = self.values[key] = []
        self.places.record((*self.path, key), place)
        self.places.record((*self.path, key, len(items)), place)
        items.append(value)

    def entry(self, key: str, name: str, value: Value, place: Position) -> None:
        """One more entry of a mapping; a later one wins."""
        if not isinstance(self.values.get(key), dict):
            self.values[key] = {}
        self.values[key][name] = value
        self.places.record((*self.path, key), place)
        self.places.replace((*self.path, key, name), place)

    def item(self, key: str, place: Position) -> Section:
        """One more item of a list, a mapping itself."""
        items = self.values.get(key)
        made = Section(self.places, (*self.path, key, len(items) if isinstance(items, list) else 0))
        self.append(key, made.values, place)
        return made

    def part(self, key: str, place: Position) -> Section:
        """A mapping under a key."""
        made = Section(self.places, (*self.path, key))
        self.set(key, made.values, place)
        return made
