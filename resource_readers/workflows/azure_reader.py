"""Azure Pipelines: pipelines and their templates as resources."""

from __future__ import annotations

from dataclasses import replace

from resource_readers.interface import ReadRequest, ReadResult, Value
from resource_readers.project_files import ProjectFile
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.nodes import Entry, ObjectNode
from resource_readers.trees.plain import TooManyValuesError
from resource_readers.workflows.approvals import put_approvals, put_totals
from resource_readers.workflows.azure_jobs import Around, JobFacts, put_pool, read_jobs, read_stage
from resource_readers.workflows.azure_parameters import bound_parameters, declared, with_variables
from resource_readers.workflows.azure_pipelines import (
    MAXIMUM_TEMPLATES_DEEP,
    Found,
    Parts,
    PipelineReading,
)
from resource_readers.workflows.azure_scopes import Scope
from resource_readers.workflows.azure_templates import Shape, both
from resource_readers.workflows.azure_triggers import put_resources, put_triggers
from resource_readers.workflows.azure_variables import Variables
from resource_readers.workflows.documents import DocumentError, document, repository_of
from resource_readers.workflows.properties import Properties
from resource_readers.workflows.recognition import is_azure_pipeline

_PIPELINE_KEYS = frozenset({"trigger", "pr", "schedules", "resources", "name", "extends", "pool", "lockbehavior"})


class AzurePipelineReader:
    """Pipelines and templates."""

    @property
    def kind(self) -> str:
        """See Reader."""
        return "azure-pipeline"

    def recognises(self, file: ProjectFile) -> bool:
        """See Reader."""
        return is_azure_pipeline(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See Reader."""
        reading = Reading(file.shown)
        reading.files[file.shown] = file.digest
        pipeline: PipelineReading | None = None
        try:
            one = document(file, request)
            pipeline = PipelineReading(reading, request, one, repository_of(file.shown, request))
            if isinstance(one.node, ObjectNode):
                _Pipeline(pipeline, one.node).read()
            else:
                reading.miss(one.node.line, "the pipeline is no mapping")
        except DocumentError as error:
            reading.miss(error.line, str(error))
        except (LimitError, TooManyValuesError) as error:
            reading.miss(None, str(error))
        except RecursionError:
            reading.miss(None, "nested too deeply")
        return ReadResult(
            kind=self.kind,
            resources=tuple(pipeline.resources) if pipeline is not None else (),
            not_read=tuple(reading.not_read.values()),
            files=tuple(reading.files.values()),
        )


class _Pipeline:
    """One file and what it includes."""

    def __init__(self, pipeline: PipelineReading, node: ObjectNode) -> None:
        self._pipeline = pipeline
        self._node = node
        self._parts = Parts(pipeline)
        self._facts = JobFacts(environments=[])

    def read(self) -> None:
        start = Scope(self._pipeline.document, self._pipeline.reading)
        scope = bound_parameters(self._node.get("parameters"), start, {}, called=False)
        shape = Shape(self._node, scope)
        properties = self._pipeline.properties()
        properties.put("path", self._pipeline.document.shown)
        properties.copy("displayName", shape.entry("name"))
        outer = {name.lower() for name in shape.names}
        properties.put("role", "pipeline" if outer & _PIPELINE_KEYS or "parameters" not in outer else "template")
        properties.put("parameters", declared(self._node.get("parameters"), scope), self._node.entry("parameters"))
        properties.put(
            "unsetParameters", [one.get("name") for one in properties.values["parameters"] if "default" not in one]
        )
        put_triggers(properties, shape)
        self._pipeline.containers.update(put_resources(properties, shape))
        put_pool(properties, shape.entry("pool"))
        variables = Variables(self._pipeline.reading.budget)
        variables.read(self._parts, shape.slots("variables"))
        variables.put(properties, shape.slots("variables"))
        around = Around(shape.entry("pool"), variables.bound)
        self._content(shape, around, 0)
        if not outer & {"stages", "jobs", "steps", "extends", "variables"}:
            self._pipeline.reading.miss(self._node.line, "the pipeline has neither stages nor jobs nor steps")
        self._finish(properties, shape)

    def _content(self, shape: Shape, around: Around, deep: int) -> None:
        """The stages, jobs or steps of the pipeline, or of the template that it extends."""
        if shape.has("extends"):
            self._extended(shape, around, deep)
        if shape.has("stages"):
            slots = [replace(one, scope=with_variables(one.scope, around.variables)) for one in shape.slots("stages")]
            for found in self._parts.of(slots, "stages", around.condition, around.repeated):
                self._add(read_stage(self._pipeline, self._parts, found, around))
        if shape.has("jobs", "steps"):
            implicit = Found(shape, around.condition, around.repeated)
            self._implicit_stage(implicit, around)

    def _implicit_stage(self, found: Found, around: Around) -> None:
        path = self._pipeline.path_of((), "stages", "__default")
        properties = self._pipeline.properties()
        properties.put("id", "__default")
        properties.put("implicit", True)
        position = len(self._pipeline.resources)
        facts = read_jobs(self._pipeline, self._parts, path, found.shape, around)
        properties.put("deploys", facts.deploys)
        properties.put("environments", facts.environments or [])
        at: Entry | ObjectNode = found.shape.entry("jobs", "steps") or found.shape.node
        stage = self._pipeline.resource(
            path, properties, at, found.shape.scope.document, found.condition, found.repeated
        )
        self._pipeline.resources.insert(position, stage)
        self._add(facts)

    def _extended(self, shape: Shape, around: Around, deep: int) -> None:
        inner = shape.shape("extends")
        if inner is None:
            self._pipeline.reading.miss(shape.node.line, "what the pipeline extends is not known")
            return
        if deep >= MAXIMUM_TEMPLATES_DEEP:
            raise LimitError(f"templates that extend each other, more than {MAXIMUM_TEMPLATES_DEEP} deep")
        for slot in inner.slots("template"):
            scope = self._parts.template(inner, slot, "extends", deep)
            if scope is None or not isinstance(scope.document.node, ObjectNode):
                continue
            inner_node, scope = scope.document.node, with_variables(scope, around.variables)
            template = Shape(inner_node, scope)
            condition = both(around.condition, both(inner.condition, slot.condition))
            more = Variables(self._pipeline.reading.budget)
            more.read(self._parts, template.slots("variables"), deep + 1)
            pool = template.entry("pool") or around.pool
            variables = {**around.variables, **more.bound}
            self._content(template, Around(pool, variables, condition, around.repeated), deep + 1)

    def _add(self, facts: JobFacts) -> None:
        self._facts.deploys = self._facts.deploys or facts.deploys
        if self._facts.environments is not None:
            self._facts.environments.extend(facts.environments or [])

    def _finish(self, properties: Properties, shape: Shape) -> None:
        put_approvals(self._pipeline.resources)
        kinds = [one.type.rsplit("/", 1)[-1] for one in self._pipeline.resources]
        counts: dict[str, Value] = {kind: kinds.count(kind) for kind in ("stages", "jobs", "steps")}
        properties.put("counts", counts)
        properties.put("deploys", self._facts.deploys)
        put_totals(properties, self._pipeline.resources)
        properties.put("environments", self._facts.environments or [])
        properties.put("templates", self._pipeline.templates)
        if not shape.names:
            return
        self._pipeline.resources.insert(0, self._pipeline.resource((), properties, self._node, self._pipeline.document))
