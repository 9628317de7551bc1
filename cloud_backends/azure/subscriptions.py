"""Subscriptions and management groups."""

from __future__ import annotations

from cloud_backends.azure.connection import Connection, endless
from cloud_backends.azure.errors import AzureCallError, Failure
from cloud_backends.azure.pipeline import json_object, list_page


def subscriptions_below(connection: Connection, management_group: str) -> list[str]:
    """Ids ("/subscriptions/...") of all subscriptions in a management group, at any depth. Raises AzureCallError."""
    what, host = f"reading what is in {management_group}", connection.settings.resource_manager
    url = f"{management_group}/descendants?api-version=2020-05-01"
    found: list[str] = []
    seen: set[str] = set()
    while url:
        if url in seen:
            raise endless(what, host)
        seen.add(url)
        answer = json_object(connection.ask(connection.resource_manager, "GET", url, what), host)
        entries, url = list_page(answer, "nextLink", host)
        for entry in entries:
            name, kind = entry.get("name"), str(entry.get("type", "")).casefold()
            if not isinstance(name, str) or not kind:
                raise AzureCallError(f"{what}: an entry has no name or type", failure=Failure.BAD_ANSWER, where=host)
            # The type is written "/subscriptions", and for groups "Microsoft.Management/managementGroups".
            if kind.endswith("subscriptions"):
                found.append(f"/subscriptions/{name}")
    return found


def tenant_of_subscription(connection: Connection, subscription: str) -> str:
    """Id of the tenant that a subscription (GUID) trusts, in lower case. Raises AzureCallError."""
    what, host = f"reading the tenant of the subscription {subscription}", connection.settings.resource_manager
    url = f"/subscriptions/{subscription}?api-version=2022-12-01"
    tenant = json_object(connection.ask(connection.resource_manager, "GET", url, what), host).get("tenantId")
    if not isinstance(tenant, str) or not tenant:
        raise AzureCallError(f"{what}: the answer names none", failure=Failure.BAD_ANSWER, where=host)
    return tenant.casefold()
