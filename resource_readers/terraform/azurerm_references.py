"""What a Terraform resource is called in Azure Resource Manager, and what references between resources become."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.resource_ids import SUBSCRIPTION, id_value, resource_id, split_segments
from resource_readers.template_language.unknowns import own_name, symbolic, unknown
from resource_readers.terraform.azurerm_roles import ROLE_DEFINITIONS, built_in_roles
from resource_readers.terraform.azurerm_tables import TypeMapping, mapping_of
from resource_readers.terraform.instances import JsonText, TerraformInstance

SUBSCRIPTION_ID = f"/subscriptions/{SUBSCRIPTION}"
_NOT_KNOWN = "a part of the id is not known"
_DEPTH = 30
# What a data source says of the place where the configuration is applied, as ARM's functions call it.
_SURROUNDINGS = {
    ("azurerm_client_config", "tenant_id"): "{tenant().tenantId}",
    ("azurerm_client_config", "subscription_id"): SUBSCRIPTION,
    ("azurerm_client_config", "object_id"): "{deployer().objectId}",
    ("azurerm_subscription", "tenant_id"): "{tenant().tenantId}",
    ("azurerm_subscription", "subscription_id"): SUBSCRIPTION,
    ("azurerm_subscription", "display_name"): "{subscription().displayName}",
    ("azurerm_subscription", "id"): SUBSCRIPTION_ID,
    ("azapi_client_config", "tenant_id"): "{tenant().tenantId}",
    ("azapi_client_config", "subscription_id"): SUBSCRIPTION,
    ("azapi_client_config", "object_id"): "{deployer().objectId}",
}
SURROUNDINGS = frozenset(type_ for type_, _ in _SURROUNDINGS)
"""Data sources that are no resources."""
_TOKEN = re.compile(r"\{((?:module\.|data\.)?[A-Za-z][^{}]*\.[A-Za-z_][\w.]*)\}")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a resource is called. See interface.Resource."""

    type: str
    api_version: str
    name: Value
    scope: str
    id: str


@dataclass(frozen=True, slots=True)
class IdParts:
    """An id taken apart."""

    scope: str
    type: str
    name: str


def parse_id(text: str) -> IdParts | None:
    """Scope, type and name of a resource id, in any case; None if it is none."""
    parts = split_segments(text.rstrip("/"))
    folded = [part.casefold() for part in parts]
    if "providers" in folded:
        at = len(parts) - 1 - folded[::-1].index("providers")
        rest = parts[at + 1 :]
        if len(rest) < 3 or len(rest) % 2 == 0:
            return None
        return IdParts("/".join(parts[:at]) or "/", "/".join([rest[0], *rest[1::2]]), "/".join(rest[2::2]))
    if len(parts) == 5 and folded[1] == "subscriptions" and folded[3] == "resourcegroups":
        return IdParts("/".join(parts[:3]), "Microsoft.Resources/resourceGroups", parts[4])
    return None


class References:
    """The resources of one configuration, by address."""

    def __init__(self, instances: Sequence[TerraformInstance]) -> None:
        self.instances: Mapping[str, TerraformInstance] = {one.address: one for one in instances}
        self._identities: dict[str, Identity] = {}
        self._open: set[str] = set()

    def identity(self, instance: TerraformInstance) -> Identity:
        """What the resource is called; also one of a provider that isn't Azure's."""
        found = self._identities.get(instance.address)
        if found is not None:
            return found
        if instance.address in self._open or len(self._open) > _DEPTH:
            return fallback_identity(instance)
        self._open.add(instance.address)
        try:
            made = self._make(instance)
        finally:
            self._open.discard(instance.address)
        self._identities[instance.address] = made
        return made

    def role_id(self, name: Value) -> Value:
        """Id of the role definition of a name: a built-in one, or one that the configuration declares."""
        if isinstance(name, Unknown):
            return Unknown(name.reason)
        if not isinstance(name, str):
            return name
        found = built_in_roles().get(name.casefold())
        if found is not None:
            return id_value(resource_id(SUBSCRIPTION_ID, ROLE_DEFINITIONS, found))
        for instance in self.instances.values():
            if instance.type == "azurerm_role_definition" and instance.values.get("name") == name:
                return id_value(self.identity(instance).id)
        return unknown(f"{name!r} is no built-in role and the configuration declares none of that name")

    def target(self, value: Value) -> TerraformInstance | None:
        """The resource whose id a value is, if the configuration has it."""
        if isinstance(value, Unknown) and value.resource and value.path in (("id",), ("resource_id",)):
            return self.instances.get(value.resource)
        if isinstance(value, Unknown) and not value.resource:
            token = _TOKEN.fullmatch(value.text)
            if token is not None and token[1].endswith(".id"):
                return self.instances.get(token[1].removesuffix(".id"))
        return None

    def resolve(self, value: Value) -> Value:
        """The value with every reference to a resource of the configuration in the terms of Azure Resource Manager."""
        if isinstance(value, JsonText):
            return replace(value, value=self.resolve(value.value))
        if isinstance(value, Unknown):
            return self._resolve(value)
        if isinstance(value, list):
            return [self.resolve(one) for one in value]
        if isinstance(value, Mapping):
            return {key: self.resolve(one) for key, one in value.items()}
        return value

    def _resolve(self, value: Unknown) -> Value:
        instance = self.instances.get(value.resource) if value.resource else None
        if instance is not None:
            text = self._read(instance, value.path)
            if isinstance(text, Unknown):
                return text
            if text is not None:
                return text
        if "{" not in value.text:
            return value

        def replaced(match: re.Match[str]) -> str:
            found = self._token(match[1])
            return symbolic(found) if found is not None else match[0]

        text = _TOKEN.sub(replaced, value.text)
        if text == value.text:
            return value
        return id_value(text, value.reason)

    def _token(self, inner: str) -> Value:
        address, _, attribute = inner.rpartition(".")
        while address:
            instance = self.instances.get(address)
            if instance is not None:
                return self._read(instance, tuple(attribute.split(".")))
            address, _, before = address.rpartition(".")
            attribute = f"{before}.{attribute}"
        return None

    def _read(self, instance: TerraformInstance, path: tuple[str, ...]) -> Value:
        """What another resource reads from this one; None if nothing can be said."""
        dotted = ".".join(part for part in map(str, path) if not part.isdigit())
        surrounding = _SURROUNDINGS.get((instance.type, dotted))
        if surrounding is not None:
            other = instance.values.get("subscription_id")
            if other is not None and SUBSCRIPTION in surrounding:
                return id_value(surrounding.replace(SUBSCRIPTION, own_name(symbolic(self.resolve(other)))))
            return unknown("it is known only during the deployment", surrounding)
        if not is_azure(instance):
            return None
        identity = self.identity(instance)
        mapping = mapping_of(instance.type)
        known = "" if mapping is None else mapping.computed.get(dotted, "")
        if dotted in ("id", "resource_id") and not known:
            return id_value(identity.id)
        if mapping is None and instance.type != "azapi_resource":
            return None
        if known in ("id", "name"):
            return id_value(identity.id) if known == "id" else identity.name
        arm_path = tuple(known.split(".")) if known else tuple(path)
        if mapping is None:
            arm_path = {"identity.principal_id": ("identity", "principalId")}.get(dotted, arm_path)
        return unknown(
            "the properties of a deployed resource are known only during the deployment",
            "{reference('" + identity.id + "')." + ".".join(arm_path) + "}",
            resource=identity.id,
            path=arm_path,
        )

    def _make(self, instance: TerraformInstance) -> Identity:
        if instance.provider == "azapi" or instance.type.startswith("azapi_"):
            from resource_readers.terraform.azapi import azapi_identity

            found = azapi_identity(instance, self)
            return fallback_identity(instance) if found is None else found
        mapping = mapping_of(instance.type)
        return fallback_identity(instance) if mapping is None else self._mapped(instance, mapping)

    def _mapped(self, instance: TerraformInstance, mapping: TypeMapping) -> Identity:
        if mapping.into:
            target = id_parts(self.resolve(instance.values.get(mapping.into)))
            name = id_value(target.name, _NOT_KNOWN)
            return Identity(target.type or mapping.type, mapping.api_version, name, target.scope, _joined(target))
        word, attribute = mapping.place
        names = [self._name_part(instance, part) for part in mapping.name]
        if instance.type == "azurerm_role_definition" and instance.mode == "data":
            names = [_role_name(instance, names[0])]
            word = word if instance.values.get(attribute) is not None else "subscription"
        if word == "parent" and attribute in instance.values:
            return self._child(mapping, names, instance.values[attribute])
        name = join_names(names)
        scope = self._scope(instance, word, attribute)
        return Identity(
            mapping.type, mapping.api_version, name, scope, resource_id(scope, mapping.type, symbolic(name))
        )

    def _child(self, mapping: TypeMapping, names: list[Value], parent_id: Value) -> Identity:
        text = symbolic(self.resolve(parent_id))
        own = names[-1]
        parent = parse_id(text)
        if parent is None:
            inside = text.strip("{}")
            kind = own_name(mapping.type)
            name = join_names([unknown(_NOT_KNOWN, "{" + inside + ".name}"), own])
            return Identity(
                mapping.type,
                mapping.api_version,
                name,
                "{" + inside + ".scope}",
                f"{text}/{kind}/{symbolic(own)}",
            )
        kinds = mapping.type.count("/") - parent.type.count("/")
        own_names = names[-kinds:] if 0 < kinds <= len(names) else [own]
        name = join_names([id_value(parent.name, _NOT_KNOWN), *own_names])
        return Identity(
            mapping.type,
            mapping.api_version,
            name,
            parent.scope,
            resource_id(parent.scope, mapping.type, symbolic(name)),
        )

    def _name_part(self, instance: TerraformInstance, part: str) -> Value:
        if part.startswith("="):
            return part[1:]
        for name in part.split(","):
            last = name.startswith("last:")
            value = instance.values.get(name.removeprefix("last:"))
            if value is not None:
                value = self.resolve(value)
                return id_value(own_name(symbolic(value)), _NOT_KNOWN) if last else value
        attribute = part.split(",")[0].removeprefix("last:")
        return unknown("the provider makes the name", "{" + f"{instance.address}.{attribute}" + "}")

    def _scope(self, instance: TerraformInstance, word: str, attribute: str) -> str:
        values = instance.values
        match word:
            case "tenant":
                return "/"
            case "subscription":
                given = values.get(attribute)
                if given is None:
                    return SUBSCRIPTION_ID
                text = symbolic(self.resolve(given))
                return text if text.startswith("/") or "subscriptions" in text else f"/subscriptions/{text}"
            case "extends" | "group_id":
                return symbolic(self.resolve(values.get(attribute))) or "{" + f"{instance.address}.{attribute}" + "}"
            case "beside":
                return id_parts(self.resolve(values.get(attribute))).scope
            case "management_group":
                given = next((values[one] for one in attribute.split(",") if values.get(one) is not None), None)
                text = symbolic(self.resolve(given))
                prefix = "/providers/Microsoft.Management/managementGroups/"
                return prefix + own_name(text) if text else SUBSCRIPTION_ID
            case _:
                group = values.get("resource_group_name")
                if group is None:
                    return f"{SUBSCRIPTION_ID}/resourceGroups/" + "{" + f"{instance.address}.resource_group_name" + "}"
                return f"{SUBSCRIPTION_ID}/resourceGroups/{symbolic(self.resolve(group))}"


def _role_name(instance: TerraformInstance, otherwise: Value) -> Value:
    """The GUID of a role that a data source finds by its name."""
    name = instance.values.get("name")
    return built_in_roles().get(name.casefold(), otherwise) if isinstance(name, str) else otherwise


def id_parts(value: Value) -> IdParts:
    """An id's parts, also where it isn't known: then in `{...}`, with the type ""."""
    text = symbolic(value)
    parsed = parse_id(text)
    if parsed is not None:
        return parsed
    inside = text.strip("{}") or "?"
    return IdParts("{" + inside + ".scope}", "", "{" + inside + ".name}")


def _joined(parts: IdParts) -> str:
    if not parts.type:
        return "{" + parts.name.strip("{}").removesuffix(".name") + "}"
    return resource_id(parts.scope, parts.type, parts.name)


def join_names(names: Sequence[Value]) -> Value:
    """Parts of a name between slashes."""
    text = "/".join(symbolic(one) for one in names)
    inner = next((one for one in names if isinstance(one, Unknown)), None)
    return text if inner is None else unknown(inner.reason, text)


def is_azure(instance: TerraformInstance) -> bool:
    """Whether it is a resource of Azure Resource Manager, as far as its type's name tells."""
    return instance.type.startswith(("azurerm_", "azapi_"))


def fallback_identity(instance: TerraformInstance) -> Identity:
    """What a resource without a table is called: by its Terraform type and address."""
    type_ = fallback_type(instance)
    return Identity(type_, "", instance.address, "/", resource_id("/", type_, instance.address))


def fallback_type(instance: TerraformInstance) -> str:
    """`Terraform.<provider>/<type>`; the provider by the type's name, since its local name is anyone's choice."""
    return f"Terraform.{instance.type.partition('_')[0]}/{instance.type}"
