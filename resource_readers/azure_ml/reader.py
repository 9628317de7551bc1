"""The reader of Azure ML CLI v2 YAML (and the same in JSON)."""

from __future__ import annotations

import re

from resource_readers.azure_ml import infrastructure, kinds, monitoring, pipelines, references, structures
from resource_readers.azure_ml.mapping import Conversion
from resource_readers.azure_ml.project import Document, Project, parse_documents
from resource_readers.azure_ml.tables import tables
from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.project_files import ProjectFile
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.nodes import ObjectNode
from resource_readers.trees.yaml_tree import YamlError

KIND = "azure-ml"

_SCHEMA = re.compile(rb"""^[ \t{]*["']?\$schema["']?[ \t]*:[ \t]*["']?([^\s"'#,]+)""", re.MULTILINE)
_COMMENT = re.compile(rb"^#.*\$schema[=:][ \t]*(\S+)", re.MULTILINE)
_TOP = re.compile(rb"""^["']?([A-Za-z_$][\w.-]{0,80})["']?[ \t]*:(?:[ \t]+["']?([^\r\n"'#]*))?""", re.MULTILINE)
_NODE = re.compile(
    rb"^jobs:[ \t]*(?:#[^\n]*)?\r?$(?:\n(?:[ \t#][^\n]*)?){0,400}?\n[ \t]+(?:component|trial):[ \t]|"
    rb"^jobs:[ \t]*(?:#[^\n]*)?\r?$(?:\n(?:[ \t#][^\n]*)?){0,400}?\n[ \t]+type:[ \t]*(?:command|spark|sweep|automl)\b",
    re.MULTILINE,
)

CONVERSIONS: dict[str, Conversion] = {
    "value": structures.as_is,
    "whole": structures.as_is,
    "camel": structures.keys_in_camel_case,
    "shape": structures.nested,
    "list": structures.nested_list,
    "map": structures.nested_map,
    "one_or_many": structures.one_or_many,
    "named": structures.named,
    "numbers": structures.numbers,
    "as_list": structures.as_list,
    "weekdays": structures.weekdays,
    "identity": infrastructure.identity,
    "subnet": infrastructure.subnet,
    "trigger": infrastructure.trigger,
    "compute_trigger": infrastructure.compute_trigger,
    "auto_or_custom": structures.auto_or_custom,
    "flavors": structures.flavours,
    "registry_storage": infrastructure.registry_storage,
    "registry_regions": infrastructure.registry_regions,
    "enum_list": structures.enum_list,
    "asset": references.asset,
    "asset_reference": references.asset_reference,
    "code": references.code,
    "upload": references.upload,
    "script": references.script,
    "conda": references.conda,
    "feature_specification": references.feature_specification,
    "job_input": references.job_input,
    "job_inputs": references.job_inputs,
    "nodes": pipelines.nodes,
    "specification": pipelines.specification,
    "trial": pipelines.trial,
    "sampling": pipelines.sampling,
    "scheduled_job": pipelines.scheduled_job,
    "scheduled_import": pipelines.scheduled_import,
    "thresholds": monitoring.thresholds,
    "features": monitoring.features,
    "data_asset": monitoring.data_asset,
    "store_type": structures.store_type,
    "job_definition": structures.job_definition,
}


class AzureMlReader:
    """See interface.Reader."""

    @property
    def kind(self) -> str:
        """See interface.Reader."""
        return KIND

    def recognises(self, file: ProjectFile) -> bool:
        """By the schema that it names, else by keys that together no other kind of file has."""
        suffix = file.path.suffix.casefold()
        if suffix not in (".yml", ".yaml", ".json"):
            return False
        data = file.searchable
        schema = schema_of(data)
        if kinds.schema_kind(schema) is not None or kinds.is_ours(schema):
            return True
        if suffix == ".json":
            return False
        top: dict[str, str] = {}
        for match in _TOP.finditer(data):
            top.setdefault(match[1].decode(), (match[2] or b"").decode("utf-8", "replace").strip())
        if "jobs" in top and _NODE.search(data):
            top[kinds.NODE] = ""
        return kinds.by_structure(top) is not None

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See interface.Reader."""
        reading = Reading(file.shown)
        reading.files[file.shown] = file.digest
        project = Project(request, reading, CONVERSIONS)
        try:
            for tree in parse_documents(file):
                _read(project, Document(file.shown, tree, (file.shown,)), schema_of(file.searchable))
        except YamlError as error:
            reading.miss(error.line, str(error))
        except LimitError as error:
            reading.miss(None, f"stopped: {error}")
        return ReadResult(
            kind=KIND,
            resources=tuple(project.resources),
            not_read=tuple(reading.not_read.values()),
            files=tuple(reading.files.values()),
        )


def schema_of(data: bytes) -> str:
    """What `$schema` names, as a key or in the comment that editors read; "" for nothing."""
    found = _SCHEMA.search(data) or _COMMENT.search(data)
    return found[1].decode("utf-8", "replace") if found is not None else ""


def _read(project: Project, document: Document, schema: str) -> None:
    tree = document.tree
    if not isinstance(tree, ObjectNode):
        project.reading.miss(tree.line, "no mapping stands here")
        return
    name = kinds.kind_of(tree, schema)
    if name is None:
        project.reading.miss(tree.line, "its kind isn't known: neither $schema nor the keys tell it")
        return
    kind = tables().kinds[name]
    if kind.type:
        project.add(kind, tree, document)
