"""Resource ids with `{...}` for what isn't known, and the scopes that deployments go to."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import FunctionError, symbolic, unknown

SUBSCRIPTION = "{subscription().subscriptionId}"
GROUP = "{resourceGroup().name}"
MANAGEMENT_GROUP = "{managementGroup().name}"
DEPLOYMENT = "{deployment().name}"


class Level(enum.Enum):
    """What a deployment goes to."""

    RESOURCE_GROUP = "resourceGroup"
    SUBSCRIPTION = "subscription"
    MANAGEMENT_GROUP = "managementGroup"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class DeploymentScope:
    """Where a deployment goes; the names are texts with `{...}` for what isn't known."""

    level: Level
    subscription: str = SUBSCRIPTION
    group: str = GROUP
    management_group: str = MANAGEMENT_GROUP
    name: str = DEPLOYMENT
    """Of the deployment itself."""

    @property
    def subscription_id(self) -> str:
        """Id of the subscription."""
        return f"/subscriptions/{self.subscription}"

    @property
    def id(self) -> str:
        """Id of the scope."""
        match self.level:
            case Level.RESOURCE_GROUP:
                return f"{self.subscription_id}/resourceGroups/{self.group}"
            case Level.SUBSCRIPTION:
                return self.subscription_id
            case Level.MANAGEMENT_GROUP:
                return f"/providers/Microsoft.Management/managementGroups/{self.management_group}"
            case Level.TENANT:
                return "/"


def id_value(
    text: str, reason: str = "ids of the subscription and its parts are known only during the deployment"
) -> Value:
    """An id as a value: a plain text only where all of it is known."""
    return unknown(reason, text) if "{" in text else text


def split_segments(text: str) -> list[str]:
    """Parts between slashes; those inside of `{...}` don't divide."""
    parts: list[str] = []
    depth = start = 0
    for at, character in enumerate(text):
        if character == "{":
            depth += 1
        elif character == "}":
            depth = max(0, depth - 1)
        elif character == "/" and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]


def provider_path(resource_type: str, name: str) -> str:
    """("A.B/c/d", "x/y") as "A.B/c/x/d/y". A name with too few parts stands at the end."""
    namespace, *kinds = resource_type.split("/")
    names = split_segments(name)
    if len(names) != len(kinds):
        return "/".join([namespace, *kinds, name])
    return "/".join([namespace, *(part for pair in zip(kinds, names, strict=True) for part in pair)])


def resource_id(scope: str, resource_type: str, name: str) -> str:
    """Id of a resource at a scope."""
    if resource_type.casefold() == "microsoft.resources/resourcegroups" and scope.startswith("/subscriptions/"):
        return f"{scope}/resourceGroups/{name}"
    return f"{scope.rstrip('/')}/providers/{provider_path(resource_type, name)}"


def extension_parts(resource_type: str, name: str) -> tuple[str, str, str, str] | None:
    """An extension resource named through its parent: parent type, parent name, own type, own name; else None.

    ("Microsoft.KeyVault/vaults/providers/roleAssignments", "kv/Microsoft.Authorization/x") stands for a
    Microsoft.Authorization/roleAssignments "x" on the vault "kv".
    """
    kinds = resource_type.split("/")
    folded = [kind.casefold() for kind in kinds]
    if "providers" not in folded[1:]:
        return None
    at = folded.index("providers", 1)
    names = split_segments(name)
    own_kinds = kinds[at + 1 :]
    if not own_kinds or len(names) < at:
        return None
    parent_name, own_names = "/".join(names[: at - 1]), names[at - 1 :]
    if "." in own_kinds[0]:  # written with the name space in the type
        return "/".join(kinds[:at]), parent_name, "/".join(own_kinds), "/".join(own_names)
    return "/".join(kinds[:at]), parent_name, "/".join([own_names[0], *own_kinds]), "/".join(own_names[1:])


def call_id_function(name: str, arguments: tuple[Value, ...], scope: DeploymentScope) -> Value:
    """resourceId() and its relatives; `name` is casefolded. Raises FunctionError."""
    if name == "extensionresourceid":
        if len(arguments) < 3 or not isinstance(arguments[1], str):
            raise FunctionError("a resource id, a type and names are needed")
        return id_value(f"{symbolic(arguments[0])}/providers/{_path(arguments[1], arguments[2:])}")
    at = next((i for i, one in enumerate(arguments) if isinstance(one, str) and "/" in one and "." in one), None)
    if at is None:
        inner = next((one for one in arguments if isinstance(one, Unknown)), None)
        if inner is None:
            raise FunctionError("no resource type")
        return unknown(inner.reason)
    path = _path(arguments[at], arguments[at + 1 :])
    before = [symbolic(one) for one in arguments[:at]]
    if name == "tenantresourceid" or (name == "resourceid" and scope.level is Level.TENANT and not before):
        return id_value(f"/providers/{path}")
    if name == "managementgroupresourceid":
        group = before[0] if before else scope.management_group
        return id_value(f"/providers/Microsoft.Management/managementGroups/{group}/providers/{path}")
    subscription = (
        before[0] if before and (name == "subscriptionresourceid" or len(before) == 2) else scope.subscription
    )
    if name == "subscriptionresourceid":
        return id_value(f"/subscriptions/{subscription}/providers/{path}")
    if not before and scope.level is not Level.RESOURCE_GROUP:
        return id_value(f"{scope.id}/providers/{path}")
    group = before[-1] if before else scope.group
    return id_value(f"/subscriptions/{subscription}/resourceGroups/{group}/providers/{path}")


def _path(resource_type: str, names: tuple[Value, ...]) -> str:
    return provider_path(resource_type, "/".join(symbolic(one) for one in names))


def scope_functions(scope: DeploymentScope) -> dict[str, Value]:
    """What resourceGroup(), subscription(), managementGroup() and tenant() give, by casefolded name."""

    def asked(text: str) -> Unknown:
        return unknown("it is known only during the deployment", "{" + text + "}")

    group = {
        "id": id_value(f"{scope.subscription_id}/resourceGroups/{scope.group}"),
        "name": id_value(scope.group),
        "location": asked(f"resourceGroup({'' if scope.group == GROUP else scope.group}).location"),
        "tags": asked("resourceGroup().tags"),
        "type": "Microsoft.Resources/resourceGroups",
    }
    subscription = {
        "id": id_value(scope.subscription_id),
        "subscriptionId": id_value(scope.subscription),
        "tenantId": asked("tenant().tenantId"),
        "displayName": asked("subscription().displayName"),
    }
    management = {
        "id": id_value(f"/providers/Microsoft.Management/managementGroups/{scope.management_group}"),
        "name": id_value(scope.management_group),
        "properties": asked("managementGroup().properties"),
    }
    tenant = {
        "tenantId": asked("tenant().tenantId"),
        "displayName": asked("tenant().displayName"),
        "id": asked("tenant().id"),
        "countryCode": asked("tenant().countryCode"),
    }
    deployment = {
        "name": id_value(scope.name, "it is known only during the deployment"),
        "location": asked("deployment().location"),
        "properties": asked("deployment().properties"),
    }
    return {
        "resourcegroup": group,
        "subscription": subscription,
        "managementgroup": management,
        "tenant": tenant,
        "deployment": deployment,
    }
