"""Azure Resource Graph: the resources of subscriptions, and a second opinion on which role assignments there are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cloud_backends.azure.connection import Connection, endless
from cloud_backends.azure.errors import AzureCallError, Failure
from cloud_backends.azure.pipeline import json_object
from rbac_matrix.estate.model import EstateResource, IdentityUse
from verdicts import Location

_PATH = "/providers/Microsoft.ResourceGraph/resources?api-version=2021-03-01"
_PAGE = 1000
_SUBSCRIPTIONS = 500
"""How many subscriptions one query takes; the service allows 1,000."""

RESOURCES = "resources | project id, type, kind, identity | order by id asc"
ASSIGNMENTS = (
    "authorizationresources | where type =~ 'microsoft.authorization/roleassignments' | project id | order by id asc"
)


def rows(connection: Connection, subscriptions: Sequence[str], query: str, what: str) -> list[dict[str, Any]]:
    """All rows of a query over subscriptions (GUIDs); each has an `id`.

    Raises:
        AzureCallError: a page is missing, or there are fewer rows than the service says.
    """
    found: list[dict[str, Any]] = []
    for start in range(0, len(subscriptions), _SUBSCRIPTIONS):
        found += _rows(connection, subscriptions[start : start + _SUBSCRIPTIONS], query, what)
    return found


def _rows(connection: Connection, subscriptions: Sequence[str], query: str, what: str) -> list[dict[str, Any]]:
    host = connection.settings.resource_manager
    found: list[dict[str, Any]] = []
    total, token, seen = 0, "", set[str]()
    while True:
        options = {"$top": _PAGE, "resultFormat": "objectArray", **({"$skipToken": token} if token else {})}
        body = {"subscriptions": list(subscriptions), "query": query, "options": options}
        answer = json_object(connection.ask(connection.resource_manager, "POST", _PATH, what, body=body), host)
        data, following = answer.get("data"), answer.get("$skipToken")
        if not isinstance(data, list) or not all(isinstance(row, dict) and _named(row) for row in data):
            raise AzureCallError(f"{what}: the answer holds no rows", failure=Failure.BAD_ANSWER, where=host)
        found += data
        total = max(total, _count(answer, what, host))
        if not following:
            break
        if not isinstance(following, str) or following in seen:
            raise endless(what, host)
        seen.add(following)
        token = following
    if len(found) < total or str(answer.get("resultTruncated", "false")).casefold() != "false":
        detail = f"{what}: {len(found)} of {total} rows came"
        raise AzureCallError(detail, failure=Failure.BAD_ANSWER, where=host)
    return found


def _named(row: dict[str, Any]) -> bool:
    return isinstance(row.get("id"), str) and row["id"] != ""


def _count(answer: dict[str, Any], what: str, host: str) -> int:
    count = answer.get("totalRecords")
    if not isinstance(count, int):
        raise AzureCallError(
            f"{what}: the answer doesn't say how many rows there are", failure=Failure.BAD_ANSWER, where=host
        )
    return count


def resources(found: Sequence[dict[str, Any]]) -> Iterator[EstateResource]:
    """The resources of rows of `RESOURCES`. Raises AzureCallError for a row without a type."""
    for row in found:
        resource_id, kind = str(row["id"]), row.get("type")
        if not isinstance(kind, str) or not kind:
            raise AzureCallError("a resource has no type", failure=Failure.BAD_ANSWER, where="Resource Graph")
        yield EstateResource(id=resource_id, type=kind, location=Location(resource_id))


def identity_uses(found: Sequence[dict[str, Any]]) -> Iterator[IdentityUse]:
    """Which resource runs as which user-assigned identity. Raises AzureCallError for an identity of another shape."""
    for row in found:
        identity = row.get("identity")
        assigned = identity.get("userAssignedIdentities") if isinstance(identity, dict) else identity
        if assigned is None or assigned == "":
            continue
        resource_id, kind = str(row.get("id")), row.get("kind")
        if not isinstance(assigned, dict):
            detail = f"the identities of {resource_id} can't be understood"
            raise AzureCallError(detail, failure=Failure.BAD_ANSWER, where="Resource Graph")
        for name in assigned:
            yield IdentityUse(
                identity=name,
                resource_id=resource_id,
                resource_type=str(row.get("type")),
                resource_kind=kind if isinstance(kind, str) else "",
                location=Location(resource_id),
            )
