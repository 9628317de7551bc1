"""Folders of definitions that are written whole or not at all, and replaced only where one of ours stands."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from verdicts.errors import ConfigurationError, CouldNotCheckError


def check_destination(destination: Path, note: str, source: Path | None = None) -> None:
    """Refuses what must not be replaced.

    Args:
        destination: a folder that isn't there yet or is empty, or one with the file `note`.
        note: what marks a folder that was written by the same command.
        source: what is read; None for nothing on disk.

    Raises:
        ConfigurationError: the destination is something else, or lies within the source or around it.
    """
    if source is not None:
        inside, outside = destination.resolve(), source.resolve()
        if inside == outside or inside in outside.parents or outside in inside.parents:
            raise ConfigurationError("source and destination lie within one another", where=str(destination))
    if not destination.exists() and not destination.is_symlink():
        return
    if destination.is_symlink() or not destination.is_dir():
        raise ConfigurationError("it is no folder", where=str(destination))
    if any(destination.iterdir()) and not (destination / note).is_file():
        raise ConfigurationError(
            f"the folder isn't empty and no earlier one of this command: it has no {note}",
            where=str(destination),
            remedy="name another one",
        )


@contextlib.contextmanager
def replacing(destination: Path) -> Iterator[Path]:
    """A new folder that takes the destination's place when the block ends without an error.

    Raises:
        CouldNotCheckError: it can't be written.
    """
    try:
        destination.parent.mkdir(parents=True, exist_ok=True)
        workspace = Path(tempfile.mkdtemp(prefix=f".{destination.name[:50]}-", dir=destination.parent))
    except OSError as error:
        raise CouldNotCheckError(f"can't be written: {error.strerror or error}", where=str(destination)) from None
    try:
        yield workspace
        workspace.chmod(0o755)
        _put_in_place(workspace, destination)
    except OSError as error:
        raise CouldNotCheckError(f"can't be written: {error.strerror or error}", where=str(destination)) from None
    finally:
        shutil.rmtree(workspace, ignore_errors=True)


def _put_in_place(workspace: Path, destination: Path) -> None:
    if destination.exists():
        old = Path(tempfile.mkdtemp(prefix=".replaced-", dir=destination.parent))
        destination.replace(old / "pack")
        try:
            workspace.rename(destination)
        except OSError:
            (old / "pack").rename(destination)
            raise
        finally:
            shutil.rmtree(old, ignore_errors=True)
    else:
        workspace.rename(destination)
