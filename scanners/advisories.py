"""The offline advisory snapshot: a folder with `advisories.jsonl` (one OSV document a line) and `snapshot.json`.

The advisories are given by the user and carried by digest, so that an audit gives the same answer again and no server
can steer it. `scanners.osv` tells which versions an advisory affects.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanners.osv import MalformedAdvisoryError, Match, affected_names, entries_of, is_affected, match_of
from verdicts import ConfigurationError, DatabaseIdentity, Reason
from verdicts.digests import digest_bytes, is_digest
from verdicts.documents import DocumentError, load_document, parse_json, read_bounded
from verdicts.sections import Section

if TYPE_CHECKING:
    from packaging.version import Version

SCHEMA = "mlgate/advisory-snapshot/v1"
HEADER = "snapshot.json"
ADVISORIES = "advisories.jsonl"
MAXIMUM_BYTES = 2 * 1024**3
# Clocks of two machines may differ by this much; a snapshot from further in the future would stay fresh for ever.
CLOCK_SKEW = dt.timedelta(hours=1)


class SnapshotError(Exception):
    """The snapshot is missing, or is not what it says it is."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.remedy = "import a fresh one: mlgate database import (docs/packages.md)"


@dataclass(frozen=True, slots=True)
class Canary:
    """A pin that the snapshot's own advisory `id` calls vulnerable. An audit that doesn't find it has not looked."""

    name: str
    version: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHeader:
    """What `snapshot.json` says.

    Attributes:
        source: where the advisories come from ("PyPA advisory database").
        licence: under which they may be used.
        retrieved_at: when they were retrieved from the source (aware).
        count: number of advisories.
        digest: of `advisories.jsonl`.
        canary: see Canary.
    """

    source: str
    licence: str
    retrieved_at: dt.datetime
    count: int
    digest: str
    canary: Canary

    @property
    def identity(self) -> DatabaseIdentity:
        """This snapshot as evidence."""
        return DatabaseIdentity(f"advisories: {self.source}", self.digest, self.retrieved_at)

    def staleness(self, now: dt.datetime, maximum_age_days: int) -> str | None:
        """Why the snapshot is not of use at `now`, or None. A date in the future is no better than an old one."""
        if self.retrieved_at > now + CLOCK_SKEW:
            return f"the advisories claim to be from the future ({self.retrieved_at.isoformat()})"
        age = now - self.retrieved_at
        if age > dt.timedelta(days=maximum_age_days):
            return f"the advisories are {age.days} days old, at most {maximum_age_days} are allowed"
        return None


class Snapshot:
    """A verified snapshot, by name of the affected package."""

    def __init__(self, header: SnapshotHeader, documents: Mapping[str, tuple[Mapping[str, Any], ...]]) -> None:
        self.header = header
        self._documents = documents

    @property
    def names(self) -> frozenset[str]:
        """Normalised names of all packages with an advisory."""
        return frozenset(self._documents)

    def matches(self, name: str, version: Version) -> tuple[tuple[Match, ...], tuple[str, ...]]:
        """What affects the package.

        Args:
            name: normalised.
            version: a local part ("+cu118") is left aside: advisories know public versions.

        Returns:
            the advisories that affect it, by id, and why others could not be evaluated.
        """
        found: list[Match] = []
        malformed: list[str] = []
        for document in self._documents.get(name, ()):
            affected = False
            try:
                for entry in entries_of(document, name):
                    affected = is_affected(entry, version) or affected
            except MalformedAdvisoryError as error:
                malformed.append(f"{document['id']}: {error}")
            if affected:
                found.append(match_of(document, name))
        return tuple(sorted(found, key=lambda match: match.id)), tuple(malformed)


def read_header(folder: Path) -> SnapshotHeader:
    """What the snapshot says of itself. Raises SnapshotError."""
    path = folder / HEADER
    if not path.is_file():
        raise SnapshotError(Reason.MISSING_DATABASE, f"there is no advisory snapshot in {folder}")
    try:
        top = Section(load_document(path, shown_as=str(path)), str(path))
        if top.text("schema") != SCHEMA:
            raise top.error(f"'schema' must be {SCHEMA}", "schema")
        retrieved_at = parse_moment(top.text("retrieved_at"))
        digest = top.text("digest")
        if not is_digest(digest):
            raise top.error("'digest' must be sha256: and 64 hexadecimal digits", "digest")
        section = top.section("canary")
        canary = Canary(section.text("name"), section.text("version"), section.text("id"))
        section.finish()
        header = SnapshotHeader(
            source=top.text("source"),
            licence=top.text("licence"),
            retrieved_at=retrieved_at,
            count=top.integer("count", minimum=0, maximum=10_000_000),
            digest=digest,
            canary=canary,
        )
        top.finish()
    except (ConfigurationError, ValueError) as error:
        raise SnapshotError(Reason.UNREADABLE_INPUT, str(error)) from None
    if header.count == 0:
        raise SnapshotError(Reason.MISSING_DATABASE, f"the advisory snapshot in {folder} is empty")
    return header


def parse_moment(text: str) -> dt.datetime:
    """A moment with its zone, as 2026-11-20T08:00:00Z; a day alone is its midnight in UTC. Raises ValueError."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is not a moment like 2026-11-20T08:00:00Z") from None
    if moment.tzinfo is None:
        if len(text) != len("2026-11-20"):
            raise ValueError(f"{text!r} has no time zone")
        moment = moment.replace(tzinfo=dt.UTC)
    return moment.astimezone(dt.UTC)


def load_snapshot(folder: Path) -> Snapshot:
    """Reads and verifies a snapshot. Raises SnapshotError; one line that is no advisory spoils the whole."""
    header = read_header(folder)
    path = folder / ADVISORIES
    try:
        data = read_bounded(path, MAXIMUM_BYTES)
    except (OSError, DocumentError) as error:
        raise SnapshotError(Reason.MISSING_DATABASE, f"{path} can't be read: {error}") from None
    if digest_bytes(data) != header.digest:
        raise SnapshotError(Reason.DIGEST_MISMATCH, f"{path} is not the file that {HEADER} describes")
    lines = data.splitlines()
    if len(lines) != header.count:
        raise SnapshotError(
            Reason.DIGEST_MISMATCH, f"{path} holds {len(lines)} advisories, {HEADER} says {header.count}"
        )
    return Snapshot(header, _by_name(lines, path))


def _by_name(lines: Iterable[bytes], path: Path) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    index: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        try:
            document = parse_json(line)
            names = affected_names(document)
            if document["id"] in seen:
                raise MalformedAdvisoryError(f"{document['id']} stands twice")
        except (DocumentError, MalformedAdvisoryError) as error:
            raise SnapshotError(Reason.UNREADABLE_INPUT, f"{path}:{number}: {error}") from None
        seen.add(document["id"])
        # A withdrawn advisory was taken back by its author: OSV says to treat it as if it weren't there.
        if document.get("withdrawn") is None:
            for name in names:
                index[name].append(document)
    return {name: tuple(documents) for name, documents in index.items()}


def write_header(header: SnapshotHeader) -> str:
    """The text of `snapshot.json`."""
    content = {
        "schema": SCHEMA,
        "source": header.source,
        "licence": header.licence,
        "retrieved_at": header.retrieved_at.isoformat().replace("+00:00", "Z"),
        "count": header.count,
        "digest": header.digest,
        "canary": {"name": header.canary.name, "version": header.canary.version, "id": header.canary.id},
    }
    return json.dumps(content, indent=2) + "\n"
