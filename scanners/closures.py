"""The pinned closure of a solution: every package that its container will hold, and what keeps it from being one.

A closure is read, never resolved: resolving can run the packages' code (`setup.py`), and answers differently tomorrow.
It is complete because every entry carries hashes: with one hash in the file pip and uv install nothing that isn't
listed with a hash of its own, dependencies included. So an entry without an exact pin and a hash is a problem, and no
line is ever skipped.
"""

from __future__ import annotations

import enum
import os.path
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from verdicts import InputDigest, Location

if TYPE_CHECKING:
    from packaging.markers import Marker

PYPI = "pypi"
URL = "url"
VCS = "vcs"
PATH = "path"
EDITABLE = "editable"
NOT_AN_INDEX = frozenset({URL, VCS, PATH, EDITABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedPackage:
    """One entry of the closure.

    Attributes:
        name: normalised (PEP 503); for an entry without a name, the path or address that it gives.
        version: normalised (PEP 440); None where the entry pins none, which is a problem of its own.
        source: "pypi" for the default index, the address of another index, or one of NOT_AN_INDEX.
        hashes: as "sha256:<64 hexadecimal digits>" (or sha384, sha512); malformed ones are left out.
        location: where the entry stands.
        format: "wheel" or "sdist" where the file allows only one of them, else None.
    """

    name: str
    version: str | None
    source: str
    hashes: tuple[str, ...]
    location: Location
    format: str | None = None

    @property
    def url(self) -> str:
        """The package URL (purl)."""
        version = f"@{quote(self.version, safe='')}" if self.version is not None else ""
        return f"pkg:pypi/{quote(self.name, safe='')}{version}"


class ProblemKind(enum.Enum):
    """What a problem means to a scanner.

    UNPINNED and FOREIGN_SOURCE are certain, so they are findings (of the allowlist); behind the other two something
    stands that nobody looked at, so they are could-not-check.
    """

    UNPINNED = "unpinned"
    FOREIGN_SOURCE = "foreign-source"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureProblem:
    """Something that is not an exact, hashed pin from the one index.

    Attributes:
        kind: see ProblemKind.
        subject: the entry's name, or the option.
        aspect: what tells two problems of one kind and subject apart ("version", "hash").
        message: what is wrong, in a sentence.
        remedy: what to do, in a sentence.
        location: file and line.
    """

    kind: ProblemKind
    subject: str
    aspect: str = ""
    message: str
    remedy: str
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What was read.

    Attributes:
        packages: the entries that the target installs, by name and version.
        problems: in the order of the files.
        excluded: "name==version (marker)" of entries whose marker is false on the target.
        inputs: digests of all files that were read.
    """

    packages: tuple[PinnedPackage, ...]
    problems: tuple[ClosureProblem, ...]
    excluded: tuple[str, ...]
    inputs: tuple[InputDigest, ...]

    def problems_of(self, *kinds: ProblemKind) -> tuple[ClosureProblem, ...]:
        """The problems of these kinds."""
        return tuple(problem for problem in self.problems if problem.kind in kinds)


@dataclass(frozen=True, slots=True)
class Target:
    """What the closure is installed on: Linux and CPython of this version, on either usual processor.

    `python` has two parts ("3.11": any patch release) or three.
    """

    python: str = "3.11"

    def installs(self, marker: Marker | None) -> bool:
        """Whether an entry with this marker is installed on the target; yes, where that depends on what is unknown."""
        if marker is None:
            return True
        text = str(marker)
        if "platform_release" in text or "platform_version" in text:
            return True
        from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

        try:
            return any(marker.evaluate(environment) for environment in self._environments())
        except (UndefinedComparison, UndefinedEnvironmentName):
            return True

    def _environments(self) -> Iterable[dict[str, str]]:
        parts = self.python.split(".")
        short = ".".join(parts[:2])
        full_versions = (self.python,) if len(parts) > 2 else (f"{short}.0", f"{short}.99")
        for full in full_versions:
            for machine in ("x86_64", "aarch64"):
                yield {
                    "extra": "",
                    "implementation_name": "cpython",
                    "implementation_version": full,
                    "os_name": "posix",
                    "platform_machine": machine,
                    "platform_python_implementation": "CPython",
                    "platform_system": "Linux",
                    "python_full_version": full,
                    "python_version": short,
                    "sys_platform": "linux",
                }


def shown_path(path: Path, root: Path) -> str:
    """The path as findings show it: relative to the project's root, with forward slashes."""
    return Path(os.path.relpath(path.absolute(), root.absolute())).as_posix()


class OutsideError(ValueError):
    """A path that leads out of the project, or to nothing that can be read as a file."""


def file_inside(path: Path, root: Path) -> Path:
    """The real file behind `path`. Raises OutsideError with the reason, also for a link that leaves `root`."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise OutsideError(getattr(error, "strerror", None) or str(error)) from None
    if not real.is_relative_to(root.resolve()):
        raise OutsideError("leads out of the project")
    if not real.is_file():
        raise OutsideError("not a file")
    return real


def read_closure(requirements: Path, conda: Path | None, *, root: Path, target: Target | None = None) -> Closure:
    """The closure of a pinned requirements file and, if there is one, the conda environment file around it.

    Args:
        requirements: pip's format; nested files (-r, -c) are read as far as they stay below `root`.
        conda: an `environment.yml`; its exact Python version becomes the target's.
        root: the project's folder; nothing outside it is read.
        target: None for the conda file's Python, else CPython 3.11.

    Whatever is wrong with the files is in `problems`; an empty closure is a problem too.
    """
    from scanners.conda_files import CondaFile, compare_with_closure, read_conda_file
    from scanners.requirement_files import RequirementsReader

    environment = CondaFile() if conda is None else read_conda_file(conda, root=root)
    target = target or Target(environment.python or "3.11")
    reader = RequirementsReader(root=root, target=target)
    reader.read(requirements)
    listed = reader.finish()
    problems = [*listed.problems, *environment.problems, *compare_with_closure(environment, requirements, listed)]
    if not listed.packages:
        problems.append(
            ClosureProblem(
                kind=ProblemKind.INCOMPLETE,
                subject=requirements.name,
                message="The requirements file lists no package that the target installs.",
                remedy="lock the environment: uv pip compile --generate-hashes --output-file requirements.txt",
                location=Location(shown_path(requirements, root)),
            )
        )
    return Closure(
        packages=listed.packages,
        problems=tuple(problems),
        excluded=listed.excluded,
        inputs=listed.inputs + environment.inputs,
    )
