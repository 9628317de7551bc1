"""Conda environment files: what they add to a pinned requirements file, which should be nothing but the interpreter.

A conda package pulls others by rules of its channel, so what it brings is unknown until it is locked. Python and pip
themselves are part of the image, which is scanned as a whole.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanners.closures import Closure, ClosureProblem, OutsideError, ProblemKind, file_inside, shown_path
from verdicts import ConfigurationError, InputDigest, Location
from verdicts.digests import digest_bytes
from verdicts.documents import Document, DocumentError, parse_yaml, read_bounded
from verdicts.text import one_line

SAFE_CHANNELS = frozenset({"conda-forge", "defaults", "nodefaults"})
OF_THE_IMAGE = frozenset({"python", "pip"})
MAXIMUM_BYTES = 1024 * 1024
_KNOWN_KEYS = frozenset({"name", "channels", "dependencies", "prefix", "variables"})
_SPECIFICATION = re.compile(r"(?:(?P<channel>[^\s:]+)::)?(?P<name>[A-Za-z0-9_.-]+)\s*(?P<rest>.*)")
# "=3.11.9", "==3.11.9", "3.11.9", each with or without a build behind it ("=3.11.9=h955ad1f_0").
_EXACT = re.compile(r"={0,2}\s*(?P<version>\d+(?:\.\d+)+(?:\.post\d+)?)(?:\s*=\s*[A-Za-z0-9_]+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaFile:
    """What an environment file says. `pip` holds each line of its pip part with its place."""

    python: str | None = None
    pip: tuple[tuple[str, Location], ...] = ()
    problems: tuple[ClosureProblem, ...] = ()
    inputs: tuple[InputDigest, ...] = ()
    path: Path | None = None
    root: Path | None = None


def _problem(kind: ProblemKind, subject: object, message: str, remedy: str, where: Location) -> ClosureProblem:
    return ClosureProblem(
        kind=kind, subject=one_line(str(subject), maximum=120), message=message, remedy=remedy, location=where
    )


def _unreadable(message: str, where: Location) -> ClosureProblem:
    return _problem(ProblemKind.UNREADABLE, where.path, message, "write it as conda's documentation says", where)


def read_conda_file(path: Path, *, root: Path) -> CondaFile:
    """Reads an environment file; whatever is wrong with it is in `problems`."""
    shown = shown_path(path, root)
    try:
        data = read_bounded(file_inside(path, root), MAXIMUM_BYTES)
    except (OutsideError, DocumentError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        return CondaFile(problems=(_unreadable(f"{shown} can't be read: {reason}.", Location(shown)),))
    inputs = (InputDigest(shown, digest_bytes(data)),)
    try:
        document = parse_yaml(data)
    except (DocumentError, ConfigurationError) as error:
        where = Location(shown, getattr(error, "line", None))
        return CondaFile(problems=(_unreadable(f"{shown} can't be read: {error}.", where),), inputs=inputs)
    reader = _Reader(document, shown)
    reader.read()
    return CondaFile(
        python=reader.python,
        pip=tuple(reader.pip),
        problems=tuple(reader.problems),
        inputs=inputs,
        path=path,
        root=root,
    )


class _Reader:
    def __init__(self, document: Document, shown: str) -> None:
        self._document = document
        self._shown = shown
        self.python: str | None = None
        self.pip: list[tuple[str, Location]] = []
        self.problems: list[ClosureProblem] = []

    def _where(self, *pointer: str | int) -> Location:
        return Location(self._shown, self._document.line(pointer))

    def _items(self, value: Any, *pointer: str | int) -> Iterator[tuple[Any, Location, tuple[str | int, ...]]]:
        if value is None:
            return
        if not isinstance(value, list):
            self.problems.append(_unreadable(f"{pointer[-1]!r} is not a list.", self._where(*pointer)))
            return
        for index, item in enumerate(value):
            yield item, self._where(*pointer, index), (*pointer, index)

    def read(self) -> None:
        content = self._document.content
        if not isinstance(content, dict):
            self.problems.append(_unreadable("The file is not a mapping.", Location(self._shown)))
            return
        for key in content:
            if key not in _KNOWN_KEYS:
                self.problems.append(_unreadable(f"The key {one_line(key)!r} is not known.", self._where(key)))
        variables = content.get("variables") or {}
        for name in variables if isinstance(variables, dict) else ():
            if name.upper().startswith(("PIP_", "UV_", "CONDA_", "PYTHON")):
                message = f"The variable {one_line(name)} steers the installer or the interpreter."
                remedy = "remove it: what is installed must be what is written in the files"
                problem = _problem(ProblemKind.FOREIGN_SOURCE, name, message, remedy, self._where("variables", name))
                self.problems.append(problem)
        for channel, where, _ in self._items(content.get("channels"), "channels"):
            self._channel(channel, where)
        for item, where, pointer in self._items(content.get("dependencies"), "dependencies"):
            if isinstance(item, dict) and set(item) == {"pip"}:
                for line, place, _ in self._items(item["pip"], *pointer, "pip"):
                    if isinstance(line, str):
                        self.pip.append((line, place))
                    else:
                        self.problems.append(_unreadable("A line of the pip part is not text.", place))
            else:
                self._dependency(item, where)

    def _channel(self, channel: object, where: Location) -> None:
        if channel in SAFE_CHANNELS:
            return
        shown = one_line(str(channel), maximum=120)
        remedy = f"use {' or '.join(sorted(SAFE_CHANNELS - {'nodefaults'}))}"
        message = f"The channel {shown} is not on the safe list."
        self.problems.append(_problem(ProblemKind.FOREIGN_SOURCE, f"channel {shown}", message, remedy, where))

    def _dependency(self, item: object, where: Location) -> None:
        match = _SPECIFICATION.fullmatch(item.strip()) if isinstance(item, str) else None
        if match is None:
            self.problems.append(_unreadable(f"{one_line(str(item), maximum=120)!r} is not a dependency.", where))
            return
        name = match["name"].lower()
        if match["channel"]:
            self._channel(match["channel"], where)
        exact = _EXACT.fullmatch(match["rest"].strip())
        # conda reads python=3.11 as any 3.11; only three parts name one release.
        pinned = exact is not None and (name != "python" or exact["version"].count(".") >= 2)
        if not pinned:
            message = f"The conda package {name} is not pinned to one version."
            problem = _problem(ProblemKind.UNPINNED, name, message, f"write {name}=<the whole version>", where)
            self.problems.append(problem)
        elif exact is not None and name == "python":
            self.python = exact["version"]
        if name not in OF_THE_IMAGE:
            message = f"What the conda package {name} brings with it is unknown: the file is not a lock."
            remedy = "take it from PyPI into the locked requirements file"
            self.problems.append(_problem(ProblemKind.INCOMPLETE, name, message, remedy, where))


def compare_with_closure(conda: CondaFile, requirements: Path, closure: Closure) -> Iterator[ClosureProblem]:
    """Problems of the pip part, which may name the requirements file itself or pins that stand in it."""
    if conda.path is None or conda.root is None:
        return
    pins = {(package.name, package.version) for package in closure.packages}
    for line, where in conda.pip:
        yield from _compare_line(line, where, conda.path, requirements, pins)


def _compare_line(
    line: str, where: Location, path: Path, requirements: Path, pins: set[tuple[str, str | None]]
) -> Iterator[ClosureProblem]:
    from packaging.utils import canonicalize_name
    from pip_requirements_parser import InstallRequirement, OptionLine

    from scanners.requirement_files import exact_version, source_of

    shown = one_line(line, maximum=120)
    parsed = _parse_line(line)
    if isinstance(parsed, OptionLine) and set(parsed.options) == {"requirements"}:
        for nested in parsed.options["requirements"]:
            if (path.parent / nested).resolve() != requirements.resolve():
                message = (
                    f"The pip part names {one_line(nested, maximum=120)}, which is not the release's requirements file."
                )
                yield _problem(
                    ProblemKind.INCOMPLETE, shown, message, f"write -r and the path of {requirements.name}", where
                )
        return
    if isinstance(parsed, OptionLine) and set(parsed.options) <= {"no_binary", "only_binary", "require_hashes"}:
        if parsed.options:
            return
    elif isinstance(parsed, OptionLine):
        message = f"The pip part changes where packages come from: {shown}."
        yield _problem(ProblemKind.FOREIGN_SOURCE, shown, message, "take every package from one index", where)
        return
    if not isinstance(parsed, InstallRequirement):
        yield _unreadable(f"{shown!r} in the pip part is not a requirement.", where)
        return
    name = str(canonicalize_name(parsed.name)) if parsed.name else shown
    if source_of(parsed) != "pypi":
        message = f"{name} in the pip part does not come from the index."
        yield _problem(ProblemKind.FOREIGN_SOURCE, name, message, "pin it in the requirements file", where)
        return
    version = exact_version(parsed.specifier)
    if version is None:
        message = f"{name} in the pip part is not pinned to one version."
        yield _problem(ProblemKind.UNPINNED, name, message, f"write -r {requirements.name} instead", where)
    elif (name, version) not in pins:
        message = f"{name}=={version} in the pip part does not stand in {requirements.name}."
        yield _problem(ProblemKind.INCOMPLETE, name, message, f"write -r {requirements.name} instead", where)


def _parse_line(line: str) -> Any:
    """The one thing that a line of the pip part says, or None."""
    from pip_requirements_parser import RequirementsFile

    if "${" in line or any(not character.isprintable() for character in line):
        return None
    with tempfile.TemporaryDirectory(prefix="mlgate-requirements-") as folder:
        file = Path(folder, "line.txt")
        file.write_bytes(b"\xef\xbb\xbf" + line.encode())
        try:
            parsed = list(RequirementsFile.parse(str(file), include_nested=False))
        except Exception:  # the parser raises bare exceptions for lines that it can't split
            return None
    return parsed[0] if len(parsed) == 1 else None
