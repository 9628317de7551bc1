"""Microsoft Graph: who the principals are, and who is in which group.

Facts that shape it, all from Graph's reference: `getByIds` leaves out what it doesn't find without a word, and gives
only some properties of users; `members` may leave out service principals (a known issue of v1.0), so they are asked for
by their type as well; the members of a group with hidden membership look like an empty list to whoever may not read
them; objects that may not be read have an id and a type and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from cloud_backends.azure.attempts import Attempts
from cloud_backends.azure.connection import Connection
from cloud_backends.azure.errors import AzureCallError, Failure
from cloud_backends.azure.graph_objects import KINDS, entry_of, is_unclear, known_object
from cloud_backends.azure.pipeline import json_object, list_page
from rbac_matrix.estate.model import Directory, DirectoryObject, Part, PrincipalKind

SERVICE = "graph"
_BATCH = 1000
_IN = 15
"""How many values the operator `in` of a filter takes."""
_PAGE = 999
_GROUP = "id,displayName,visibility"
_USER = "id,displayName,userPrincipalName,userType,accountEnabled"
_SERVICE_PRINCIPAL = "id,displayName,servicePrincipalType,alternativeNames,accountEnabled"
_MEMBER = f"{_USER},servicePrincipalType,alternativeNames,visibility"
_COUNTING = {"ConsistencyLevel": "eventual"}
_DETAILS = {
    PrincipalKind.USER: ("users", _USER, "userType"),
    PrincipalKind.SERVICE_PRINCIPAL: ("servicePrincipals", _SERVICE_PRINCIPAL, "alternativeNames"),
}
"""Collection, properties, and the property by whose absence one sees that an entry has too few of them."""
_REMEDY = "give the identity Directory.Read.All in Microsoft Graph (docs/azure-live.md)"
_NAMED = 5
"""How many groups or ids a gap names."""

_Read = TypeVar("_Read")


@dataclass(slots=True)
class DirectoryReader:
    """Reads principals and, through groups in groups, everybody in them. What can't be read becomes a gap."""

    connection: Connection
    attempts: Attempts
    _found: dict[str, dict[str, Any]] = field(default_factory=dict)
    _members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)

    def read(
        self,
        ids: Iterable[str],
        *,
        named: Collection[str] = (),
        groups: Collection[str] = (),
        foreign: Collection[str] = (),
        own_tenant: bool = True,
    ) -> Directory:
        """What the directory knows of these objects, and of everybody in those of them that are groups.

        Args:
            ids: object ids in lower case.
            named: display names; every group that has one of them is read, too.
            groups: ids among them that are said to be groups, for where the directory doesn't tell what they are.
            foreign: ids among them that belong to other tenants, and can't be known here.
            own_tenant: it is sure that the directory is the one that the ids are of, so that what isn't in it is gone.
        """
        names = sorted({name.casefold(): name for name in named}.values())
        for start in range(0, len(names), _IN):
            batch = names[start : start + _IN]
            self._read(f"which groups are called {_listed(batch)}", partial(self._find_groups, batch))
        wanted = sorted(set(ids) - set(foreign) - set(self._found))
        complete = all(
            self._read("who the principals are", partial(self._resolve, wanted[start : start + _BATCH])) is not None
            for start in range(0, len(wanted), _BATCH)
        )
        if complete:
            self._settle_missing([one for one in wanted if one not in self._found], own_tenant=own_tenant)
        else:
            told = {"@odata.type": "#microsoft.graph.group"}
            self._found |= {one: told for one in wanted if one in groups and one not in self._found}
        self._walk_groups()
        self._complete_details()
        self._note_unclear()
        objects = {one: known_object(one, entry) for one, entry in self._found.items()}
        objects |= {one: DirectoryObject(id=one, kind=PrincipalKind.UNKNOWN) for one in foreign}
        return Directory(objects=objects, members=dict(self._members), gone=frozenset(self._gone))

    def _read(self, name: str, call: Callable[[], _Read]) -> _Read | None:
        return self.attempts.read(Part.DIRECTORY, SERVICE, name, call)

    def _find_groups(self, names: Sequence[str]) -> bool:
        values = quote(",".join("'" + name.replace("'", "''") + "'" for name in names))
        path = f"/v1.0/groups?$filter=displayName%20in%20({values})&$select={_GROUP}&$top={_PAGE}"
        folded = {name.casefold() for name in names}
        entries, _ = self.connection.graph_list(path, "looking up groups by their names")
        for entry in entries:
            one, content = entry_of({"@odata.type": "#microsoft.graph.group", **entry}, self.connection.settings.graph)
            if str(entry.get("displayName", "")).casefold() in folded:
                self._found[one] = content
        return True

    def _resolve(self, batch: Sequence[str]) -> bool:
        graph, what = self.connection.graph, "looking up principals"
        data = self.connection.ask(graph, "POST", "/v1.0/directoryObjects/getByIds", what, body={"ids": list(batch)})
        host = self.connection.settings.graph
        entries, following = list_page(json_object(data, host), "@odata.nextLink", host)
        if following:
            more, _ = self.connection.graph_list(following, what)
            entries += more
        asked = set(batch)
        for entry in entries:
            one, content = entry_of(entry, host)
            if one in asked:
                self._found[one] = content
        return True

    def _settle_missing(self, missing: Sequence[str], *, own_tenant: bool) -> None:
        """Asks for each one by itself: only what the directory itself says it doesn't have is gone."""
        if missing and not own_tenant:
            detail = f"{_some(missing, 'principal')} not in the directory, which may be another tenant's"
            self.attempts.note(Part.DIRECTORY, detail, "sign in to the tenant of the subscriptions (--tenant)")
            return
        for one in missing:
            entry = self._read(f"the principal {one}", partial(self._single, one))
            if entry:
                self._found[one] = entry
            elif entry is not None:
                self._gone.add(one)
            elif SERVICE in self.attempts.ended:
                return

    def _single(self, one: str) -> dict[str, Any]:
        """The object; nothing in it if the directory doesn't have it."""
        try:
            data = self.connection.ask(
                self.connection.graph, "GET", f"/v1.0/directoryObjects/{one}", f"looking up the principal {one}"
            )
        except AzureCallError as error:
            if error.failure is Failure.ABSENT and error.code.casefold() == "request_resourcenotfound":
                return {}
            raise
        found, entry = entry_of(json_object(data, self.connection.settings.graph), self.connection.settings.graph)
        if found != one:
            raise AzureCallError(f"the answer is not {one}", failure=Failure.BAD_ANSWER, where=found)
        return entry

    def _walk_groups(self) -> None:
        """Members of all groups, and of the groups among them; each group once, so that cycles end."""
        unread: list[str] = []
        pending = [one for one, entry in self._found.items() if KINDS.get(entry["@odata.type"]) is PrincipalKind.GROUP]
        asked = set(pending)
        first: AzureCallError | None = None
        while pending:
            group = pending.pop()
            error = self.attempts.ended.get(SERVICE)
            if error is None:
                try:
                    members = self._members_of(group)
                except AzureCallError as failed:
                    error = failed
                    if failed.ends_all:
                        self.attempts.ended[SERVICE] = failed
                else:
                    self._members[group] = members
                    nested = [
                        one
                        for one in members
                        if one not in asked and KINDS.get(self._found[one]["@odata.type"]) is PrincipalKind.GROUP
                    ]
                    asked.update(nested)
                    pending += nested
            if error is not None:
                unread.append(group)
                first = first or error
        if first is not None:
            self.attempts.gap(Part.DIRECTORY, f"the members of {_some(sorted(unread), 'group')}", first)

    def _members_of(self, group: str) -> tuple[str, ...]:
        """Ids of the direct members; notes what is told of them."""
        what, host = f"reading the members of the group {group}", self.connection.settings.graph
        base = f"/v1.0/groups/{group}/members"
        entries, count = self.connection.graph_list(
            f"{base}?$top={_PAGE}&$count=true&$select={_MEMBER}", what, headers=_COUNTING
        )
        programs, programs_count = self.connection.graph_list(
            f"{base}/microsoft.graph.servicePrincipal?$top={_PAGE}&$count=true&$select={_SERVICE_PRINCIPAL}",
            what,
            headers=_COUNTING,
        )
        found = dict(entry_of(entry, host) for entry in entries)
        # An answer to a question for one type need not name it.
        kind = {"@odata.type": "#microsoft.graph.servicePrincipal"}
        found |= dict(entry_of({**kind, **entry}, host) for entry in programs)
        if len(found) < count or len(programs) < programs_count:
            detail = f"{what}: {len(found)} of {max(count, programs_count)} came"
            raise AzureCallError(detail, failure=Failure.BAD_ANSWER, where=host)
        hidden = str(self._found[group].get("visibility") or "").casefold() == "hiddenmembership"
        if hidden and not found:
            detail = f"{what}: its membership is hidden, and nobody came"
            raise AzureCallError(detail, failure=Failure.REFUSED, where=host)
        for one, entry in found.items():
            self._found[one] = {**self._found.get(one, {}), **entry}
        return tuple(found)

    def _complete_details(self) -> None:
        """Asks for the properties that `getByIds` leaves out."""
        for kind, (collection, properties, telling) in _DETAILS.items():
            lacking = sorted(
                one
                for one, entry in self._found.items()
                if KINDS.get(entry["@odata.type"]) is kind and telling not in entry
            )
            for start in range(0, len(lacking), _IN):
                batch = lacking[start : start + _IN]
                values = ",".join(f"'{one}'" for one in batch)
                path = f"/v1.0/{collection}?$filter=id in ({values})&$select={properties}"
                entries = self._read(
                    f"what {_some(batch, kind.value)} are",
                    partial(self.connection.graph_list, path.replace(" ", "%20"), f"reading {collection}"),
                )
                if entries is None:
                    break
                for entry in entries[0]:
                    one = str(entry.get("id", "")).casefold()
                    if one in batch:
                        self._found[one] = {**self._found[one], **entry}

    def _note_unclear(self) -> None:
        unclear = sorted(one for one, entry in self._found.items() if is_unclear(entry))
        if unclear:
            detail = f"the directory doesn't tell what kind of user or service principal {_some(unclear, 'object')} are"
            self.attempts.note(Part.DIRECTORY, detail, _REMEDY)


def _some(ids: Sequence[str], noun: str) -> str:
    """For people: "7 groups (a, b, c, d, e ...)"."""
    return f"{len(ids)} {noun}{'' if len(ids) == 1 else 's'} ({_listed(ids)})"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (" ..." if len(names) > _NAMED else "")


def tenant_of_directory(connection: Connection) -> str:
    """Id of the tenant that Microsoft Graph answers for, in lower case. Raises AzureCallError."""
    entries, _ = connection.graph_list("/v1.0/organization?$select=id", "reading which tenant the directory is")
    if len(entries) != 1 or not isinstance(entries[0].get("id"), str):
        raise AzureCallError(
            "the directory doesn't say which tenant it is", failure=Failure.BAD_ANSWER, where=connection.settings.graph
        )
    return str(entries[0]["id"]).casefold()
