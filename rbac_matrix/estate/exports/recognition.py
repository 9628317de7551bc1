"""Which files are exports, and of what: by their content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rbac_matrix.estate.exports import tables
from rbac_matrix.estate.exports.interface import ExportReader, Record, not_understood
from rbac_matrix.estate.exports.registry import READERS
from rbac_matrix.estate.exports.resources import ResourceReader
from rbac_matrix.estate.exports.streams import Documents
from rbac_matrix.estate.exports.text import windows
from verdicts import ConfigurationError


def looks_like_export(path: Path, shown_as: str) -> bool:
    """Whether a file is an export; one that can't be read as JSON or CSV isn't, unless it begins as an export does.

    Raises:
        ConfigurationError: it can't be opened, or it is a list as exports are, of something that isn't known.
    """
    text = windows(path, shown_as)
    head = next(text, "")
    if tables.is_table(head):
        return True
    start = head.lstrip()[:1]
    if start not in ("[", "{"):
        return False
    documents = Documents(from_head(head, text), shown_as)
    try:
        piece = next(documents.pieces())
    except ConfigurationError:
        if start == "[" or documents.in_list:
            raise
        return False
    if piece.envelope.key is None:
        return is_error(piece.records[0]) or _alone(piece.records[0])
    if not piece.records:
        return piece.last or piece.envelope.key != ""
    if all(isinstance(one, dict) for one in piece.records[:1]) and reader_of(piece.records[0]) is not None:
        return True
    if piece.envelope.key == "" or set(piece.envelope.fields) <= {"nextLink", "@odata.context", "@odata.nextLink"}:
        raise not_understood(shown_as, piece.lines[0], "what it lists isn't known")
    return False


_MARKS = ("microsoft.authorization/", "roledefinition", "microsoft.graph", "mlgate/directory/v1", "principalid")
"""One of these stands near the beginning of whatever is an export for certain."""


def may_be_export(path: Path, shown_as: str) -> bool:
    """The same for a file that was found in a folder, where other data may be: what nobody knows isn't one.

    Raises:
        ConfigurationError: it has the marks of an export and can't be read.
    """
    try:
        return looks_like_export(path, shown_as)
    except ConfigurationError:
        try:
            head = next(windows(path, shown_as), "").casefold()
        except ConfigurationError:
            return False
        if any(mark in head for mark in _MARKS):
            raise
        return False


def from_head(head: str, rest: Iterator[str]) -> Iterator[str]:
    yield head
    yield from rest


def _alone(record: Record) -> bool:
    reader = reader_of(record)
    return reader is not None and not isinstance(reader, ResourceReader)


def is_error(record: Record) -> bool:
    """An answer of a service that refused."""
    return set(record) == {"error"} and isinstance(record["error"], dict)


def reader_of(record: Record) -> ExportReader | None:
    """The reader of a record."""
    return next((reader for reader in READERS if reader.recognises(record)), None)
