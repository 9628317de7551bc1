"""Finding a program on PATH without picking up what somebody else could have put there."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path


def _writable_by_others(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_IWOTH) or status.st_uid not in (0, os.getuid())


def unsafe_because(program: Path) -> str:
    """Why a program at this place can't be trusted to be its owner's, or "". Raises OSError.

    The file, its folder, and (behind links) the real file and its folder must belong to root or to the caller and must
    not be writable by everybody.
    """
    for place in (program.parent, program, program.resolve(strict=True).parent):
        if _writable_by_others(place.stat()):
            return f"{place} can be changed by other users"
    return ""


def programs_on_path(name: str, environment: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """Executables of that name on PATH in its order, each with "" or the reason why it is passed over.

    Relative and empty entries, and the current directory itself, are never looked into: whoever prepares a folder would
    choose the program.
    """
    here = Path.cwd().resolve()
    for entry in environment.get("PATH", "").split(os.pathsep):
        folder = Path(entry)
        if not entry or not folder.is_absolute() or folder.resolve() == here:
            continue
        program = folder / name
        try:
            if program.is_file() and os.access(program, os.X_OK):
                yield program, unsafe_because(program)
        except OSError:
            continue


def program_beside_python(name: str) -> Path | None:
    """The program that an extra of mlgate installed into mlgate's own environment."""
    program = Path(sys.executable).parent / name
    return program if program.is_file() and os.access(program, os.X_OK) else None


def find_uv(environment: Mapping[str, str]) -> Path | None:
    """uv: on PATH, or in mlgate's own environment (the extra `tools`)."""
    for program, obstacle in programs_on_path("uv", environment):
        if not obstacle:
            return program
    return program_beside_python("uv")
