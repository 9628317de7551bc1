"""Terraform resources as Azure Resource Manager has them.

What azurerm's attributes mean stands in data/azurerm/*.yml; azapi says it itself (see `azapi`); a resource without a
table, and one of another provider, has the type `Terraform.<provider>/<type>` and its attributes as properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from resource_readers.interface import NotRead, Resource, Unknown, Value
from resource_readers.template_language.resource_ids import resource_id
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.terraform import azapi
from resource_readers.terraform.azurerm_attributes import PROPERTIES, AttributeWriter
from resource_readers.terraform.azurerm_conversions import convert
from resource_readers.terraform.azurerm_references import (
    SURROUNDINGS,
    Identity,
    References,
    fallback_identity,
    join_names,
)
from resource_readers.terraform.azurerm_tables import (
    MISSING,
    Also,
    Block,
    Constant,
    Entry,
    Leaf,
    TypeMapping,
    mapping_of,
)
from resource_readers.terraform.azurerm_writing import Draft, Path
from resource_readers.terraform.instances import TerraformInstance


def to_arm(instances: Sequence[TerraformInstance]) -> tuple[list[Resource], list[NotRead]]:
    """The resources of one configuration in the order given, and what of them was not understood.

    Data sources of types with a table are resources that exist; others give nothing.
    """
    return _Mapper(instances).run()


class _Mapper:
    def __init__(self, instances: Sequence[TerraformInstance]) -> None:
        self._instances = instances
        self._references = References(instances)
        self._drafts: list[Draft] = []
        self._by_address: dict[str, Draft] = {}
        self._not_read: list[NotRead] = []

    def run(self) -> tuple[list[Resource], list[NotRead]]:
        later: list[tuple[TerraformInstance, TypeMapping]] = []
        for instance in self._instances:
            if instance.type.startswith("azapi_"):
                self._azapi(instance)
                continue
            mapping = mapping_of(instance.type)
            if instance.mode == "data" and instance.type in SURROUNDINGS:
                continue
            if mapping is None:
                self._fallback(instance)
            elif mapping.into:
                later.append((instance, mapping))
            else:
                self._resource(instance, mapping)
        for instance, mapping in later:
            self._merge(instance, mapping)
        return [draft.finish() for draft in self._drafts], self._not_read

    def _add(self, draft: Draft) -> None:
        self._drafts.append(draft)
        self._by_address.setdefault(draft.instance.address, draft)

    def _azapi(self, instance: TerraformInstance) -> None:
        if instance.mode == "data" and instance.type != "azapi_resource":
            return
        draft = azapi.draft(instance, self._references, self._not_read)
        if draft is None:
            self._fallback(instance)
        else:
            self._add(draft)

    def _fallback(self, instance: TerraformInstance) -> None:
        if instance.mode == "data":
            return
        draft = Draft(fallback_identity(instance), instance)
        draft.tree["properties"] = self._references.resolve(instance.values)
        draft.places[PROPERTIES] = ()
        self._add(draft)

    def _resource(self, instance: TerraformInstance, mapping: TypeMapping) -> None:
        draft = Draft(self._references.identity(instance), instance)
        self._add(draft)
        writer = AttributeWriter(draft, instance, self._references)
        entries = _without_defaults(mapping.entries) if instance.mode == "data" else mapping.entries
        writer.write(entries, instance.values, PROPERTIES, (), _consumed(mapping))
        if instance.mode == "data":
            return
        for also in mapping.also:
            if also.each:
                self._children(draft, also, instance)
            elif not also.when or also.when in instance.values:
                self._child(draft, also, instance, instance.values, ())

    def _children(self, parent: Draft, also: Also, instance: TerraformInstance) -> None:
        """A child for each block; where nobody knows how many there are, one that stands for all."""
        blocks = instance.values.get(also.each)
        if isinstance(blocks, Unknown):
            some = {name: Unknown(blocks.reason) for name in also.name if not name.startswith("=")}
            self._child(parent, also, instance, some, (also.each,), repeated=True)
        listed = isinstance(blocks, list)
        for at, block in enumerate(blocks if isinstance(blocks, list) else [blocks]):
            if isinstance(block, Mapping):
                self._child(parent, also, instance, block, (also.each, at) if listed else (also.each,))

    def _child(
        self,
        parent: Draft,
        also: Also,
        instance: TerraformInstance,
        values: Mapping[str, Value],
        place: Path,
        *,
        repeated: bool = False,
    ) -> None:
        known = parent.identity
        own = [part[1:] if part.startswith("=") else _value(values, part) for part in also.name]
        name = join_names([known.name, *(self._references.resolve(one) for one in own)])
        identity = Identity(
            also.type, also.api_version, name, known.scope, resource_id(known.scope, also.type, symbolic(name))
        )
        draft = Draft(identity, instance, repeated=repeated)
        self._drafts.append(draft)
        if place:
            draft.places[PROPERTIES] = place
        AttributeWriter(draft, instance, self._references).write(also.entries, values, PROPERTIES, place, None)

    def _merge(self, instance: TerraformInstance, mapping: TypeMapping) -> None:
        """Properties of another resource that Terraform keeps in one of their own."""
        target = self._references.target(instance.values.get(mapping.into))
        draft = self._by_address.get(target.address) if target is not None else None
        if draft is None or draft.instance.mode == "data":
            draft = Draft(self._references.identity(instance), instance, patch=True)
            self._add(draft)
        writer = AttributeWriter(draft, instance, self._references)
        writer.write(mapping.entries, instance.values, PROPERTIES, (), _consumed(mapping))


def _value(values: Mapping[str, Value], name: str) -> Value:
    """An attribute; `block.attribute` is one of a block's."""
    first, _, rest = name.partition(".")
    value = values.get(first)
    if name == "location":
        value = convert("location", "", value)
    if rest and isinstance(value, list) and value and isinstance(value[0], Mapping):
        value = value[0].get(rest)
    return unknown("the name is not known") if value is None else value


def _consumed(mapping: TypeMapping) -> frozenset[str]:
    """Attributes that make name and place, and those of the child resources."""
    names = {one.removeprefix("last:") for part in mapping.name if not part.startswith("=") for one in part.split(",")}
    names.update(("id", "resource_group_name", mapping.into, *mapping.place[1].split(",")))
    for also in mapping.also:
        names.update((also.when, also.each))
        names.update(part.partition(".")[0] for part in also.name if not part.startswith("="))
        for entry in also.entries:
            if not isinstance(entry, Constant) and not also.each:
                names.update(entry.names)
    return frozenset(names)


def _without_defaults(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Of what exists already only that is known which is written."""
    return tuple(
        entry
        if isinstance(entry, Block)
        else Leaf(entry.names, entry.together, entry.target, entry.conversion, MISSING)
        for entry in entries
        if not isinstance(entry, Constant) and not (isinstance(entry, Leaf) and entry.together)
    )
