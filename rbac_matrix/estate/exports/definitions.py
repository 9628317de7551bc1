"""Role definitions and deny assignments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rbac_matrix.estate.exports.interface import (
    Collected,
    Document,
    Record,
    RecordError,
    each,
    flag_in,
    guid_at_end,
    optional_text,
    properties_of,
    text_in,
    texts_in,
    type_of,
)
from rbac_matrix.estate.model import DenyAssignment, Part
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition


@dataclass(frozen=True, slots=True)
class DefinitionReader:
    """`az role definition list`, the REST API, Resource Graph."""

    kind: str = "role definitions"
    part: Part = Part.DEFINITIONS
    names: tuple[str, ...] = ("definition", "custom-role")

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        if type_of(record) == "microsoft.authorization/roledefinitions":
            return True
        inner = properties_of(record)
        return "roleName" in inner and "permissions" in inner

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            inner = properties_of(record)
            role_id = guid_at_end(optional_text(record, "id")) or guid_at_end(optional_text(record, "name"))
            if role_id is None:
                raise RecordError("neither 'id' nor 'name' is the GUID of a role")
            kind = optional_text(inner, "roleType") or (optional_text(inner, "type") if inner is not record else "")
            blocks = _blocks(inner)
            into.definitions.append(
                RoleDefinition(
                    id=role_id,
                    name=optional_text(inner, "roleName") or role_id,
                    permissions=Permissions(blocks),
                    built_in=kind.casefold() == "builtinrole",
                    assignable_scopes=texts_in(inner, "assignableScopes"),
                    unknown="" if blocks else "the export names no permissions",
                    location=into.location(line),
                )
            )

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


@dataclass(frozen=True, slots=True)
class PowerShellDefinitionReader:
    """`Get-AzRoleDefinition | ConvertTo-Json`, and the file that a custom role is made from."""

    kind: str = "role definitions of PowerShell"
    part: Part = Part.DEFINITIONS
    names: tuple[str, ...] = ()

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return "Actions" in record and "AssignableScopes" in record

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            block = PermissionBlock(
                actions=texts_in(record, "Actions"),
                not_actions=texts_in(record, "NotActions"),
                data_actions=texts_in(record, "DataActions"),
                not_data_actions=texts_in(record, "NotDataActions"),
                condition=optional_text(record, "Condition"),
            )
            into.definitions.append(
                RoleDefinition(
                    id=guid_at_end(optional_text(record, "Id")) or "",
                    name=text_in(record, "Name"),
                    permissions=Permissions((block,)),
                    built_in=not flag_in(record, "IsCustom", True),
                    assignable_scopes=texts_in(record, "AssignableScopes"),
                    location=into.location(line),
                )
            )

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


@dataclass(frozen=True, slots=True)
class DenialReader:
    """Deny assignments: the REST API and Resource Graph."""

    kind: str = "deny assignments"
    part: Part = Part.DENIALS
    names: tuple[str, ...] = ("deny", "denial")

    def recognises(self, record: Record) -> bool:
        """See ExportReader."""
        return type_of(record) == "microsoft.authorization/denyassignments" or "denyAssignmentName" in properties_of(
            record
        )

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """See ExportReader."""

        def one(record: Record, line: int) -> None:
            inner = properties_of(record)
            blocks, principals = _blocks(inner), _principals(inner, "principals")
            if not blocks or not principals:
                raise RecordError("it says neither what is denied nor to whom" if not blocks else "it names nobody")
            into.denials.append(
                DenyAssignment(
                    name=optional_text(inner, "denyAssignmentName") or text_in(record, "name"),
                    scope=text_in(inner, "scope"),
                    permissions=blocks,
                    principals=principals,
                    excluded=_principals(inner, "excludePrincipals"),
                    own_scope_only=flag_in(inner, "doNotApplyToChildScopes", False),
                    condition=optional_text(inner, "condition"),
                    location=into.location(line),
                )
            )

        each(self, one, records, lines, into)

    def finish(self, document: Document, into: Collected) -> None:
        """See ExportReader."""
        into.covers.add(self.part)


def _blocks(inner: Record) -> tuple[PermissionBlock, ...]:
    found = inner.get("permissions")
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RecordError("'permissions' is no list of objects")
    return tuple(
        PermissionBlock(
            actions=texts_in(one, "actions"),
            not_actions=texts_in(one, "notActions"),
            data_actions=texts_in(one, "dataActions"),
            not_data_actions=texts_in(one, "notDataActions"),
            condition=optional_text(one, "condition"),
        )
        for one in found
    )


def _principals(inner: Record, name: str) -> tuple[str, ...]:
    found = inner.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise RecordError(f"{name!r} is no list of objects")
    return tuple(text_in(one, "id").casefold() for one in found)
