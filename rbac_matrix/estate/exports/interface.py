"""What readers of exports have in common. A new kind of export is a new reader, and a line in `registry`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rbac_matrix.estate.exports.values import Envelope
from rbac_matrix.estate.model import (
    DenyAssignment,
    DevOpsMembership,
    DirectoryObject,
    EstateResource,
    Gap,
    IdentityUse,
    Part,
)
from rbac_matrix.estate.table import AssignmentTable
from rbac_matrix.permissions.interface import RoleDefinition
from rbac_matrix.principals import GUID
from verdicts import ConfigurationError, Location
from verdicts.digests import digest_file

Record = Mapping[str, Any]
MAXIMUM_GAPS = 20
"""How many records of one file and part are named one by one where they can't be read."""


class RecordError(Exception):
    """A record doesn't say what it has to; the message says what, as half a sentence."""


@dataclass(slots=True)
class Collected:
    """What the files read so far came to.

    Attributes:
        shown_as: name of the file that is being read.
        digests: of the files that were read whole.
        devops_groups: groups of Azure DevOps that stand for something in the matrix, by whole name in lower case.
    """

    shown_as: str
    table: AssignmentTable = field(default_factory=AssignmentTable)
    definitions: list[RoleDefinition] = field(default_factory=list)
    denials: list[DenyAssignment] = field(default_factory=list)
    objects: dict[str, DirectoryObject] = field(default_factory=dict)
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    directory_whole: bool = False
    memberships: list[DevOpsMembership] = field(default_factory=list)
    resources: list[EstateResource] = field(default_factory=list)
    uses: list[IdentityUse] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    covers: set[Part] = field(default_factory=set)
    whole: bool = False
    digests: dict[Path, str] = field(default_factory=dict)
    devops_groups: dict[str, Location] = field(default_factory=dict)
    refused: dict[Part, int] = field(default_factory=dict)

    def location(self, line: int) -> Location:
        """A place in the file."""
        return Location(self.shown_as, line)

    def note_digest(self, path: Path) -> str:
        """Digest of a file that was read. Raises ConfigurationError if it can't be read any more."""
        if path not in self.digests:
            try:
                self.digests[path] = digest_file(path)
            except OSError as error:
                problem = f"can't be read: {error.strerror or error}"
                raise ConfigurationError(problem, where=self.shown_as) from None
        return self.digests[path]

    def gap(self, part: Part, detail: str, remedy: str, line: int) -> None:
        """Notes that something of the file could not be read."""
        self.gaps.append(Gap(part=part, detail=detail, remedy=remedy, location=self.location(line)))

    def refuse(self, part: Part, what: str, problem: str, line: int) -> None:
        """Notes a record that can't be read; many of them are counted."""
        self.refused[part] = count = self.refused.get(part, 0) + 1
        if count <= MAXIMUM_GAPS:
            self.gap(part, f"{what} can't be read: {problem}", "export it again", line)

    def note_refused(self) -> None:
        """Says how many more there were, at the end of a file."""
        for part, count in self.refused.items():
            if count > MAXIMUM_GAPS:
                more = f"{count - MAXIMUM_GAPS} more entries can't be read"
                self.gaps.append(
                    Gap(part=part, detail=more, remedy="export it again", location=Location(self.shown_as))
                )
        self.refused.clear()


@dataclass(slots=True)
class Document:
    """A document of an export while it is being read.

    Attributes:
        name: the file's name without folders and ending; some exports say only there what they are of.
        count: records so far.
        members: ids, in a list of a group's members.
        met: what was met already, by the place where it stands, with its number in the table.
    """

    envelope: Envelope
    name: str
    count: int = 0
    members: dict[str, None] = field(default_factory=dict)
    met: tuple[dict[Any, int], ...] = field(default_factory=lambda: ({}, {}, {}, {}))


class ExportReader(Protocol):
    """Reads one kind of records.

    Attributes:
        kind: for people ("role assignments").
        part: what of an estate it tells.
        names: parts of file names by which an empty list is recognised.
    """

    @property
    def kind(self) -> str: ...
    @property
    def part(self) -> Part: ...
    @property
    def names(self) -> tuple[str, ...]: ...

    def recognises(self, record: Record) -> bool:
        """Whether it is a record of this kind."""

    def read(self, records: Sequence[Record], lines: Sequence[int], document: Document, into: Collected) -> None:
        """Adds records of one document. What can't be read becomes a gap."""

    def finish(self, document: Document, into: Collected) -> None:
        """Is called behind the last record of a document that had records of this kind, or none at all."""


def each(
    reader: ExportReader,
    read_one: Callable[[Record, int], None],
    records: Sequence[Record],
    lines: Sequence[int],
    into: Collected,
) -> None:
    """Reads records one by one; those that raise RecordError become gaps."""
    for record, line in zip(records, lines, strict=True):
        try:
            read_one(record, line)
        except RecordError as error:
            into.refuse(reader.part, f"an entry of the {reader.kind}", str(error), line)


def properties_of(record: Record) -> Record:
    """The properties: on the top level, as the command line flattens them, or below `properties`."""
    inner = record.get("properties")
    return inner if isinstance(inner, dict) else record


def type_of(record: Record) -> str:
    """The type in lower case; "" for none."""
    value = record.get("type")
    return value.casefold() if isinstance(value, str) else ""


def text_in(record: Record, name: str) -> str:
    """A text that must be there. Raises RecordError."""
    value = record.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RecordError(f"{name!r} is missing or no text")
    return value


def optional_text(record: Record, name: str) -> str:
    """A text, or "" for nothing. Raises RecordError for anything else."""
    value = record.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RecordError(f"{name!r} is no text")
    return value


def texts_in(record: Record, name: str) -> tuple[str, ...]:
    """A list of texts, empty for nothing. Raises RecordError for anything else."""
    value = record.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise RecordError(f"{name!r} is no list of texts")
    return tuple(value)


def flag_in(record: Record, name: str, default: bool) -> bool:
    """A truth value. Raises RecordError for anything else."""
    value = record.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise RecordError(f"{name!r} is neither true nor false")
    return value


def object_id_in(record: Record, name: str) -> str:
    """An object id in lower case. Raises RecordError."""
    value = text_in(record, name)
    if GUID.fullmatch(value) is None:
        raise RecordError(f"{name!r} is no object id")
    return value.casefold()


def guid_at_end(text: str) -> str | None:
    """The GUID at the end of an id, in lower case; None if there is none."""
    last = text.rstrip("/").rpartition("/")[2]
    return last.casefold() if GUID.fullmatch(last) else None


def not_understood(shown_as: str, line: int, what: str) -> ConfigurationError:
    """What looks like an export and isn't known."""
    return ConfigurationError(
        f"looks like an export, but {what}",
        where=f"{shown_as}:{line}",
        remedy="docs/rbac-sources.md says which exports are read",
    )
