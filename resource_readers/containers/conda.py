"""The reader of conda environment files."""

from __future__ import annotations

import re
from typing import Any

from resource_readers.containers.places import RecordedPlaces, Section
from resource_readers.containers.requirements import MAXIMUM_LINES, MAXIMUM_TEXT, Requirements, unknown_package
from resource_readers.containers.yaml_values import FILLED_IN, tree_of, values_of
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import ArrayNode, Node, NodeSource, ObjectNode, Position
from resource_readers.trees.placeholders import symbolic_text
from verdicts import Location

KIND = "conda"
TYPE = "Conda.Environments/environments"

_LIST = re.compile(
    rb"^dependencies[ \t]*:[ \t]*(?:#[^\n]*|\r)?(?:\n[ \t]*(?:#[^\n]*)?\r?(?=\n))*+(?:\n[ \t]*-[ \t]|[ \t]*\[)", re.M
)
_OWN = re.compile(rb"^(?:channels|prefix)[ \t]*:|^[ \t]*-[ \t]*(?:pip[ \t]*:|pip\b|python\b|conda-forge::)", re.M)
_NAME = re.compile(rb"^name[ \t]*:", re.M)
_FOREIGN = re.compile(
    rb"^(?:build_dependencies|apiVersion|\$schema|galaxy_info|steps|jobs|stages|resources|services|packages|on)[ \t]*:"
    rb"|^[ \t]*-[ \t]*(?:name|role|src|alias|repository|changed-files|any)[ \t]*:",
    re.M,
)
_FILE = re.compile(r"(?:conda|environment|.*(?:^|[-_.])(?:conda|env|environment)(?:[-_.].*)?)\.ya?ml", re.IGNORECASE)

_SPECIFICATION = re.compile(r"(?:(?P<channel>[^\s\[]+?)::)?(?P<name>[A-Za-z0-9_.*-]+)\s*(?P<rest>.*)", re.DOTALL)
_EXACT = re.compile(r"={0,2}\s*(?P<version>\d[A-Za-z0-9.!+_]*)(?:(?:\s*=\s*|\s+)(?P<build>[A-Za-z0-9_.]+))?")
_BRACKETS = re.compile(r"\[(?P<inside>[^\]]*)\]\s*\Z")
_BRACKET = re.compile(r"(\w+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^,\s]*))")


class CondaReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By a list of dependencies together with channels, a name, Python or pip, or the file's name."""
        if file.path.suffix.casefold() not in (".yml", ".yaml") or b"dependencies" not in file.searchable:
            return False
        if _FOREIGN.search(file.searchable):
            return False
        named = _FILE.fullmatch(file.path.name) is not None
        if _LIST.search(file.searchable) is None:
            return named and re.search(rb"^dependencies[ \t]*:", file.searchable, re.M) is not None
        return named or bool(_OWN.search(file.searchable)) or bool(_NAME.search(file.searchable))

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        tree = tree_of(file)
        document = values_of(tree, file.shown) if not isinstance(tree, NotRead) else tree
        if isinstance(document, NotRead) or isinstance(tree, NotRead):
            missing = document if isinstance(document, NotRead) else tree
            return ReadResult(
                kind=KIND, not_read=(missing,) if isinstance(missing, NotRead) else (), files=(file.digest,)
            )
        if not isinstance(document, dict) or not isinstance(tree, ObjectNode):
            missing = NotRead(file.shown, tree.line, "no environment: it is no mapping")
            return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
        reading = _Environment(tree, document, file, request)
        return ReadResult(
            kind=KIND,
            resources=(reading.resource(),),
            not_read=(*reading.not_read, *reading.requirements.not_read),
            files=tuple(reading.requirements.files.values()),
        )


class _Environment:
    def __init__(self, tree: ObjectNode, document: dict[str, Any], file: ProjectFile, request: ReadRequest) -> None:
        self._tree = tree
        self._file = file
        self._source = NodeSource(tree)
        self._places = RecordedPlaces(Position(tree.line, tree.column))
        self._top = Section(self._places, ("properties",))
        self.not_read: list[NotRead] = []
        self.requirements = Requirements(self._top, file, request)
        for key, value in document.items():
            self._top.set(key, value, self._source.position((key,)))
        self._top.set("channels", document.get("channels") or [], self._source.position(("channels",)))
        _record(self._places, tree, ("properties",))
        for key in ("packages", "pipPackages", "pipOptions"):
            self._top.set(key, [], self._source.position(("dependencies",)))
        self._dependencies(document.get("dependencies"))

    def _miss(self, line: int, reason: str) -> None:
        self.not_read.append(NotRead(self._file.shown, line, reason, may_hold_resources=False))

    def _dependencies(self, items: Value) -> None:
        place = self._source.position(("dependencies",))
        if isinstance(items, Unknown):
            self._top.set("packages", items, place)
            return
        if items is not None and not isinstance(items, list):
            self._miss(place.line, "the dependencies are no list")
            return
        for index, item in enumerate(items or ()):
            if index == MAXIMUM_LINES:
                self._miss(place.line, f"more than {MAXIMUM_LINES:,} dependencies")
                return
            where = self._source.position(("dependencies", index))
            if isinstance(item, dict):
                self._installer(item, index)
            elif isinstance(item, str | Unknown):
                self._top.append("packages", package_of(item), where)
            elif item is not None:
                self._miss(where.line, "a dependency that is no text")

    def _installer(self, item: dict[str, Any], index: int) -> None:
        for key, lines in item.items():
            where = self._source.position(("dependencies", index, key))
            if key != "pip":
                self._miss(where.line, f"the dependencies of {key[:40]!r} are not understood")
            elif isinstance(lines, Unknown):
                self._top.append("pipPackages", unknown_package(lines), where)
            elif lines is not None and not isinstance(lines, list):
                self._miss(where.line, "the part of pip is no list")
            else:
                for at, line in enumerate(lines or ()):
                    place = self._source.position(("dependencies", index, key, at))
                    self.requirements.take(line, place, self._file.path.parent)

    def resource(self) -> Resource:
        """The environment."""
        return Resource(
            type=TYPE,
            api_version="",
            name=self._file.shown,
            id=f"{TYPE}/{self._file.shown}",
            scope="",
            properties=self._top.values,
            location=Location(self._file.shown, self._tree.line),
            source=self._places,
        )


def _record(places: RecordedPlaces, node: Node, path: tuple[str | int, ...], depth: int = 0) -> None:
    """The places of everything in a (small) tree."""
    if depth > 6:
        return
    if isinstance(node, ObjectNode):
        for entry in node.entries:
            below = (*path, str(entry.key))
            places.record(below, Position(entry.line, entry.column))
            _record(places, entry.value, below, depth + 1)
    elif isinstance(node, ArrayNode):
        for index, item in enumerate(node.items):
            places.record((*path, index), Position(item.line, item.column))
            _record(places, item, (*path, index), depth + 1)


def package_of(item: str | Unknown) -> dict[str, Value]:
    """A conda package: `text`, `name`, `specifier`, `exact`, and where they are written `channel` and `build`.

    `exact`: one version ("numpy=1.26.4", "numpy==1.26.4", "numpy=1.26.4=py311_0"). For Python that takes three parts:
    conda reads "python=3.11" as any 3.11.
    """
    if isinstance(item, Unknown):
        return unknown_package(item)
    if len(item) > MAXIMUM_TEXT:
        return {"text": item, "exact": False, "valid": False}
    filled = symbolic_text(item, script=True)
    if filled is not None:
        return package_of(unknown(FILLED_IN, filled))
    text = item.split("#", 1)[0].strip()
    brackets = _BRACKETS.search(text)
    inside = {one[0]: one[1] or one[2] or one[3] for one in _BRACKET.findall(brackets["inside"])} if brackets else {}
    match = _SPECIFICATION.fullmatch(text[: brackets.start()] if brackets else text)
    if match is None:
        return {"text": item, "exact": False, "valid": False}
    rest = match["rest"].strip() or inside.get("version", "")
    made: dict[str, Value] = {"text": item, "name": match["name"].lower(), "specifier": rest}
    exact = _EXACT.fullmatch(rest)
    parts = exact["version"].count(".") if exact is not None else 0
    made["exact"] = exact is not None and parts >= (2 if made["name"] == "python" else 1)
    build = exact["build"] if exact is not None and exact["build"] else inside.get("build")
    channel = match["channel"] or inside.get("channel")
    return {**made, **({"build": build} if build else {}), **({"channel": channel} if channel else {})}
