"""The reader of Data Factory and Synapse in Git mode: one JSON file for each pipeline, linked service, trigger ..."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from resource_readers.data_factory.recognition import (
    FACTORY,
    FOLDERS,
    OF_SYNAPSE,
    PRIVATE_ENDPOINTS,
    SYNAPSE_FOLDERS,
    WORKSPACE,
    collection_of,
    folder_of,
    is_artefact,
)
from resource_readers.interface import NotRead, ReadRequest, ReadResult, Resource, Value
from resource_readers.project_files import ProjectFile, UnreadableFileError, entries_of, open_inside, place_of
from resource_readers.template_language.resource_ids import DeploymentScope, Level, resource_id
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import Literal, Node, NodeSource, ObjectNode, Position
from resource_readers.trees.plain import plain
from verdicts import InputDigest, Location

KIND = "data-factory"
SYNAPSE = "synapse"

_IN_ID = re.compile(r"/providers/Microsoft\.(?:DataFactory/factories|Synapse/workspaces)/([^/]+)", re.IGNORECASE)
_MAXIMUM_LISTED = 2_000


class DataFactoryReader:
    """See interface.Reader. What belongs to a Synapse workspace is given with the kind `synapse`."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By structure; the folder's name decides where that can't tell, or where the file doesn't parse."""
        return is_artefact(file.path, file.searchable)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        try:
            tree = lenient_json.parse(lenient_json.decode(file.data))
        except lenient_json.LenientJsonError as error:
            return _nothing(file, NotRead(file.shown, error.line, f"not JSON: {error}"))
        document = plain(tree)
        collection = collection_of(document, file.path)
        if collection is None or not isinstance(tree, ObjectNode):
            reason = "neither a part of a factory nor of a Synapse workspace"
            return _nothing(file, NotRead(file.shown, tree.line, reason))
        own = _Owner.of(file, request, document, collection)
        resource = _resource(_Artefact(file, tree, document, collection), own)
        return ReadResult(kind=own.kind, resources=(resource,), files=(file.digest, *own.files))


@dataclass(frozen=True, slots=True)
class _Artefact:
    file: ProjectFile
    tree: ObjectNode
    document: dict[str, Any]
    collection: str

    def get(self, key: str) -> Any:
        """A value on the top level, whatever the case of its key."""
        entry = self.tree.entry(key)
        return self.document.get(str(entry.key)) if entry is not None else None


@dataclass(frozen=True, slots=True)
class _Owner:
    """The factory or workspace that a file belongs to; its name is an Unknown where no file tells it."""

    kind: str
    type: str
    name: Value
    files: tuple[InputDigest, ...] = ()

    @classmethod
    def of(cls, file: ProjectFile, request: ReadRequest, document: dict[str, Any], collection: str) -> _Owner:
        top = _git_folder(file, request.root)
        exported = _IN_ID.search(str(document.get("id") or ""))
        if _is_synapse(file, document, collection, top):
            missing = unknown("no file tells the workspace's name", "{workspace}")
            return cls(SYNAPSE, WORKSPACE, exported.group(1) if exported is not None else missing)
        missing = unknown("no file tells the factory's name", "{factory}")
        if exported is not None:
            return cls(KIND, FACTORY, exported.group(1))
        if top is None or collection == "":
            return cls(KIND, FACTORY, missing)
        name, files = _factory_name(top, request)
        return cls(KIND, FACTORY, missing if name is None else name, files)


def _git_folder(file: ProjectFile, root: Path) -> Path | None:
    """The folder that holds `pipeline`, `dataset` ...; None where the file stands in no such folder of the project."""
    base = root.resolve()
    named = [folder for folder in list(file.path.parents)[:3] if folder.name.casefold() in FOLDERS]
    return named[-1].parent if named and named[-1].parent.is_relative_to(base) else None


def _is_synapse(file: ProjectFile, document: dict[str, Any], collection: str, top: Path | None) -> bool:
    given = document.get("type")
    if isinstance(given, str) and given.casefold().startswith(("microsoft.synapse/", "microsoft.datafactory/")):
        return given.casefold().startswith("microsoft.synapse/")
    if collection in OF_SYNAPSE or b"-WorkspaceDefaultS" in file.data:
        return True
    if top is None or collection == "" or _is_folder(top / "factory"):
        return False
    if any(_is_folder(top / name) for name in SYNAPSE_FOLDERS):
        return True
    # Every workspace has these linked services, and nobody can remove them.
    return any("-WorkspaceDefaultS" in name for name in _names(top / "linkedService"))


def _names(folder: Path) -> list[str]:
    """Names in a folder, sorted; none if there is no such folder or it is huge."""
    try:
        names = [entry.name for entry in entries_of(folder, maximum=_MAXIMUM_LISTED + 1)]
    except OSError:
        return []
    return names if len(names) <= _MAXIMUM_LISTED else []


def _is_folder(path: Path) -> bool:
    return place_of(path).kind == "folder"


def _factory_name(top: Path, request: ReadRequest) -> tuple[str | None, tuple[InputDigest, ...]]:
    """The name in the only file of the folder `factory`."""
    names = [name for name in _names(top / "factory") if name.casefold().endswith(".json")]
    if len(names) != 1:
        return None, ()
    try:
        file = open_inside(request.root, top / "factory" / names[0])
        tree = request.session.once(lambda: _parsed(file.data), __name__, file.digest.digest)
    except (UnreadableFileError, lenient_json.LenientJsonError):
        return None, ()  # the file is named where it is read itself
    name = tree.get("name") if isinstance(tree, ObjectNode) else None
    return (name.value if isinstance(name, Literal) and isinstance(name.value, str) else None), (file.digest,)


def _parsed(data: bytes) -> Node:
    return lenient_json.parse(lenient_json.decode(data))


def _resource(artefact: _Artefact, owner: _Owner) -> Resource:
    given = artefact.get("type")
    resource_type = given if isinstance(given, str) else "/".join(filter(None, (owner.type, artefact.collection)))
    name = _whole_name(artefact, owner)
    scope = DeploymentScope(Level.RESOURCE_GROUP).id
    flat = artefact.collection == "globalParameters" and artefact.tree.entry("properties") is None
    written = artefact.get("id")
    return Resource(
        type=resource_type,
        api_version=_api_version(artefact),
        name=name,
        id=written if isinstance(written, str) else resource_id(scope, resource_type, symbolic(name)),
        scope=scope,
        properties=artefact.document if flat else artefact.get("properties") or {},
        location=Location(artefact.file.shown, artefact.tree.line),
        fields={} if flat else _fields(artefact.document),
        source=_Flat(artefact.tree) if flat else NodeSource(artefact.tree),
    )


@dataclass(frozen=True, slots=True)
class _Flat:
    """Places in a file that is the properties themselves."""

    tree: Node

    def position(self, path: tuple[str | int, ...]) -> Position:
        """See interface.SourceMap."""
        return NodeSource(self.tree).position(path[1:] if path[:1] == ("properties",) else path)


def _fields(document: dict[str, Any]) -> dict[str, Value]:
    known = ("name", "type", "properties", "apiversion", "id", "$schema")
    return {key: value for key, value in document.items() if key.casefold() not in known}


def _api_version(artefact: _Artefact) -> str:
    """As written; the first version of the service names it in the schema's address."""
    written = artefact.get("apiVersion")
    if isinstance(written, str):
        return written
    parts = str(artefact.get("$schema") or "").split("/")
    return parts[-2] if len(parts) > 2 and parts[-1].startswith("Microsoft.DataFactory.") else ""


def _whole_name(artefact: _Artefact, owner: _Owner) -> Value:
    stem = artefact.file.path.stem
    given = artefact.get("name")
    own = given if isinstance(given, str) and given else stem
    if artefact.collection == "":
        return own
    if artefact.collection == "globalParameters":
        own = "default"
    if artefact.collection == PRIVATE_ENDPOINTS and "/" not in own:
        folder = artefact.file.path.parent
        inside = folder_of(artefact.file.path) == PRIVATE_ENDPOINTS
        own = f"{folder.parent.name if inside else 'default'}/{own}"
    if artefact.collection not in ("managedVirtualNetworks", PRIVATE_ENDPOINTS) and "/" in own:
        return own  # the whole name, as an export gives it
    whole = f"{symbolic(owner.name)}/{own}"
    return whole if isinstance(owner.name, str) else unknown(owner.name.reason, whole)


def _nothing(file: ProjectFile, missing: NotRead) -> ReadResult:
    return ReadResult(kind=KIND, not_read=(missing,), files=(file.digest,))
