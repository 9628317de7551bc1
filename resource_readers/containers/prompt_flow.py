"""The reader of prompt flows: `flow.dag.yaml` and `flow.flex.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from resource_readers.containers.images import image_parts
from resource_readers.containers.places import RecordedPlaces, Section
from resource_readers.containers.requirements import Requirements, exists_inside
from resource_readers.containers.yaml_values import member, tree_of, values_of, with_variables
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Unknown, Value
from resource_readers.project_files import ProjectFile
from resource_readers.trees.nodes import NodeSource, ObjectNode, Position
from verdicts import Location

KIND = "prompt-flow"
TYPE = "Prompt.Flow/flows"

MAXIMUM_NODES = 5_000

_NAME = re.compile(r"(?:.*[._-])?flow\.(dag|flex)\.ya?ml", re.IGNORECASE)
_SCHEMA = re.compile(rb"^\$schema[ \t]*:[^\n]*promptflow[^\n]*/Flow\.schema\.json", re.M | re.I)
_MADE = frozenset({"flowKind", "connections", "sources", "pipPackages", "pipOptions", "requirementFiles", "image"})


class PromptFlowReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the name, which prompt flow prescribes, or by the schema of a flow."""
        if file.path.suffix.casefold() not in (".yml", ".yaml"):
            return False
        return _NAME.fullmatch(file.path.name) is not None or _SCHEMA.search(file.searchable) is not None

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        tree = tree_of(file)
        document = values_of(tree, file.shown) if not isinstance(tree, NotRead) else tree
        if isinstance(document, NotRead):
            return ReadResult(kind=KIND, not_read=(document,), files=(file.digest,))
        if not isinstance(tree, ObjectNode) or not isinstance(document, dict):
            line = None if isinstance(tree, NotRead) else tree.line
            missing = NotRead(file.shown, line, "no flow: it is no mapping")
            return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
        reading = _Flow(tree, document, file, request)
        return ReadResult(
            kind=KIND,
            resources=(reading.resource,),
            not_read=(*reading.not_read, *reading.requirements.not_read),
            files=tuple(reading.requirements.files.values()),
        )


class _Flow:
    def __init__(self, tree: ObjectNode, document: dict[str, Any], file: ProjectFile, request: ReadRequest) -> None:
        self._document = document
        self._file = file
        self._request = request
        self._source = NodeSource(tree)
        self._places = RecordedPlaces(Position(tree.line, tree.column))
        self._top = Section(self._places, ("properties",))
        self._connections: list[Value] = []
        self._seen = 0
        self._known: set[Value] = set()
        self._includes = _includes(document.get("additional_includes"))
        self.not_read: list[NotRead] = []
        self.requirements = Requirements(self._top, file, request)
        for key, value in document.items():
            self._top.set(key, value, self._source.position((key,)))
        flex = "entry" in document or file.path.name.casefold().startswith("flow.flex")
        self._top.set("flowKind", "flex" if flex else "dag", Position(tree.line, tree.column))
        self._top.set("connections", self._connections, self._source.position(("nodes",)))
        self._nodes()
        self._entry()
        self._environment()
        self.resource = Resource(
            type=TYPE,
            api_version="",
            name=file.shown,
            id=f"{TYPE}/{file.shown}",
            scope="",
            properties=self._top.values,
            location=Location(file.shown, tree.line),
            source=_FlowSource(self._source, self._places),
        )

    def _nodes(self) -> None:
        nodes = self._document.get("nodes")
        if nodes is None or isinstance(nodes, Unknown):
            return
        if not isinstance(nodes, list):
            place = self._source.position(("nodes",))
            self.not_read.append(NotRead(self._file.shown, place.line, "the nodes are no list", False))
            return
        filled = []
        for index, node in enumerate(nodes):
            self._node(node, ("nodes", index))
            filled.append(self._with_variant(node))
        for name, variants in _items(self._document.get("node_variants")):
            for key, variant in _items(member(variants, "variants")):
                self._node(member(variant, "node"), ("node_variants", name, "variants", key, "node"))
        self._top.set("nodes", filled, self._source.position(("nodes",)))

    def _with_variant(self, node: Value) -> Value:
        """A node that has variants has what its default variant says."""
        if not isinstance(node, dict) or node.get("use_variants") is not True:
            return node
        variants = member(self._document.get("node_variants"), str(node.get("name")))
        chosen = member(variants, "default_variant_id")
        inner = member(variants, "variants", str(chosen), "node")
        if not isinstance(inner, dict):
            return node
        return {**inner, **node, "variant": chosen}

    def _node(self, node: Value, path: tuple[str | int, ...]) -> None:
        self._seen += 1
        if self._seen == MAXIMUM_NODES + 1:
            line = self._source.position(path).line
            self.not_read.append(NotRead(self._file.shown, line, f"more than {MAXIMUM_NODES:,} nodes", False))
        if not isinstance(node, dict) or self._seen > MAXIMUM_NODES:
            return
        self._connection(node.get("connection"), (*path, "connection"))
        for key, value in _items(node.get("inputs")):
            if key.casefold().endswith("connection"):
                self._connection(value, (*path, "inputs", key))
        source = node.get("source")
        for where, name in ((("source", "path"), member(source, "path")), (("path",), node.get("path"))):
            if isinstance(name, str) and name:
                place = self._source.position((*path, *where))
                self._add_source(name, place)

    def _add_source(self, name: str, place: Position) -> None:
        made = self._top.item("sources", place)
        made.set("path", name, place)
        made.set("exists", self._exists(name), place)

    def _exists(self, name: str) -> bool:
        folder = self._file.path.parent
        if exists_inside(self._request.root, folder / name):
            return True
        # A file or folder from elsewhere, which is put beside the flow.
        include = self._includes.get((*Path(name).parts, "")[0])
        return include is not None and exists_inside(self._request.root, folder / include.parent / name)

    def _connection(self, value: Value, path: tuple[str | int, ...]) -> None:
        if value is None or value == "" or (isinstance(value, str) and value.startswith("${")):
            return
        if isinstance(value, str | Unknown) and value not in self._known:
            self._known.add(value)
            self._top.append("connections", value, self._source.position(path))

    def _entry(self) -> None:
        entry = self._document.get("entry")
        if isinstance(entry, str) and ":" in entry and "dag" not in self._file.path.name.casefold().split("."):
            module = entry.partition(":")[0]
            self._add_source(module.replace(".", "/") + ".py", self._source.position(("entry",)))

    def _environment(self) -> None:
        environment = self._document.get("environment")
        if not isinstance(environment, dict):
            return
        image = environment.get("image")
        if image is not None:
            place = self._source.position(("environment", "image"))
            self._top.set("image", image_parts(with_variables(image)), place)
        place = self._source.position(("environment", "python_requirements_txt"))
        name = environment.get("python_requirements_txt")
        if isinstance(name, str) and name:
            self.requirements.follow(name, place, self._file.path.parent)


def _includes(value: Value) -> dict[str, Path]:
    """By the name that they have beside the flow."""
    return {Path(one).name: Path(one) for one in (value if isinstance(value, list) else ()) if isinstance(one, str)}


def _items(value: Value) -> Iterator[tuple[str, Value]]:
    if isinstance(value, dict):
        yield from value.items()


class _FlowSource:
    def __init__(self, source: NodeSource, places: RecordedPlaces) -> None:
        self._source = source
        self._places = places

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        if path[:1] == ("properties",) and len(path) > 1 and path[1] not in _MADE:
            return self._source.position(path[1:])
        return self._places.position(path)
