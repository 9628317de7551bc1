"""The check `packages`: pinned closures of the project against advisories and allowlist."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy_gate.project import DatabaseSettings
from deploy_gate.static_checks.inputs import IgnoredFiles
from deploy_gate.static_checks.kept_outcomes import KeptScanner, OneAfterTheOther
from deploy_gate.static_checks.settings import CheckSettings, PackageFiles
from resource_readers.discovery import walk
from scanners.interface import Keeper, ScanContext, Scanner
from verdicts.digests import digest_bytes
from verdicts.documents import DocumentError, read_bounded

CHECK = "packages"
_NAMES = ("requirements*.txt", "*-requirements.txt", "*.requirements.txt")
_HASH = b"--hash="
_SHOWN = 10
_NOT_CONFIGURED = (
    "packages are not checked: mlgate.yml names neither databases.advisories nor governance.allowlist "
    "(docs/check.md, Packages)"
)


@dataclass(frozen=True, slots=True)
class PackageChecks:
    """What is looked at.

    Attributes:
        closures: pinned closures.
        scanners: that look at them.
        notes: what isn't looked at, and why.
    """

    closures: tuple[PackageFiles, ...]
    scanners: tuple[Scanner, ...]
    notes: tuple[str, ...]


def package_checks(
    root: Path, settings: CheckSettings, concerned: Callable[[Iterable[str]], bool], keeper: Keeper | None
) -> PackageChecks:
    """The scanners of a project's packages.

    Args:
        root: the project's folder.
        settings: what it demands.
        concerned: whether one of these files (relative to the root) is to be checked in this run.
        keeper: keeps answers; None to ask anew.
    """
    allowlist, advisories = settings.governance.allowlist, settings.advisories
    if allowlist is None and advisories is None:
        return PackageChecks((), (), (_NOT_CONFIGURED,))
    notes: list[str] = []
    if advisories is None:
        notes.append("packages are not compared with advisories: mlgate.yml names no databases.advisories")
    if allowlist is None:
        notes.append("packages are not compared with an allowlist: mlgate.yml names no governance.allowlist")
    closures = settings.packages
    if closures is None:
        closures, unpinned = found_closures(root, settings)
        if unpinned:
            more = f" and {len(unpinned) - _SHOWN} more" if len(unpinned) > _SHOWN else ""
            notes.append(f"not pinned with hashes, so not checked: {', '.join(unpinned[:_SHOWN])}{more}")
    if not closures:
        notes.append("packages: there is no requirement file with hashes, so no package was checked")
        return PackageChecks((), (), tuple(notes))
    chosen = tuple(one for one in closures if concerned(_files(one, root)))
    if len(chosen) < len(closures):
        count = len(closures) - len(chosen)
        notes.append(f"packages: {count} of {len(closures)} closures are not among what is checked this time")
    if not chosen:
        return PackageChecks((), (), tuple(notes))
    return PackageChecks(chosen, tuple(_scanners(chosen, allowlist, advisories, keeper)), tuple(notes))


def _scanners(
    closures: tuple[PackageFiles, ...],
    allowlist: Path | None,
    advisories: DatabaseSettings | None,
    keeper: Keeper | None,
) -> Iterator[Scanner]:
    if advisories is not None:
        audits = [
            KeptScanner(
                "pip-audit",
                functools.partial(_pip_audit, one, advisories),
                functools.partial(_audit_depends_on, one, advisories),
                keeper,
                only_complete=True,
            )
            for one in closures
        ]
        yield OneAfterTheOther("pip-audit", audits)
    if allowlist is not None:
        yield OneAfterTheOther("allowlist", [_Allowlist(one, allowlist) for one in closures])


def _pip_audit(files: PackageFiles, advisories: DatabaseSettings) -> Scanner:
    from scanners.pip_audit import PipAuditScanner

    return PipAuditScanner(files.requirements, files.conda, advisories.path, advisories.maximum_age_days)


@dataclass(frozen=True, slots=True)
class _Allowlist:
    """The allowlist's scanner, imported when it scans."""

    files: PackageFiles
    allowlist: Path

    @property
    def id(self) -> str:
        return "allowlist"

    def scan(self, context: ScanContext) -> Any:
        from scanners.allowlist import AllowlistScanner

        return AllowlistScanner(self.allowlist, self.files.requirements, self.files.conda).scan(context)


def _audit_depends_on(files: PackageFiles, advisories: DatabaseSettings, context: ScanContext) -> Any:
    """The closure as it was read, the snapshot, its age in the words of the report, and pip-audit itself."""
    from scanners.advisories import SnapshotError, read_header
    from scanners.closures import read_closure
    from scanners.interface import ToolUnavailableError
    from scanners.pip_audit import built_in_worker

    closure = read_closure(files.requirements, files.conda, root=context.root)
    try:
        header = read_header(advisories.path)
        identity = built_in_worker(context.tools).identity
    except (SnapshotError, ToolUnavailableError):
        return None
    stale = header.staleness(context.now, advisories.maximum_age_days)
    return [repr(closure), repr(header), stale, (context.now - header.retrieved_at).days, repr(identity)]


def found_closures(root: Path, settings: CheckSettings) -> tuple[tuple[PackageFiles, ...], list[str]]:
    """Closures with hashes, and the names of requirement files without."""
    pinned: list[PackageFiles] = []
    unpinned: list[str] = []
    for path in walk(root, root, IgnoredFiles(root, settings.exclude), _is_requirement_file):
        if not isinstance(path, Path):
            continue  # what can't be looked at is named where templates are read
        try:
            has_hashes = _HASH in read_bounded(path)
        except (OSError, DocumentError):
            has_hashes = True  # its scanner says why it can't be read
        if has_hashes:
            pinned.append(PackageFiles(path))
        else:
            unpinned.append(path.relative_to(root).as_posix())
    return tuple(pinned), unpinned


def _is_requirement_file(name: str) -> bool:
    return any(fnmatch.fnmatch(name.casefold(), pattern) for pattern in _NAMES)


def _files(closure: PackageFiles, root: Path) -> list[str]:
    """Every file of a closure, nested ones too, relative to the root."""
    from scanners.closures import read_closure, shown_path

    named = [path for path in (closure.requirements, closure.conda) if path is not None]
    inputs = read_closure(closure.requirements, closure.conda, root=root).inputs
    return [*(shown_path(path, root) for path in named), *(one.name for one in inputs)]


def files_digest(paths: Iterable[Path]) -> list[str]:
    """Digest of each file; why not, for one that can't be read."""
    digests = []
    for path in paths:
        try:
            digests.append(digest_bytes(read_bounded(path)))
        except (OSError, DocumentError) as error:
            digests.append(str(error))
    return digests
