"""A private copy of a project's files, taken before anything is looked at.

What is checked is what is deployed: between a check and the deployment hours may pass, in which files change. So a run
copies the project first, and scans and deploys the copy; its digest stands in the audit trail.
"""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from verdicts import ConfigurationError, CouldNotCheckError
from verdicts.digests import digest_tree

MAXIMUM_FILES = 100_000
MAXIMUM_BYTES = 16 * 1024**3

# Never part of a release: version control, environments, caches. The state folder is left out by its path.
LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".venv", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
)


def freeze(root: Path, destination: Path, *, state: Path, registry: Path) -> str:
    """Copies the project at `root` to `destination` (which must not exist) and returns the copy's digest.

    Links are copied as links only where they stay inside the project; others are left out, so that what they lead to is
    missing rather than trusted. Sockets, pipes and devices are left out as well.

    Raises:
        ConfigurationError: more files or bytes than a release may have.
        CouldNotCheckError: a file that can't be read.
    """
    left_out = {state.resolve(), registry.resolve()}
    files = size = 0
    try:
        for folder, folders, names in os.walk(root, onerror=_refuse):
            here = Path(folder)
            target = destination / here.relative_to(root)
            target.mkdir(parents=True)
            folders[:] = sorted(
                name for name in folders if name not in LEFT_OUT and (here / name).resolve() not in left_out
            )
            linked = [name for name in folders if (here / name).is_symlink()]
            for name in linked:
                folders.remove(name)
            for name in sorted([*names, *linked]):
                files += 1
                size += _copy(here / name, target / name, root)
                if files > MAXIMUM_FILES or size > MAXIMUM_BYTES:
                    raise ConfigurationError(
                        f"more than {MAXIMUM_FILES:,} files or {MAXIMUM_BYTES:,} bytes in the project",
                        where=str(root),
                        remedy="keep data sets and caches out of the project's folder",
                    )
    except OSError as error:
        raise CouldNotCheckError(
            f"can't be copied: {error.strerror or error}", where=str(error.filename or root)
        ) from None
    return digest_tree(destination)


def _refuse(error: OSError) -> None:
    # os.walk passes over a folder that it can't read: what is in it would be missing from every check.
    raise error


def _copy(source: Path, target: Path, root: Path) -> int:
    """Copies one file or inner link; returns its size in bytes."""
    status = source.lstat()
    if stat.S_ISLNK(status.st_mode):
        if source.resolve().is_relative_to(root.resolve()) and not source.readlink().is_absolute():
            target.symlink_to(source.readlink())
        return 0
    if not stat.S_ISREG(status.st_mode):
        return 0
    shutil.copyfile(source, target, follow_symlinks=False)
    target.chmod(0o600 | (status.st_mode & 0o100))
    return status.st_size
