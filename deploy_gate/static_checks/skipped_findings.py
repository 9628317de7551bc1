"""Skips in the files that were judged; see `inline_skips`."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy_gate.static_checks.inline_skips import AllowedSkips, Skips, apply_skips, has_skip
from deploy_gate.static_checks.readings import Reading
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside
from verdicts import Finding


@dataclass(frozen=True, slots=True)
class WithoutSkips:
    """Remembers of files, as they are read, that there is no skip in them.

    Attributes:
        digests: of the content without a skip, by name.
    """

    digests: dict[str, str] = field(default_factory=dict)

    def see(self, file: ProjectFile) -> None:
        """Looks at a file; one of another content before is forgotten."""
        if has_skip(file.data):
            self.digests.pop(file.shown, None)
        else:
            self.digests[file.shown] = file.digest.digest


def skips_in(
    root: Path,
    readings: Sequence[Reading],
    findings: Iterable[Finding],
    allowed: AllowedSkips | None,
    now: dt.datetime,
    without: Mapping[str, str] | None = None,
) -> Skips:
    """What the skips in all files of these readings come to, also in those that they take in.

    Args:
        root: the project's folder.
        readings: those that were judged.
        findings: all.
        allowed: what the configuration allows; None for no skips.
        now: the moment of the check (aware, UTC).
        without: digests of contents in which no skip stands, by name: these aren't opened again. See WithoutSkips.
    """
    known = without or {}
    opened: dict[str, bool] = {}
    files: dict[str, bytes] = {}
    for reading in readings:
        if reading.skipping is None:
            found = set()
            for digest in reading.files:
                if digest.name not in opened:
                    without_skip = known.get(digest.name) == digest.digest
                    opened[digest.name] = not without_skip and _look(root, digest.name, files)
                if opened[digest.name]:
                    found.add(digest.name)
            reading.skipping = frozenset(found)
        for name in reading.skipping:
            if name not in files:
                _look(root, name, files)
    declared = {one: line for reading in readings for one, line in reading.declared.items()} if files else {}
    return apply_skips(files, findings, declared, allowed, now)


def _look(root: Path, name: str, files: dict[str, bytes]) -> bool:
    """Whether a file has a skip; its content is then among the files."""
    # One that can't be opened any more has no skips; that it can't be read is told where it is read.
    with contextlib.suppress(UnreadableFileError):
        data = open_inside(root, Path(name)).data
        if has_skip(data):
            files[name] = data
            return True
    return False
