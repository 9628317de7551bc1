"""The bytes that were checked, for those who show or mend them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from resource_readers.project_files import UnreadableFileError, open_inside
from verdicts import Outcome
from verdicts.digests import digest_bytes


def checked_digests(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """The digest of every file that was looked at, by path; one that was seen with two contents is not among them."""
    digests: dict[str, str] = {}
    changed: set[str] = set()
    for outcome in outcomes:
        for one in outcome.evidence.inputs:
            if digests.setdefault(one.name, one.digest) != one.digest:
                changed.add(one.name)
    return {path: digest for path, digest in digests.items() if path not in changed}


def checked_bytes(root: Path, digests: Mapping[str, str], paths: Iterable[str]) -> dict[str, bytes]:
    """The content of files as it was checked; those that changed since, or can't be read, are missing."""
    found: dict[str, bytes] = {}
    for path in dict.fromkeys(paths):
        with contextlib.suppress(UnreadableFileError):
            data = open_inside(root, Path(path)).data if path in digests else None
            if data is not None and digest_bytes(data) == digests[path]:
                found[path] = data
    return found
