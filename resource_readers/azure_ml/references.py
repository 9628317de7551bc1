"""References to assets and to files beside: by name, inside of the project, or written out on the spot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from resource_readers.azure_ml import scalars
from resource_readers.azure_ml.mapping import LEFT, Mapper, Spot
from resource_readers.azure_ml.project import FileError, reference_to
from resource_readers.azure_ml.structures import as_is, below, nested
from resource_readers.interface import Unknown, Value
from resource_readers.project_files import ProjectFile, entries_of, place_inside
from resource_readers.template_language.unknowns import size_of, unknown
from resource_readers.trees.nodes import Literal, Node, ObjectNode, Position
from resource_readers.trees.yaml_tree import YamlError

UPLOADED = "it is uploaded from the project when the file is used"
ANONYMOUS = "it is registered when the file is used"
REFERENCES = "references"
MAXIMUM_LISTED = 100
_MAXIMUM_ENTRIES = 100_000
MAXIMUM_DUMPED = 20_000

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_FILE = re.compile(r"\.ya?ml\Z|\.json\Z", re.IGNORECASE)


def is_local(value: str) -> bool:
    """Whether a path is one of the project, not a URI, an asset's name or an id."""
    if value.startswith("file:"):
        return True
    drive = re.match(r"[A-Za-z]:[\\/]", value)
    return drive is not None or not (_SCHEME.match(value) or value.startswith(("/subscriptions/", "${{", "azureml:")))


def asset(mapper: Mapper, spot: Spot) -> None:
    """An environment, model or component: a reference stays as it is written; one in a file or on the spot is added."""
    mapper.put(spot, _asset(mapper, spot))


def asset_reference(mapper: Mapper, spot: Spot) -> None:
    """The same, as the service wants it at batch deployments."""
    mapper.put(replace(spot, path=(*spot.path, "assetId")), _asset(mapper, spot))
    mapper.put(replace(spot, path=(*spot.path, "referenceType")), "Id")


def _asset(mapper: Mapper, spot: Spot) -> Value:
    node = spot.node
    kind = mapper.tables.kinds[spot.argument]
    if isinstance(node, ObjectNode) and not scalars.is_scalar(node):
        return reference_to(mapper.project.add(kind, node, mapper.document, anonymous=True), ANONYMOUS)
    value = scalars.text(node) if scalars.is_scalar(node) else mapper.value(node)
    if isinstance(value, str) and is_local(value) and (value.startswith("file:") or _FILE.search(value)):
        return from_file(mapper, spot, value, spot.argument)
    return value


def from_file(mapper: Mapper, spot: Spot, reference: str, kind: str) -> Value:
    """The id of what another file declares; Unknown with the reason where it can't be read."""
    try:
        document = mapper.project.document(mapper.document, reference)
        identifier = mapper.project.add_file(mapper.tables.kinds[kind], document)
    except FileError as error:
        note(mapper, spot, reference, found=False, reason=str(error))
        return unknown(str(error), "{" + reference + "}")
    note(mapper, spot, reference, found=True)
    return reference_to(identifier, ANONYMOUS)


def upload(mapper: Mapper, spot: Spot) -> None:
    """A path: a URI stays; what is in the project is uploaded, so its URI isn't known."""
    mapper.put(spot, _uploaded(mapper, spot, UPLOADED))


def code(mapper: Mapper, spot: Spot) -> None:
    """The folder with the code; what is registered already stays."""
    mapper.put(spot, _uploaded(mapper, spot, UPLOADED))


def _uploaded(mapper: Mapper, spot: Spot, reason: str) -> Value:
    if not scalars.is_scalar(spot.node):
        return mapper.value(spot.node)
    value = scalars.text(spot.node)
    if not isinstance(value, str) or not is_local(value):
        return value
    found = look_for(mapper, spot, value)
    return unknown(reason if found else f"{value} isn't in the project", "{" + value + "}")


def look_for(mapper: Mapper, spot: Spot, reference: str) -> bool:
    """Notes a path that the file names, with what is there; gives whether anything is."""
    try:
        shown = mapper.document.beside(reference)
    except FileError as error:
        note(mapper, spot, reference, found=False, reason=str(error))
        return False
    listed = _listed(mapper.project.request.root, shown)
    note(mapper, spot, reference, found=listed is not None, shown=shown, listed=listed)
    return listed is not None


def _listed(root: Path, shown: str) -> list[str] | None:
    """Names in a folder, [] for a file, None for what isn't there; nothing outside of the root is looked at."""
    place = place_inside(root, Path(shown))
    if place.real is None or place.kind != "folder":
        return None if place.real is None else []
    try:
        return [entry.name for entry in entries_of(place.real, maximum=_MAXIMUM_ENTRIES)][:MAXIMUM_LISTED]
    except OSError:
        return None


def note(
    mapper: Mapper,
    spot: Spot,
    reference: str,
    *,
    found: bool,
    reason: str = "",
    shown: str = "",
    listed: list[str] | None = None,
) -> None:
    """Keeps which path of the project a key names and whether it is there: under `azureml.references`, by key."""
    value: dict[str, Any] = {"written": reference, "found": found}
    if shown:
        value["path"] = shown
    if listed:
        value["names"] = listed
    if reason:
        value["reason"] = reason
    key = ".".join(spot.trail) or spot.argument
    mapper.put(replace(spot, path=(LEFT, REFERENCES, key)), value)


def script(mapper: Mapper, spot: Spot) -> None:
    """A file inside of a folder that a key beside it names: `scoring_script`, `entry_script`, `dockerfile_path`."""
    value = scalars.text(spot.node) if scalars.is_scalar(spot.node) else mapper.value(spot.node)
    mapper.put(spot, value)
    folder = spot.parent.get("code" if spot.argument == "code" else "path")
    if not isinstance(value, str) or (folder is not None and not isinstance(folder, Literal)):
        return
    base = folder.value if isinstance(folder, Literal) else "."
    if isinstance(base, str) and is_local(base) and scalars.text(folder or spot.node) is not None:
        look_for(mapper, spot, f"{base.removeprefix('file:')}/{value}")


def conda(mapper: Mapper, spot: Spot) -> None:
    """The packages of an environment: the service takes the file's text; `azureml.conda_file` has it as values."""
    if isinstance(spot.node, ObjectNode) and not scalars.is_scalar(spot.node):
        content = mapper.value(spot.node)
        mapper.put(spot, _dumped(content))
        mapper.put(replace(spot, path=(LEFT, *spot.trail)), content, same=True)
        return
    value = scalars.text(spot.node)
    if not isinstance(value, str):
        mapper.put(spot, value)
        return
    try:
        file = mapper.project.open(mapper.document, value)
        content, text = _content(mapper, file)
    except FileError as error:
        note(mapper, spot, value, found=False, reason=str(error))
        mapper.put(spot, unknown(str(error), "{" + value + "}"))
        return
    note(mapper, spot, value, found=True, shown=file.shown)
    mapper.put(spot, text)
    mapper.put(replace(spot, path=(LEFT, *spot.trail)), content)


def _content(mapper: Mapper, file: ProjectFile) -> tuple[Value, Value]:
    try:
        tree = mapper.project.parse(file)
    except YamlError as error:
        raise FileError(f"{file.shown}, line {error.line}: {error}") from None
    return mapper.value(tree), file.data.decode("utf-8-sig", "replace")


def feature_specification(mapper: Mapper, spot: Spot) -> None:
    """The folder with a feature set's specification, whose content stands under `azureml.feature_set_spec`."""
    value = scalars.text(spot.node) if scalars.is_scalar(spot.node) else None
    upload(mapper, spot)
    if isinstance(value, str) and is_local(value):
        try:
            file = mapper.project.open(mapper.document, f"{value}/FeatureSetSpec.yaml")
            content, _ = _content(mapper, file)
        except FileError as error:
            note(mapper, spot, f"{value}/FeatureSetSpec.yaml", found=False, reason=str(error))
        else:
            mapper.put(replace(spot, path=(LEFT, "feature_set_spec")), content)


def _dumped(content: Value) -> Value:
    """A mapping as the CLI writes it into its request; Unknown where a part of it is."""
    import yaml

    if _holds_unknown(content):
        return Unknown(scalars.PLACEHOLDER)
    if size_of(content, MAXIMUM_DUMPED) > MAXIMUM_DUMPED:
        return Unknown(f"it has more than {MAXIMUM_DUMPED:,} values")
    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)


def _holds_unknown(value: Value) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_unknown(one) for one in value.values())
    if isinstance(value, list):
        return any(_holds_unknown(one) for one in value)
    return isinstance(value, Unknown)


def job_input(mapper: Mapper, spot: Spot) -> None:
    """Data or a model that a job takes; a path alone is one too."""
    if isinstance(spot.node, ObjectNode) and not scalars.is_scalar(spot.node):
        nested(mapper, replace(spot, argument="job_input"))
        return
    if spot.argument:
        mapper.placed.put((*spot.path, "jobInputType"), spot.argument)
    part = below(spot, "uri", spot.node, spot.position, trail="path")
    upload(mapper, replace(part, trail=spot.trail))


def job_inputs(mapper: Mapper, spot: Spot) -> None:
    """The inputs of a job by name: literals, and data."""
    if not isinstance(spot.node, ObjectNode):
        as_is(mapper, spot)
        return
    mapper.put(spot, {})
    for entry in spot.node.entries:
        part = below(spot, str(entry.key), entry.value, Position(entry.line, entry.column))
        if isinstance(entry.value, ObjectNode) and not scalars.is_scalar(entry.value):
            _input(mapper, part, entry.value)
        elif entry.value != Literal(None, entry.value.line, entry.value.column):
            known = scalars.is_scalar(entry.value)
            value = scalars.prose(entry.value) if known else mapper.value(entry.value)
            mapper.put(part, {"jobInputType": "literal", "value": value})
        else:
            mapper.put(part, {})


def _input(mapper: Mapper, spot: Spot, node: ObjectNode) -> None:
    mapper.shape("job_input", node, spot.path, spot.trail)
    kind: Node | None = node.get("type")
    if kind is None:
        with_path = node.entry("path") is not None
        mapper.placed.put((*spot.path, "jobInputType"), "uri_folder" if with_path else "literal")
