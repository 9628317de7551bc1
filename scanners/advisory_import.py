"""Making an advisory snapshot from an OSV dump: a folder, a .zip, a .json, a .jsonl or a .jsonl.gz.

Nothing of an archive is ever extracted: entries are read one after the other, each and all together within bounds.
"""

from __future__ import annotations

import datetime as dt
import gzip
import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from scanners.advisories import ADVISORIES, CLOCK_SKEW, HEADER, Canary, SnapshotHeader, write_header
from scanners.osv import MalformedAdvisoryError, affected_names, entries_of, is_affected
from verdicts import ConfigurationError
from verdicts.digests import canonical_json, digest_bytes
from verdicts.documents import DocumentError, parse_json
from verdicts.files import write_atomically

MAXIMUM_DOCUMENT = 8 * 1024 * 1024
MAXIMUM_TOTAL = 2 * 1024**3
MAXIMUM_DOCUMENTS = 1_000_000

# What the standard library raises for broken, encrypted or unsupported archives.
_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The new snapshot, and how many documents were left out since they are about other ecosystems."""

    header: SnapshotHeader
    other_ecosystems: int


def import_snapshot(
    source: Path,
    destination: Path,
    *,
    source_name: str,
    licence: str,
    retrieved_at: dt.datetime,
    now: dt.datetime,
) -> ImportResult:
    """Writes a snapshot folder; one that stands there is replaced.

    Args:
        source: an OSV dump (see above).
        destination: the folder to make.
        source_name, licence: as reports and notices name them.
        retrieved_at: when the dump was retrieved from its publisher (aware).
        now: aware.

    Raises:
        ConfigurationError: the dump can't be read, holds something that is no advisory, or none about PyPI.
    """
    if not source_name.strip() or not licence.strip():
        raise ConfigurationError("a snapshot needs the name of its source and its licence")
    if retrieved_at > now + CLOCK_SKEW:
        raise ConfigurationError(f"the advisories can't have been retrieved in the future ({retrieved_at.isoformat()})")
    _refuse_foreign(destination)
    documents, others = _collect(source)
    canary = find_canary(documents)
    data = b"".join(canonical_json(document) + b"\n" for document in documents)
    header = SnapshotHeader(
        source=source_name,
        licence=licence,
        retrieved_at=retrieved_at,
        count=len(documents),
        digest=digest_bytes(data),
        canary=canary,
    )
    try:
        destination.mkdir(parents=True, exist_ok=True)
        # The header last: a crash in between leaves a digest that doesn't fit, and nothing passes with that.
        write_atomically(destination / ADVISORIES, data)
        write_atomically(destination / HEADER, write_header(header).encode())
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(destination)) from None
    return ImportResult(header, others)


def _refuse_foreign(destination: Path) -> None:
    if destination.exists() and not destination.is_dir():
        raise ConfigurationError("the snapshot would be written over a file", where=str(destination))
    if destination.is_dir():
        foreign = {path.name for path in destination.iterdir()} - {ADVISORIES, HEADER}
        if foreign and not (destination / HEADER).is_file():
            raise ConfigurationError(
                "the folder holds something else than a snapshot", where=str(destination), remedy="name a new folder"
            )


def _collect(source: Path) -> tuple[list[Mapping[str, Any]], int]:
    documents: dict[str, Mapping[str, Any]] = {}
    others = total = 0
    for number, (name, data) in enumerate(_raw_documents(source), 1):
        total += len(data)
        if total > MAXIMUM_TOTAL or number > MAXIMUM_DOCUMENTS:
            raise ConfigurationError("the dump is larger than allowed", where=str(source))
        try:
            document = parse_json(data)
            names = affected_names(document)
        except (DocumentError, MalformedAdvisoryError) as error:
            raise ConfigurationError(f"not an advisory: {error}", where=name) from None
        if not names:
            others += 1
            continue
        known = documents.setdefault(document["id"], document)
        if known != document:
            raise ConfigurationError(f"{document['id']} stands twice, and differently", where=name)
    if not documents:
        raise ConfigurationError("no advisory about a PyPI package is in it", where=str(source))
    return [documents[identifier] for identifier in sorted(documents)], others


def _raw_documents(source: Path) -> Iterator[tuple[str, bytes]]:
    """Each document with the name of where it stands."""
    try:
        if source.is_dir():
            yield from _from_folder(source)
        elif not source.is_file():
            raise ConfigurationError("there is no such file or folder", where=str(source))
        elif source.name.endswith(".zip"):
            yield from _from_zip(source)
        elif source.name.endswith(".jsonl"):
            with source.open("rb") as stream:
                yield from _from_lines(stream, str(source))
        elif source.name.endswith(".jsonl.gz"):
            with gzip.open(source) as unpacked:
                yield from _from_lines(cast("IO[bytes]", unpacked), str(source))
        elif source.name.endswith(".json"):
            with source.open("rb") as stream:
                yield str(source), _bounded(stream, str(source))
        else:
            raise ConfigurationError(
                "an OSV dump is a folder, a .zip, a .json, a .jsonl or a .jsonl.gz", where=str(source)
            )
    except _UNREADABLE as error:
        raise ConfigurationError(f"can't be read: {error}", where=str(source)) from None


def _bounded(stream: IO[bytes], name: str) -> bytes:
    data = stream.read(MAXIMUM_DOCUMENT + 1)
    if len(data) > MAXIMUM_DOCUMENT:
        raise ConfigurationError(f"larger than {MAXIMUM_DOCUMENT:,} bytes", where=name)
    return data


def _from_folder(source: Path) -> Iterator[tuple[str, bytes]]:
    def refuse(error: OSError) -> None:
        # os.walk passes over a folder that it can't read: its advisories would be missing in silence.
        raise error

    for folder, folders, files in os.walk(source, onerror=refuse):
        folders.sort()
        for name in folders:
            if Path(folder, name).is_symlink():
                raise ConfigurationError("a link; a dump holds files only", where=str(Path(folder, name)))
        for file in sorted(files):
            path = Path(folder, file)
            if not file.endswith(".json"):
                continue
            if path.is_symlink():
                raise ConfigurationError("a link; a dump holds files only", where=str(path))
            with path.open("rb") as stream:
                yield str(path), _bounded(stream, str(path))


def _from_zip(source: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(source) as archive:
        entries = archive.infolist()
        if len(entries) > MAXIMUM_DOCUMENTS:
            raise ConfigurationError("the archive holds more entries than allowed", where=str(source))
        for entry in entries:
            name = f"{source}!{entry.filename}"
            path = PurePosixPath(entry.filename)
            if path.is_absolute() or ".." in path.parts:
                raise ConfigurationError("an entry leads out of the archive", where=name)
            if entry.is_dir() or not entry.filename.endswith(".json"):
                continue
            with archive.open(entry) as stream:
                yield name, _bounded(stream, name)


def _from_lines(stream: IO[bytes], name: str) -> Iterator[tuple[str, bytes]]:
    number = 0
    while line := stream.readline(MAXIMUM_DOCUMENT + 1):
        number += 1
        where = f"{name}:{number}"
        if len(line) > MAXIMUM_DOCUMENT:
            raise ConfigurationError(f"larger than {MAXIMUM_DOCUMENT:,} bytes", where=where)
        if line.strip():
            yield where, line


def find_canary(documents: list[Mapping[str, Any]]) -> Canary:
    """The first pin, in the order of the advisories, that one of them lists as affected. Raises ConfigurationError."""
    from packaging.version import InvalidVersion, Version

    for document in documents:
        if document.get("withdrawn") is not None:
            continue
        for name in sorted(affected_names(document)):
            for entry in entries_of(document, name):
                for text in entry.get("versions") or []:
                    try:
                        version = Version(text)
                        if is_affected(entry, version):
                            return Canary(name, version.public, document["id"])
                    except (InvalidVersion, MalformedAdvisoryError, TypeError):
                        continue
    raise ConfigurationError(
        "no advisory lists an affected version, so no audit could be proven to work",
        remedy="import a larger dump",
    )
