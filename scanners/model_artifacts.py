"""Scanning a model artefact without loading it: a pickle-based scikit-learn model, as one file or a folder.

Checked are pickles (all protocols, and uncompressed joblib dumps) and, in a folder, the small texts beside them.
Everything else is could-not-check. Not covered: what a listed class does with its own, valid state (numpy's and
scikit-learn's own code is trusted), and what the model predicts.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scanners.artifact_formats import (
    HEAD_BYTES,
    MAXIMUM_TEXT_BYTES,
    Format,
    PlainDataError,
    check_plain_data,
    detect,
    name_contradicts,
)
from scanners.interface import ScanContext
from scanners.model_findings import SCANNER, contradiction_finding, walk_findings, walk_obstacle
from scanners.pickle_imports import IMPORTS_FILE, ImportRules, Standing, load_import_rules
from scanners.pickle_results import UnreadKind, Walk
from scanners.pickle_walker import walk_pickle
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
)
from verdicts.digests import digest_file, digest_tree

MAXIMUM_FILES = 1_000
MAXIMUM_FILE_BYTES = 8 * 1024**3

_READABLE = "save the model as an uncompressed pickle or joblib dump, the formats that mlgate can check"


class _NotChecked(Exception):
    """Why a file can't be looked at."""

    def __init__(self, reason: Reason, detail: str, remedy: str) -> None:
        super().__init__(detail)
        self.reason, self.detail, self.remedy = reason, detail, remedy


@dataclass(slots=True)
class _Looked:
    """One file: whether it is a model, what was found, and why it could not be followed to its end."""

    pickle: bool
    findings: tuple[Finding, ...] = ()
    obstacle: _NotChecked | None = None


@dataclass(frozen=True, slots=True)
class ModelArtifactScanner:
    """Scans one artefact.

    Attributes:
        path: file or folder below the project's root, absolute or relative to it.
        flavour: whose list of imports holds ("scikit-learn").
        expected_digest: "sha256:..." of the file (of a folder: `verdicts.digests.digest_tree`) that was evaluated and
            registered; None where nobody has said, and then the report says so.
    """

    path: Path
    flavour: str
    expected_digest: str | None = None

    @property
    def id(self) -> str:
        """Stable identifier."""
        return SCANNER

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        """One outcome for all files that were followed to their end, and one for each that wasn't."""
        try:
            rules = load_import_rules().get(self.flavour)
        except ConfigurationError as error:
            return (_not_completed(_NotChecked(Reason.UNREADABLE_INPUT, str(error), "reinstall mlgate"), None),)
        if rules is None:
            detail = f"mlgate has no list of imports for models of the flavour {self.flavour!r}"
            unknown = _NotChecked(Reason.UNSUPPORTED, detail, "the flavour that it knows is scikit-learn")
            return (_not_completed(unknown, None),)
        try:
            path, shown = _below(context.root, self.path)
            return _Scan(path, shown, rules, self.expected_digest).run()
        except _NotChecked as error:
            return (_not_completed(error, str(self.path)),)
        except OSError as error:
            detail = f"can't be read: {error.strerror or error}"
            return (_not_completed(_NotChecked(Reason.UNREADABLE_INPUT, detail, "make it readable"), str(self.path)),)


class _Scan:
    """One artefact on its way to outcomes."""

    def __init__(self, path: Path, shown: str, rules: ImportRules, expected: str | None) -> None:
        self._path = path
        self._shown = shown
        self._rules = rules
        self._expected = expected

    def run(self) -> tuple[Outcome, ...]:
        """Raises _NotChecked and OSError where nothing can be said about the whole."""
        folder = self._path.is_dir()
        files = list(_files(self._path, self._shown)) if folder else [(self._path, self._shown)]
        digest, failures = self._digest(folder)
        evidence = Evidence(
            inputs=(
                InputDigest(self._shown, digest),
                InputDigest("scanners/data/pickle-imports.yml", digest_file(IMPORTS_FILE)),
            )
        )
        outcomes: list[Outcome] = [_not_completed(failure, self._shown, evidence=evidence) for failure in failures]
        findings: list[Finding] = []
        examined = models = 0
        for path, shown in files:
            try:
                looked = self._look(path, shown, alone=not folder)
            except _NotChecked as error:
                outcomes.append(_not_completed(error, shown, evidence=evidence))
                continue
            models += looked.pickle
            if looked.obstacle is not None:
                outcomes.append(_not_completed(looked.obstacle, shown, findings=looked.findings, evidence=evidence))
                continue
            examined += 1
            findings.extend(looked.findings)
        if models == 0 and not outcomes:
            nothing = _NotChecked(
                Reason.NOTHING_EXAMINED, "no model is in it", f"{_READABLE}, and name its file or folder"
            )
            outcomes.append(_not_completed(nothing, self._shown, findings=tuple(findings), evidence=evidence))
        elif examined:
            outcomes.insert(0, self._completed(examined, findings, evidence))
        again, changed = self._digest(folder)
        if again != digest or len(changed) != len(failures):
            late = _NotChecked(Reason.DIGEST_MISMATCH, "it changed while it was scanned", "scan it again")
            outcomes.append(_not_completed(late, self._shown, evidence=evidence))
        return tuple(outcomes)

    def _completed(self, examined: int, findings: list[Finding], evidence: Evidence) -> Completed:
        note = "no digest was given: that this is the model that was evaluated was not checked"
        return Completed(
            scanner=SCANNER,
            examined=examined,
            unit="files",
            findings=tuple(findings),
            evidence=evidence,
            notes=() if self._expected is not None else (note,),
        )

    def _digest(self, folder: bool) -> tuple[str, list[_NotChecked]]:
        if folder:
            digest = digest_tree(self._path)
        else:
            with _open(self._path):  # a pipe or a link is refused before anything is read
                digest = digest_file(self._path)
        if self._expected is None or digest == self._expected:
            return digest, []
        detail = f"its digest is {digest}, the release says {self._expected}"
        remedy = "release the model that was evaluated and registered, or evaluate and register this one"
        return digest, [_NotChecked(Reason.DIGEST_MISMATCH, detail, remedy)]

    def _look(self, path: Path, shown: str, *, alone: bool) -> _Looked:
        """Raises _NotChecked."""
        try:
            with _open(path) as stream:
                return self._look_at(stream, os.fstat(stream.fileno()).st_size, shown, alone=alone)
        except OSError as error:
            detail = f"can't be read: {error.strerror or error}"
            raise _NotChecked(Reason.UNREADABLE_INPUT, detail, "make it readable") from None

    def _look_at(self, stream: BinaryIO, size: int, shown: str, *, alone: bool) -> _Looked:
        if size > MAXIMUM_FILE_BYTES:
            raise _NotChecked(
                Reason.TOO_LARGE, f"{size:,} bytes", "a model of this size needs another format than a pickle"
            )
        kind = detect(stream.read(HEAD_BYTES), size)
        if kind is Format.EMPTY:
            raise _NotChecked(Reason.UNREADABLE_INPUT, "it is empty", "save the model again")
        if kind is Format.PICKLE:
            return self._judged(walk_pickle(stream, size), shown, Format.PICKLE)
        if kind is Format.UNKNOWN:
            # Pickles of protocols 0 and 1 have no magic: whatever does something when it is unpickled is one.
            walk = walk_pickle(stream, size)
            if self._acts(walk):
                return self._judged(walk, shown, Format.PICKLE)
            kind = self._text(stream, size, shown, alone=alone)
        found = (contradiction_finding(shown, kind),) if name_contradicts(shown, kind) else ()
        if kind is Format.TEXT:
            return _Looked(pickle=False, findings=found)
        detail = f"it is {kind.value}, which mlgate can't check yet"
        return _Looked(False, found, _NotChecked(Reason.UNSUPPORTED, detail, _READABLE))

    def _acts(self, walk: Walk) -> bool:
        """Whether unpickling would do more than fail, or nobody can tell."""
        if walk.unread is None or walk.unread.kind in (UnreadKind.LIMIT, UnreadKind.UNSUPPORTED):
            return True
        dangerous = any(item.called or self._rules.standing(item) is Standing.DANGEROUS for item in walk.imports)
        return dangerous or any(problem.kind.hides for problem in walk.problems)

    def _judged(self, walk: Walk, shown: str, kind: Format) -> _Looked:
        findings = walk_findings(walk, self._rules, shown)
        if name_contradicts(shown, kind):
            findings = (*findings, contradiction_finding(shown, kind))
        obstacle = walk_obstacle(walk)
        return _Looked(True, findings, _NotChecked(*obstacle) if obstacle else None)

    @staticmethod
    def _text(stream: BinaryIO, size: int, shown: str, *, alone: bool) -> Format:
        if alone:
            remedy = f"{_READABLE}; a folder may hold texts beside it"
            raise _NotChecked(Reason.UNSUPPORTED, "it is no model of a format that mlgate knows", remedy)
        if size > MAXIMUM_TEXT_BYTES:
            raise _NotChecked(Reason.TOO_LARGE, f"{size:,} bytes of an unknown format", "keep data out of the artefact")
        stream.seek(0)
        try:
            check_plain_data(shown, stream.read(size))
        except PlainDataError as error:
            remedy = "keep code and other data out of the model's folder"
            raise _NotChecked(Reason.UNSUPPORTED, str(error), remedy) from None
        return Format.TEXT


def _below(root: Path, path: Path) -> tuple[Path, str]:
    """The absolute path, and how reports show it. Raises _NotChecked if it leaves the root or passes a link."""
    whole = path if path.is_absolute() else root / path
    refused = _NotChecked(Reason.UNREADABLE_INPUT, "it is not below the project's folder", "move it there")
    if ".." in whole.parts or not whole.is_relative_to(root):
        raise refused
    relative = whole.relative_to(root)
    here = root
    for part in relative.parts:
        here = here / part
        if here.is_symlink():
            raise _NotChecked(
                Reason.UNREADABLE_INPUT,
                "a symbolic link leads to it: what it points to can change after the scan",
                "put the files themselves there",
            )
    if not whole.exists():
        raise _NotChecked(Reason.UNREADABLE_INPUT, "it does not exist", "name the model's file or folder")
    return whole, relative.as_posix()


def _files(folder: Path, shown: str) -> Iterator[tuple[Path, str]]:
    """Every entry of the folder that isn't a folder, hidden ones and links included, in a stable order."""

    def refuse(error: OSError) -> None:
        raise error

    count = 0
    for here, folders, names in os.walk(folder, onerror=refuse):
        folders.sort()
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        for name in sorted([*names, *links]):
            count += 1
            if count > MAXIMUM_FILES:
                detail = f"more than {MAXIMUM_FILES:,} files"
                raise _NotChecked(Reason.TOO_LARGE, detail, "keep other data out of the model's folder")
            path = Path(here) / name
            relative = path.relative_to(folder).as_posix()
            yield path, relative if shown == "." else f"{shown}/{relative}"


def _open(path: Path) -> BinaryIO:
    """The file for reading; never follows a link, never waits for a pipe. Raises _NotChecked and OSError."""
    remedy = "put the file itself there"
    if path.is_symlink():
        raise _NotChecked(Reason.UNREADABLE_INPUT, "it is a symbolic link", remedy)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _NotChecked(Reason.UNREADABLE_INPUT, "it is not a regular file", remedy)
    return os.fdopen(descriptor, "rb")


def _not_completed(
    failure: _NotChecked, shown: str | None, *, findings: tuple[Finding, ...] = (), evidence: Evidence | None = None
) -> NotCompleted:
    name = f"{shown}: " if shown is not None else ""
    return NotCompleted(
        scanner=SCANNER,
        reason=failure.reason,
        detail=f"{name}{failure.detail}",
        remedy=failure.remedy,
        location=Location(shown) if shown is not None else None,
        findings=findings,
        evidence=evidence or Evidence(),
    )
