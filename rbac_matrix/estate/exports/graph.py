"""Microsoft Graph: users, groups, service principals, and who is in which group.

`az ad user list`, `az ad group list`, `az ad group member list`, `az ad sp list` and answers of the API. A list of
members doesn't say of which group it is: `{"group": ID, "value": [...]}` does, or a file's name that ends with the id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rbac_matrix.estate.exports.interface import (
    Collected,
    Document,
    Record,
    RecordError,
    each,
    flag_in,
    object_id_in,
    optional_text,
    texts_in,
)
from rbac_matrix.estate.merging import merged_object
from rbac_matrix.estate.model import DirectoryObject, Part, PrincipalKind
from rbac_matrix.principals import GUID

SCHEMA = "mlgate/directory/v1"
_EXPANDED = 20
"""So many members does `$expand` give at most, without a word of those that it leaves out."""

_KINDS = {
    "#microsoft.graph.user": PrincipalKind.USER,
    "#microsoft.graph.group": PrincipalKind.GROUP,
    "#microsoft.graph.serviceprincipal": PrincipalKind.SERVICE_PRINCIPAL,
    "#microsoft.graph.device": PrincipalKind.DEVICE,
}
_SIGNS = (
    ("userPrincipalName", PrincipalKind.USER),
    ("userType", PrincipalKind.USER),
    ("servicePrincipalType", PrincipalKind.SERVICE_PRINCIPAL),
    ("servicePrincipalNames", PrincipalKind.SERVICE_PRINCIPAL),
    ("alternativeNames", PrincipalKind.SERVICE_PRINCIPAL),
    ("deviceId", PrincipalKind.DEVICE),
    ("groupTypes", PrincipalKind.GROUP),
    ("securityEnabled", PrincipalKind.GROUP),
    ("members", PrincipalKind.GROUP),
    ("transitiveMembers", PrincipalKind.GROUP),
)
"""Properties by which an object is known that doesn't name its type."""
_OWN_KEYS = frozenset({"id", "kind", "name", "mail", "guest", "managed_identity", "enabled", "members"})
_OWN_KINDS = {kind.value: kind for kind in PrincipalKind}
_REFERENCE = "@odata.id"
_GROUP_IN_CONTEXT = re.compile(r"groups\('?([0-9a-fA-F-]{36})'?\)/(transitive)?members", re.IGNORECASE)
_GUID_AT_END = re.compile(rf"({GUID.pattern})$")


@dataclass(frozen=True, slots=True)
class DirectoryReader:
    """Objects of the directory. In a list that is known to be of a group's members, its members, too."""

    kind: str = "users, groups and service principals"
    part: Part = Part.DIRECTORY
    names: tuple[str, ...] = ("user", "guest", "group", "member", "principal", "-sp", "directory")

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        if _REFERENCE in record or ("id" in record and str(record.get("kind")) in _OWN_KINDS):
            return True
        return isinstance(record.get("id"), str) and _kind_of(record) is not None

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""
        is_own = document.envelope.fields.get("schema") == SCHEMA

        def one(record: Record, line: int) -> None:
            found = (
                _own_object(record) if is_own or ("@odata.type" not in record and "kind" in record) else _object(record)
            )
            document.members[found.id] = None
            known = into.objects.get(found.id)
            into.objects[found.id] = found if known is None else merged_object(known, found)
            _members(record, found, into, line)

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)
        fields, line = document.envelope.fields, document.envelope.line
        if fields.get("schema") == SCHEMA:
            if fields.get("whole") is True:
                into.directory_whole = True
            return
        group, said = _group_of(document)
        if group is not None:
            members = tuple(document.members)
            if _is_transitive(document):
                # Whoever is in the groups among them is in the list as well: it doesn't matter who is in those.
                members = tuple(id for id in members if into.objects[id].kind is not PrincipalKind.GROUP)
            _set_members(into, group, members)
            into.objects.setdefault(group, DirectoryObject(id=group, kind=PrincipalKind.GROUP))
        elif said or _lists_references(document):
            into.gap(
                Part.DIRECTORY,
                "a list of members doesn't say of which group",
                'write {"group": "<its object id>", "value": [...]}, or end the file\'s name with the id',
                line,
            )


def _lists_references(document: Document) -> bool:
    return "collection($ref)" in str(document.envelope.fields.get("@odata.context", "")).casefold()


def _group_of(document: Document) -> tuple[str | None, bool]:
    """Of which group it is a list of members, and whether it says that it is one."""
    fields = document.envelope.fields
    if "group" in fields:
        group = fields["group"]
        named = isinstance(group, str) and GUID.fullmatch(group)
        return (group.casefold() if isinstance(group, str) and named else None), True
    match = _GROUP_IN_CONTEXT.search(str(fields.get("@odata.context", ""))) or _GUID_AT_END.search(document.name)
    if match is not None and document.envelope.key is not None:
        return match.group(1).casefold(), True
    return None, "member" in document.name.casefold()


def _is_transitive(document: Document) -> bool:
    fields = document.envelope.fields
    said = "transitivemembers" in str(fields.get("@odata.context", "")).casefold()
    return said or fields.get("transitive") is True or "transitive" in document.name.casefold()


def _kind_of(record: Record) -> PrincipalKind | None:
    declared = record.get("@odata.type")
    if isinstance(declared, str):
        return _KINDS.get(declared.casefold(), PrincipalKind.UNKNOWN)
    return next((kind for sign, kind in _SIGNS if sign in record), None)


def _object(record: Record) -> DirectoryObject:
    """What Graph tells of an object."""
    reference = record.get(_REFERENCE)
    if isinstance(reference, str) and "id" not in record:
        return DirectoryObject(id=object_id_in({"id": reference.rpartition("/")[2]}, "id"), kind=PrincipalKind.UNKNOWN)
    own = object_id_in(record, "id")
    kind = _kind_of(record) or PrincipalKind.UNKNOWN
    login, user_type = optional_text(record, "userPrincipalName"), optional_text(record, "userType").casefold()
    names = texts_in(record, "alternativeNames") if kind is PrincipalKind.SERVICE_PRINCIPAL else ()
    return DirectoryObject(
        id=own,
        kind=kind,
        name=optional_text(record, "displayName") or login,
        mail=login or optional_text(record, "mail"),
        # Accounts that are older than userType have none; a guest's login name says it as well.
        guest=kind is PrincipalKind.USER and (user_type == "guest" or (not user_type and "#ext#" in login.casefold())),
        managed_identity=next((one for one in names if one.casefold().startswith("/subscriptions/")), ""),
        enabled=record.get("accountEnabled") is not False,
    )


def _own_object(record: Record) -> DirectoryObject:
    """An entry of the form mlgate/directory/v1."""
    kind = _OWN_KINDS.get(str(record.get("kind")))
    if kind is None:
        raise RecordError(f"'kind' must be one of {', '.join(_OWN_KINDS)}")
    if not record.keys() <= _OWN_KEYS:
        raise RecordError(f"the key {min(record.keys() - _OWN_KEYS)!r} is not known")
    return DirectoryObject(
        id=object_id_in(record, "id"),
        kind=kind,
        name=optional_text(record, "name"),
        mail=optional_text(record, "mail"),
        guest=flag_in(record, "guest", False),
        managed_identity=optional_text(record, "managed_identity"),
        enabled=flag_in(record, "enabled", True),
    )


def _members(record: Record, group: DirectoryObject, into: Collected, line: int) -> None:
    """The members that stand in the group's own entry."""
    key = "members" if "members" in record else "transitiveMembers"
    found = record.get(key)
    if found is None:
        return
    if not isinstance(found, list):
        raise RecordError(f"{key!r} is no list")
    if "kind" in record and set(map(type, found)) <= {str}:
        if not all(map(GUID.fullmatch, found)):
            raise RecordError(f"an entry of {key!r} is no object id")
        _set_members(into, group.id, tuple(map(str.casefold, found)))
        return
    if not all(isinstance(one, dict) for one in found):
        raise RecordError(f"{key!r} is no list of objects")
    members = [_object(one) for one in found]
    for one in members:
        known = into.objects.get(one.id)
        into.objects[one.id] = one if known is None else merged_object(known, one)
    if len(found) >= _EXPANDED or f"{key}@odata.nextLink" in record:
        into.gap(
            Part.DIRECTORY,
            f"the group {group.name or group.id} has {len(found)} members in an answer that holds {_EXPANDED} at most",
            f"export its members by themselves: az ad group member list --group {group.id}",
            line,
        )
        return
    _set_members(into, group.id, tuple(one.id for one in members))


def _set_members(into: Collected, group: str, members: tuple[str, ...]) -> None:
    """Pages of one group are united."""
    into.members[group] = tuple(dict.fromkeys((*into.members.get(group, ()), *members)))
