"""Turns one file's mapping into a resource's properties by the tables, key by key; nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from resource_readers.azure_ml import scalars
from resource_readers.azure_ml.placed import Path, Place, Placed
from resource_readers.azure_ml.tables import Rule, Shape, Tables, folded
from resource_readers.interface import Value
from resource_readers.template_language.unknowns import MAXIMUM_DEPTH, LimitError
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode, Position, Unreadable

if TYPE_CHECKING:
    from resource_readers.azure_ml.project import Document, Project

LEFT = "azureml"
"""Top-level field of a resource under which stands what the request has no place for, with the file's own keys."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One key of the file and where its value goes.

    Attributes:
        node: the value.
        position: of the key.
        path: where it goes in the resource.
        trail: the key's own path in the file.
        argument: the conversion's argument.
        parent: the mapping that it stands in.
    """

    node: Node
    position: Position
    path: Path
    trail: tuple[str, ...]
    argument: str
    parent: ObjectNode


Conversion = Callable[["Mapper", Spot], None]


@dataclass(frozen=True, slots=True)
class Mapper:
    """Fills one resource.

    Attributes:
        project: what belongs to the whole run.
        document: the file.
        tables: see there.
        conversions: those that need more than one value, by name.
        placed: the resource.
        elsewhere: the place of the key by which another file came in, if what is mapped stands in that file.
    """

    project: Project
    document: Document
    tables: Tables
    conversions: Mapping[str, Conversion]
    placed: Placed
    elsewhere: Position | None = None

    def put(self, spot: Spot, value: Value, *, same: bool = False) -> None:
        """Puts a spot's value; `same` says that it has the shape that it has in the file."""
        if self.elsewhere is not None:
            place = Place(self.elsewhere)
        else:
            place = Place(spot.position, spot.node if same else None)
        if not self.placed.put(spot.path, value, place):
            self.placed.put((LEFT, *spot.trail), value, place)

    def shape(self, name: str, node: ObjectNode, path: Path = (), trail: tuple[str, ...] = ()) -> None:
        """Maps a mapping by a shape."""
        shape = self.tables.shapes[name]
        self._fixed(shape.constants, path)
        for entry in node.entries:
            if not (isinstance(entry.value, Literal) and entry.value.value is None):
                self._fixed(shape.present.get(str(entry.key), {}), path)
        if shape.whole is not None:
            whole = Entry("", node, node.line, node.column)
            self._apply(shape.whole, whole, node, path, trail)
        for entry in node.entries:
            self._entry(shape, entry, node, path, trail)
        if shape.finish is not None:
            self._apply(shape.finish, Entry("", node, node.line, node.column), node, path, trail)
        for key, value in shape.defaults.items():
            if not self.placed.has((*path, *key)):
                self.placed.put((*path, *key), value)

    def _fixed(self, values: Mapping[tuple[str, ...], Value], path: Path) -> None:
        for key, value in values.items():
            self.placed.put((*path, *key), value)

    def _entry(self, shape: Shape, entry: Entry, node: ObjectNode, path: Path, trail: tuple[str, ...]) -> None:
        key = str(entry.key)
        self.project.reading.budget.spend()
        rules = shape.rules.get(key)
        if rules is None:
            if shape.whole is None:
                self.left(entry, (*trail, key))
            return
        for rule in rules:
            self._apply(rule, entry, node, path, trail)

    def _apply(self, rule: Rule, entry: Entry, node: ObjectNode, path: Path, trail: tuple[str, ...]) -> None:
        if rule.target is None:
            return
        if isinstance(entry.value, Literal) and entry.value.value is None:
            return  # nothing is given: as if the key weren't there
        own = (*trail, str(entry.key)) if entry.key else trail
        position = Position(entry.line, entry.column)
        self.convert(rule.conversion, Spot(entry.value, position, (*path, *rule.target), own, rule.argument, node))

    def convert(self, conversion: str, spot: Spot) -> None:
        """Puts a value by a conversion's name."""
        scalar = scalars.SCALARS.get(conversion)
        if conversion == "enum":
            scalar = scalars.enumerated(self.tables.enums[spot.argument], folded)
        if scalar is not None:
            known = scalars.is_scalar(spot.node)
            self.put(spot, scalar(spot.node) if known else self.value(spot.node), same=not known)
        else:
            self.conversions[conversion](self, spot)

    def left(self, entry: Entry, trail: tuple[str, ...]) -> None:
        """Keeps what the request has no place for, as it stands."""
        key = str(entry.key)
        value = self.value(entry.value, prose=key in scalars.PROSE)
        place = Place(Position(entry.line, entry.column), entry.value)
        self.placed.put((LEFT, *trail), value, Place(self.elsewhere) if self.elsewhere is not None else place)

    def value(self, node: Node, rename: Callable[[str], str] = str, *, prose: bool = False, depth: int = 0) -> Value:
        """A value as it stands, its keys renamed. Raises LimitError."""
        self.project.reading.budget.spend()
        if depth > MAXIMUM_DEPTH:
            raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
        if isinstance(node, ObjectNode):
            if scalars.is_scalar(node):
                return scalars.literal(node)
            return {
                rename(str(entry.key)): self.value(
                    entry.value, rename, prose=prose or str(entry.key) in scalars.PROSE, depth=depth + 1
                )
                for entry in node.entries
            }
        if isinstance(node, ArrayNode):
            return [self.value(item, rename, prose=prose, depth=depth + 1) for item in node.items]
        if isinstance(node, Literal | Unreadable):
            return scalars.literal(node, prose=prose)
        raise TypeError(type(node).__name__)

    def inside(self, document: Document, position: Position) -> Mapper:
        """The same resource, filled from another file that a key at `position` names."""
        return replace(self, document=document, elsewhere=self.elsewhere or position)
