"""Role definitions by their names, as `role_definition_name` gives them."""

from __future__ import annotations

import functools
import importlib.resources
import json
from collections.abc import Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.resource_ids import id_value, resource_id
from resource_readers.template_language.unknowns import unknown
from resource_readers.terraform.azurerm_references import SUBSCRIPTION_ID, References

ROLE_DEFINITIONS = "Microsoft.Authorization/roleDefinitions"


@functools.cache
def built_in_roles() -> Mapping[str, str]:
    """Casefolded name of a built-in role -> GUID (Microsoft's list of built-in roles)."""
    data = importlib.resources.files("resource_readers.terraform") / "data" / "built-in-roles.json"
    content: Mapping[str, str] = json.loads(data.read_bytes())
    return content


def role_id(name: Value, references: References) -> Value:
    """Id of the role definition of a name: a built-in one, or one that the configuration declares."""
    if isinstance(name, Unknown):
        return Unknown(name.reason)
    if not isinstance(name, str):
        return name
    found = built_in_roles().get(name.casefold())
    if found is not None:
        return id_value(resource_id(SUBSCRIPTION_ID, ROLE_DEFINITIONS, found))
    for instance in references.instances.values():
        if instance.type == "azurerm_role_definition" and instance.values.get("name") == name:
            return id_value(references.identity(instance).id)
    return unknown(f"{name!r} is no built-in role and the configuration declares none of that name")
