"""The type under which Azure Policy knows a resource, which templates may spell otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.values import Unknown, get_key, known

_RESOURCE_GROUP = "Microsoft.Resources/subscriptions/resourceGroups"


def resource_type(resource: Mapping[str, Any]) -> str | Unknown | None:
    """The type; None if there is none, Unknown if it isn't known.

    Templates of a subscription write Microsoft.Resources/resourceGroups. An extension resource may stand as
    "Microsoft.KeyVault/vaults/providers/diagnosticSettings" with the name "vault/Microsoft.Insights/name".
    """
    given = known(get_key(resource, "type", "type"))
    if not isinstance(given, str):
        return given if isinstance(given, Unknown) else None
    lower = given.lower()
    if lower == "microsoft.resources/resourcegroups":
        return _RESOURCE_GROUP
    if "/providers/" in lower:
        return _extension_type(given, lower, known(get_key(resource, "name", "name")))
    return given


def _extension_type(given: str, lower: str, name: Any) -> str | Unknown:
    own = given[lower.rindex("/providers/") + len("/providers/") :]
    if "." in own.partition("/")[0]:
        return own  # the namespace stands in the type
    if isinstance(name, Unknown):
        return name
    parts = name.split("/") if isinstance(name, str) else []
    # As many names as types stand behind the namespace.
    at = len(parts) - own.count("/") - 2
    return f"{parts[at]}/{own}" if at >= 0 and "." in parts[at] else given


NOT_KNOWN = "?"
UNTYPED = frozenset({"", NOT_KNOWN})


def type_key(resource: Mapping[str, Any]) -> str:
    """The type, lower-cased, as tables are keyed; "" if there is none, NOT_KNOWN if it isn't known."""
    found = resource_type(resource)
    if isinstance(found, Unknown):
        return NOT_KNOWN
    return "" if found is None else found.lower()
