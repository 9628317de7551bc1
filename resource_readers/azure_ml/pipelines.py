"""Jobs made of jobs: the nodes of a pipeline, components and their files, trials of a sweep, what a schedule runs."""

from __future__ import annotations

from dataclasses import replace

from resource_readers.azure_ml import kinds, scalars
from resource_readers.azure_ml.mapping import LEFT, Mapper, Spot
from resource_readers.azure_ml.placed import Place, Placed, folded
from resource_readers.azure_ml.project import Document, FileError, reference_to
from resource_readers.azure_ml.references import ANONYMOUS, asset, code, is_local, note, script
from resource_readers.azure_ml.structures import as_is, below, entries, nested
from resource_readers.interface import Value
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import Node, ObjectNode, Position

_RUN_ON_THE_SPOT = frozenset({"command", "entry", "task", "code", "source", "sink", "source_code"})
"""Keys of a node that has no component: the CLI registers one for it."""


def nodes(mapper: Mapper, spot: Spot) -> None:
    """The nodes of a pipeline by name, as they stand, with what they run by id."""
    if not isinstance(spot.node, ObjectNode):
        as_is(mapper, spot)
        return
    mapper.put(spot, {}, same=True)
    for part in entries(spot):
        if isinstance(part.node, ObjectNode):
            _node(mapper, part, part.node)
        else:
            as_is(mapper, part)


def _node(mapper: Mapper, spot: Spot, node: ObjectNode) -> None:
    value = mapper.value(node)
    if not isinstance(value, dict):
        mapper.put(spot, value)
        return
    for key in ("component", "compute"):
        value.pop(key, None)
    mapper.put(spot, value, same=True)
    for entry in node.entries:
        part = below(spot, str(entry.key), entry.value, Position(entry.line, entry.column))
        if entry.key == "component":
            asset(mapper, replace(part, path=(*spot.path, "componentId"), argument="component"))
        elif entry.key == "compute":
            known = scalars.is_scalar(entry.value)
            compute = scalars.text(entry.value) if known else mapper.value(entry.value)
            mapper.put(replace(part, path=(*spot.path, "computeId")), compute)
        elif entry.key == "trial":
            asset(mapper, replace(part, argument="component"))
        elif entry.key == "jobs":
            nodes(mapper, part)
    if "componentId" not in value and "trial" not in value and _RUN_ON_THE_SPOT & value.keys():
        identifier = mapper.project.add(mapper.tables.kinds["component"], node, mapper.document, anonymous=True)
        mapper.put(replace(spot, path=(*spot.path, "componentId")), reference_to(identifier, ANONYMOUS))
        mapper.placed.places.pop(folded((*spot.path, "componentId")), None)


def specification(mapper: Mapper, spot: Spot) -> None:
    """A component: what the service keeps of it has the file's own keys; what it refers to is resolved."""
    assert isinstance(spot.node, ObjectNode)
    mapper.put(spot, mapper.value(spot.node), same=True)
    _resolved(mapper, spot, spot.node)


def _resolved(mapper: Mapper, spot: Spot, node: ObjectNode) -> None:
    for entry in node.entries:
        part = replace(below(spot, str(entry.key), entry.value, Position(entry.line, entry.column)), parent=node)
        if entry.key in ("environment", "component", "trial"):
            asset(mapper, replace(part, argument="environment" if entry.key == "environment" else "component"))
        elif entry.key == "code":
            code(mapper, part)
        elif entry.key == "entry_script":
            script(mapper, replace(part, argument="code"))
        elif entry.key == "task" and isinstance(entry.value, ObjectNode):
            _resolved(mapper, part, entry.value)
        elif entry.key == "jobs":
            nodes(mapper, part)


def trial(mapper: Mapper, spot: Spot) -> None:
    """What a sweep tries: written out, in a file, or a registered component."""
    value = scalars.text(spot.node) if scalars.is_scalar(spot.node) else None
    if not isinstance(value, str) or not is_local(value):
        if value is not None:
            asset(mapper, replace(spot, path=(*spot.path, "componentId"), argument="component"))
        else:
            nested(mapper, replace(spot, argument="trial"))
        return
    found = _document(mapper, spot, value)
    if found is not None:
        nested(mapper.inside(found, spot.position), replace(spot, node=found.tree, argument="trial"))


def sampling(mapper: Mapper, spot: Spot) -> None:
    """How a sweep chooses: by name, or with settings."""
    if scalars.is_scalar(spot.node):
        mapper.convert("enum", replace(spot, path=(*spot.path, "samplingAlgorithmType"), argument="sampling"))
    else:
        nested(mapper, replace(spot, argument="sampling_algorithm"))


def scheduled_job(mapper: Mapper, spot: Spot) -> None:
    """The job that a schedule creates: in a file, written out, or one that ran before."""
    if scalars.is_scalar(spot.node):
        _job_reference(mapper, spot, spot.node)
        return
    if not isinstance(spot.node, ObjectNode):
        as_is(mapper, spot)
        return
    job = spot.node.entry("job")
    if job is not None and scalars.is_scalar(job.value):
        _job_reference(mapper, replace(spot, position=Position(job.line, job.column)), job.value)
    rest = ObjectNode(
        tuple(entry for entry in spot.node.entries if entry.key != "job"), spot.node.line, spot.node.column
    )
    _graft(mapper, spot, kinds.job_shape(rest), rest)


def _job_reference(mapper: Mapper, spot: Spot, node: Node) -> None:
    value = scalars.text(node)
    if not isinstance(value, str) or not is_local(value):
        mapper.put(replace(spot, path=(*spot.path, "jobType")), "Pipeline")
        mapper.put(replace(spot, path=(*spot.path, "sourceJobId")), value)
        return
    found = _document(mapper, spot, value)
    if found is not None and isinstance(found.tree, ObjectNode):
        _graft(mapper.inside(found, spot.position), spot, kinds.job_shape(found.tree), found.tree)


def scheduled_import(mapper: Mapper, spot: Spot) -> None:
    """The data that a schedule imports: in a file, or written out."""
    node = spot.node
    if scalars.is_scalar(node):
        value = scalars.text(node)
        found = _document(mapper, spot, value) if isinstance(value, str) and is_local(value) else None
        if found is None:
            if not isinstance(value, str) or not is_local(value):
                mapper.put(spot, value)
            return
        mapper, node = mapper.inside(found, spot.position), found.tree
    if not isinstance(node, ObjectNode):
        as_is(mapper, spot)
        return
    _graft(mapper, spot, "data_import", node)
    name = node.get("name")
    if name is not None and scalars.is_scalar(name):
        mapper.placed.put((*spot.path, "assetName"), scalars.text(name), Place(spot.position))


def _document(mapper: Mapper, spot: Spot, reference: str) -> Document | None:
    """A file that is named; where it can't be read, the value becomes unknown and None is given."""
    try:
        found = mapper.project.document(mapper.document, reference)
        if not isinstance(found.tree, ObjectNode):
            raise FileError(f"{found.shown} holds no mapping")
    except FileError as error:
        note(mapper, spot, reference, found=False, reason=str(error))
        mapper.put(spot, unknown(str(error), "{" + reference + "}"))
        return None
    note(mapper, spot, reference, found=True, shown=found.shown)
    return found


def _graft(mapper: Mapper, spot: Spot, shape: str, node: ObjectNode) -> None:
    """Maps what is a resource elsewhere, and puts its properties in a property of this one."""
    own = Placed()
    replace(mapper, placed=own).shape(shape, node)
    properties: Value = own.values.pop("properties", {})
    if not mapper.placed.has(spot.path):
        mapper.put(spot, {})
    before = dict(mapper.placed.at(spot.path) or {})
    for key, value in properties.items():
        # What is written beside a job's file is laid over what stands in it.
        both = isinstance(value, dict) and isinstance(before.get(key), dict)
        mapper.placed.put((*spot.path, key), before[key] | value if both else value)
    for path, place in own.places.items():
        prefix = spot.path if path[0] == "properties" else (LEFT, *spot.trail)
        mapper.placed.places[folded((*prefix, *path[1:]))] = place
    for top, left in own.values.items():
        for key, value in left.items() if isinstance(left, dict) else ():
            at = (LEFT, key) if (top, key) == (LEFT, "references") else (LEFT, *spot.trail, key)
            mapper.placed.put(at, value)
