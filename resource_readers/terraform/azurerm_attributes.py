"""Writes the attributes of a Terraform resource into an ARM resource, as a table says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.resource_ids import id_value
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.terraform.azurerm_conversions import SKIP, convert, convert_together
from resource_readers.terraform.azurerm_references import References
from resource_readers.terraform.azurerm_tables import EACH, MISSING, Block, Constant, Entry, Leaf, Step, Target
from resource_readers.terraform.azurerm_writing import Draft, Path
from resource_readers.terraform.instances import TerraformInstance

PROPERTIES: Path = ("properties",)


class AttributeWriter:
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
        name = next((one for one in leaf.names if not _unset(values.get(one))), None)
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
                return self._references.role_id(value)
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
        name = next((one for one in block.names if values.get(one) not in (None, [])), block.names[0])
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
        if goal != PROPERTIES:
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


def _unset(value: Value) -> bool:
    """Whether an attribute counts as not set: states write "" for a text that nobody gave."""
    return value is None or value == ""


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


def _dotted(path: Path) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
