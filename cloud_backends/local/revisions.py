"""The files of a revision, in a folder of their own."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cloud_backends.local.changed_files import commit_named
from cloud_backends.local.git_repository import open_repository


@contextlib.contextmanager
def revision_folder(root: Path, revision: str) -> Iterator[Path]:
    """The folder `root` as it is in a revision; empty if it isn't there. It goes when the context ends.

    The repository's own configuration plays no part, so no filter or hook of it is run.

    Raises:
        ConfigurationError: git knows no such revision.
        CouldNotCheckError: no git, no repository.
    """
    top = root.resolve()
    with tempfile.TemporaryDirectory(prefix="mlgate-revision-") as scratch:
        with open_repository(top) as repository:
            commit = commit_named(repository, revision)
            repository.read("read-tree", commit)
            # Whatever stands in the working tree, the files are written to the other folder.
            repository.read("checkout-index", "--all", "--force", f"--prefix={scratch}/")
            below = os.path.relpath(top, repository.top)
        folder = Path(scratch, below)
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
