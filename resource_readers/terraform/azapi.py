"""azapi: resources that are written as Azure Resource Manager has them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from resource_readers.interface import NotRead, Unknown, Value
from resource_readers.template_language.resource_ids import id_value, resource_id
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.terraform.azurerm_conversions import convert
from resource_readers.terraform.azurerm_references import SUBSCRIPTION_ID, Identity, References, parse_id
from resource_readers.terraform.azurerm_writing import Draft, Path
from resource_readers.terraform.instances import JsonText, TerraformInstance

_CHANGES = frozenset({"azapi_update_resource", "azapi_resource_action", "azapi_data_plane_resource"})
_OWN = frozenset(
    {"type", "name", "parent_id", "resource_id", "location", "tags", "identity", "body", "sensitive_body", "timeouts"}
)
_PROVIDERS = frozenset(
    {
        "schema_validation_enabled",
        "response_export_values",
        "ignore_casing",
        "ignore_missing_property",
        "locks",
        "retry",
    }
    | {"ignore_null_property", "removing_special_chars", "ignore_body_changes", "replace_triggers_refs"}
    | {"replace_triggers_external_values", "sensitive_response_export_values", "sensitive_body_version"}
)
"""What only the provider itself is told."""
_TOP = ("location", "tags")


def azapi_identity(instance: TerraformInstance, references: References) -> Identity | None:
    """Type, name and scope; None for one whose type isn't known (or a data source of another kind)."""
    declared = instance.values.get("type")
    if not isinstance(declared, str) or "/" not in declared:
        return None
    type_, _, version = declared.partition("@")
    whole = instance.values.get("resource_id")
    if whole is not None:
        return _of_id(type_, version, references.resolve(whole))
    name = references.resolve(instance.values.get("name"))
    if name is None:
        name = unknown("the provider makes the name", "{" + instance.address + ".name}")
    parent = references.resolve(instance.values.get("parent_id"))
    if parent is None:
        top = type_.casefold() == "microsoft.resources/resourcegroups"
        scope = SUBSCRIPTION_ID if top else "{" + instance.address + ".parent_id}"
        return Identity(type_, version, name, scope, resource_id(scope, type_, symbolic(name)))
    return _below(type_, version, name, symbolic(parent))


def _of_id(type_: str, version: str, whole: Value) -> Identity:
    text = symbolic(whole)
    parts = parse_id(text)
    if parts is None or parts.type.casefold() != type_.casefold():
        inside = text.strip("{}")
        return Identity(
            type_, version, unknown("the id is not known", "{" + inside + ".name}"), "{" + inside + ".scope}", text
        )
    return Identity(type_, version, id_value(parts.name), parts.scope, text)


def _below(type_: str, version: str, name: Value, parent: str) -> Identity:
    """A child of the resource `parent`, an extension of it, or a resource of that scope."""
    parts = parse_id(parent)
    if parts is not None and type_.casefold().startswith(parts.type.casefold() + "/"):
        own = symbolic(name)
        whole = f"{parts.name}/{own}"
        shown: Value = whole
        if isinstance(name, Unknown) or "{" in whole:
            shown = unknown(name.reason if isinstance(name, Unknown) else "a part of the id is not known", whole)
        return Identity(type_, version, shown, parts.scope, resource_id(parts.scope, type_, whole))
    if parts is None and type_.count("/") > 1 and parent.startswith("{"):
        inside = parent.strip("{}")
        before = unknown("the parent is not known", "{" + inside + ".name}/" + symbolic(name))
        kind = type_.rpartition("/")[2]
        return Identity(type_, version, before, "{" + inside + ".scope}", f"{parent}/{kind}/{symbolic(name)}")
    scope = parent or "/"
    return Identity(type_, version, name, scope, resource_id(scope, type_, symbolic(name)))


def draft(instance: TerraformInstance, references: References, not_read: list[NotRead]) -> Draft | None:
    """The resource as its body says; None if its type isn't known."""
    identity = azapi_identity(instance, references)
    if identity is None:
        return None
    made = Draft(identity, instance, patch=instance.type in _CHANGES)
    values = instance.values
    for name in _TOP:
        if values.get(name) is not None:
            value = references.resolve(values[name])
            made.put((name,), convert("location" if name == "location" else "", "", value), (name,), instance)
    _identity_block(made, references)
    bodies = ("body", "sensitive_body")
    changes = _changes(instance)
    for name in bodies if changes else ():
        if values.get(name) is not None:
            _body(made, name, references, not_read)
    known = _PROVIDERS | (_OWN if changes else _OWN.difference(bodies))
    made.unmapped.update({key: references.resolve(one) for key, one in values.items() if key not in known})
    return made


def _changes(instance: TerraformInstance) -> bool:
    """Whether the body holds the resource's properties; that of an action (`listKeys`, `start`) is something else."""
    method = instance.values.get("method")
    return instance.type != "azapi_resource_action" or (
        instance.values.get("action") is None and isinstance(method, str) and method.upper() in ("PUT", "PATCH")
    )


def _identity_block(made: Draft, references: References) -> None:
    blocks = made.instance.values.get("identity")
    at: Path = ("identity",)
    if isinstance(blocks, Unknown):
        made.put(at, Unknown(blocks.reason), at, made.instance)
    block = blocks[0] if isinstance(blocks, list) and blocks else blocks
    if not isinstance(block, Mapping):
        return
    here: Path = ("identity", 0) if isinstance(blocks, list) else at
    made.put(at, {}, here, made.instance)
    if block.get("type") is not None:
        made.put((*at, "type"), references.resolve(block["type"]), (*here, "type"), made.instance)
    if block.get("identity_ids") is not None:
        ids = convert("keys", "", references.resolve(block["identity_ids"]))
        made.put((*at, "userAssignedIdentities"), ids, (*here, "identity_ids"), made.instance)


def _body(made: Draft, name: str, references: References, not_read: list[NotRead]) -> None:
    instance = made.instance
    body = references.resolve(instance.values[name])
    if isinstance(body, JsonText):
        body = body.value
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            line = instance.source.position((name,)).line
            not_read.append(NotRead(instance.location.path, line, f"the {name} of {instance.address} is not JSON"))
            return
    if isinstance(body, Unknown):
        made.put(("properties",), body, (name,), instance)
        return
    if not isinstance(body, Mapping):
        return
    for key, value in body.items():
        _put(made, (key,), value, (name, key))


def _put(made: Draft, path: Path, value: Value, place: Path) -> None:
    """Objects are joined, since `sensitive_body` lies over `body`."""
    before = made.tree.get(str(path[0])) if len(path) == 1 else None
    if isinstance(value, Mapping) and isinstance(before, dict):
        for key, one in value.items():
            made.put((*path, key), one, (*place, key), made.instance)
    else:
        made.put(path, value, place, made.instance)
