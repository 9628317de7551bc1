"""Which files of a folder may be read: found by name, never through a link, and what can't be looked at is named.

Whether a file really is of a kind is the readers' business (`registry`); a file that no reader recognises isn't ours.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from resource_readers.interface import NotRead
from resource_readers.project_files import shown_name

MAXIMUM_FILES = 200_000
"""Files and folders looked at in one walk."""
MAXIMUM_FOLDERS_DEEP = 100

SKIPPED_FOLDERS = frozenset(
    {
        *(".git", ".hg", ".svn", ".mlgate", ".terraform", ".venv", "node_modules", "__pycache__", "site-packages"),
        *(".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
    }
)
"""Never walked into: what is in them was made or brought by a tool, and is read where something refers to it."""

_ENDINGS = (
    *(".json", ".jsonc", ".template", ".armtemplate", ".bicep", ".bicepparam", ".tf", ".tfvars", ".yml", ".yaml"),
    *(".dockerfile", ".containerfile"),
)
_NAMES = ("dockerfile", "containerfile", "mlmodel")
# What a JSON file beyond the size that is read has in it if it could be of a kind; searched in pieces.
_MARKS = (b'"resources"', b'"properties"', b'"planned_values"', b'"resource"', b'"module"')
_PIECE = 1 << 20
_SEARCHED = 256 << 20

Ignored = Callable[[str, bool], bool]
"""Whether a path (relative to the root, with forward slashes) is to be left out; True as second argument: a folder."""


def is_candidate(name: str) -> bool:
    """Whether a file of this name may be of a kind that is read."""
    folded = name.casefold()
    return folded.endswith(_ENDINGS) or folded.startswith(_NAMES)


def nothing_ignored(_path: str, _is_folder: bool) -> bool:
    """Leaves out nothing; see Ignored."""
    return False


@dataclass(frozen=True, slots=True)
class FoundPath:
    """A file in a folder: its name in reports, its path as an absolute text, and its size in bytes."""

    shown: str
    path: str
    size: int


def walk(
    root: Path,
    folder: Path,
    ignored: Ignored = nothing_ignored,
    wanted: Callable[[str], bool] = is_candidate,
) -> Iterator[Path | NotRead]:
    """Every wanted file below a folder, in the order of names, and a NotRead for whatever can't be looked at.

    Args:
        root: the project's folder.
        folder: below the root.
        ignored: what to leave out.
        wanted: by the name of a file.
    """
    for found in walk_paths(root, folder, ignored, wanted):
        yield found if isinstance(found, NotRead) else Path(found.path)


def walk_paths(
    root: Path,
    folder: Path,
    ignored: Ignored = nothing_ignored,
    wanted: Callable[[str], bool] = is_candidate,
) -> Iterator[FoundPath | NotRead]:
    """As `walk`, with what is known of each file besides."""
    base = Path(os.path.abspath(root))
    top = Path(os.path.abspath(root / folder))
    shown = shown_name(root, folder)
    if not top.resolve().is_relative_to(base.resolve()):
        yield NotRead(shown, None, "it leads out of the project")
        return
    yield from _Walk(base, ignored, wanted).folder(str(top), shown, 0)


class _Walk:
    def __init__(self, root: Path, ignored: Ignored, wanted: Callable[[str], bool]) -> None:
        self._root = root
        self._ignored = ignored
        self._wanted = wanted
        self._seen = 0

    def folder(self, folder: str, shown: str, depth: int) -> Iterator[FoundPath | NotRead]:
        if depth > MAXIMUM_FOLDERS_DEEP:
            yield NotRead(shown, None, f"folders are nested deeper than {MAXIMUM_FOLDERS_DEEP} levels")
            return
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield NotRead(shown, None, f"the folder can't be read: {error.strerror or error}")
            return
        prefix = "" if shown == "." else f"{shown}/"
        for entry in entries:
            self._seen += 1
            if self._seen == MAXIMUM_FILES + 1:
                yield NotRead(shown, None, f"stopped here: more than {MAXIMUM_FILES:,} files and folders")
            if self._seen > MAXIMUM_FILES:
                return
            yield from self._entry(prefix + entry.name, entry, depth)

    def _entry(self, shown: str, entry: os.DirEntry[str], depth: int) -> Iterator[FoundPath | NotRead]:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield NotRead(shown, None, f"can't be read: {error.strerror or error}")
            return
        if stat.S_ISDIR(status.st_mode):
            skipped = entry.name in SKIPPED_FOLDERS or self._ignored(shown, True)
            if not skipped and not _is_environment(entry.path):
                yield from self.folder(entry.path, shown, depth + 1)
        elif stat.S_ISLNK(status.st_mode) and _leads_to_folder(entry):
            # What it leads to is found where it stands; outside of the project nothing is read.
            inside = Path(entry.path).resolve().is_relative_to(self._root.resolve())
            if not inside and not self._ignored(shown, True):
                yield NotRead(shown, None, "it leads out of the project")
        elif self._wanted(entry.name) and not self._ignored(shown, False):
            yield FoundPath(shown, entry.path, _size(entry, status))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _size(entry: os.DirEntry[str], status: os.stat_result) -> int:
    """Of what a link leads to; 0 where it leads nowhere, which is said when it is opened."""
    try:
        return entry.stat().st_size if stat.S_ISLNK(status.st_mode) else status.st_size
    except OSError:
        return 0


def _is_environment(folder: str) -> bool:
    """A virtual environment of Python, whatever its name."""
    return Path(folder, "pyvenv.cfg").is_file()


def may_be_of_a_kind(path: Path) -> bool:
    """Whether a file that is too large to be read could be one of ours; True where that can't be told."""
    if path.suffix.casefold() not in (".json", ".jsonc"):
        return True
    try:
        with path.open("rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                return True
            before = b""
            for _ in range(_SEARCHED // _PIECE):
                piece = stream.read(_PIECE)
                if not piece:
                    return False
                if b"\x00" in piece or any(mark in before + piece for mark in _MARKS):
                    return True
                before = piece[-32:]
    except (OSError, ValueError):
        pass
    return True
