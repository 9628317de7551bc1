"""Opening files of a project: never one outside its root, never a device or pipe, never a huge one."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from verdicts import InputDigest
from verdicts.digests import digest_bytes

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

    @property
    def digest(self) -> InputDigest:
        """Name and digest of what was read."""
        return InputDigest(self.shown, digest_bytes(self.data))


def shown_name(root: Path, path: Path) -> str:
    """How a path is shown: relative to the root where it is below it."""
    absolute = Path(os.path.abspath(root / path))
    base = Path(os.path.abspath(root))
    return absolute.relative_to(base).as_posix() if absolute.is_relative_to(base) else str(path)


def open_inside(root: Path, path: Path, *, maximum: int = MAXIMUM_BYTES) -> ProjectFile:
    """A regular file whose real place is below the root. Raises UnreadableFileError."""
    shown = shown_name(root, path)
    try:
        real = (root / path).resolve(strict=True)
        if not real.is_relative_to(root.resolve(strict=True)):
            raise UnreadableFileError(shown, "it leads out of the project")
        # Opened without waiting and without following a link that somebody put there meanwhile.
        descriptor = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                raise UnreadableFileError(shown, "it is no regular file")
            data = stream.read(maximum + 1)
    except (OSError, ValueError, RuntimeError) as error:
        raise UnreadableFileError(shown, getattr(error, "strerror", None) or str(error)) from None
    if len(data) > maximum:
        raise UnreadableFileError(shown, f"it is larger than {maximum:,} bytes")
    return ProjectFile(real, shown, data)
