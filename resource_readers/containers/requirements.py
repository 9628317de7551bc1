"""Requirement lines as pip takes them: names, versions, options, files that are referred to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from resource_readers.containers.places import Section
from resource_readers.interface import NotRead, ReadRequest, Unknown, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside, place_inside, place_of
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import Position
from resource_readers.trees.placeholders import symbolic_text
from verdicts import InputDigest
from verdicts.text import one_line

MAXIMUM_BYTES = 1024 * 1024
MAXIMUM_FILES = 20
MAXIMUM_LINES = 20_000
MAXIMUM_TEXT = 4_000
"""Of one requirement without its hashes."""

_OPTION = re.compile(r"(--?[A-Za-z][A-Za-z-]*)(?:\s*=\s*|\s+|(?<=^-[A-Za-z])(?=\S)|\Z)(.*)", re.DOTALL)
_LONG = {
    "-i": "--index-url",
    "-f": "--find-links",
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "--pypi-url": "--index-url",
    "--requirements": "--requirement",
}
_HASH = re.compile(r"\s--hash[=\s]\s*(\S+)")
_COMMENT = re.compile(r"(?:^|\s)#.*\Z")
_LEADING = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?:\[[^\]]*\])?\s*(.*)", re.DOTALL)
_KNOWN_NAME = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*+(?:\[[^\]{}]*\]\s*+)?(?:[=<>~!]|\Z)")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|git@|\.{0,2}/|file:)|.*\.(?:whl|tar\.gz|zip)\Z", re.IGNORECASE)
_EGG = re.compile(r"[#&]egg=([A-Za-z0-9._-]+)")


class Requirements:
    """Puts what requirement lines say into a section: `pipPackages`, `pipOptions`, `requirementFiles`."""

    def __init__(self, section: Section, file: ProjectFile, request: ReadRequest) -> None:
        self._section = section
        self._shown = file.shown
        self._request = request
        self.not_read: list[NotRead] = []
        self.files: dict[str, InputDigest] = {file.shown: file.digest}
        self._lines = 0

    def take(self, line: Value, place: Position, folder: Path, source: str = "") -> None:
        """One line.

        Args:
            line: a text, or an Unknown.
            place: of it in the file that is read, or of what refers to the file that it stands in.
            folder: of the file that it stands in; files it names are relative to it.
            source: that file, if it is another one.
        """
        self._lines += 1
        if self._lines > MAXIMUM_LINES:
            if self._lines == MAXIMUM_LINES + 1:
                self._miss(place, f"more than {MAXIMUM_LINES:,} requirements")
            return
        if not isinstance(line, str):
            known = line if isinstance(line, Unknown) else Unknown("a requirement that is no text")
            self._package(unknown_package(known), place, source)
            return
        text = _COMMENT.sub("", line).strip()
        if not text:
            return
        option = _OPTION.fullmatch(text) if text.startswith("-") else None
        if option is None:
            self._package(package_of(text), place, source)
            return
        name = _LONG.get(option.group(1), option.group(1))
        value = option.group(2).strip()
        if name == "--editable":
            self._package({**package_of(value), "text": text, "editable": True, "exact": False}, place, source)
        elif name in ("--requirement", "--constraint"):
            self.follow(value, place, folder, constraint=name == "--constraint")
        else:
            made: dict[str, Value] = {"option": name, **({"value": _filled(value)} if value else {})}
            self._section.append("pipOptions", made, place)

    def follow(self, name: str, place: Position, folder: Path, *, constraint: bool = False) -> None:
        """The lines of another requirement file."""
        made = self._section.item("requirementFiles", place)
        made.set("path", _filled(name), place)
        made.set("exists", False, place)
        if constraint:
            made.set("constraint", True, place)
        if len(self.files) > MAXIMUM_FILES:
            self._miss(place, f"more than {MAXIMUM_FILES} requirement files")
            return
        if not place_of(folder / name.replace("\0", "")).kind:
            # Nothing of the project: what it would say isn't known.
            missing = Unknown(f"the requirement file {one_line(name, maximum=100)} is not there")
            self._package(unknown_package(missing), place, "")
            return
        try:
            file = open_inside(self._request.root, folder / name, maximum=MAXIMUM_BYTES)
        except UnreadableFileError as error:
            self._miss(place, f"the requirement file {name[:100]} can't be read: {error}")
            return
        made.set("exists", True, place)
        if file.shown in self.files:
            return  # read already, or it refers to itself
        self.files[file.shown] = file.digest
        if not constraint:  # what a constraint file names is not installed for that
            for line in lines_of(file.data):
                self.take(line, place, file.path.parent, file.shown)

    def _package(self, package: dict[str, Value], place: Position, source: str) -> None:
        self._section.append("pipPackages", {**package, **({"file": source} if source else {})}, place)

    def _miss(self, place: Position, reason: str) -> None:
        self.not_read.append(NotRead(self._shown, place.line, reason, may_hold_resources=False))


def lines_of(data: bytes) -> list[str]:
    """Lines of a requirement file, those continued by a backslash joined."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = data.decode(encoding, errors="replace")
    return re.sub(r"[ \t]*\\\r?\n[ \t]*", " ", text).splitlines()


def package_of(text: str) -> dict[str, Value]:
    """`text`, `name`, `specifier`, `exact`, where they are written also `extras`, `url`, `marker`, `hashes`.

    `exact`: one version and no other (`==` without `*`, or `===`). `valid` is False where pip would refuse it.
    """
    from packaging.requirements import InvalidRequirement, Requirement
    from packaging.utils import canonicalize_name

    bare = _HASH.sub("", text).strip()
    if len(bare) > MAXIMUM_TEXT:
        return {"text": text, "valid": False, "exact": False}
    filled = symbolic_text(text, script=True)
    if filled is not None:
        return unknown_package(unknown("a placeholder that is filled in before the file is used", filled))
    made: dict[str, Any] = {"text": text}
    hashes = _HASH.findall(text)
    try:
        requirement = Requirement(bare)
    except InvalidRequirement:
        return {**made, **_other(bare)}
    made["name"] = canonicalize_name(requirement.name)
    made["specifier"] = str(requirement.specifier)
    parts = list(requirement.specifier)
    made["exact"] = any(one.operator == "===" or (one.operator == "==" and "*" not in one.version) for one in parts)
    if requirement.extras:
        made["extras"] = sorted(requirement.extras)
    if requirement.url:
        made["url"] = requirement.url
    if requirement.marker is not None:
        made["marker"] = str(requirement.marker)
    return {**made, **({"hashes": hashes} if hashes else {})}


def unknown_package(why: Unknown) -> dict[str, Value]:
    """A package of which at most the name is known ("numpy=={version}")."""
    match = _KNOWN_NAME.match(why.text)
    name: Value = match.group(1).lower() if match is not None else why
    return {"text": why, "name": name, "specifier": why, "exact": why}


def _other(text: str) -> dict[str, Value]:
    """An address or path, or something that is written as no requirement may be."""
    if _ADDRESS.match(text):
        egg = _EGG.search(text)
        return {**({"name": egg.group(1).lower()} if egg is not None else {}), "url": text, "exact": False}
    match = _LEADING.fullmatch(text)
    if match is None:
        return {"valid": False, "exact": False}
    return {"name": match.group(1).lower(), "specifier": match.group(2), "valid": False, "exact": False}


def _filled(text: str) -> Value:
    filled = symbolic_text(text, script=True)
    return text if filled is None else unknown("a placeholder that is filled in before the file is used", filled)


def exists_inside(root: Path, path: Path) -> bool:
    """Whether a file or folder is there, and in the project."""
    return place_inside(root, path).exists
