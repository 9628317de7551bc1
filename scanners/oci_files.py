"""The files of an OCI layout, reached without following a link, and written at once or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from scanners.oci_documents import ImageNotFoundError, ImageTamperedError, ImageTooLargeError, ImageUnreadableError

_LOCK = ".mlgate-lock"


class LayoutFolder:
    """A layout's folder as a place for files. Every method raises ImageError for what can't be read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, name: str, *, limit: int) -> bytes:
        """A whole file of at most `limit` bytes."""
        with self.open(name) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise ImageTooLargeError(f"larger than {limit:,} bytes", where=str(self.path / name))
        return data

    @contextlib.contextmanager
    def folder(self, *parts: str) -> Iterator[int]:
        """A descriptor of a folder below the layout, reached without following a link."""
        where = self.path.joinpath(*parts)
        try:
            current = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise ImageUnreadableError(f"not an OCI layout: {error.strerror}", where=str(self.path)) from None
        try:
            for part in parts:
                try:
                    below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=current)
                except OSError as error:
                    raise ImageUnreadableError(f"not an OCI layout: {error.strerror}", where=str(where)) from None
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)

    def open(self, *parts: str, digest: str = "") -> BinaryIO:
        """A regular file below the layout, reached without following a link. Raises ImageError."""
        where = str(self.path.joinpath(*parts))
        with self.folder(*parts[:-1]) as folder:
            try:
                # O_NONBLOCK: opening a named pipe would wait for ever.
                handle = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            except FileNotFoundError:
                raise ImageNotFoundError("not in the layout", digest=digest, where=where) from None
            except OSError as error:
                raise ImageUnreadableError(f"can't be opened: {error.strerror}", digest=digest, where=where) from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise ImageUnreadableError("not a regular file", digest=digest, where=where)
        return os.fdopen(handle, "rb")

    def store(self, chunks: Iterable[bytes], expected: str | None) -> tuple[str, int]:
        """Adds a blob chunk by chunk. Returns digest and size in bytes.

        Raises:
            ImageTamperedError: the digest isn't the expected one; nothing was added.
            OSError: it can't be written.
        """
        with self.folder("blobs", "sha256"):  # refuses a layout whose blobs would be written elsewhere
            blobs = self.path / "blobs" / "sha256"
        digest, size = hashlib.sha256(), 0
        handle, name = tempfile.mkstemp(prefix=".incoming-", dir=blobs)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                for chunk in chunks:
                    digest.update(chunk)
                    size += len(chunk)
                    stream.write(chunk)
                os.fchmod(stream.fileno(), 0o644)
            found = f"sha256:{digest.hexdigest()}"
            if expected is not None and found != expected:
                raise ImageTamperedError(f"its content has the digest {found}", digest=expected, where=expected)
            temporary.replace(blobs / digest.hexdigest())
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        return found, size

    def replace(self, name: str, content: object) -> None:
        """Writes a JSON file at once or not at all."""
        handle, temporary = tempfile.mkstemp(prefix=".incoming-", dir=self.path)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(content, stream, indent=1, sort_keys=True)
            stream.flush()
            os.fchmod(stream.fileno(), 0o644)
            os.fsync(stream.fileno())
        Path(temporary).replace(self.path / name)
        with self.folder() as folder:
            os.fsync(folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """One writer at a time, over processes and threads; waits."""
        with self.folder() as folder:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            handle = os.open(_LOCK, flags, 0o644, dir_fd=folder)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def exists(folder: int, digest: str) -> bool:
    """Whether a blob of that digest stands in the folder (an open descriptor), as whatever kind of file."""
    try:
        os.stat(digest.removeprefix("sha256:"), dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def unlink(folder: int, digest: str) -> bool:
    """Removes a blob from the folder (an open descriptor); False if there was none."""
    try:
        os.unlink(digest.removeprefix("sha256:"), dir_fd=folder)
    except FileNotFoundError:
        return False
    return True
