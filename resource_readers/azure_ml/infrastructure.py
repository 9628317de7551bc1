"""What is special to endpoints, computes, workspaces and registries: identities, networks, schedules, storage."""

from __future__ import annotations

from dataclasses import replace

from resource_readers.azure_ml import scalars
from resource_readers.azure_ml.mapping import Mapper, Spot
from resource_readers.azure_ml.structures import as_is, below, camel, entries, items, nested
from resource_readers.azure_ml.tables import folded
from resource_readers.interface import Value
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees.nodes import Entry, Literal, Node, ObjectNode, Position

_STORAGE = ("storage_account_hns", "storage_account_type", "replication_count")


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
    hierarchical, kind, count = (node.get(key) for key in _STORAGE)
    spelling = scalars.enumerated(mapper.tables.enums["storage_sku"], folded)
    account = _storage_account(
        scalars.boolean(hierarchical) if hierarchical is not None else False,
        spelling(kind) if kind is not None else "Standard_LRS",
    )
    wanted = scalars.integer(count) if count is not None else 1
    number = wanted if isinstance(wanted, int) and 0 < wanted <= 20 else 1
    for at in range(number):
        mapper.put(below(spot, at, node, spot.position), {"systemCreatedStorageAccount": dict(account)})
    for entry in node.entries:
        if entry.key not in _STORAGE:
            mapper.left(entry, (*spot.trail, str(entry.key)))


def _storage_account(hierarchical: Value, kind: Value) -> dict[str, Value]:
    return {"storageAccountHnsEnabled": hierarchical, "storageAccountType": kind}


def registry_regions(mapper: Mapper, spot: Spot) -> None:
    """What the service wants in each region of a registry: its registry of images, and storage."""
    assert isinstance(spot.node, ObjectNode)
    entry = spot.node.entry("container_registry")
    account = _image_registry(mapper, entry.value if entry is not None else None)
    position = Position(entry.line, entry.column) if entry is not None else spot.position
    regions = mapper.placed.values.get("properties", {}).get("regionDetails")
    if not isinstance(regions, list):
        if entry is None:
            return
        regions = [{}]
        mapper.put(spot, regions)
    storage = {"systemCreatedStorageAccount": _storage_account(False, "Standard_LRS")}
    for at, region in enumerate(regions):
        if isinstance(region, dict):
            images = replace(spot, path=(*spot.path, at, "acrDetails"), position=position)
            if entry is not None or "acrDetails" not in region:
                mapper.put(images, [account])
            region.setdefault("storageAccountDetails", [storage])


def _image_registry(mapper: Mapper, node: Node | None) -> Value:
    if node is None or (isinstance(node, ObjectNode) and not scalars.is_scalar(node)):
        sku = node.get("acr_account_sku") if isinstance(node, ObjectNode) else None
        spelling = scalars.enumerated(mapper.tables.enums["acr_sku"], folded)
        return {"systemCreatedAcrAccount": {"acrAccountSku": spelling(sku) if sku is not None else "Premium"}}
    return {"userCreatedAcrAccount": {"armResourceId": {"resourceId": mapper.value(node)}}}
