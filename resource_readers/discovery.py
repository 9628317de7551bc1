"""Which files of a folder may be read: found by name, never through a link, and what can't be looked at is named.

Whether a file really is of a kind is the readers' business (`registry`); a file that no reader recognises isn't ours.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
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

_ENDINGS = frozenset(
    {".json", ".jsonc", ".template", ".armtemplate", ".bicep", ".bicepparam", ".tf", ".tfvars", ".yml", ".yaml"}
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
    if Path(folded).suffix in _ENDINGS:
        return True
    return folded.startswith(_NAMES) or folded.endswith((".dockerfile", ".containerfile"))


def nothing_ignored(_path: str, _is_folder: bool) -> bool:
    """Leaves out nothing; see Ignored."""
    return False


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
    base = Path(os.path.abspath(root))
    top = Path(os.path.abspath(root / folder))
    if not top.resolve().is_relative_to(base.resolve()):
        yield NotRead(shown_name(root, folder), None, "it leads out of the project")
        return
    yield from _Walk(base, ignored, wanted).folder(top, 0)


class _Walk:
    def __init__(self, root: Path, ignored: Ignored, wanted: Callable[[str], bool]) -> None:
        self._root = root
        self._ignored = ignored
        self._wanted = wanted
        self._seen = 0

    def folder(self, folder: Path, depth: int) -> Iterator[Path | NotRead]:
        shown = shown_name(self._root, folder)
        if depth > MAXIMUM_FOLDERS_DEEP:
            yield NotRead(shown, None, f"folders are nested deeper than {MAXIMUM_FOLDERS_DEEP} levels")
            return
        try:
            with os.scandir(folder) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            yield NotRead(shown, None, f"the folder can't be read: {error.strerror or error}")
            return
        for entry in entries:
            self._seen += 1
            if self._seen == MAXIMUM_FILES + 1:
                yield NotRead(shown, None, f"stopped here: more than {MAXIMUM_FILES:,} files and folders")
            if self._seen > MAXIMUM_FILES:
                return
            yield from self._entry(Path(entry.path), entry, depth)

    def _entry(self, path: Path, entry: os.DirEntry[str], depth: int) -> Iterator[Path | NotRead]:
        shown = shown_name(self._root, path)
        try:
            mode = entry.stat(follow_symlinks=False).st_mode
        except OSError as error:
            yield NotRead(shown, None, f"can't be read: {error.strerror or error}")
            return
        if stat.S_ISDIR(mode):
            if entry.name not in SKIPPED_FOLDERS and not self._ignored(shown, True) and not _is_environment(path):
                yield from self.folder(path, depth + 1)
        elif stat.S_ISLNK(mode) and path.is_dir():
            # What it leads to is found where it stands; outside of the project nothing is read.
            if not path.resolve().is_relative_to(self._root.resolve()) and not self._ignored(shown, True):
                yield NotRead(shown, None, "it leads out of the project")
        elif self._wanted(entry.name) and not self._ignored(shown, False):
            yield path


def _is_environment(folder: Path) -> bool:
    """A virtual environment of Python, whatever its name."""
    return (folder / "pyvenv.cfg").is_file()


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
