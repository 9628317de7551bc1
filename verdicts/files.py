"""Files that are whole at every moment, and where they really are."""

from __future__ import annotations

import os
import secrets
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Writes a file so that a reader sees the old or the new content, and on disk when this returns.

    The file gets the rights that the user gives to new files. Raises OSError.
    """
    temporary = path.with_name(f".{path.name[:100]}-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def real_by_descriptor(path: str) -> str:
    """Where a path leads, as Linux tells it in one step; "" where it can't be told so.

    Nothing is opened by O_PATH: what it leads to, a device perhaps, doesn't notice.
    """
    flags = getattr(os, "O_PATH", 0)
    if not flags:
        return ""
    try:
        descriptor = os.open(path, flags | os.O_CLOEXEC)
    except (OSError, ValueError):
        return ""
    try:
        real = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
    # "(deleted)" behind a name may also be a part of it.
    return real if real.startswith("/") and not real.endswith(" (deleted)") else ""
