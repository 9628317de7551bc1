"""Requirements files, line by line: each becomes a package of the closure or a problem.

pip-requirements-parser parses each file; nested files are opened here and not by it, since it would open whatever path
a line names before anyone could look at the path.
"""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from scanners.closures import (
    EDITABLE,
    PATH,
    PYPI,
    URL,
    VCS,
    Closure,
    ClosureProblem,
    OutsideError,
    PinnedPackage,
    ProblemKind,
    Target,
    file_inside,
    shown_path,
)
from verdicts import InputDigest, Location
from verdicts.digests import digest_bytes
from verdicts.documents import DocumentError, read_bounded
from verdicts.text import one_line

MAXIMUM_BYTES = 4 * 1024 * 1024
MAXIMUM_NESTING = 10
LOCK = "lock it: uv pip compile --generate-hashes"

_HASH = re.compile(r"sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
# Installers put variables in before they read a line; nobody knows here what they will hold.
_VARIABLE = re.compile(r"\$\{[A-Za-z0-9_]+\}")
# Where installers differ about what ends a line, a comment for one is a requirement for another.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]|\r(?!\n)")
# PEP 263, which pip honours: another encoding could hide a line from everyone else.
_ENCODING = re.compile(rb"\A(?:[^\n]*\n)?[^\n]*#[^\n]*coding[:=]\s*(?!utf-?8\b)[-\w.]", re.IGNORECASE)
# Long runs of blanks are nothing that a person or a tool writes, and make the parser's patterns slow.
_BLANKS = re.compile(r"[\s\\]{300}")

_AMBIGUOUS = {
    "extra_index_urls": (
        "--extra-index-url",
        "any name could come from either index, whoever has the higher version: dependency confusion",
    ),
    "find_links": ("--find-links", "any name could come from there as well as from the index"),
    "trusted_hosts": ("--trusted-host", "its answers are believed without a certificate"),
}


def without_credentials(address: str) -> str:
    """An address of an index or archive as it may be shown: no user, password, query or fragment."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    except ValueError:
        return "an address that can't be read"


class RequirementsReader:
    """Collects what a requirements file and the files nested in it list. Call `read`, then `finish`."""

    def __init__(self, *, root: Path, target: Target) -> None:
        self._root = root
        self._target = target
        self._packages: list[PinnedPackage] = []
        self._problems: list[ClosureProblem] = []
        self._excluded: list[str] = []
        self._inputs: list[InputDigest] = []
        self._constraints: list[tuple[Any, Location]] = []
        self._options: list[tuple[str, Any, Location]] = []
        self._seen: set[tuple[Path, bool]] = set()

    def read(self, path: Path, *, constraints: bool = False, depth: int = 0, named_at: Location | None = None) -> None:
        """Reads one file and the files that it names. `named_at` is the line that names it."""
        shown = shown_path(path, self._root)
        where = named_at or Location(shown)
        try:
            real = file_inside(path, self._root)
            if depth > MAXIMUM_NESTING:
                raise OutsideError(f"nested deeper than {MAXIMUM_NESTING} files")
            if (real, constraints) in self._seen:
                return
            self._seen.add((real, constraints))
            data = read_bounded(real, MAXIMUM_BYTES)
        except (OutsideError, DocumentError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self._unreadable(where, shown, f"{shown} can't be read: {reason}.")
            return
        self._inputs.append(InputDigest(shown, digest_bytes(data)))
        refused = self._refusal(data)
        if refused is not None:
            line, reason = refused
            self._unreadable(Location(shown, line), shown, reason)
            return
        for parsed in self._parse(data, shown, constraints=constraints):
            self._take(parsed, Location(shown, parsed.line_number), path, depth)

    @staticmethod
    def _refusal(data: bytes) -> tuple[int | None, str] | None:
        """Line and reason, if two readers could see two different files."""
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return data[: error.start].count(b"\n") + 1, "The file is not UTF-8."
        if _ENCODING.search(data):
            return 1, "The file declares an encoding other than UTF-8."
        for pattern, what in (
            (_CONTROL, "a control character or an unusual line end"),
            (_BLANKS, "a long run of blanks"),
        ):
            match = pattern.search(text)
            if match:
                return text.count("\n", 0, match.start()) + 1, f"The file holds {what}."
        return None

    def _parse(self, data: bytes, shown: str, *, constraints: bool) -> list[Any]:
        from pip_requirements_parser import RequirementsFile

        with tempfile.TemporaryDirectory(prefix="mlgate-requirements-") as folder:
            copy = Path(folder, "requirements.txt")
            # With the mark the parser takes UTF-8 whatever the locale says.
            copy.write_bytes(codecs.BOM_UTF8 + data.removeprefix(codecs.BOM_UTF8))
            try:
                return list(RequirementsFile.parse(str(copy), include_nested=False, is_constraint=constraints))
            except Exception as error:  # the parser raises bare exceptions for lines that it can't split
                self._unreadable(Location(shown), shown, f"The file can't be parsed: {one_line(str(error))}.")
                return []

    def _take(self, parsed: Any, where: Location, path: Path, depth: int) -> None:
        from pip_requirements_parser import (
            CommentRequirementLine,
            InstallRequirement,
            InvalidRequirementLine,
            OptionLine,
        )

        if isinstance(parsed, CommentRequirementLine):
            return
        line = one_line(parsed.line or "", maximum=120)
        if _VARIABLE.search(parsed.line or ""):
            self._unreadable(where, line, "The line holds a variable of the environment.")
        elif isinstance(parsed, InvalidRequirementLine):
            reason = one_line(parsed.error_message or "not a requirement")
            self._unreadable(where, line, f"The line is not a valid requirement: {reason}")
        elif isinstance(parsed, OptionLine):
            self._take_options(parsed.options, line, where, path, depth)
        elif isinstance(parsed, InstallRequirement):
            if parsed.is_constraint:
                self._constraints.append((parsed, where))
            else:
                self._take_requirement(parsed, line, where)
        else:
            self._unreadable(where, line, "The line is of an unknown kind.")

    def _take_options(self, options: Mapping[str, Any], line: str, where: Location, path: Path, depth: int) -> None:
        if not options:
            self._unreadable(where, line, "The line belongs to no requirement (a broken continuation?).")
        for key, constraints in (("requirements", False), ("constraints", True)):
            for nested in options.get(key, ()):
                if _ADDRESS.match(nested):
                    message = f"The file {without_credentials(nested)} is not a path in the project."
                    self._unreadable(where, line, message)
                else:
                    self.read(path.parent / nested, constraints=constraints, depth=depth + 1, named_at=where)
        for key, value in options.items():
            self._options.append((key, value, where))

    def _take_requirement(self, requirement: Any, line: str, where: Location) -> None:
        from packaging.utils import canonicalize_name

        source = source_of(requirement)
        if requirement.name:
            name = str(canonicalize_name(requirement.name))
        else:
            name = without_credentials(requirement.link.url) if requirement.link else line
        if not self._target.installs(requirement.marker):
            self._excluded.append(f"{line.split(';')[0].split(' --hash')[0].strip()} ({requirement.marker})")
            return
        if requirement.global_options or requirement.install_options:
            self._unreadable(where, name, f"{name} is built with options of its own.")
        version = self._version(requirement, name, where) if source == PYPI else None
        if source != PYPI:
            self._problem(
                ProblemKind.FOREIGN_SOURCE,
                name,
                f"{name} comes from {_SOURCE_WORDS[source]}, not from the index.",
                "publish it on an index and pin it there with its hash",
                where,
            )
        hashes = self._hashes(requirement.hash_options, name, where) if source == PYPI else ()
        self._packages.append(PinnedPackage(name=name, version=version, source=source, hashes=hashes, location=where))

    def _version(self, requirement: Any, name: str, where: Location) -> str | None:
        version = exact_version(requirement.specifier)
        if version is None:
            asked = str(requirement.specifier) or "any version"
            self._problem(
                ProblemKind.UNPINNED, name, f"{name} is not pinned to one version ({asked}).", LOCK, where, "version"
            )
        return version

    def _hashes(self, options: Iterable[str], name: str, where: Location) -> tuple[str, ...]:
        given = [str(option).lower() for option in options]
        for text in given:
            if not _HASH.fullmatch(text):
                message = f"{name} has a hash that protects nothing: {one_line(text, maximum=80)}."
                self._problem(
                    ProblemKind.UNPINNED, name, message, "give sha256, sha384 or sha512, whole", where, "hash"
                )
        if not given:
            self._problem(ProblemKind.UNPINNED, name, f"{name} is pinned without a hash.", LOCK, where, "hash")
        return tuple(sorted({text for text in given if _HASH.fullmatch(text)}))

    def finish(self) -> Closure:
        """What was read, with the problems that only the whole shows."""
        source = self._index()
        form = self._format()
        by_key: dict[tuple[str, str | None, str], PinnedPackage] = {}
        versions: dict[str, PinnedPackage] = {}
        for package in self._packages:
            placed = PinnedPackage(
                name=package.name,
                version=package.version,
                source=source if package.source == PYPI else package.source,
                hashes=package.hashes,
                location=package.location,
                format=form,
            )
            first = versions.setdefault(placed.name, placed)
            if (first.version, first.hashes, first.source) != (placed.version, placed.hashes, placed.source):
                self._problem(
                    ProblemKind.UNPINNED,
                    placed.name,
                    f"{placed.name} stands twice and differently: {first.version} at {first.location}, "
                    f"{placed.version} here.",
                    "keep one of the two lines",
                    placed.location,
                    "twice",
                )
            by_key.setdefault((placed.name, placed.version, placed.source), placed)
        self._check_constraints(versions)
        packages = sorted(by_key.values(), key=lambda package: (package.name, package.version or "", package.source))
        return Closure(
            packages=tuple(packages),
            problems=tuple(self._problems),
            excluded=tuple(self._excluded),
            inputs=tuple(self._inputs),
        )

    def _index(self) -> str:
        """The source of what comes from an index; options hold for all lines of all files, as in pip."""
        indexes: list[str] = []
        for key, value, where in self._options:
            if key == "index_url":
                indexes.append(without_credentials(value))
            elif key in _AMBIGUOUS:
                option, why = _AMBIGUOUS[key]
                for address in value:
                    self._problem(
                        ProblemKind.FOREIGN_SOURCE,
                        f"{option} {without_credentials(address)}",
                        f"{option} {without_credentials(address)}: {why}.",
                        "take every package from one index; let that index hold or proxy what it needs",
                        where,
                    )
        distinct = sorted(set(indexes))
        if len(distinct) > 1:
            where = next(place for key, _, place in reversed(self._options) if key == "index_url")
            message = f"The files name {len(distinct)} indexes, and the last one wins: {', '.join(distinct)}."
            self._problem(ProblemKind.FOREIGN_SOURCE, "--index-url", message, "name one index, in one place", where)
        return indexes[-1] if indexes else PYPI

    def _format(self) -> str | None:
        only = [value for key, values, _ in self._options if key == "only_binary" for value in values]
        none = [value for key, values, _ in self._options if key == "no_binary" for value in values]
        if only == [":all:"] and not none:
            return "wheel"
        if none == [":all:"] and not only:
            return "sdist"
        return None

    def _check_constraints(self, pinned: Mapping[str, PinnedPackage]) -> None:
        from packaging.utils import canonicalize_name

        for constraint, where in self._constraints:
            name = str(canonicalize_name(constraint.name)) if constraint.name else constraint.line
            if source_of(constraint) != PYPI:
                message = f"The constraint file sends {name} to another source than the index."
                self._problem(ProblemKind.FOREIGN_SOURCE, name, message, "remove the constraint", where)
                continue
            package = pinned.get(name)
            if package is None or package.version is None:
                continue
            if not constraint.specifier.contains(package.version, prereleases=True):
                message = f"The constraint {name}{constraint.specifier} contradicts the pin {package.version}."
                self._problem(
                    ProblemKind.UNPINNED, name, message, "lock again with the constraint", where, "constraint"
                )

    def _unreadable(self, where: Location, subject: str, message: str) -> None:
        remedy = "write each requirement as name==version with its hashes, or lock the file again"
        self._problem(ProblemKind.UNREADABLE, subject, message, remedy, where)

    def _problem(
        self, kind: ProblemKind, subject: str, message: str, remedy: str, where: Location, aspect: str = ""
    ) -> None:
        self._problems.append(
            ClosureProblem(kind=kind, subject=subject, aspect=aspect, message=message, remedy=remedy, location=where)
        )


_SOURCE_WORDS = {URL: "an address", VCS: "a source repository", PATH: "a path", EDITABLE: "an editable folder"}


def source_of(requirement: Any) -> str:
    """Where an entry comes from: PYPI for "some index", or one of NOT_AN_INDEX."""
    if requirement.is_editable:
        return EDITABLE
    if requirement.link is None:
        return PYPI
    if requirement.link.is_vcs:
        return VCS
    return URL if _ADDRESS.match(requirement.link.url) and not requirement.link.is_file else PATH


def exact_version(specifier: Any) -> str | None:
    """The one version that a specifier allows, normalised; None if it allows more, or something that is no version."""
    from packaging.version import InvalidVersion, Version

    specifiers = list(specifier or ())
    if len(specifiers) != 1 or specifiers[0].operator not in ("==", "==="):
        return None
    try:
        return str(Version(specifiers[0].version))
    except InvalidVersion:  # a prefix match (1.*), or arbitrary equality with something that is no version
        return None
