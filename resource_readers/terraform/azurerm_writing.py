"""The ARM resource that a Terraform resource is turned into, and where its properties come from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from resource_readers.interface import Resource, SourceMap, Unknown, Value
from resource_readers.terraform.azurerm_references import Identity
from resource_readers.terraform.instances import TerraformInstance
from resource_readers.trees.nodes import Position

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class MappedSource:
    """Where an ARM property stands in Terraform.

    Attributes:
        source: positions over Terraform's paths.
        places: ARM path with keys in lower case -> Terraform path. What lies below one of them lies below the other.
    """

    source: SourceMap
    places: Mapping[Path, Path]

    def position(self, path: Path) -> Position:
        """See interface.SourceMap; a property that the provider takes by default stands where its block does."""
        folded = tuple(part.casefold() if isinstance(part, str) else part for part in path)
        for end in range(len(path), 0, -1):
            found = self.places.get(folded[:end])
            if found is not None:
                return self.source.position((*found, *path[end:]))
        return self.source.position(())


@dataclass(slots=True)
class Draft:
    """One resource in the making.

    Attributes:
        tree: its top level with `properties`.
        places: see MappedSource.
        unmapped: attributes without a place in Azure Resource Manager, by their path.
        patch: it only changes a resource that the configuration doesn't declare.
        repeated: it stands for an unknown number of blocks of the instance.
    """

    identity: Identity
    instance: TerraformInstance
    tree: dict[str, Value] = field(default_factory=dict)
    places: dict[Path, Path] = field(default_factory=dict)
    unmapped: dict[str, Value] = field(default_factory=dict)
    patch: bool = False
    repeated: bool = False

    def put(self, path: Path, value: Value, place: Path | None, origin: TerraformInstance) -> None:
        """Sets the property at `path`; what is unknown around it stays unknown, and a default replaces nothing.

        Args:
            path: from the resource's top; lists are filled up as needed.
            value: of the property.
            place: Terraform's path, None for a default.
            origin: whose attribute it is; of another resource than this one the place isn't kept, since it may stand
                in another file.
        """
        node: Any = self.tree
        for part, following in itertools.pairwise(path):
            node = _member(node, part, [] if isinstance(following, int) else {})
            if node is None:
                return
        if place is None and isinstance(node, dict) and path[-1] in node and not isinstance(value, dict):
            return
        if not _set(node, path[-1], value):
            return
        if place is not None and origin is self.instance:
            self.places[_folded(path)] = place

    def mark(self, path: Path, place: Path, origin: TerraformInstance) -> None:
        """Says where a list stands that was written item by item."""
        if origin is self.instance:
            self.places.setdefault(_folded(path), place)

    def length(self, path: Path) -> int:
        """How many items the list at `path` has so far."""
        node: Any = self.tree
        for part in path:
            if isinstance(node, dict) and isinstance(part, str):
                node = node.get(part)
            elif isinstance(node, list) and isinstance(part, int) and part < len(node):
                node = node[part]
            else:
                return 0
        return len(node) if isinstance(node, list) else 0

    def finish(self) -> Resource:
        """The resource."""
        instance = self.instance
        properties = self.tree.pop("properties", {})
        terraform: dict[str, Value] = {"type": instance.type, "address": instance.address}
        if self.unmapped:
            terraform["unmapped"] = self.unmapped
        if self.patch:
            terraform["patch"] = True
        return Resource(
            type=self.identity.type,
            api_version=self.identity.api_version,
            name=self.identity.name,
            id=self.identity.id,
            scope=self.identity.scope,
            properties=properties,
            location=instance.location,
            fields={**self.tree, "terraform": terraform},
            condition=instance.condition,
            repeated=instance.repeated or self.repeated,
            existing=instance.mode == "data" or self.patch,
            source=MappedSource(instance.source, self.places),
        )


def _folded(path: Path) -> Path:
    return tuple(part.casefold() if isinstance(part, str) else part for part in path)


def _member(node: Any, part: str | int, new: Any) -> Any:
    """The container below `node`, made if there is none; None where something else stands there."""
    if isinstance(part, int):
        if not isinstance(node, list):
            return None
        while len(node) <= part:
            node.append({} if isinstance(new, dict) else [])
        below = node[part]
    else:
        if not isinstance(node, dict):
            return None
        below = node.setdefault(part, new)
    return None if isinstance(below, Unknown) or not isinstance(below, dict | list) else below


def _set(node: Any, part: str | int, value: Value) -> bool:
    if isinstance(part, int):
        if not isinstance(node, list):
            return False
        while len(node) <= part:
            node.append({})
        node[part] = value
    elif isinstance(node, dict):
        before = node.get(part)
        if isinstance(before, dict) and isinstance(value, dict):
            node[part] = {**before, **value}
        else:
            node[part] = value
    else:
        return False
    return True
