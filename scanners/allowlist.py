"""The allowlist: which packages a solution may hold, from where, and who answers for the exceptions.

PyPI and the safe-listed conda channels are self-service; any other source is an exception, and an exception without an
owner, a reason, an approver and an end is not one (the quarantine pattern of docs/packages.md).
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scanners.closures import (
    NOT_AN_INDEX,
    Closure,
    ClosureProblem,
    PinnedPackage,
    ProblemKind,
    read_closure,
    shown_path,
)
from scanners.interface import ScanContext
from verdicts import (
    Completed,
    ConfigurationError,
    Evidence,
    Finding,
    InputDigest,
    Location,
    NotCompleted,
    Outcome,
    Reason,
    Severity,
)
from verdicts.digests import digest_file
from verdicts.documents import load_document
from verdicts.sections import Section

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

ID = "allowlist"
SCHEMA = "mlgate/allowlist/v1"
SAFE_SOURCES = frozenset({"pypi", "conda-forge", "defaults"})
FORMATS = frozenset({"wheel", "sdist"})

UNLISTED = "MLG-ALLOWLIST-UNLISTED"
VERSION = "MLG-ALLOWLIST-VERSION"
SOURCE = "MLG-ALLOWLIST-SOURCE"
UNPINNED = "MLG-ALLOWLIST-UNPINNED"
EXPIRED = "MLG-ALLOWLIST-EXPIRED"
HASH = "MLG-ALLOWLIST-HASH"
FORMAT = "MLG-ALLOWLIST-FORMAT"

RULES: Mapping[str, Severity] = {
    UNLISTED: Severity.HIGH,
    VERSION: Severity.MEDIUM,
    SOURCE: Severity.HIGH,
    UNPINNED: Severity.HIGH,
    EXPIRED: Severity.MEDIUM,
    HASH: Severity.HIGH,
    FORMAT: Severity.MEDIUM,
}

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_DIGEST = re.compile(r"sha(?:256|384|512):[0-9a-f]{64,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowlistEntry:
    """One line of the allowlist.

    Attributes:
        name: normalised.
        versions: the allowed ones (PEP 440); pre-releases count as versions like others.
        source: "pypi", "conda-forge", "defaults", or the address of another index: then an exception.
        formats: "wheel", "sdist"; empty for any.
        hashes: the allowed files; empty for any.
        owner, reason, approver: who answers for it; may be "" in an entry that is no exception.
        until: the last day (UTC) on which it applies, or None.
        location: where it stands.
    """

    name: str
    versions: SpecifierSet
    source: str
    formats: frozenset[str]
    hashes: frozenset[str]
    owner: str
    reason: str
    approver: str
    until: dt.date | None
    location: Location

    def in_force(self, at: dt.datetime) -> bool:
        """Whether it still applies at the moment `at` (aware)."""
        return self.until is None or at.astimezone(dt.UTC).date() <= self.until


def load_allowlist(path: Path, *, shown_as: str) -> tuple[AllowlistEntry, ...]:
    """All entries of an allowlist.

    Raises:
        ConfigurationError: with file and line; also for an exception without an owner, reason, approver or end, or
            where owner and approver are the same person.
    """
    top = Section(load_document(path, shown_as=shown_as), shown_as)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    entries = tuple(_entry(section) for section in top.sections("packages"))
    top.finish()
    return entries


def _entry(section: Section) -> AllowlistEntry:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import canonicalize_name

    name = section.text("name")
    if not _NAME.fullmatch(name):
        raise section.error("'name' must be one package's name, without wildcards", "name")
    text = section.text("versions")
    try:
        versions = SpecifierSet(text)
    except InvalidSpecifier:
        raise section.error(f"{text!r} is not a version range like '>=2.4,<3'", "versions") from None
    source = section.text("source").rstrip("/")
    if source in NOT_AN_INDEX:
        remedy = "publish it on an index; a waiver can excuse it until then"
        raise section.error(f"{source!r} is no source that can be listed", "source", remedy=remedy)
    if source not in SAFE_SOURCES:
        for key in ("owner", "reason", "approver", "until"):
            if not section.has(key):
                raise section.error(
                    f"{name} from {source!r} is an exception and has no {key!r}",
                    remedy="an exception needs owner, reason, approver and until",
                )
    owner, approver = section.text("owner", ""), section.text("approver", "")
    if owner and owner.strip().casefold() == approver.strip().casefold():
        raise section.error("owner and approver must be two people", "approver")
    entry = AllowlistEntry(
        name=str(canonicalize_name(name)),
        versions=versions,
        source=source,
        formats=_words(section, "formats", FORMATS.__contains__, "'wheel' or 'sdist'"),
        hashes=_words(section, "hashes", lambda word: bool(_DIGEST.fullmatch(word)), "digests like 'sha256:...'"),
        owner=owner,
        reason=section.text("reason", ""),
        approver=approver,
        until=section.date("until") if section.has("until") else None,
        location=Location(section.name, section.line()),
    )
    section.finish()
    return entry


def _words(section: Section, key: str, fits: Callable[[str], bool], expected: str) -> frozenset[str]:
    words = section.texts(key, ())
    if section.has(key) and not words:
        raise section.error(f"{key!r} allows nothing", key, remedy="remove the key to allow any")
    for index, word in enumerate(words):
        if not fits(word):
            raise section.error(f"{key!r} must hold {expected}, found {word!r}", key, index)
    return frozenset(words)


@dataclass(frozen=True, slots=True)
class AllowlistScanner:
    """Every package of the closure against the allowlist.

    Attributes:
        allowlist: the file (see `load_allowlist`).
        requirements, conda: see `scanners.closures.read_closure`.
    """

    allowlist: Path
    requirements: Path
    conda: Path | None

    @property
    def id(self) -> str:
        """Identifier of this scanner."""
        return ID

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One outcome for what was judged, and one for each thing that could not be."""
        shown = shown_path(self.allowlist, context.root)
        closure = read_closure(self.requirements, self.conda, root=context.root)
        gaps = tuple(_gap(problem) for problem in closure.problems_of(ProblemKind.UNREADABLE, ProblemKind.INCOMPLETE))
        certain = tuple(map(_of_problem, closure.problems_of(ProblemKind.UNPINNED, ProblemKind.FOREIGN_SOURCE)))
        try:
            entries = load_allowlist(self.allowlist, shown_as=shown)
            inputs = (InputDigest(shown, digest_file(self.allowlist)), *closure.inputs)
        except (ConfigurationError, OSError) as error:
            refused = NotCompleted(
                scanner=ID,
                reason=Reason.UNREADABLE_INPUT,
                detail=f"The allowlist can't be used: {error}",
                remedy="correct it (docs/packages.md tells its shape)",
                location=Location(shown),
                findings=certain,
                evidence=Evidence(inputs=closure.inputs),
            )
            return (*gaps, refused)
        if not closure.packages and not certain:
            return gaps  # an empty closure is among them
        findings = (*certain, *_judge(closure.packages, entries, context.now))
        completed = Completed(
            scanner=ID,
            examined=len(closure.packages),
            unit="packages",
            findings=findings,
            evidence=Evidence(inputs=inputs),
            notes=tuple(_notes(closure)),
        )
        return (completed, *gaps)


def _notes(closure: Closure) -> Iterator[str]:
    for entry in closure.excluded:
        yield f"not installed on the target: {entry}"


def _gap(problem: ClosureProblem) -> NotCompleted:
    return NotCompleted(
        scanner=ID,
        reason=Reason.UNREADABLE_INPUT if problem.kind is ProblemKind.UNREADABLE else Reason.INCOMPLETE,
        detail=problem.message,
        remedy=problem.remedy,
        location=problem.location,
    )


def _of_problem(problem: ClosureProblem) -> Finding:
    rule = UNPINNED if problem.kind is ProblemKind.UNPINNED else SOURCE
    remedy = problem.remedy[0].upper() + problem.remedy[1:] + "."
    return _finding(rule, problem.message, remedy, problem.subject, problem.aspect, problem.location)


def _finding(rule: str, message: str, remedy: str, resource: str, subject: str, location: Location) -> Finding:
    return Finding(
        rule_id=rule,
        scanner=ID,
        severity=RULES[rule],
        message=message,
        remediation=remedy,
        resource=resource,
        subject=subject,
        location=location,
        documentation=f"docs/rules/{rule}.md",
    )


def _judge(packages: Sequence[PinnedPackage], entries: Sequence[AllowlistEntry], at: dt.datetime) -> Iterator[Finding]:
    by_name: defaultdict[str, list[AllowlistEntry]] = defaultdict(list)
    for entry in entries:
        by_name[entry.name].append(entry)
    for package in packages:
        if package.source in NOT_AN_INDEX:
            continue  # a finding of its own already, and no entry could allow it
        broken = _broken_rule(package, by_name.get(package.name, []), at, tuple(by_name))
        if broken is not None:
            rule, message, remedy = broken
            yield _finding(rule, message, remedy, package.url, "", package.location)


def _broken_rule(
    package: PinnedPackage, entries: Sequence[AllowlistEntry], at: dt.datetime, names: Sequence[str]
) -> tuple[str, str, str] | None:
    """The first demand that no entry for the package meets: rule, message and remedy; None if one meets all."""
    shown = f"{package.name} {package.version or '(no version)'}"
    if not entries:
        near = difflib.get_close_matches(package.name, names, n=1, cutoff=0.8)
        hint = f" Its name resembles {near[0]}, which is: a slip, or a typosquat?" if near else ""
        remedy = f"Use {near[0]}, or ask" if near else "Ask"
        return UNLISTED, f"{shown} is not on the allowlist.{hint}", f"{remedy} for {package.name} to be listed."
    left = [entry for entry in entries if entry.in_force(at)]
    if not left:
        ended = max(entry.until for entry in entries if entry.until is not None)
        return (
            EXPIRED,
            f"The allowlist's entry for {package.name} ended on {ended.isoformat()}.",
            "Have it approved again with a new end, or remove the package.",
        )
    if not (left := [entry for entry in left if entry.source == package.source]):
        allowed = ", ".join(sorted({entry.source for entry in entries}))
        return (
            SOURCE,
            f"{shown} comes from {package.source}; the allowlist allows it from {allowed}.",
            f"Take it from {allowed}, or ask for an exception.",
        )
    version = package.version
    if version is None:
        return None  # an unpinned entry is a finding of its own
    if not (right := [entry for entry in left if entry.versions.contains(version, prereleases=True)]):
        allowed = " or ".join(sorted({str(entry.versions) for entry in left}))
        return VERSION, f"{shown} is outside of the allowed versions ({allowed}).", f"Use a version in {allowed}."
    if not (left := [entry for entry in right if not entry.hashes or _within(package.hashes, entry.hashes)]):
        return (
            HASH,
            f"{shown} may be installed from files whose hashes the allowlist does not hold.",
            "Pin the hashes that were approved, or have the others approved.",
        )
    if not any(not entry.formats or package.format in entry.formats for entry in left):
        allowed = " or ".join(sorted({name for entry in left for name in entry.formats}))
        return (
            FORMAT,
            f"{shown} may be installed as {package.format or 'wheel or sdist'}; the allowlist allows {allowed}.",
            "Write --only-binary :all: at the top of the requirements file for wheels alone.",
        )
    return None


def _within(hashes: Sequence[str], allowed: frozenset[str]) -> bool:
    return bool(hashes) and allowed.issuperset(hashes)
