"""Conversions of lists and mappings that are alike in many kinds; what is special to one stands beside its kind."""

from __future__ import annotations

import re
from dataclasses import replace

from resource_readers.azure_ml import scalars
from resource_readers.azure_ml.mapping import Mapper, Spot
from resource_readers.azure_ml.tables import folded
from resource_readers.interface import Unknown
from resource_readers.template_language.unknowns import MAXIMUM_DEPTH, LimitError, symbolic
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode, Position

_SNAKE = re.compile(r"_+([A-Za-z0-9])")


def camel(key: str) -> str:
    """enable_stack_ensemble as enableStackEnsemble."""
    return _SNAKE.sub(lambda match: match[1].upper(), key)


def pascal(key: str) -> str:
    """jensen_shannon_distance as JensenShannonDistance."""
    whole = camel(key)
    return whole[:1].upper() + whole[1:]


def below(spot: Spot, key: str | int, node: Node, position: Position, *, trail: str = "") -> Spot:
    """A part of a value."""
    name = trail or str(key)
    parent = spot.node if isinstance(spot.node, ObjectNode) else spot.parent
    return replace(spot, node=node, position=position, path=(*spot.path, key), trail=(*spot.trail, name), parent=parent)


def items(spot: Spot) -> list[Spot]:
    """The items of a list; a single value stands for a list of one."""
    nodes = spot.node.items if isinstance(spot.node, ArrayNode) else (spot.node,)
    return [below(spot, at, node, Position(node.line, node.column)) for at, node in enumerate(nodes)]


def entries(spot: Spot) -> list[Spot]:
    """The entries of a mapping."""
    assert isinstance(spot.node, ObjectNode)
    return [below(spot, str(entry.key), entry.value, Position(entry.line, entry.column)) for entry in spot.node.entries]


def as_is(mapper: Mapper, spot: Spot) -> None:
    """Leaves the value as it stands."""
    key = spot.trail[-1] if spot.trail else ""
    mapper.put(spot, mapper.value(spot.node, prose=key in scalars.PROSE), same=True)


def keys_in_camel_case(mapper: Mapper, spot: Spot) -> None:
    """Renames every key from snake_case; the values stay."""
    _renamed(mapper, spot)


def _renamed(mapper: Mapper, spot: Spot) -> None:
    if len(spot.trail) > MAXIMUM_DEPTH:
        raise LimitError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
    if isinstance(spot.node, ObjectNode) and not scalars.is_scalar(spot.node):
        mapper.put(spot, {})
        for entry in spot.node.entries:
            mapper.project.reading.budget.spend()
            key = str(entry.key)
            part = below(spot, camel(key), entry.value, Position(entry.line, entry.column), trail=key)
            _renamed(mapper, part)
    elif isinstance(spot.node, ArrayNode):
        mapper.put(spot, mapper.value(spot.node, camel), same=True)
    else:
        as_is(mapper, spot)


def nested(mapper: Mapper, spot: Spot) -> None:
    """A mapping by another shape; what is no mapping stays as it stands."""
    if not isinstance(spot.node, ObjectNode) or scalars.is_scalar(spot.node):
        as_is(mapper, spot)
        return
    if spot.path and not mapper.placed.has(spot.path):
        mapper.put(spot, {})
    mapper.shape(spot.argument, spot.node, spot.path, spot.trail)


def nested_list(mapper: Mapper, spot: Spot) -> None:
    """A list of mappings by a shape."""
    mapper.put(spot, [])
    for part in items(spot):
        nested(mapper, part)


def one_or_many(mapper: Mapper, spot: Spot) -> None:
    """A mapping, or a list of mappings, by a shape."""
    (nested_list if isinstance(spot.node, ArrayNode) else nested)(mapper, spot)


def nested_map(mapper: Mapper, spot: Spot) -> None:
    """A mapping whose values are mappings by a shape; an empty value is an empty mapping."""
    if not isinstance(spot.node, ObjectNode):
        as_is(mapper, spot)
        return
    mapper.put(spot, {})
    for part in entries(spot):
        empty = isinstance(part.node, Literal) and part.node.value is None
        node = ObjectNode((), part.node.line, part.node.column) if empty else part.node
        nested(mapper, replace(part, node=node))


def named(mapper: Mapper, spot: Spot) -> None:
    """A list of mappings with a `name` as a mapping by name."""
    if not isinstance(spot.node, ArrayNode):
        nested_map(mapper, spot)
        return
    mapper.put(spot, {})
    for at, item in enumerate(spot.node.items):
        name = item.get("name") if isinstance(item, ObjectNode) else None
        key = symbolic(scalars.text(name)) if name is not None and scalars.is_scalar(name) else str(at)
        nested(mapper, below(spot, key, item, Position(item.line, item.column), trail=str(at)))


def numbers(mapper: Mapper, spot: Spot) -> None:
    """A mapping from names to whole numbers (`traffic`), which may be written as texts."""
    if not isinstance(spot.node, ObjectNode) or scalars.is_scalar(spot.node):
        as_is(mapper, spot)
        return
    values = {
        symbolic(scalars.text(Literal(str(entry.key), entry.line))): scalars.integer(entry.value)
        if scalars.is_scalar(entry.value)
        else mapper.value(entry.value)
        for entry in spot.node.entries
    }
    mapper.put(spot, values, same=True)


def as_list(mapper: Mapper, spot: Spot) -> None:
    """A single value as a list of one."""
    values = [mapper.value(part.node) for part in items(spot)]
    mapper.put(spot, values, same=isinstance(spot.node, ArrayNode))


def weekdays(mapper: Mapper, spot: Spot) -> None:
    """Days of the week as the service spells them."""
    values = [mapper.value(part.node) for part in items(spot)]
    spelt = [one.capitalize() if isinstance(one, str) else one for one in values]
    mapper.put(spot, spelt, same=isinstance(spot.node, ArrayNode))


def auto_or_custom(mapper: Mapper, spot: Spot) -> None:
    """`auto`, a number or several, as AutoML has them."""
    if isinstance(spot.node, ArrayNode):
        mapper.put(spot, {"mode": "Custom", "values": mapper.value(spot.node)})
        return
    value = mapper.value(spot.node)
    if isinstance(value, Unknown) or scalars.is_binding(value):
        mapper.put(spot, value)
    elif isinstance(value, str) and value.casefold() in ("auto", "none"):
        mapper.put(spot, {"mode": value.capitalize()})
    else:
        mapper.put(spot, {"mode": "Custom", "value": value})


def flavours(mapper: Mapper, spot: Spot) -> None:
    """The flavours of an MLflow model, each with its data."""
    if not isinstance(spot.node, ObjectNode):
        as_is(mapper, spot)
        return
    mapper.put(spot, {})
    for part in entries(spot):
        mapper.put(replace(part, path=(*part.path, "data")), mapper.value(part.node), same=True)


def enum_list(mapper: Mapper, spot: Spot) -> None:
    """Names as the service spells them: gradient_boosting as GradientBoosting."""
    spellings = mapper.tables.enums[spot.argument]
    values = [mapper.value(part.node) for part in items(spot)]
    spelt = [spellings.get(folded(one), one) if isinstance(one, str) else one for one in values]
    mapper.put(spot, spelt, same=isinstance(spot.node, ArrayNode))


def store_type(mapper: Mapper, spot: Spot) -> None:
    """Where features are materialised, from the two keys that say so."""
    offline, online = (spot.parent.get(key) for key in ("offline_enabled", "online_enabled"))
    values = [scalars.boolean(node) if node is not None else False for node in (offline, online)]
    unknown_one = next((value for value in values if not isinstance(value, bool)), None)
    names = {(True, True): "OnlineAndOffline", (True, False): "Offline", (False, True): "Online"}
    mapper.put(spot, names.get((values[0], values[1]), "None") if unknown_one is None else unknown_one)


def job_definition(mapper: Mapper, spot: Spot) -> None:
    """The job that a batch deployment is made of: written out; a job that ran has no place in the request."""
    if scalars.is_scalar(spot.node):
        mapper.left(Entry(spot.trail[-1], spot.node, spot.position.line, spot.position.column), spot.trail)
    else:
        nested(mapper, spot)
