"""Terraform resources as Azure Resource Manager has them.

What azurerm's attributes mean stands in data/azurerm/*.yml; azapi says it itself (see `azapi`); a resource without a
table, and one of another provider, has the type `Terraform.<provider>/<type>` and its attributes as properties.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from resource_readers.interface import NotRead, Resource, Unknown, Value
from resource_readers.template_language.resource_ids import id_value, resource_id
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.terraform import azapi
from resource_readers.terraform.azurerm_conversions import SKIP, convert, convert_together
from resource_readers.terraform.azurerm_references import (
    SURROUNDINGS,
    Identity,
    References,
    fallback_identity,
    join_names,
)
from resource_readers.terraform.azurerm_roles import role_id
from resource_readers.terraform.azurerm_tables import (
    EACH,
    MISSING,
    Also,
    Block,
    Constant,
    Entry,
    Leaf,
    Step,
    Target,
    TypeMapping,
    mapping_of,
)
from resource_readers.terraform.azurerm_writing import Draft, Path
from resource_readers.terraform.instances import TerraformInstance

_PROPERTIES: Path = ("properties",)


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
        draft.places[_PROPERTIES] = ()
        self._add(draft)

    def _resource(self, instance: TerraformInstance, mapping: TypeMapping) -> None:
        draft = Draft(self._references.identity(instance), instance)
        self._add(draft)
        writer = _Writer(draft, instance, self._references)
        entries = _without_defaults(mapping.entries) if instance.mode == "data" else mapping.entries
        writer.write(entries, instance.values, _PROPERTIES, (), _consumed(mapping))
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
            draft.places[_PROPERTIES] = place
        _Writer(draft, instance, self._references).write(also.entries, values, _PROPERTIES, place, None)

    def _merge(self, instance: TerraformInstance, mapping: TypeMapping) -> None:
        """Properties of another resource that Terraform keeps in one of their own."""
        target = self._references.target(instance.values.get(mapping.into))
        draft = self._by_address.get(target.address) if target is not None else None
        if draft is None or draft.instance.mode == "data":
            draft = Draft(self._references.identity(instance), instance, patch=True)
            self._add(draft)
        writer = _Writer(draft, instance, self._references)
        writer.write(mapping.entries, instance.values, _PROPERTIES, (), _consumed(mapping))


class _Writer:
    """Writes the attributes of one instance into a draft (its own, or that of the resource that they belong to)."""

    def __init__(self, draft: Draft, instance: TerraformInstance, references: References) -> None:
        self._draft = draft
        self._instance = instance
        self._references = references

    def write(
        self,
        entries: Sequence[Entry],
        values: Mapping[str, Value],
        base: Path,
        place: Path,
        consumed: frozenset[str] | None,
    ) -> None:
        """One level. `consumed`: names that are used elsewhere; None to leave what has no entry unmentioned."""
        known: set[str] = set()
        for entry in entries:
            match entry:
                case Constant():
                    self._emit(entry.target, base, entry.value, None)
                case Leaf():
                    known.update(entry.names)
                    self._leaf(entry, values, base, place)
                case Block():
                    known.update(entry.names)
                    self._block(entry, values, base, place, consumed is not None)
                case _:
                    assert_never(entry)
        if consumed is not None:
            for name, value in values.items():
                if name not in known and name not in consumed:
                    self._draft.unmapped[_dotted((*place, name))] = self._references.resolve(value)

    def _leaf(self, leaf: Leaf, values: Mapping[str, Value], base: Path, place: Path) -> None:
        if leaf.target is None:
            return
        name = next((one for one in leaf.names if values.get(one) is not None), None)
        if name is None and leaf.default is MISSING:
            return
        where = None if name is None else (*place, name)
        word, argument = leaf.conversion
        if leaf.together:
            parts = [self._references.resolve(values.get(one)) for one in leaf.names]
            value = convert_together(word, argument, leaf.names, parts)
        else:
            value = self._convert(
                word, argument, leaf.default if name is None else self._references.resolve(values[name])
            )
        if value is not SKIP:
            self._emit(leaf.target, base, value, where)

    def _convert(self, word: str, argument: str, value: Value) -> Value:
        """Conversions that need more than the value, and the others."""
        match word:
            case "role":
                return role_id(value, self._references)
            case "sibling":  # one of the parts of the resource itself, by name
                if isinstance(value, list):
                    return [self._convert(word, argument, one) for one in value]
                return id_value(f"{self._draft.identity.id}/{argument}/{symbolic(value)}")
            case "reference":  # a property of the resource whose id it is
                text = symbolic(value)
                reason = "the properties of a deployed resource are known only during the deployment"
                call = "{reference('" + text + "').properties." + argument + "}"
                return unknown(reason, call, resource=text, path=("properties", argument))
            case _:
                return convert(word, argument, value)

    def _block(self, block: Block, values: Mapping[str, Value], base: Path, place: Path, all_of_it: bool) -> None:
        name = next((one for one in block.names if values.get(one) is not None), block.names[0])
        found = values.get(name)
        if found is None and block.always:
            found = [{}]
        if isinstance(found, Unknown):
            self._unknown_block(block, found, base, (*place, name))
            return
        items = [found] if isinstance(found, Mapping) else found
        if not isinstance(items, list):
            return
        listed = not isinstance(found, Mapping) and name in values
        within = () if block.target.from_top else base
        if not any(step.position == EACH for step in block.target.steps) and not block.key:
            items = items[:1]
        for at, one in enumerate(items):
            here: Path = (*place, name, at) if listed else (*place, name)
            if isinstance(one, Unknown):
                self._emit(block.target, base, one, here)
                continue
            if not isinstance(one, Mapping) or not _counts(block, one):
                continue
            goal = self._concrete(block.target.steps, within)
            if block.key:
                goal = (*goal, _key(block, one, self._references))
            if goal:
                self._begin(goal, here)
            self.write(block.entries, one, goal, here, frozenset() if all_of_it else None)

    def _begin(self, goal: Path, here: Path) -> None:
        """The object or item that a block is, also if nothing in it is set."""
        if goal != _PROPERTIES:
            self._draft.put(goal, {}, here, self._instance)

    def _unknown_block(self, block: Block, value: Unknown, base: Path, place: Path) -> None:
        if block.target.steps:
            self._emit(block.target, base, Unknown(value.reason), place)
            return
        for entry in block.entries:
            if isinstance(entry, Leaf) and entry.target is not None:
                self._emit(entry.target, base, Unknown(value.reason), place)

    def _concrete(self, steps: Sequence[Step], base: Path) -> Path:
        """The path with the next free position for each `[]`."""
        path = base
        for step in steps:
            path = (*path, step.name)
            if step.position == EACH:
                path = (*path, self._draft.length(path))
            elif step.position is not None:
                path = (*path, step.position)
        return path

    def _emit(self, target: Target, base: Path, value: Value, place: Path | None) -> None:
        within = () if target.from_top else base
        at = next((index for index, step in enumerate(target.steps) if step.position == EACH), None)
        if at is None:
            path = self._concrete(target.steps, within)
            if path:
                self._draft.put(path, value, place, self._instance)
            return
        before = (*self._concrete(target.steps[:at], within), target.steps[at].name)
        if isinstance(value, Unknown):
            self._draft.put(before, Unknown(value.reason), place, self._instance)
            return
        items = value if isinstance(value, list) else [value]
        start = self._draft.length(before)
        if not items and not start:
            self._draft.put(before, [], place, self._instance)
        for index, item in enumerate(items):
            path = self._concrete(target.steps[at + 1 :], (*before, start + index))
            where = None if place is None else ((*place, index) if isinstance(value, list) else place)
            self._draft.put(path, item, where, self._instance)
        if place is not None:
            self._draft.mark(before, place, self._instance)


def _counts(block: Block, values: Mapping[str, Value]) -> bool:
    if block.condition is None:
        return True
    name, wanted = block.condition
    value = values.get(name)
    return (str(value).lower() if isinstance(value, bool) else symbolic(value)) in wanted.split("|")


def _key(block: Block, values: Mapping[str, Value], references: References) -> str:
    text = block.key
    for entry in block.entries:
        if isinstance(entry, Leaf):
            name = entry.names[0]
            value = values.get(name, None if entry.default is MISSING else entry.default)
            text = text.replace("{" + name + "}", symbolic(references.resolve(value)))
    return text


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
    names.update(("resource_group_name", mapping.into, *mapping.place[1].split(",")))
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


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
