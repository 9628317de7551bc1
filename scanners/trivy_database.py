"""Trivy's vulnerability database on disk: reading what it is, and writing a small one from a list of advisories.

A cache folder holds `db/trivy.db` (bbolt) and `db/metadata.json`; beside them `canary.json` may name packages that
this database is known to flag (see `scanners.trivy_canary`). The writer makes all three, with an `updated_at` that its
caller has to answer for: a database is as old as its advisories, not as the file.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanners.bolt_file import write_bolt
from scanners.trivy_canary import CANARY_FILE, Canary, canaries_as_json
from verdicts import ConfigurationError, DatabaseIdentity, Reason
from verdicts.digests import digest_file
from verdicts.documents import Document, DocumentError, load_document, parse_json, read_bounded
from verdicts.sections import Section

SCHEMA_VERSION = 2
# The clock of whoever wrote the database may run ahead of ours by so much.
CLOCK_TOLERANCE = dt.timedelta(hours=1)

_SEVERITIES = {"UNKNOWN": 0, "LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}
_STATUSES = {
    "unknown": 0,
    "not_affected": 1,
    "affected": 2,
    "fixed": 3,
    "under_investigation": 4,
    "will_not_fix": 5,
    "fix_deferred": 6,
    "end_of_life": 7,
}
_PIP_BUCKET = "pip::GitHub Security Advisory Pip"
_SOURCES = {
    "debian": ("debian", "Debian Security Tracker", "https://salsa.debian.org/security-tracker-team/security-tracker"),
    "ubuntu": ("ubuntu", "Ubuntu CVE Tracker", "https://git.launchpad.net/ubuntu-cve-tracker"),
    "pip": (
        "ghsa",
        "GitHub Security Advisory Pip",
        "https://github.com/advisories?query=type%3Areviewed+ecosystem%3Apip",
    ),
}


class TrivyDatabaseError(Exception):
    """The database can't be used."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class TrivyDatabase:
    """A database on disk.

    Attributes:
        folder: the cache folder, which holds `db/`.
        version: of the database's schema.
        updated_at: when its advisories were collected (aware, UTC), as metadata.json says.
    """

    folder: Path
    version: int
    updated_at: dt.datetime

    @classmethod
    def read(cls, folder: Path) -> TrivyDatabase:
        """What metadata.json says. Raises TrivyDatabaseError."""
        where = folder / "db" / "metadata.json"
        if not (folder / "db" / "trivy.db").is_file():
            raise TrivyDatabaseError(Reason.MISSING_DATABASE, f"there is no Trivy database in {folder}")
        try:
            content = parse_json(read_bounded(where, 64 * 1024))
            version, updated = content["Version"], content["UpdatedAt"]
            updated_at = _moment(updated)
        except OSError as error:
            detail = f"{where} can't be read: {error.strerror}"
            raise TrivyDatabaseError(Reason.MISSING_DATABASE, detail) from None
        except (DocumentError, KeyError, TypeError, ValueError) as error:
            raise TrivyDatabaseError(Reason.MISSING_DATABASE, f"{where} is not Trivy's metadata: {error}") from None
        if version != SCHEMA_VERSION:
            detail = f"the Trivy database has schema {version!r}, expected {SCHEMA_VERSION}"
            raise TrivyDatabaseError(Reason.MISSING_DATABASE, detail)
        return cls(folder=folder, version=version, updated_at=updated_at)

    def age(self, now: dt.datetime) -> dt.timedelta:
        """How old the advisories are. Raises TrivyDatabaseError if they come from the future."""
        age = now - self.updated_at
        if age < -CLOCK_TOLERANCE:
            detail = f"the Trivy database says it was updated at {self.updated_at:%Y-%m-%d %H:%M} UTC, in the future"
            raise TrivyDatabaseError(Reason.STALE_DATABASE, detail)
        return age

    def identity(self) -> DatabaseIdentity:
        """Name, digest of the file and date, for the evidence. Raises OSError."""
        return DatabaseIdentity(
            name="trivy-db", digest=digest_file(self.folder / "db" / "trivy.db"), updated_at=self.updated_at
        )

    def private_view(self, folder: Path) -> TrivyDatabase:
        """A cache folder of our own with this database in it, so that nothing else of the shared one counts.

        The file itself is linked, not copied (a real one has a gigabyte): a new database that is moved into its place
        meanwhile doesn't reach this view. `signature` shows whether somebody writes into it. Raises OSError.
        """
        view = folder / "db"
        view.mkdir(parents=True)
        source = (self.folder / "db" / "trivy.db").resolve(strict=True)
        try:
            os.link(source, view / "trivy.db")
        except OSError:  # another file system, or a user who may not link: the path itself has to do
            (view / "trivy.db").symlink_to(source)
        shutil.copyfile(self.folder / "db" / "metadata.json", view / "metadata.json")
        return TrivyDatabase.read(folder)

    def signature(self) -> tuple[int, int, int]:
        """Inode, size and time of the last write (nanoseconds). Raises OSError."""
        status = (self.folder / "db" / "trivy.db").stat()
        return status.st_ino, status.st_size, status.st_mtime_ns


def _moment(text: str) -> dt.datetime:
    # Go writes up to nine digits of a second; Python 3.11 reads six.
    moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(dt.UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrivyAdvisory:
    """One advisory to write.

    Attributes:
        id: "CVE-2024-5535" or "GHSA-...".
        target: "debian 12", "ubuntu 22.04" or "pip".
        package: Debian and Ubuntu: the source package; pip: the project's name.
        fixed: the first version without the flaw, "" if there is none.
        vulnerable: pip only: ranges such as ">= 2.0.0, < 3.0.1".
        severity: "UNKNOWN", "LOW", "MEDIUM", "HIGH" or "CRITICAL".
        status: for a distribution's package without a fix: "affected", "will_not_fix", ...
        vendor_ids, title, description, references: for the report.
    """

    id: str
    target: str
    package: str
    fixed: str = ""
    vulnerable: tuple[str, ...] = ()
    severity: str = "UNKNOWN"
    status: str = "affected"
    vendor_ids: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    references: tuple[str, ...] = ()

    def canary(self) -> Canary | None:
        """A package version that this advisory must flag; None where none can be derived."""
        if self.target != "pip":
            return Canary(target=self.target, package=self.package, version="0", finds=(self.id,))
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        for spec in self.vulnerable:
            for version in ("0", *re.findall(r"\d+(?:\.\d+)*", spec)):
                try:
                    matches = SpecifierSet(spec.replace("= ", "==") if spec.startswith("= ") else spec).contains(
                        version
                    )
                except InvalidSpecifier:
                    continue
                if matches:
                    return Canary(target="pip", package=self.package, version=version, finds=(self.id,))
        return None


def load_advisories(path: Path) -> tuple[TrivyAdvisory, ...]:
    """Advisories from a JSON list of objects with `id`, `ecosystem`, `release`, `package`, `fixed`, `vulnerable`, ...

    Raises:
        ConfigurationError: with the file, for anything missing, misspelt or of the wrong kind.
    """
    document = load_document(path)
    if not isinstance(document.content, list) or not document.content:
        raise ConfigurationError("expected a list with at least one advisory", where=str(path))
    wrapped = Document({"advisories": document.content})
    return tuple(_advisory(section) for section in Section(wrapped, str(path)).sections("advisories"))


def _advisory(section: Section) -> TrivyAdvisory:
    ecosystem = section.text("ecosystem")
    if ecosystem not in _SOURCES:
        raise section.error(f"the ecosystem {ecosystem!r} is not known", remedy=", ".join(_SOURCES))
    advisory = TrivyAdvisory(
        id=section.text("id"),
        target=ecosystem if ecosystem == "pip" else f"{ecosystem} {section.text('release')}",
        package=section.text("package"),
        fixed=section.text("fixed", ""),
        vulnerable=section.texts("vulnerable", ()),
        severity=section.text("severity", "UNKNOWN"),
        status=section.text("status", "affected"),
        vendor_ids=section.texts("vendor_ids", ()),
        title=section.text("title", ""),
        description=section.text("description", ""),
        references=section.texts("references", ()),
    )
    section.finish()
    if advisory.severity not in _SEVERITIES or advisory.status not in _STATUSES:
        raise section.error(f"{advisory.id}: unknown severity or status")
    if advisory.target == "pip" and not advisory.vulnerable:
        raise section.error(f"{advisory.id}: a pip advisory needs 'vulnerable'")
    return advisory


def write_database(folder: Path, advisories: Sequence[TrivyAdvisory], *, updated_at: dt.datetime) -> None:
    """Writes database, metadata and canaries into a cache folder.

    Args:
        folder: made if it isn't there; what it held is replaced.
        advisories: at least one.
        updated_at: when the advisories were collected (aware).

    Raises:
        ValueError: nothing to write, no time zone, or no canary can be derived for one of the targets.
        OSError: it can't be written.
    """
    if not advisories or updated_at.tzinfo is None:
        raise ValueError("a database needs advisories, and a moment with a time zone")
    canaries = _canaries(advisories)
    database = folder / "db"
    database.mkdir(parents=True, exist_ok=True)
    write_bolt(database / "trivy.db", _buckets(advisories))
    stamp = updated_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    next_update = (updated_at + dt.timedelta(days=1)).astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    metadata = {"Version": SCHEMA_VERSION, "NextUpdate": next_update, "UpdatedAt": stamp, "DownloadedAt": stamp}
    (database / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    (folder / CANARY_FILE).write_text(json.dumps(canaries_as_json(canaries), indent=1) + "\n", encoding="utf-8")


def _canaries(advisories: Sequence[TrivyAdvisory]) -> tuple[Canary, ...]:
    chosen: dict[str, Canary] = {}
    for advisory in advisories:
        if advisory.target not in chosen and (canary := advisory.canary()) is not None:
            chosen[advisory.target] = canary
    if missing := {advisory.target for advisory in advisories} - set(chosen):
        raise ValueError(f"no canary can be derived for {', '.join(sorted(missing))}")
    return tuple(chosen[target] for target in sorted(chosen))


def _buckets(advisories: Sequence[TrivyAdvisory]) -> Mapping[str, Any]:
    root: dict[str, Any] = {"data-source": {}, "vulnerability": {}}
    for advisory in advisories:
        ecosystem = advisory.target.partition(" ")[0]
        source, source_name, url = _SOURCES[ecosystem]
        bucket = _PIP_BUCKET if ecosystem == "pip" else advisory.target
        packages = root.setdefault(bucket, {})
        packages.setdefault(_package_key(advisory), {})[advisory.id] = _json(_package_advisory(advisory))
        root["data-source"][bucket] = _json({"ID": source, "Name": source_name, "URL": url})
        severity = _SEVERITIES[advisory.severity]
        root["vulnerability"][advisory.id] = _json(
            {
                "Title": advisory.title or advisory.id,
                "Description": advisory.description,
                "Severity": advisory.severity,
                "VendorSeverity": {source: severity, "nvd": severity},
                "References": list(advisory.references),
            }
        )
    return root


def _package_key(advisory: TrivyAdvisory) -> str:
    if advisory.target == "pip":
        return re.sub(r"[-_.]+", "-", advisory.package).lower()  # PEP 503
    return advisory.package


def _package_advisory(advisory: TrivyAdvisory) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if advisory.target == "pip":
        content["VulnerableVersions"] = list(advisory.vulnerable)
        if advisory.fixed:
            content["PatchedVersions"] = [advisory.fixed]
    elif advisory.fixed:
        content["FixedVersion"] = advisory.fixed
    else:
        content["Status"] = _STATUSES[advisory.status]
    if advisory.vendor_ids:
        content["VendorIDs"] = list(advisory.vendor_ids)
    return content


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
