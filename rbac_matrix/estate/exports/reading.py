"""Reads exported files into an estate. What a file is shows its content, not its name."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rbac_matrix.estate.exports import tables
from rbac_matrix.estate.exports.cut import Cuts
from rbac_matrix.estate.exports.devops import expanded
from rbac_matrix.estate.exports.graph import SCHEMA as DIRECTORY_SCHEMA
from rbac_matrix.estate.exports.graph import DirectoryReader
from rbac_matrix.estate.exports.halves import in_halves
from rbac_matrix.estate.exports.interface import Collected, Document, ExportReader, not_understood
from rbac_matrix.estate.exports.recognition import from_head, is_error, reader_of
from rbac_matrix.estate.exports.registry import READERS
from rbac_matrix.estate.exports.streams import Documents
from rbac_matrix.estate.exports.text import windows
from rbac_matrix.estate.exports.values import Piece
from rbac_matrix.estate.joining import without_duplicates
from rbac_matrix.estate.model import Directory, Estate, Gap, Part
from rbac_matrix.permissions.interface import Relation, RoleDefinition
from verdicts import ConfigurationError, CouldNotCheckError, InputDigest


def read_export(path: Path, *, shown_as: str) -> Estate:
    """One file. See `read_exports`."""
    return read_exports([(path, shown_as)])


def read_exports(files: Iterable[tuple[Path, str]]) -> Estate:
    """Several files as one estate; each with its name for reports.

    What a file tells only in part (a page is missing, an entry can't be read) becomes a gap.

    Raises:
        ConfigurationError: with file and line; it can't be read at all, or nobody knows what it lists.
    """
    named = list(files)
    into = Collected("")
    before = {path: _state(path, shown_as) for path, shown_as in named}
    largest = max(named, key=lambda one: before[one[0]][0], default=None)
    with in_halves(*largest) or contextlib.nullcontext() if largest else contextlib.nullcontext() as halves:
        for path, shown_as in named:
            if halves is None or path != halves.path:
                _read_one(path, shown_as, into)
        if halves is not None and largest is not None:
            into.shown_as = largest[1]
            if not halves.read(into):
                _read_one(*largest, into)
    for path, shown_as in named:
        if _state(path, shown_as) != before[path]:
            raise ConfigurationError("changed while it was read", where=shown_as, remedy="run it again")
    inputs = [InputDigest(shown_as, into.note_digest(path)) for path, shown_as in named]
    return _estate(into, inputs)


def _read_one(path: Path, shown_as: str, into: Collected) -> None:
    into.shown_as = shown_as
    read_file(path, into)
    into.note_digest(path)


def _state(path: Path, shown_as: str) -> tuple[int, int]:
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"can't be read: {error}", where=shown_as) from None
    return found.st_size, found.st_mtime_ns


def read_file(path: Path, into: Collected) -> None:
    """Adds one file. Raises ConfigurationError."""
    text = windows(path, into.shown_as)
    head = next(text, "")
    if tables.is_table(head):
        tables.read_table(from_head(head, text), into)
    else:
        reading = FileReading(path, into)
        reading.take(Documents(from_head(head, text), into.shown_as).pieces())
        reading.close()
    into.note_refused()


class FileReading:
    """One file, piece by piece."""

    def __init__(self, path: Path, into: Collected) -> None:
        self._name = path.stem
        self._into = into
        self._cuts = Cuts()
        self._readers: dict[ExportReader, None] = {}
        self._before: tuple[ExportReader, ...] = ()
        self._any = False
        self.document: Document | None = None

    def take(self, pieces: Iterable[Piece]) -> None:
        """Reads pieces. Raises ConfigurationError for what isn't known."""
        for piece in pieces:
            self._any = True
            if self.document is None:
                self.document = Document(piece.envelope, self._name)
            if piece.records:
                self._records(piece.records, piece.lines, self.document)
            if piece.last:
                self.end(piece)

    def _records(self, records: Sequence[Any], lines: Sequence[int], document: Document) -> None:
        document.count += len(records)
        start = 0
        while start < len(records):
            reader = self._reader(records[start], lines[start], document)
            end = len(records)
            if not (start == 0 and set(map(type, records)) == {dict} and all(map(reader.recognises, records))):
                end = start + 1
            while end < len(records) and isinstance(records[end], dict) and reader.recognises(records[end]):
                end += 1
            self._readers[reader] = None
            reader.read(records[start:end], lines[start:end], document, self._into)
            start = end

    def _reader(self, record: Any, line: int, document: Document) -> ExportReader:
        if not isinstance(record, dict):
            raise not_understood(self._into.shown_as, line, "an entry of it is no object")
        if is_error(record):
            code = str(record["error"].get("code", "without a code"))
            raise ConfigurationError(f"is an error, and no list: {code}", where=f"{self._into.shown_as}:{line}")
        declared = document.envelope.fields.get("schema") == DIRECTORY_SCHEMA
        reader = DirectoryReader() if declared else reader_of(record)
        if reader is None:
            raise not_understood(self._into.shown_as, line, "what it lists isn't known")
        return reader

    def end(self, piece: Piece) -> None:
        """The document ends behind this piece."""
        document = self.document or Document(piece.envelope, self._name)
        if not self._readers:
            # A last page without rows is of what the pages before it are.
            self._readers |= dict.fromkeys(self._before or (self._of_nothing(document),))
        for reader in self._readers:
            reader.finish(document, self._into)
            self._cuts.end(reader, document)
        self._before = tuple(self._readers)
        self._readers.clear()
        self.document = None

    def _of_nothing(self, document: Document) -> ExportReader:
        """An empty list: its name, or what stands beside it, says of what."""
        fields = document.envelope.fields
        if fields.get("schema") == DIRECTORY_SCHEMA or "group" in fields:
            return DirectoryReader()
        context = str(fields.get("@odata.context", ""))
        name = document.name.casefold()
        for reader in READERS:
            if any(part in name for part in reader.names):
                return reader
        if "$metadata#" in context:
            return DirectoryReader()
        raise ConfigurationError(
            "is empty, and nothing says what it would list",
            where=self._into.shown_as,
            remedy="call the file after what it lists (deny-assignments.json), or leave it out",
        )

    def close(self) -> None:
        """Behind the last document. Raises ConfigurationError if there was none."""
        if not self._any:
            raise ConfigurationError("is empty", where=self._into.shown_as)
        self._cuts.note(self._into)


def _estate(into: Collected, inputs: Sequence[InputDigest]) -> Estate:
    memberships = expanded(into.memberships, into)
    definitions = tuple(_believed(into))
    _note_groups_without_members(into)
    table, gaps = without_duplicates(into.table)
    into.gaps += gaps
    whole = into.whole and not any(gap.part is Part.ASSIGNMENTS for gap in into.gaps)
    known = bool(into.objects or into.members) or Part.DIRECTORY in into.covers
    return Estate(
        covers=frozenset(into.covers),
        assignments=table,
        definitions=definitions,
        denials=tuple({(one.scope.casefold(), one.name): one for one in into.denials}.values()),
        directory=Directory(objects=into.objects, members=into.members, whole=_is_whole(into)) if known else None,
        memberships=memberships if Part.DEVOPS in into.covers else None,
        resources=tuple({one.id.casefold(): one for one in into.resources}.values()),
        identity_uses=tuple({(one.identity.casefold(), one.resource_id.casefold()): one for one in into.uses}.values()),
        gaps=tuple(dict.fromkeys(into.gaps)),
        inputs=tuple(inputs),
        whole=whole,
    )


def _believed(into: Collected) -> Iterator[RoleDefinition]:
    """All but the copies of Microsoft's own roles: anybody can write a file in which Owner permits nothing.

    A copy that permits something else than what mlgate has is a gap where the role is assigned: one of the two is old.
    """
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    shipped = RoleCatalogue.built_in()
    assigned = {role.role_id for role in into.table.roles.values}
    for one in dict.fromkeys(into.definitions):
        own = shipped.with_id(one.id) if one.built_in and one.id else None
        if own is None:
            yield one
        elif one.id in assigned and not _permit_the_same(one, own):
            into.gaps.append(
                Gap(
                    part=Part.DEFINITIONS,
                    detail=f"Microsoft's role {own.name} permits something else in the file than mlgate knows of it",
                    remedy="leave Microsoft's roles out (--custom-role-only), or read them with --live",
                    location=one.location,
                )
            )


def _permit_the_same(one: RoleDefinition, other: RoleDefinition) -> bool:
    if one.unknown:
        return False
    from rbac_matrix.permissions.comparison import compare

    try:
        return compare(one.permissions, other.permissions).relation is Relation.EQUAL
    except CouldNotCheckError:
        return False


def _is_whole(into: Collected) -> bool:
    return into.directory_whole and not any(gap.part is Part.DIRECTORY for gap in into.gaps)


def _note_groups_without_members(into: Collected) -> None:
    """Groups of Azure DevOps that are known to be there, and of which nobody said who is in them."""
    told = {f"[{one.project}]\\{one.group}".casefold() for one in into.memberships}
    for name, location in into.devops_groups.items():
        if name not in told:
            into.gaps.append(
                Gap(
                    part=Part.DEVOPS,
                    detail=f"the members of the group {name} were not exported",
                    remedy="az devops security group membership list --id <its descriptor>",
                    location=location,
                )
            )
