"""Files that are whole at every moment."""

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
