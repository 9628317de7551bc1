"""Objects of Microsoft Graph as values of ours."""

from __future__ import annotations

from typing import Any

from cloud_backends.azure.errors import AzureCallError, Failure
from rbac_matrix.estate.model import DirectoryObject, PrincipalKind
from rbac_matrix.principals import GUID

KINDS = {
    "#microsoft.graph.user": PrincipalKind.USER,
    "#microsoft.graph.group": PrincipalKind.GROUP,
    "#microsoft.graph.serviceprincipal": PrincipalKind.SERVICE_PRINCIPAL,
    "#microsoft.graph.device": PrincipalKind.DEVICE,
}
"""By `@odata.type` in lower case, as `entry_of` writes it."""


def entry_of(entry: dict[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """Id in lower case, and the object with its type in lower case. Raises AzureCallError if it lacks either."""
    object_id, kind = entry.get("id"), entry.get("@odata.type")
    if not isinstance(object_id, str) or GUID.fullmatch(object_id) is None or not isinstance(kind, str):
        raise AzureCallError("an object has no id or no type", failure=Failure.BAD_ANSWER, where=where)
    return object_id.casefold(), {**entry, "@odata.type": kind.casefold()}


def known_object(object_id: str, entry: dict[str, Any]) -> DirectoryObject:
    """What Graph tells of an object."""
    kind = KINDS.get(entry["@odata.type"], PrincipalKind.UNKNOWN)
    login = _text(entry, "userPrincipalName")
    user_type = _text(entry, "userType").casefold()
    return DirectoryObject(
        id=object_id,
        kind=kind,
        name=(login if kind is PrincipalKind.USER else "") or _text(entry, "displayName"),
        # Accounts that are older than userType have none; a guest's login name says it as well.
        guest=kind is PrincipalKind.USER and (user_type == "guest" or (not user_type and "#ext#" in login.casefold())),
        managed_identity=_resource_of(entry) if kind is PrincipalKind.SERVICE_PRINCIPAL else "",
        enabled=entry.get("accountEnabled") is not False,
    )


def is_unclear(entry: dict[str, Any]) -> bool:
    """Whether it isn't told if a user is a guest, or whose identity a service principal is."""
    kind = KINDS.get(entry["@odata.type"])
    if kind is PrincipalKind.USER:
        return "userType" not in entry or not (_text(entry, "userType") or _text(entry, "userPrincipalName"))
    if kind is PrincipalKind.SERVICE_PRINCIPAL:
        return not isinstance(entry.get("alternativeNames"), list)
    return False


def _text(entry: dict[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _resource_of(entry: dict[str, Any]) -> str:
    """The resource whose identity it is: a managed identity has its id among the alternative names."""
    names = entry.get("alternativeNames")
    found = [one for one in names if isinstance(one, str)] if isinstance(names, list) else []
    return next((one for one in found if one.casefold().startswith("/subscriptions/")), "")
