"""The one place where readers ask the file system.

Files are opened here: never one outside of the root, never a device or pipe, never a huge one. Every question is noted
(`resource_readers.notes`), so no reader may ask in another way; `ask` asks one of them again.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from resource_readers.notes import Question, note
from resource_readers.searchable import searchable
from verdicts import InputDigest
from verdicts.digests import digest_bytes
from verdicts.files import real_by_descriptor

CONTENT, PLACE, NAMES = "content", "place", "names"

MAXIMUM_BYTES = 16 * 1024 * 1024
"""The largest public template that was seen has 3.3 MB; Azure Resource Manager takes 4 MB."""


class UnreadableFileError(Exception):
    """A file can't or mustn't be read; the message says why, `shown` is its name relative to the root."""

    def __init__(self, shown: str, message: str) -> None:
        super().__init__(message)
        self.shown = shown


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file that was read.

    Attributes:
        path: absolute, without links.
        shown: relative to the root, with forward slashes.
        data: its content.
    """

    path: Path
    shown: str
    data: bytes
    _digest: list[InputDigest] = field(default_factory=list, init=False, repr=False, compare=False)
    _searchable: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def digest(self) -> InputDigest:
        """Name and digest of what was read."""
        if not self._digest:
            self._digest.append(InputDigest(self.shown, digest_bytes(self.data)))
        return self._digest[0]

    @property
    def searchable(self) -> bytes:
        """The content to recognise kinds by; see resource_readers.searchable."""
        if not self._searchable:
            self._searchable.append(searchable(self.path.name, self.data))
        return self._searchable[0]


_watched: ContextVar[Callable[[ProjectFile], None] | None] = ContextVar("who sees opened files", default=None)


@contextlib.contextmanager
def watching(see: Callable[[ProjectFile], None]) -> Iterator[None]:
    """Shows every file that is opened inside to somebody who wants to know of its content, too."""
    token = _watched.set(see)
    try:
        yield
    finally:
        _watched.reset(token)


def shown_name(root: Path, path: Path) -> str:
    """How a path is shown: relative to the root where it is below it."""
    # Of thousands of files in a run, so without making paths of the texts.
    absolute, base = os.path.abspath(os.path.join(root, path)), os.path.abspath(root)
    if absolute == base:
        return "."
    below = base if base.endswith(os.sep) else base + os.sep
    return absolute[len(below) :].replace(os.sep, "/") if absolute.startswith(below) else str(path)


def open_inside(root: Path, path: Path, *, maximum: int = MAXIMUM_BYTES) -> ProjectFile:
    """A regular file whose real place is below the root. Raises UnreadableFileError."""
    question = (CONTENT, str(root), str(path), maximum)
    shown = shown_name(root, path)
    try:
        real, data = _content_inside(root, path, maximum)
    except _RefusedError as error:
        note(question, _refused(error))
        raise UnreadableFileError(shown, str(error)) from None
    file = ProjectFile(Path(real), shown, data)
    note(question, _opened(real, file.digest.digest))
    see = _watched.get()
    if see is not None:
        see(file)
    return file


class _RefusedError(Exception):
    """Why a file can't or mustn't be read."""


def _opened(real: str, digest: str) -> str:
    return f"{digest} {real}"


def _refused(error: _RefusedError) -> str:
    return f"unreadable: {error}"


def _content_inside(root: str | Path, path: str | Path, maximum: int) -> tuple[str, bytes]:
    """Where a file really is, and its content. Raises _RefusedError."""
    try:
        joined = os.path.join(root, path)
        real = real_by_descriptor(joined) or os.path.realpath(joined, strict=True)
        base = _real(str(root))
        if real != base and not real.startswith(base if base.endswith(os.sep) else base + os.sep):
            raise _RefusedError("it leads out of the project")
        # Opened without waiting and without following a link that somebody put there meanwhile.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise _RefusedError("it is no regular file")
            data = stream.read(maximum + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise _RefusedError(getattr(error, "strerror", None) or str(error)) from None
    if len(data) > maximum:
        raise _RefusedError(f"it is larger than {maximum:,} bytes")
    return real, data


@functools.lru_cache(maxsize=64)  # asked for every file
def _real(root: str) -> str:
    return os.path.realpath(root, strict=True)


PlaceKind = Literal["", "file", "folder", "other", "dangling"]


@dataclass(frozen=True, slots=True)
class Place:
    """What a path leads to.

    Attributes:
        kind: "" if nothing is there; "dangling" for a link that leads nowhere.
        real: absolute, without links; None where nothing is there in the end.
    """

    kind: PlaceKind
    real: Path | None = None

    @property
    def exists(self) -> bool:
        """Whether something is there, links followed."""
        return self.real is not None


def place_of(path: Path) -> Place:
    """What a path leads to, links followed; also outside of a project, for the caller to compare."""
    place = _place(path)
    note((PLACE, "", str(path), 0), _placed(place))
    return place


def place_inside(root: Path, path: Path) -> Place:
    """The same for a path below a root; what is outside of the root counts as not there."""
    place = place_of(root / path)
    base = place_of(root).real
    inside = place.real is not None and base is not None and place.real.is_relative_to(base)
    return place if inside else Place("")


def _placed(place: Place) -> str:
    return f"{place.kind} {place.real or ''}"


def _place(path: Path) -> Place:
    try:
        real = path.resolve(strict=True)
        mode = real.stat().st_mode
    except (OSError, ValueError, RuntimeError):
        try:
            return Place("dangling" if os.path.lexists(path) else "")
        except ValueError:  # a name that no file can have
            return Place("")
    if stat.S_ISREG(mode):
        return Place("file", real)
    return Place("folder" if stat.S_ISDIR(mode) else "other", real)


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """A name in a folder; `is_folder` also for a link to one."""

    name: str
    is_folder: bool
    is_link: bool


def entries_of(folder: Path, *, maximum: int) -> list[Entry]:
    """What is in a folder, by name; of a folder with more than `maximum` entries so many. Raises OSError."""
    question = (NAMES, "", str(folder), maximum)
    try:
        found = _entries(folder, maximum)
    except OSError as error:
        note(question, _unlisted(error))
        raise
    note(question, _listed(found))
    return found


def _unlisted(error: OSError) -> str:
    return f"unreadable: {error.strerror or error}"


def _listed(entries: list[Entry]) -> str:
    lines = [[one.name, one.is_folder, one.is_link] for one in entries]
    return digest_bytes(json.dumps(lines).encode())


def _entries(folder: Path, maximum: int) -> list[Entry]:
    with os.scandir(folder) as found:
        return sorted(Entry(one.name, _is_folder(one), one.is_symlink()) for one in itertools.islice(found, maximum))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def ask(question: Question) -> str:
    """The answer that the file system gives to a question now."""
    kind, root, path, maximum = question
    if kind == CONTENT:
        try:
            real, data = _content_inside(root, path, maximum)
        except _RefusedError as error:
            return _refused(error)
        return _opened(real, digest_bytes(data))
    if kind == PLACE:
        return _placed(_place(Path(path)))
    if kind != NAMES:
        raise ValueError(f"a question of kind {kind!r}")
    try:
        return _listed(_entries(Path(path), maximum))
    except (OSError, ValueError) as error:
        return _unlisted(error) if isinstance(error, OSError) else "unreadable"
