"""Declarations that set some properties of a resource that stands elsewhere.

Terraform has them: `azapi_update_resource`, `azurerm_storage_account_network_rules` beside an account that the
configuration doesn't declare. What they set can be wrong; what they don't say may be right where the resource is
declared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from policies.values import get_key
from resource_readers.interface import Resource

_MODULES = re.compile(r"^(?:module\.[^.\[]+(?:\[[^\]]*\])?\.)+")


def is_change(resource: Resource) -> bool:
    """Whether it sets something of a resource that exists already; a data source of Terraform sets nothing."""
    terraform = resource.fields.get("terraform")
    if not resource.existing or not isinstance(terraform, Mapping) or not resource.properties:
        return False
    return not _MODULES.sub("", str(terraform.get("address"))).startswith("data.")


def says(parts: tuple[str | int, ...], view: Mapping[str, Any]) -> bool:
    """Whether a change writes a property (`parts`, from the resource's top)."""
    value: Any = view
    for part in parts:
        if isinstance(value, Mapping):
            value = get_key(value, str(part), str(part).lower())
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return False
    return bool(parts) and value is not None
