"""A small Azure: Entra's token endpoint, Resource Manager, Resource Graph and Microsoft Graph over one estate."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.azure.server import Answer, Asked, AzureServer, failed
from tests.fakes.azure.shapes import SUBSCRIPTION, TENANT, Body

CLIENT = "c11e0000-0000-4000-8000-000000000001"
SECRET = "the-secret-of-the-tests-0123456789"
_LISTS = {
    "roleassignments": "assignments",
    "denyassignments": "denials",
    "roleassignmentscheduleinstances": "schedules",
    "roleeligibilityscheduleinstances": "eligibilities",
}


def covers(outer: str, inner: str) -> bool:
    """Whether a scope is another, or above it. Management groups are above every subscription."""
    one, other = outer.rstrip("/").casefold(), inner.rstrip("/").casefold()
    above = "/managementgroups/" in one and "/managementgroups/" not in other
    return not one or above or one == other or other.startswith(f"{one}/")


@dataclass
class FakeAzure:
    """The estate. `page` is how many entries a page has; `members` holds ids of direct members by group id."""

    server: AzureServer
    tenant: str = TENANT
    directory_tenant: str = TENANT
    page: int = 1000
    assignments: list[Body] = field(default_factory=list)
    definitions: list[Body] = field(default_factory=list)
    denials: list[Body] = field(default_factory=list)
    schedules: list[Body] = field(default_factory=list)
    eligibilities: list[Body] = field(default_factory=list)
    resources: list[Body] = field(default_factory=list)
    unindexed: set[str] = field(default_factory=set)
    below: dict[str, list[str]] = field(default_factory=dict)
    objects: dict[str, Body] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    hides_programs: bool = True
    """As Graph v1.0 does: service principals are no members unless one asks for their type."""

    def know(self, *objects: Body) -> None:
        self.objects |= {one["id"]: one for one in objects}

    def join(self, group: Body, *members: Body) -> None:
        self.know(group, *members)
        self.members.setdefault(group["id"], []).extend(one["id"] for one in members)

    def answer(self, asked: Asked) -> Answer:
        if asked.path.endswith("/.well-known/openid-configuration"):
            return self._discovery(asked)
        if asked.path.endswith("/oauth2/v2.0/token"):
            return self._token(asked)
        if asked.bearer != f"token-for-{self.server.base}/.default":
            return Answer(401, {"error": {"code": "InvalidAuthenticationToken", "message": "no token"}})
        if asked.path.startswith("/v1.0/"):
            return self._graph(asked)
        return self._manager(asked)

    def _discovery(self, asked: Asked) -> Answer:
        base = f"{self.server.base}/{asked.path.split('/')[1]}"
        return Answer(
            200,
            {
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "issuer": f"{base}/v2.0",
            },
        )

    def _token(self, asked: Asked) -> Answer:
        form = dict(urllib.parse.parse_qsl(asked.body.decode()))
        if form.get("client_secret") != SECRET or form.get("client_id") != CLIENT:
            told = f"AADSTS7000215: Invalid client secret provided: {form.get('client_secret')}"
            return Answer(401, {"error": "invalid_client", "error_description": told})
        scope = form["scope"].split()[0]
        return Answer(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": f"token-for-{scope}"})

    # Resource Manager

    def _manager(self, asked: Asked) -> Answer:
        if asked.path == "/providers/microsoft.resourcegraph/resources":
            return self._resource_graph(asked)
        if found := re.fullmatch(r"/subscriptions/([^/]+)", asked.path):
            if found.group(1) != SUBSCRIPTION:
                return failed(404, "SubscriptionNotFound")
            return Answer(200, {"subscriptionId": SUBSCRIPTION, "tenantId": self.tenant})
        if found := re.fullmatch(r"/providers/microsoft.management/managementgroups/([^/]+)/descendants", asked.path):
            entries = [{"name": one, "type": "/subscriptions"} for one in self.below.get(found.group(1), [])]
            return self._page(asked, entries, "nextLink")
        scope, _, rest = asked.path.rpartition("/providers/microsoft.authorization/")
        kind, _, name = rest.partition("/")
        if kind == "roledefinitions":
            return self._definition(asked, name)
        if kind in ("roleeligibilityschedulerequests",):
            return self._schedule_request(asked, scope, name)
        if kind in _LISTS and not name:
            return self._page(asked, self._around(asked, scope, getattr(self, _LISTS[kind])), "nextLink")
        if kind == "roleassignments":
            return self._assignment(asked, scope, name)
        return failed(404, "InvalidResourceType")

    def _around(self, asked: Asked, scope: str, entries: Iterable[Body]) -> list[Body]:
        condition = asked.query.get("$filter", "")
        found = [
            one
            for one in entries
            if (
                covers(one["properties"]["scope"], scope)
                if condition == "atScope()"
                else covers(scope, one["properties"]["scope"])
            )
        ]
        if principal := re.fullmatch(r"principalId eq '?([^']+)'?", condition):
            found = [one for one in entries if one["properties"]["principalId"] == principal.group(1)]
        return found

    def _page(self, asked: Asked, entries: list[Body], link: str, **more: Any) -> Answer:
        start = int(asked.query.get("$skiptoken", 0))
        body: Body = {"value": entries[start : start + self.page], **more}
        if start + self.page < len(entries):
            query = urllib.parse.urlencode({**asked.query, "$skiptoken": start + self.page})
            body[link] = f"{self.server.base}{urllib.parse.quote(asked.path)}?{query}"
        return Answer(200, body)

    def _definition(self, asked: Asked, name: str) -> Answer:
        if not name:
            custom = [one for one in self.definitions if one["properties"]["type"] == "CustomRole"]
            return self._page(asked, self.definitions if "$filter" not in asked.query else custom, "nextLink")
        found = next((one for one in self.definitions if one["name"] == name), None)
        return Answer(200, found) if found else failed(404, "RoleDefinitionDoesNotExist")

    def _assignment(self, asked: Asked, scope: str, name: str) -> Answer:
        found = next((one for one in self.assignments if one["id"].casefold() == asked.path), None)
        match asked.method:
            case "GET":
                return Answer(200, found) if found else failed(404, "RoleAssignmentNotFound")
            case "DELETE":
                if found is None:
                    return Answer(204)
                self.assignments.remove(found)
                return Answer(200, found)
            case "PUT":
                return self._put(asked, scope, name, found)
        return failed(405, "MethodNotAllowed")

    def _put(self, asked: Asked, scope: str, name: str, found: Body | None) -> Answer:
        wanted = asked.json["properties"]
        if wanted["principalId"] not in self.objects:
            return failed(400, "PrincipalNotFound", f"Principal {wanted['principalId']} does not exist")

        def same(one: Body) -> bool:
            own = one["properties"]
            return bool(
                own["scope"].casefold() == scope
                and own["principalId"] == wanted["principalId"]
                and own["roleDefinitionId"].rpartition("/")[2] == wanted["roleDefinitionId"].rpartition("/")[2]
            )

        if found is not None and not same(found):
            return failed(400, "RoleAssignmentUpdateNotPermitted")
        if found is None and any(same(one) for one in self.assignments):
            return failed(409, "RoleAssignmentExists", "The role assignment already exists.")
        prefix = wanted["roleDefinitionId"].rpartition("/providers/")[2]
        stored = {**wanted, "scope": scope, "roleDefinitionId": f"/providers/{prefix}"}
        body = {"properties": stored, "id": asked.path, "type": "Microsoft.Authorization/roleAssignments", "name": name}
        if found is not None:
            self.assignments.remove(found)
        self.assignments.append(body)
        return Answer(201 if found is None else 200, body)

    def _schedule_request(self, asked: Asked, scope: str, name: str) -> Answer:
        wanted = asked.json["properties"]
        role = wanted["roleDefinitionId"].rpartition("/")[2]
        same = [
            one
            for one in self.eligibilities
            if one["properties"]["scope"].casefold() == scope
            and one["properties"]["principalId"] == wanted["principalId"]
            and one["properties"]["roleDefinitionId"].rpartition("/")[2] == role
        ]
        if wanted["requestType"] == "AdminAssign":
            if same:
                return failed(400, "RoleAssignmentExists", "The Role assignment already exists.")
            from tests.fakes.azure.shapes import eligibility

            made = eligibility(
                scope, role, wanted["principalId"], number=len(self.eligibilities) + 100, endDateTime=None
            )
            self.eligibilities.append(made)
        else:
            if not same:
                return failed(400, "RoleAssignmentDoesNotExist", "The Role assignment does not exist.")
            self.eligibilities.remove(same[0])
        body = {"properties": {**wanted, "status": "Provisioned"}, "id": asked.path, "name": name}
        return Answer(201, body)

    def _resource_graph(self, asked: Asked) -> Answer:
        wanted = asked.json
        if wanted["query"].startswith("authorizationresources"):
            entries = [{"id": one["id"]} for one in self.assignments if one["id"] not in self.unindexed]
        else:
            entries = self.resources
        start = int(wanted["options"].get("$skipToken", 0))
        size = min(self.page, wanted["options"]["$top"])
        part = entries[start : start + size]
        body: Body = {"totalRecords": len(entries), "count": len(part), "data": part, "resultTruncated": "false"}
        if start + size < len(entries):
            body["$skipToken"] = str(start + size)
        return Answer(200, body)

    # Microsoft Graph

    def _graph(self, asked: Asked) -> Answer:
        path = asked.path.removeprefix("/v1.0")
        routes: list[tuple[str, Callable[[Asked, re.Match[str]], Answer]]] = [
            (r"/directoryobjects/getbyids", self._get_by_ids),
            (r"/directoryobjects/([^/]+)", self._object),
            (r"/groups/([^/]+)/members(/microsoft\.graph\.serviceprincipal)?", self._members),
            (r"/groups", self._groups_named),
            (r"/(users|serviceprincipals)", self._details),
            (r"/organization", self._organization),
        ]
        for pattern, route in routes:
            if found := re.fullmatch(pattern, path):
                return route(asked, found)
        return failed(400, "BadRequest", "Resource not found for the segment")

    def _organization(self, asked: Asked, found: re.Match[str]) -> Answer:
        return Answer(200, {"value": [{"id": self.directory_tenant}]})

    def _get_by_ids(self, asked: Asked, found: re.Match[str]) -> Answer:
        ids = asked.json["ids"]
        if len(ids) > 1000:
            return failed(400, "Request_BadRequest", "Too many ids")
        # Of users come only some properties.
        known = [
            {k: v for k, v in self.objects[one].items() if k not in ("userType", "accountEnabled")}
            for one in ids
            if one in self.objects
        ]
        return Answer(200, {"value": known})

    def _groups_named(self, asked: Asked, found: re.Match[str]) -> Answer:
        quoted = re.findall(r"'((?:[^']|'')*)'", asked.query["$filter"])
        names = {name.replace("''", "'").casefold() for name in quoted}
        if len(quoted) > 15 or not asked.query["$filter"].startswith("displayName in ("):
            return failed(400, "Request_UnsupportedQuery")
        known = [one for one in self.objects.values() if one["@odata.type"].endswith(".group")]
        told = [{k: one.get(k) for k in asked.query["$select"].split(",")} for one in known]
        return self._page(
            asked, [one for one in told if str(one["displayName"]).casefold() in names], "@odata.nextLink"
        )

    def _object(self, asked: Asked, found: re.Match[str]) -> Answer:
        one = self.objects.get(found.group(1))
        return Answer(200, one) if one else failed(404, "Request_ResourceNotFound")

    def _members(self, asked: Asked, found: re.Match[str]) -> Answer:
        if found.group(1) not in self.objects:
            return failed(404, "Request_ResourceNotFound")
        members = [self.objects[one] for one in self.members.get(found.group(1), [])]
        programs = [one for one in members if one["@odata.type"].endswith("servicePrincipal")]
        if found.group(2):
            members = [{k: v for k, v in one.items() if k != "@odata.type"} for one in programs]
        elif self.hides_programs:
            members = [one for one in members if one not in programs]
        count = (
            {"@odata.count": len(members)}
            if asked.headers.get("consistencylevel") == "eventual" and "$skiptoken" not in asked.query
            else {}
        )
        return self._page(asked, members, "@odata.nextLink", **count)

    def _details(self, asked: Asked, found: re.Match[str]) -> Answer:
        ids = re.findall(r"'([^']+)'", asked.query["$filter"])
        if len(ids) > 15:
            return failed(400, "Request_UnsupportedQuery", "Too many child clauses")
        properties = ["id", *asked.query["$select"].split(",")]
        kind = "user" if found.group(1) == "users" else "servicePrincipal"
        known = [self.objects[one] for one in ids if self.objects[one]["@odata.type"].endswith(f".{kind}")]
        return Answer(200, {"value": [{k: one.get(k) for k in properties} for one in known]})
