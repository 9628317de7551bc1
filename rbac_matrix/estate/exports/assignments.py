"""Role assignments of `az role assignment list`, REST, Resource Graph and PowerShell; schedules of PIM."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from rbac_matrix.assignments import AssignmentScope, RoleAssignment, Timing
from rbac_matrix.estate.exports.interface import (
    Collected,
    Document,
    Record,
    RecordError,
    each,
    guid_at_end,
    optional_text,
    properties_of,
    text_in,
    type_of,
)
from rbac_matrix.estate.model import Part
from rbac_matrix.estate.table import ELIGIBLE, LISTED, GivenRole, Holder, Pool, Source, Terms
from rbac_matrix.principals import GUID
from rbac_matrix.scopes import scope_of

_T = TypeVar("_T", bound=Hashable)

_TYPE = "microsoft.authorization/roleassignments"
_SCHEDULES = {
    "microsoft.authorization/roleassignmentscheduleinstances": Timing.TIME_BOUND,
    "microsoft.authorization/roleassignmentschedules": Timing.TIME_BOUND,
    "microsoft.authorization/roleeligibilityscheduleinstances": Timing.ELIGIBLE,
    "microsoft.authorization/roleeligibilityschedules": Timing.ELIGIBLE,
}
_OVER = frozenset({"denied", "admindenied", "canceled", "failed", "revoked", "timedout", "invalid"})
"""States of schedules that never came into force, or are over."""
_NAME = itemgetter("name")
_KEYS = ("principalId", "roleDefinitionId", "scope", "condition", "description")
_VALUES = itemgetter(*_KEYS)
_POWERSHELL = {
    "RoleAssignmentName": "name",
    "RoleAssignmentId": "id",
    "Scope": "scope",
    "DisplayName": "principalName",
    "RoleDefinitionId": "roleDefinitionId",
    "RoleDefinitionName": "roleDefinitionName",
    "ObjectId": "principalId",
    "ObjectType": "principalType",
    "Description": "description",
    "Condition": "condition",
}


@dataclass(frozen=True, slots=True)
class AssignmentReader:
    """Role assignments, in the shape of the command line or of the REST API."""

    kind: str = "role assignments"
    part: Part = Part.ASSIGNMENTS
    names: tuple[str, ...] = ("role-assignment", "roleassignment", "assignments")

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        if record.get("type") == "Microsoft.Authorization/roleAssignments" or type_of(record) == _TYPE:
            return True
        inner = properties_of(record)
        return not record.get("type") and "principalId" in inner and "roleDefinitionId" in inner

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""
        if not _add_together(records, lines, document, into):
            _add_one_by_one(records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)
        if document.envelope.key is not None:
            into.whole = True


def _add_together(records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> bool:
    """Adds all of them at once, column by column; False, with nothing added, if one of them isn't as it should be.

    There may be a million: what comes again is looked up as it stands, and is checked when it is met first.
    """
    table = into.table
    holders, roles, scopes, terms = document.met
    inner = list(map(properties_of, records))
    try:
        names = list(map(_NAME, records))
        values = list(map(_VALUES, inner))
    except KeyError:  # not all of them say everything
        names = [one.get("name") for one in records]
        values = [tuple(map(one.get, _KEYS)) for one in inner]
    principals, definitions, places, conditions, descriptions = zip(*values, strict=True)
    try:
        # The id is the key, and its type and name are those that stand beside it first.
        who = _numbers(holders, principals, inner, table.holders, _holder)
        what = _numbers(roles, definitions, inner, table.roles, _role)
        where = _numbers(scopes, places, inner, table.scopes, _own_scope)
        how = _numbers(terms, list(zip(conditions, descriptions, strict=True)), inner, table.terms, _terms)
    except (TypeError, RecordError):  # a list or an object can't be looked up
        return False
    if set(map(type, names)) != {str} or "" in names:
        return False
    table.names += names
    table.lines.extend(lines)
    table.holder.extend(who)
    table.role.extend(what)
    table.scope.extend(where)
    table.term.extend(how)
    table.source.extend([_source(into)] * len(names))
    return True


def _numbers(
    met: dict[Any, int],
    keys: Sequence[Any],
    records: Sequence[Record],
    pool: Pool[_T],
    made: Callable[[Record], _T],
) -> Sequence[int]:
    """The number of each key's value. Raises RecordError, and TypeError for a key that can't be looked up."""
    numbers = list(map(met.get, keys))
    if None in numbers:
        for key, record in zip(keys, records, strict=True):
            if key not in met:
                met[key] = pool.number(made(record))
        numbers = list(map(met.get, keys))
    return numbers  # type: ignore[return-value]  # each was met by now


def _add_one_by_one(records: Sequence[Record], lines: Sequence[int], into: Collected) -> None:
    """The same, where some of them can't be read: those become gaps."""
    for record, line in zip(records, lines, strict=True):
        try:
            table = into.table
            inner = properties_of(record)
            row = (_holder(inner), _role(inner), scope_of(_scope(record, inner)), _terms(inner))
            name = record.get("name") or text_in(record, "id").rpartition("/")[2]
            if not isinstance(name, str):
                raise RecordError("'name' is no text")
        except RecordError as error:
            into.refuse(Part.ASSIGNMENTS, "a role assignment", str(error), line)
            continue
        table.names.append(name)
        table.lines.append(line)
        table.holder.append(table.holders.number(row[0]))
        table.role.append(table.roles.number(row[1]))
        table.scope.append(table.scopes.number(row[2]))
        table.term.append(table.terms.number(row[3]))
        table.source.append(_source(into))


def _source(into: Collected) -> int:
    return into.table.sources.number(Source(into.shown_as, None, LISTED))


def _own_scope(inner: Record) -> AssignmentScope:
    return scope_of(text_in(inner, "scope"))


def _terms(inner: Record) -> Terms:
    return Terms(condition=optional_text(inner, "condition").strip(), description=optional_text(inner, "description"))


def _holder(inner: Record) -> Holder:
    principal = text_in(inner, "principalId")
    return Holder(
        principal_id=principal.casefold() if GUID.fullmatch(principal) else None,
        principal_text=principal,
        principal_type=optional_text(inner, "principalType"),
        principal_name=optional_text(inner, "principalName"),
    )


def _role(inner: Record) -> GivenRole:
    definition = text_in(inner, "roleDefinitionId")
    return GivenRole(guid_at_end(definition), optional_text(inner, "roleDefinitionName") or definition)


def _scope(record: Record, inner: Record) -> str:
    """What it says itself, or else what stands before its name."""
    scope = optional_text(inner, "scope")
    if scope:
        return scope
    own = text_in(record, "id")
    head, found, _ = own.casefold().rpartition("/providers/microsoft.authorization/")
    if not found:
        raise RecordError("it says no scope")
    return own[: len(head)] or "/"


@dataclass(frozen=True, slots=True)
class PowerShellAssignmentReader:
    """`Get-AzRoleAssignment | ConvertTo-Json`."""

    kind: str = "role assignments of PowerShell"
    part: Part = Part.ASSIGNMENTS
    names: tuple[str, ...] = ()

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return "ObjectId" in record and "RoleDefinitionId" in record

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""
        renamed = [{_POWERSHELL.get(key, key): value for key, value in record.items()} for record in records]
        AssignmentReader().read(renamed, lines, document, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        AssignmentReader().finish(document, into)


@dataclass(frozen=True, slots=True)
class ScheduleReader:
    """Schedules of Privileged Identity Management, for active or for eligible assignments, and their instances.

    Attributes:
        timing: of the kind that it reads.
    """

    kind: str
    part: Part
    names: tuple[str, ...]
    timing: Timing

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return _SCHEDULES.get(type_of(record)) is self.timing

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            made = self._assignment(record, into, line)
            if made is not None:
                into.table.append(made)

        each(self, one, records, lines, into)

    def _assignment(self, record: Record, into: Collected, line: int) -> RoleAssignment | None:
        inner = properties_of(record)
        if optional_text(inner, "status").casefold() in _OVER:
            return None
        # Whoever is listed as member of a group has nothing beside what the group has.
        if optional_text(inner, "memberType").casefold() == "group":
            return None
        principal, role = text_in(inner, "principalId"), text_in(inner, "roleDefinitionId")
        start, end = _time(inner, "startDateTime"), _time(inner, "endDateTime")
        timing, name = self.timing, ELIGIBLE + text_in(record, "name")
        if timing is not Timing.ELIGIBLE:
            timing = Timing.PERMANENT if end is None else Timing.TIME_BOUND
            # So it is the same as in the list of role assignments.
            origin = optional_text(inner, "originRoleAssignmentId") or text_in(record, "name")
            name = LISTED + origin.rpartition("/")[2]
        return RoleAssignment(
            name=name,
            role_id=guid_at_end(role),
            role_text=_expanded(inner, "roleDefinition") or role,
            principal_id=principal.casefold() if GUID.fullmatch(principal) else None,
            principal_text=principal,
            principal_type=optional_text(inner, "principalType"),
            scope=scope_of(_scope(record, inner)),
            timing=timing,
            hours=(end - start).total_seconds() / 3600 if start is not None and end is not None else None,
            condition=optional_text(inner, "condition").strip(),
            activated=timing is Timing.TIME_BOUND and optional_text(inner, "assignmentType").casefold() == "activated",
            principal_name=_expanded(inner, "principal"),
            location=into.location(line),
        )

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


def _expanded(inner: Record, name: str) -> str:
    found = inner.get("expandedProperties")
    one = found.get(name) if isinstance(found, dict) else None
    shown = one.get("displayName") if isinstance(one, dict) else None
    return shown if isinstance(shown, str) else ""


def _time(inner: Record, name: str) -> dt.datetime | None:
    text = optional_text(inner, name)
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise RecordError(f"{name!r} is no time") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=dt.UTC)


ACTIVE_SCHEDULES = ScheduleReader(
    "schedules of active assignments",
    Part.ASSIGNMENTS,
    ("assignment-schedule", "roleassignmentschedule"),
    Timing.TIME_BOUND,
)
ELIGIBLE_SCHEDULES = ScheduleReader("eligible assignments", Part.ELIGIBILITY, ("eligib",), Timing.ELIGIBLE)
