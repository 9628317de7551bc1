"""Variables of pipelines, stages and jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.trees.nodes import Literal, Node, ObjectNode
from resource_readers.workflows.azure_parameters import with_variables
from resource_readers.workflows.azure_pipelines import Parts
from resource_readers.workflows.azure_scopes import Bound, scalar, unresolved
from resource_readers.workflows.azure_templates import Item, Shape, both, items
from resource_readers.workflows.azure_values import from_node
from resource_readers.workflows.properties import Place, Properties, text_of, value_of


@dataclass(slots=True)
class Variables:
    """The variables of a pipeline, stage or job.

    Attributes:
        listed: for the property `variables`: name and value, or group; `template` if it comes from one, `certain` False
            if it has this value only where a condition holds.
        bound: as expressions see them.
    """

    budget: Budget
    listed: list[dict[str, Value]] = field(default_factory=list)
    bound: dict[str, Bound] = field(default_factory=dict)
    _places: list[Place | None] = field(default_factory=list)

    def put(self, properties: Properties, slots: Sequence[Item]) -> None:
        """Adds the property."""
        properties.put("variables", self.listed, slots[0].entry if slots else None)
        for position, place in enumerate(self._places):
            properties.mark(place, "variables", position)

    def read(self, parts: Parts, slots: Sequence[Item], deep: int = 0) -> None:
        """Takes the variables that are declared, those of templates among them. Raises LimitError."""
        for slot in slots:
            node = scalar(slot.node, slot.scope) if isinstance(slot.node, Literal) else slot.node
            if isinstance(node, ObjectNode):
                self._entries(Shape(node, with_variables(slot.scope, self.bound), slot.condition))
                continue
            for item in items(node, slot.scope, slot.condition, slot.repeated):
                if isinstance(item.node, ObjectNode):
                    inner = item.scope if item.scope.done else with_variables(item.scope, self.bound)
                    self._item(parts, replace(item, scope=inner), item.node, deep)

    def _entries(self, shape: Shape) -> None:
        """`name: value`."""
        for name in shape.names:
            entry = shape.entry(name)
            if entry is not None:
                certain = shape.condition is True and all(one.condition is True for one in shape.slots(name))
                self._variable(name, entry.value, certain, {}, entry)

    def _item(self, parts: Parts, item: Item, node: ObjectNode, deep: int) -> None:
        shape = Shape(node, item.scope, item.condition)
        certain = item.condition is True
        if shape.has("template"):
            self._of_templates(parts, shape, item, deep)
        elif shape.has("group"):
            found = {"group": value_of(shape.get("group"), self.budget)}
            self._add(found | ({} if certain else {"certain": False}), node)
        elif shape.has("name"):
            more = {"readonly": value_of(shape.get("readonly"), self.budget)} if shape.has("readonly") else {}
            self._variable(text_of(shape.get("name")), shape.get("value"), certain, more, node)
        else:
            self._entries(shape)

    def _add(self, found: dict[str, Value], place: Place | None) -> None:
        self.listed.append(found)
        self._places.append(place)

    def _variable(self, name: str, node: Node | None, certain: bool, more: dict[str, Value], place: Place) -> None:
        value = value_of(node, self.budget)
        self._add({"name": name, "value": value, **more} | ({} if certain else {"certain": False}), place)
        if certain:
            self.bound[name.lower()] = Bound(from_node(node) if node is not None else None)
        else:
            reason = f"the variable {name!r} has this value only where a condition holds"
            self.bound[name.lower()] = Bound(Unknown(reason, f"variables.{name}"), False)

    def _of_templates(self, parts: Parts, shape: Shape, item: Item, deep: int) -> None:
        for slot in shape.slots("template"):
            if item.repeated and unresolved(slot.node, slot.scope) is not None:
                continue  # one of the variables that the caller gives
            scope = parts.template(shape, slot, "variables", deep)
            if scope is None or not isinstance(scope.document.node, ObjectNode):
                continue
            condition = both(item.condition, slot.condition)
            inner = Shape(scope.document.node, scope)
            slots = [replace(one, condition=both(condition, one.condition)) for one in inner.slots("variables")]
            more = Variables(self.budget)
            more.read(parts, slots, deep + 1)
            for one in more.listed:
                self._add(one | {"template": scope.document.shown}, slot.entry)
            self.bound.update(more.bound)
