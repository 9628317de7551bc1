"""One run over a file: the files that it refers to, and the resources that come of them."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from resource_readers.azure_ml.mapping import Conversion, Mapper
from resource_readers.azure_ml.placed import Place, Placed, PlacedSource
from resource_readers.azure_ml.scalars import is_scalar, text
from resource_readers.azure_ml.tables import Kind, tables
from resource_readers.interface import ReadRequest, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, open_inside
from resource_readers.reading import Reading
from resource_readers.template_language.resource_ids import DeploymentScope, Level, resource_id
from resource_readers.template_language.unknowns import LimitError, symbolic, unknown
from resource_readers.trees import lenient_json, yaml_tree
from resource_readers.trees.nodes import Literal, Node, ObjectNode, Position
from verdicts import Location

WORKSPACE = "{workspace}"
LOCAL = "Prompt.Flow/"
"""Types of ours: nothing of Azure Resource Manager."""
WORKSPACE_REASON = "the workspace is chosen when the file is used"
MAXIMUM_FILES = 500
MAXIMUM_RESOURCES = 5_000
MAXIMUM_INSIDE = 20
"""Files that come in by one another, as pipelines in pipelines do."""


class FileError(Exception):
    """A file that is referred to can't be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file of YAML or JSON.

    Attributes:
        shown: relative to the root.
        tree: its content.
        chain: the files by which it came in, itself last.
    """

    shown: str
    tree: Node
    chain: tuple[str, ...]

    def beside(self, reference: str) -> str:
        """A path that is written in the file, relative to the root and normalised; may begin with "..".

        Raises FileError for one that can't be inside of the project.
        """
        written = reference.replace("\\", "/").removeprefix("file:")
        if posixpath.isabs(written) or "\x00" in written:
            raise FileError(f"{reference} is outside of the project")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.shown), written))
        if path == ".." or path.startswith("../"):
            raise FileError(f"{reference} is outside of the project")
        return path


@dataclass(slots=True)
class Project:
    """See the module.

    Attributes:
        request: what was asked.
        reading: what is collected.
        conversions: see mapping.Mapper.
        resources: in the order in which they were found.
    """

    request: ReadRequest
    reading: Reading
    conversions: Mapping[str, Conversion]
    resources: list[Resource] = field(default_factory=list)
    _by_file: dict[tuple[str, str], str] = field(default_factory=dict)

    def open(self, document: Document, reference: str) -> ProjectFile:
        """A file that another names. Raises FileError."""
        path = document.beside(reference)
        if len(self.reading.files) >= MAXIMUM_FILES and path not in self.reading.files:
            raise FileError(f"more than {MAXIMUM_FILES} files belong to it")
        try:
            file = open_inside(self.request.root, Path(path))
        except UnreadableFileError as error:
            raise FileError(f"{path} can't be read: {error}") from None
        self.reading.files.setdefault(file.shown, file.digest)
        return file

    def parse(self, file: ProjectFile) -> Node:
        """A file's tree, parsed once in a session. Raises yaml_tree.YamlError."""
        key = (__name__, file.digest.digest, file.path.suffix.casefold())
        return self.request.session.once(lambda: parse_documents(file), *key)[0]

    def document(self, document: Document, reference: str) -> Document:
        """A file of YAML that another names. Raises FileError."""
        file = self.open(document, reference)
        if file.shown in document.chain:
            raise FileError(f"{file.shown} refers to itself: {' -> '.join((*document.chain, file.shown))}")
        if len(document.chain) >= MAXIMUM_INSIDE:
            raise FileError(f"files refer to one another more than {MAXIMUM_INSIDE} levels deep")
        try:
            tree = self.parse(file)
        except yaml_tree.YamlError as error:
            raise FileError(f"{file.shown}, line {error.line}: {error}") from None
        return Document(file.shown, tree, (*document.chain, file.shown))

    def mapper(self, document: Document, placed: Placed) -> Mapper:
        """For one more resource."""
        return Mapper(self, document, tables(), self.conversions, placed)

    def add(self, kind: Kind, node: ObjectNode, document: Document, *, anonymous: bool = False) -> str:
        """Adds what a mapping declares, with everything inside of it, and gives its id.

        Args:
            kind: what it is.
            node: the mapping.
            document: where it stands.
            anonymous: it stands inside of another, so the CLI gives it a name unless it has one.
        """
        if len(self.resources) >= MAXIMUM_RESOURCES:
            raise LimitError(f"more than {MAXIMUM_RESOURCES:,} resources")
        at = len(self.resources)
        placed = Placed()
        self.mapper(document, placed).shape(kind.shape, node)
        name = self._name(kind, node, document, anonymous=anonymous)
        if anonymous and kind.anonymous and not _given(node, "name"):
            placed.put(("properties", "isAnonymous"), True)
        scope = _scope(kind, node)
        identifier = resource_id(scope, kind.type, symbolic(name)) if scope else f"{kind.type}/{symbolic(name)}"
        top = Position(node.line, node.column)
        for index, key in enumerate(kind.names):
            entry = node.entry(key)
            if entry is not None and (index == len(kind.names) - 1 or ("name",) not in placed.places):
                placed.places[("name",)] = Place(Position(entry.line, entry.column))
        resource = Resource(
            type=kind.type,
            api_version="",
            name=name,
            id=identifier,
            scope=scope,
            properties=placed.values.pop("properties", {}),
            fields=placed.values,
            location=Location(document.shown, node.line),
            source=PlacedSource(placed.places, top),
        )
        self.resources.insert(at, resource)
        return identifier

    def add_file(self, kind: Kind, document: Document) -> str:
        """Adds what another file declares, once. Raises FileError."""
        if not isinstance(document.tree, ObjectNode):
            raise FileError(f"{document.shown} holds no mapping")
        key = document.shown, kind.name
        if key not in self._by_file:
            self._by_file[key] = self.add(kind, document.tree, document, anonymous=True)
        return self._by_file[key]

    def _name(self, kind: Kind, node: ObjectNode, document: Document, *, anonymous: bool) -> Value:
        parts: list[str] = []
        for key in kind.names:
            value = _text(node.get(key))
            if value is None and anonymous and kind.anonymous:
                where = f"{document.shown}:{node.line}"
                value = kind.anonymous if key == "name" else "{hash of " + where + "}"
            parts.append(value if value is not None else "{" + key + "}")
        if kind.type.startswith(LOCAL):
            return document.shown if not _given(node, "name") else unknown_or_text("/".join(parts))
        if kind.top:
            return unknown_or_text("/".join(parts))
        return unknown(WORKSPACE_REASON, "/".join((WORKSPACE, *parts)))


def parse_documents(file: ProjectFile) -> list[Node]:
    """The documents of a file, at least one. Raises yaml_tree.YamlError."""
    try:
        content = lenient_json.decode(file.data)
        if file.path.suffix.casefold() == ".json":
            return [lenient_json.parse(content)]
    except lenient_json.LenientJsonError as error:
        raise yaml_tree.YamlError(str(error), error.line) from None
    return yaml_tree.parse_all(content, templated=True) or [Literal(None, 1, 1)]


def unknown_or_text(name: str) -> Value:
    """A name, unknown where a part of it is."""
    return unknown("its name isn't filled in", name) if "{" in name else name


def reference_to(identifier: str, reason: str) -> Unknown:
    """The id of a resource that comes of the same files."""
    return unknown(reason, identifier, resource=identifier, path=("id",))


def _scope(kind: Kind, node: ObjectNode) -> str:
    if kind.type.startswith(LOCAL):
        return ""
    group = _text(node.get("resource_group")) if kind.top else None
    scope = DeploymentScope(Level.RESOURCE_GROUP)
    return f"{scope.subscription_id}/resourceGroups/{group}" if group is not None else scope.id


def _given(node: ObjectNode, key: str) -> bool:
    return _text(node.get(key)) is not None


def _text(node: Node | None) -> str | None:
    """A name as it stands in an id; None where there is none."""
    if node is None or not is_scalar(node) or (isinstance(node, Literal) and node.value in (None, "")):
        return None
    return symbolic(text(node))
