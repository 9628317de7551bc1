"""GitHub Actions: workflows and actions (composite, Docker, JavaScript) as resources."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from resource_readers.interface import ReadRequest, ReadResult, Value
from resource_readers.project_files import ProjectFile
from resource_readers.reading import Reading
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.nodes import ObjectNode
from resource_readers.trees.plain import TooManyValuesError
from resource_readers.workflows.action_references import image_of
from resource_readers.workflows.approvals import put_totals
from resource_readers.workflows.documents import Document, DocumentError, document, repository_of
from resource_readers.workflows.github_jobs import put_concurrency, read_job
from resource_readers.workflows.github_permissions import permissions
from resource_readers.workflows.github_steps import GithubReading, Surroundings, read_steps
from resource_readers.workflows.github_triggers import put_triggers
from resource_readers.workflows.properties import Properties, entries_of, entry_of, node_of, text_of, value_of
from resource_readers.workflows.recognition import is_github_action, is_github_workflow

WORKFLOW_TYPE = "GitHub.Actions/workflows"
ACTION_TYPE = "GitHub.Actions/actions"


class GithubWorkflowReader:
    """Workflows."""

    @property
    def kind(self) -> str:
        """See Reader."""
        return "github-workflow"

    def recognises(self, file: ProjectFile) -> bool:
        """See Reader."""
        return is_github_workflow(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See Reader."""
        return _read(self.kind, WORKFLOW_TYPE, file, request)


class GithubActionReader:
    """Actions."""

    @property
    def kind(self) -> str:
        """See Reader."""
        return "github-action"

    def recognises(self, file: ProjectFile) -> bool:
        """See Reader."""
        return is_github_action(file)

    def read(self, file: ProjectFile, request: ReadRequest) -> ReadResult:
        """See Reader."""
        return _read(self.kind, ACTION_TYPE, file, request)


def _read(kind: str, resource_type: str, file: ProjectFile, request: ReadRequest) -> ReadResult:
    reading = Reading(file.shown)
    reading.files[file.shown] = file.digest
    parts: GithubReading | None = None
    try:
        one = document(file, request)
        repository = repository_of(file.shown, request)
        parts = GithubReading(reading, request, one, repository, resource_type, _name(one, resource_type))
        if not isinstance(one.node, ObjectNode):
            reading.miss(one.node.line, f"the {kind.split('-')[1]} is no mapping")
        elif resource_type == WORKFLOW_TYPE:
            _workflow(parts, one.node)
        else:
            _action(parts, one.node)
    except DocumentError as error:
        reading.miss(error.line, str(error))
    except (LimitError, TooManyValuesError, RecursionError) as error:
        reading.miss(None, str(error) if not isinstance(error, RecursionError) else "nested too deeply")
    return ReadResult(
        kind=kind,
        resources=tuple(parts.resources) if parts is not None else (),
        not_read=tuple(reading.not_read.values()),
        files=tuple(reading.files.values()),
    )


def _name(one: Document, resource_type: str) -> str:
    """A workflow is named after its file, an action after its folder."""
    path = PurePosixPath(one.shown)
    return path.name if resource_type == WORKFLOW_TYPE else path.parent.name or path.name


def _workflow(parts: GithubReading, node: ObjectNode) -> None:
    properties = parts.properties()
    properties.put("path", parts.document.shown)
    properties.copy("displayName", entry_of(node, "name"))
    properties.copy("runName", entry_of(node, "run-name"))
    on = entry_of(node, "on", "true")
    if on is None:
        parts.reading.miss(
            node.line, "nothing says what starts the workflow ('on' is missing)", may_hold_resources=False
        )
    events = put_triggers(properties, on)
    properties.put("reusable", "workflow_call" in events)
    parts.events.extend(events)
    declared = entry_of(node, "permissions")
    properties.put("permissions", permissions(properties, declared), declared)
    properties.copy("env", entry_of(node, "env"))
    put_concurrency(properties, entry_of(node, "concurrency"))
    _put_defaults(properties, node)
    properties.put("secrets", parts.secrets(node))
    jobs = entry_of(node, "jobs")
    names = [name for name, _ in entries_of(jobs.value)] if jobs is not None else []
    properties.put("jobs", names, jobs)
    if not names:
        parts.reading.miss(jobs.line if jobs is not None else node.line, "the workflow has no jobs")
    deploys = [read_job(parts, name, entry, node) for name, entry in entries_of(node_of(node, "jobs"))]
    properties.put("deploys", any(deploys))
    put_totals(properties, parts.resources)
    parts.resources.insert(0, parts.resource((), properties, node))


def _put_defaults(properties: Properties, node: ObjectNode) -> None:
    run = entry_of(node_of(node, "defaults"), "run")
    if run is not None:
        properties.put("defaults", value_of(run.value, properties.budget), run)


def _action(parts: GithubReading, node: ObjectNode) -> None:
    properties = parts.properties()
    properties.put("path", parts.document.shown)
    for name in ("name", "description", "author"):
        properties.copy({"name": "displayName"}.get(name, name), entry_of(node, name))
    for kind in ("inputs", "outputs"):
        entry = entry_of(node, kind)
        listed: list[Value] = []
        for key, one in entries_of(node_of(node, kind)):
            properties.mark(one, kind, len(listed))
            value = value_of(one.value, properties.budget)
            listed.append({"name": key, **(value if isinstance(value, dict) else {})})
        properties.put(kind, listed, entry)
    runs = entry_of(node, "runs")
    if runs is None or not isinstance(runs.value, ObjectNode):
        parts.reading.miss(node.line, "nothing says how the action runs ('runs' is missing)")
    using = text_of(node_of(node_of(node, "runs"), "using"))
    properties.put("using", using, runs)
    properties.put("kind", _action_kind(using))
    for name, written in (
        ("main", "main"),
        ("pre", "pre"),
        ("post", "post"),
        ("entrypoint", "entrypoint"),
        ("args", "args"),
        ("env", "env"),
    ):
        properties.copy(name, entry_of(node_of(node, "runs"), written))
    image = entry_of(node_of(node, "runs"), "image")
    if image is not None:
        text = text_of(image.value)
        properties.put(
            "image",
            image_of(text.removeprefix("docker://")) if text.startswith("docker://") else {"file": text},
            image,
        )
    properties.put("secrets", parts.secrets(node))
    deployments = read_steps(parts, (), node_of(node_of(node, "runs"), "steps"), Surroundings(folder=parts.repository))
    properties.put("deploys", any(one["deploys"] for one in deployments))
    parts.resources.insert(0, parts.resource((), properties, node))


_NODE = re.compile(r"node\d+")


def _action_kind(using: str) -> str:
    """ "composite", "docker", "javascript", or "other"."""
    if using in ("composite", "docker"):
        return using
    return "javascript" if _NODE.fullmatch(using) else "other"
