"""OSV documents: which versions of a PyPI package an advisory affects, and what to say of it.

Follows the OSV schema's evaluation rules (https://ossf.github.io/osv-schema/#evaluation) with the version order of
PEP 440. What can't be evaluated is an error that names it, never "not affected".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from verdicts import Severity

if TYPE_CHECKING:
    from packaging.version import Version

ECOSYSTEM = "PyPI"

_SEVERITIES = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{2,99}")


class MalformedAdvisoryError(ValueError):
    """An advisory that can't be evaluated; the message says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An advisory that affects a package at a version.

    Attributes:
        id, aliases: its names ("PYSEC-...", "GHSA-...", "CVE-...").
        severity: as the database rates it; UNKNOWN where it doesn't.
        fixed: versions that end an affected range, ascending.
        summary: what it is about.
    """

    id: str
    aliases: tuple[str, ...]
    severity: Severity
    fixed: tuple[str, ...]
    summary: str

    @property
    def names(self) -> frozenset[str]:
        """All its names."""
        return frozenset((self.id, *self.aliases))


def rule_id(names: Iterable[str]) -> str:
    """The stable name among an advisory's: its first CVE, else the first by database (GHSA before PYSEC), else any.

    The CVE stays the same when another database publishes the same weakness, so waivers go on to fit.
    """
    ordered = sorted(names)
    for fits in (_CVE.fullmatch, lambda name: name.startswith("GHSA-"), lambda name: name.startswith("PYSEC-")):
        for name in ordered:
            if fits(name):
                return name
    return ordered[0]


def affected_names(document: Any) -> frozenset[str]:
    """Normalised names of the PyPI packages that an OSV document is about; none, if it is about other ecosystems.

    Raises:
        MalformedAdvisoryError: not an OSV document, or a package in it can't be told.
    """
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        raise MalformedAdvisoryError("not an OSV document: it has no id")
    if not _IDENTIFIER.fullmatch(document["id"]):
        raise MalformedAdvisoryError(f"{document['id'][:60]!r} is not an advisory's id")
    affected = document.get("affected")
    if not isinstance(affected, list):
        if document.get("withdrawn") is not None and affected is None:
            return frozenset()
        raise MalformedAdvisoryError(f"{document['id']} has no list of affected packages")
    return frozenset(name for name, _ in _named_entries(document["id"], affected))


def _named_entries(identifier: str, affected: list[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    from packaging.utils import canonicalize_name

    for entry in affected:
        package = entry.get("package") if isinstance(entry, dict) else None
        if package is None and isinstance(entry, dict):
            continue  # about a source repository alone, which the schema allows
        if not isinstance(package, dict) or not isinstance(package.get("ecosystem"), str):
            raise MalformedAdvisoryError(f"{identifier} names a package without an ecosystem")
        if package["ecosystem"] != ECOSYSTEM:
            continue
        name = package.get("name")
        if not isinstance(name, str) or not name.strip():
            raise MalformedAdvisoryError(f"{identifier} names a package without a name")
        yield str(canonicalize_name(name)), entry


def entries_of(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The entries of an indexed document that are about the package."""
    return [entry for named, entry in _named_entries(document["id"], document["affected"]) if named == name]


def is_affected(entry: Mapping[str, Any], version: Version) -> bool:
    """Whether one `affected` entry holds the version. Raises MalformedAdvisoryError where that can't be told."""
    from packaging.version import InvalidVersion, Version

    version = Version(version.public)
    listed = entry.get("versions") or []
    ranges = entry.get("ranges") or []
    if not isinstance(listed, list) or not isinstance(ranges, list):
        raise MalformedAdvisoryError("versions and ranges must be lists")
    for text in listed:
        if not isinstance(text, str):
            raise MalformedAdvisoryError(f"{str(text)[:40]!r} is not a version")
        try:
            if Version(Version(text).public) == version:
                return True
        except InvalidVersion:
            continue  # from before PEP 440 ("2004d"): no pin can be equal to it
    if not all(isinstance(item, dict) for item in ranges):
        raise MalformedAdvisoryError("a range is not a mapping")
    ours = [item for item in ranges if item.get("type") == "ECOSYSTEM"]
    others = {str(item.get("type"))[:20] for item in ranges} - {"ECOSYSTEM", "GIT"}
    if others or not (ours or listed):
        # A range of commits says nothing about versions unless something else does.
        kinds = ", ".join(sorted(others)) or ("GIT" if ranges else "nothing")
        raise MalformedAdvisoryError(f"its versions are given by {kinds} alone, which can't be compared")
    return any(_in_range(item, version) for item in ours)


# At one version, a range that ends there ends before another begins, and one that begins there holds at least it.
_ORDER = {"fixed": 0, "introduced": 1, "last_affected": 2}


def _in_range(item: Mapping[str, Any], version: Version) -> bool:
    events, limits = _events(item)
    if limits and not any(limit is None or version < limit for limit in limits):
        return False
    affected = False
    for bound, _, kind in events:
        if kind == "introduced" and (bound is None or version >= bound):
            affected = True
        elif bound is not None and (
            (kind == "fixed" and version >= bound) or (kind == "last_affected" and version > bound)
        ):
            affected = False
    return affected


def _events(item: Mapping[str, Any]) -> tuple[list[tuple[Version | None, int, str]], list[Version | None]]:
    """Events in order and limits; None stands for the beginning ("0") or no limit ("*")."""
    from packaging.version import InvalidVersion, Version

    events: list[tuple[Version | None, int, str]] = []
    limits: list[Version | None] = []
    given = item.get("events")
    if not isinstance(given, list):
        raise MalformedAdvisoryError("a range has no events")
    for event in given:
        if not isinstance(event, dict) or len(event) != 1:
            raise MalformedAdvisoryError("an event must say exactly one thing")
        ((kind, text),) = event.items()
        if not isinstance(text, str) or (kind not in _ORDER and kind != "limit"):
            raise MalformedAdvisoryError(f"{str(kind)[:40]!r} is not an event")
        open_end = (kind, text) in (("introduced", "0"), ("limit", "*"))
        try:
            bound = None if open_end else Version(text)
        except InvalidVersion:
            raise MalformedAdvisoryError(f"{text[:40]!r} is not a version") from None
        if kind == "limit":
            limits.append(bound)
        else:
            events.append((bound, _ORDER[kind], kind))
    if not any(kind == "introduced" for _, _, kind in events):
        raise MalformedAdvisoryError("a range never begins")
    beginning = Version("0.dev0")
    return sorted(events, key=lambda event: (event[0] is not None, event[0] or beginning, event[1])), limits


def match_of(document: Mapping[str, Any], name: str) -> Match:
    """What to say of an advisory that affects the package."""
    aliases = document.get("aliases")
    summary = document.get("summary") or document.get("details") or ""
    return Match(
        id=document["id"],
        aliases=tuple(
            sorted({alias for alias in aliases if isinstance(alias, str)} if isinstance(aliases, list) else ())
        ),
        severity=_severity(document, name),
        fixed=_fixed(document, name),
        summary=summary if isinstance(summary, str) else "",
    )


def _severity(document: Mapping[str, Any], name: str) -> Severity:
    if document["id"].startswith("MAL-"):
        return Severity.CRITICAL  # OSV's malicious packages carry no rating: the package is the attack
    for holder in (document, *entries_of(document, name)):
        for key in ("database_specific", "ecosystem_specific"):
            specific = holder.get(key)
            rated = specific.get("severity") if isinstance(specific, dict) else None
            if isinstance(rated, str) and rated.upper() in _SEVERITIES:
                return _SEVERITIES[rated.upper()]
    return Severity.UNKNOWN


def _fixed(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    from packaging.version import InvalidVersion, Version

    fixed: set[Version] = set()
    for entry in entries_of(document, name):
        for item in entry.get("ranges") or []:
            if not isinstance(item, dict) or item.get("type") != "ECOSYSTEM":
                continue
            for event in item.get("events") or []:
                try:
                    fixed.add(Version(event["fixed"]))
                except (KeyError, TypeError, InvalidVersion):
                    continue
    return tuple(str(version) for version in sorted(fixed))
