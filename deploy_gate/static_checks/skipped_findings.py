"""Skips in the files that were judged; see `inline_skips`."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterable, Sequence
from pathlib import Path

from deploy_gate.static_checks.inline_skips import AllowedSkips, Skips, apply_skips, has_skip
from deploy_gate.static_checks.readings import Reading
from resource_readers.project_files import UnreadableFileError, open_inside
from verdicts import Finding


def skips_in(
    root: Path,
    readings: Sequence[Reading],
    findings: Iterable[Finding],
    allowed: AllowedSkips | None,
    now: dt.datetime,
) -> Skips:
    """What the skips in all files of these readings come to, also in those that they take in."""
    opened: dict[str, bool] = {}
    files: dict[str, bytes] = {}
    for reading in readings:
        if reading.skipping is None:
            found = set()
            for digest in reading.files:
                if digest.name not in opened:
                    opened[digest.name] = _look(root, digest.name, files)
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
