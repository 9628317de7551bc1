"""Conversions of lists and mappings that are alike in many kinds; what is special to one stands beside its kind."""

from __future__ import annotations

import re
from dataclasses import replace

from resource_readers.azure_ml import scalars
from resource_readers.azure_ml.mapping import Mapper, Spot
from resource_readers.azure_ml.tables import folded
from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import MAXIMUM_DEPTH, LimitError, symbolic, unknown
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode, Position

_STORAGE = ("storage_account_hns", "storage_account_type", "replication_count")
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


def identity(mapper: Mapper, spot: Spot) -> None:
    """The identity of a resource: its type, and those assigned by id, as a mapping by resource id."""
    node = spot.node
    if not isinstance(node, ObjectNode) or scalars.is_scalar(node):
        as_is(mapper, spot)
        return
    mapper.put(spot, {})
    for part in entries(spot):
        key = part.trail[-1]
        if key == "type" and scalars.is_scalar(part.node):
            mapper.put(part, _identity_type(scalars.text(part.node)))
        elif key == "user_assigned_identities" and not scalars.is_scalar(part.node):
            _assigned(mapper, replace(part, path=(*spot.path, "userAssignedIdentities")))
        elif key in ("principal_id", "tenant_id"):
            mapper.put(replace(part, path=(*spot.path, camel(key))), mapper.value(part.node))
        elif part.node != Literal(None, part.node.line, part.node.column):
            mapper.left(Entry(key, part.node, part.position.line, part.position.column), part.trail)


def _identity_type(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    spelling = folded(value).replace("+", "").replace(",", "").replace("and", "")
    known = {
        "systemassigned": "SystemAssigned",
        "userassigned": "UserAssigned",
        "none": "None",
        "systemassigneduserassigned": "SystemAssigned,UserAssigned",
    }
    return known.get(spelling, value)


def _assigned(mapper: Mapper, spot: Spot) -> None:
    mapper.put(spot, {})
    if isinstance(spot.node, ObjectNode):
        for entry in spot.node.entries:
            key = symbolic(scalars.text(Literal(str(entry.key), entry.line)))
            value = mapper.value(entry.value, camel) if isinstance(entry.value, ObjectNode) else {}
            mapper.put(below(spot, key, entry.value, Position(entry.line, entry.column)), value)
        return
    for part in items(spot):
        node = part.node.get("resource_id") if isinstance(part.node, ObjectNode) else part.node
        key = symbolic(scalars.text(node)) if node is not None and scalars.is_scalar(node) else "{?}"
        others = {}
        if isinstance(part.node, ObjectNode):
            others = {
                camel(str(entry.key)): mapper.value(entry.value)
                for entry in part.node.entries
                if entry.key != "resource_id"
            }
        mapper.put(replace(part, path=(*spot.path, key)), others)


def subnet(mapper: Mapper, spot: Spot) -> None:
    """The subnet of a compute by the names of network and subnet, or by its id."""
    node = spot.node
    if not isinstance(node, ObjectNode) or scalars.is_scalar(node):
        as_is(mapper, spot)
        return
    for entry in node.entries:
        if entry.key not in ("subnet", "vnet_name"):
            mapper.left(entry, (*spot.trail, str(entry.key)))
    network, own = (node.entry(key) for key in ("vnet_name", "subnet"))
    if own is None:
        if network is not None:
            mapper.left(network, (*spot.trail, "vnet_name"))
        return
    name = scalars.text(own.value)
    value: Value = name
    if network is not None and not (isinstance(name, str) and name.startswith("/")):
        value = unknown(
            "the subnet is in the subscription and resource group that are chosen when the file is used",
            "/subscriptions/{subscription().subscriptionId}/resourceGroups/{resourceGroup().name}/providers/"
            f"Microsoft.Network/virtualNetworks/{symbolic(scalars.text(network.value))}/subnets/{symbolic(name)}",
        )
    mapper.put(spot, {})
    mapper.put(below(spot, "id", own.value, Position(own.line, own.column), trail="subnet"), value)


def trigger(mapper: Mapper, spot: Spot) -> None:
    """When a schedule runs."""
    _trigger(mapper, spot, nested_below=False)


def compute_trigger(mapper: Mapper, spot: Spot) -> None:
    """When a compute starts or stops."""
    _trigger(mapper, spot, nested_below=True)


def _trigger(mapper: Mapper, spot: Spot, *, nested_below: bool) -> None:
    node = spot.node
    if not isinstance(node, ObjectNode) or scalars.is_scalar(node):
        as_is(mapper, spot if spot.path else replace(spot, path=("trigger",)))
        return
    kind = node.entry("type")
    spelt = scalars.text(kind.value) if kind is not None and scalars.is_scalar(kind.value) else None
    if spelt is None:
        spelt = "Cron" if node.entry("expression") is not None else "Recurrence"
    shape = "cron" if folded(str(spelt)) == "cron" else "recurrence"
    at = kind or Entry("type", node, node.line, node.column)
    value = mapper.tables.enums["trigger_type"].get(folded(spelt), spelt) if isinstance(spelt, str) else spelt
    if not nested_below:
        mapper.put(spot, {})
    mapper.put(below(spot, "triggerType", at.value, Position(at.line, at.column), trail="type"), value)
    inner = below(spot, shape, node, spot.position) if nested_below else spot
    nested(mapper, replace(inner, node=node, argument=shape, trail=spot.trail))


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


def registry_storage(mapper: Mapper, spot: Spot) -> None:
    """The storage accounts of a registry's region: made for it, as many as are wanted, or given by id."""
    mapper.put(spot, [])
    if isinstance(spot.node, ObjectNode) and not scalars.is_scalar(spot.node):
        _made_storage(mapper, spot, spot.node)
        return
    for part in items(spot):
        value = {"userCreatedStorageAccount": {"armResourceId": {"resourceId": mapper.value(part.node)}}}
        mapper.put(part, value)


def _made_storage(mapper: Mapper, spot: Spot, node: ObjectNode) -> None:
    hierarchical, kind, count = (
        node.get(k) for k in ("storage_account_hns", "storage_account_type", "replication_count")
    )
    spelling = scalars.enumerated(mapper.tables.enums["storage_sku"], folded)
    account = {
        "storageAccountHnsEnabled": scalars.boolean(hierarchical) if hierarchical is not None else False,
        "storageAccountType": spelling(kind) if kind is not None else "Standard_LRS",
    }
    wanted = scalars.integer(count) if count is not None else 1
    number = wanted if isinstance(wanted, int) and 0 < wanted <= 20 else 1
    for at in range(number):
        mapper.put(below(spot, at, node, spot.position), {"systemCreatedStorageAccount": dict(account)})
    for entry in node.entries:
        if entry.key not in _STORAGE:
            mapper.left(entry, (*spot.trail, str(entry.key)))


def registry_images(mapper: Mapper, spot: Spot) -> None:
    """The container registry of a registry, which the service wants in each region."""
    regions = mapper.placed.values.get("properties", {}).get("regionDetails")
    node = spot.node
    if isinstance(node, ObjectNode) and not scalars.is_scalar(node):
        sku = node.get("acr_account_sku")
        spelling = scalars.enumerated(mapper.tables.enums["acr_sku"], folded)
        account = {"systemCreatedAcrAccount": {"acrAccountSku": spelling(sku) if sku is not None else "Premium"}}
    else:
        account = {"userCreatedAcrAccount": {"armResourceId": {"resourceId": mapper.value(node)}}}
    if not isinstance(regions, list) or not regions:
        mapper.put(replace(spot, path=("properties", "regionDetails")), [{"acrDetails": [account]}])
        return
    for at in range(len(regions)):
        mapper.put(replace(spot, path=("properties", "regionDetails", at, "acrDetails")), [account])


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
