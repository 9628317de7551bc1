"""SHA-256 digests in the form "sha256:<64 hexadecimal digits>"."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def is_digest(text: str) -> bool:
    """Whether the text is a whole SHA-256 digest."""
    return _DIGEST.fullmatch(text) is not None


def digest_bytes(data: bytes) -> str:
    """Digest of bytes."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_file(path: Path) -> str:
    """Digest of a file's content. Raises OSError."""
    with path.open("rb") as stream:
        return "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_json(value: object) -> bytes:
    """One spelling for one value: sorted keys, no spaces, ASCII. Raises ValueError for NaN and infinities."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def _refuse(error: OSError) -> None:
    # os.walk passes over a folder that it can't read; a digest must not.
    raise error


def digest_tree(root: Path) -> str:
    """Digest of a folder: names, link targets and contents of everything in it, whatever the order on disk.

    Links are not followed: what they point to is part of the digest, what stands there isn't. Raises OSError.
    """
    lines: list[str] = []
    for folder, folders, files in os.walk(root, onerror=_refuse):
        here = Path(folder)
        for name in [*folders, *files]:
            path = here / name
            relative = path.relative_to(root).as_posix()
            if path.is_symlink():
                lines.append(json.dumps([relative, "link", os.readlink(path)]))
            elif path.is_file():
                lines.append(json.dumps([relative, "file", digest_file(path)]))
            elif path.is_dir():
                lines.append(json.dumps([relative, "folder", ""]))
            else:
                lines.append(json.dumps([relative, "other", ""]))
    return digest_bytes("\n".join(sorted(lines)).encode())
