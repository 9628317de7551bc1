"""File operations that the trail rests on: regular files only, written so that a crash leaves the old or the new."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from verdicts.errors import TamperedError

_MODE = 0o600


def open_regular(path: Path) -> IO[bytes] | None:
    """A file opened for reading, or None if there is nothing.

    Raises:
        TamperedError: if a link, a pipe or a folder stands in its place.
        OSError: if it can't be opened.
    """
    try:
        descriptor = _open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    return open(descriptor, "rb")


def _open(path: Path, flags: int) -> int:
    """A descriptor of a regular file; never follows a link, never waits at a pipe."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, _MODE)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise TamperedError("this is not a regular file", where=str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise TamperedError("this is not a regular file", where=str(path))
    return descriptor


def make_folder(folder: Path) -> None:
    """The folder and those above it, on disk when this returns."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Puts a folder's entries on disk: a new or renamed file is only safe after this."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, data: bytes) -> None:
    """Puts `data` in the place of a file's content: after a crash there is the old content or the new, whole.

    Only one process at a time may do this to one path.
    """
    temporary = path.with_name(path.name + ".new")
    descriptor = _open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        _write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(path)
    sync_folder(path.parent)


def append_to_file(path: Path, data: bytes) -> None:
    """Adds `data` at the end; on disk when this returns. A crash can leave a part of it."""
    descriptor = _open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        new = os.fstat(descriptor).st_size == 0
        _write_all(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if new:
        sync_folder(path.parent)


def cut_file(path: Path, length: int) -> None:
    """Removes what stands after `length` bytes."""
    descriptor = _open(path, os.O_WRONLY)
    try:
        os.ftruncate(descriptor, length)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextlib.contextmanager
def writing(lock: Path) -> Iterator[None]:
    """Holds the lock alone, against threads and processes; waits for it. The system frees it when a process dies."""
    descriptor = _open(lock, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def reading(lock: Path) -> Iterator[None]:
    """Holds the lock with other readers. Changes nothing: where there is no lock file there is no writer (a copy)."""
    stream = open_regular(lock)
    if stream is None:
        yield
        return
    with stream:
        fcntl.flock(stream.fileno(), fcntl.LOCK_SH)
        yield
