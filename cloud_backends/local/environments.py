"""The Python environment of a release, made by uv from its own pinned and hashed requirements.

What was scanned is what runs: the same bytes of the requirements file are scanned and installed, and every package is
installed by its hash. Environments are kept by the digest of that file and shared by releases with equal requirements.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scanners.process_runner import ProcessError, run
from scanners.program_search import find_uv
from scanners.uv_command import uv_command
from verdicts import CouldNotCheckError
from verdicts.digests import digest_file
from verdicts.text import one_line

INSTALL_TIMEOUT_S = 1_200.0

_COMPLETE = ".mlgate-complete"


def environment_path(requirements: Path, store: Path) -> Path:
    """Where the environment of these requirements is, or would be. Raises OSError."""
    return store / digest_file(requirements).removeprefix("sha256:")


def ensure_environment(requirements: Path, store: Path) -> Path:
    """The environment of these requirements; made if it isn't there, made anew if it was interrupted.

    Args:
        requirements: pinned, with hashes for every package.
        store: folder of all environments.

    Raises:
        CouldNotCheckError: it can't be made: no uv, a package that can't be had, a hash that differs.
    """
    store.mkdir(parents=True, exist_ok=True)
    place = environment_path(requirements, store)
    if (place / _COMPLETE).exists():
        return place
    with _lock(store / f".{place.name}.lock"):
        if (place / _COMPLETE).exists():
            return place
        shutil.rmtree(place, ignore_errors=True)
        uv = find_uv(os.environ)
        if uv is None:
            raise CouldNotCheckError("uv is not here", remedy="install mlgate[tools], or put uv on PATH")
        _uv(uv, store, "venv", "--quiet", "--no-config", "--python", sys.executable, str(place))
        _uv(
            uv,
            store,
            *("pip", "install", "--quiet", "--no-config", "--no-build", "--no-deps", "--require-hashes"),
            *("--python", str(place / "bin" / "python"), "--requirements", str(requirements.absolute())),
        )
        (place / _COMPLETE).write_text(f"{place.name}\n")
    return place


def _uv(uv: Path, store: Path, *arguments: str) -> None:
    command = uv_command(uv, *arguments, timeout_s=INSTALL_TIMEOUT_S)
    try:
        result = run(command)
    except ProcessError as error:
        raise CouldNotCheckError(f"the release's environment can't be made: {error}") from None
    if result.exit_code != 0:
        raise CouldNotCheckError(
            f"the release's environment can't be made: {one_line(result.error_tail(), maximum=600)}",
            where=str(store),
            remedy="is the network there, and is every package pinned with its hash?",
        )


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
