"""Jobs of a GitHub workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from resource_readers.interface import Unknown, Value
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode
from resource_readers.workflows.action_references import image_of, parts_of
from resource_readers.workflows.approvals import environments_before
from resource_readers.workflows.documents import DocumentError, inside, open_document
from resource_readers.workflows.github_expressions import secrets_in
from resource_readers.workflows.github_permissions import permissions
from resource_readers.workflows.github_steps import (
    GithubReading,
    Surroundings,
    literal_names,
    read_steps,
    working_folder,
)
from resource_readers.workflows.properties import (
    Properties,
    entries_of,
    entry_of,
    fact,
    is_empty,
    items_of,
    known_text,
    node_of,
    text_of,
    texts_of,
    value_of,
)
from resource_readers.workflows.service_expressions import whole_expression

_HOSTED = re.compile(r"(?:ubuntu|windows|macos)-[\w.-]+", re.IGNORECASE)
_MATRIX = re.compile(r"matrix\.([\w-]+)")


def read_job(reading: GithubReading, name: str, entry: Entry, workflow: Node) -> bool:
    """Adds the resources of a job and its steps; tells whether one of them deploys."""
    job = entry.value
    if not isinstance(job, ObjectNode):
        reading.reading.miss(entry.line, f"the job {name!r} is no mapping")
        return False
    properties = reading.properties()
    properties.put("id", name, entry)
    properties.put("events", list(reading.events))
    properties.copy("displayName", entry_of(job, "name"))
    needs = entry_of(job, "needs")
    properties.put("needs", texts_of(needs.value) if needs is not None else [], needs)
    properties.copy("if", entry_of(job, "if"))
    properties.put(
        "permissions", permissions(properties, entry_of(job, "permissions"), entry_of(workflow, "permissions"))
    )
    own = entry_of(job, "permissions") or entry_of(workflow, "permissions")
    properties.mark(own, "permissions")
    properties.put("environment", _environment(properties, entry_of(job, "environment")), entry_of(job, "environment"))
    _put_runner(properties, job)
    _put_strategy(properties, job)
    _put_containers(properties, job)
    properties.copy("env", entry_of(job, "env"))
    properties.copy("outputs", entry_of(job, "outputs"))
    put_concurrency(properties, entry_of(workflow, "concurrency"), "workflowConcurrency")
    put_concurrency(properties, entry_of(job, "concurrency"))
    properties.fact("timeoutMinutes", entry_of(job, "timeout-minutes"))
    properties.fact("continueOnError", entry_of(job, "continue-on-error"), False)
    condition = text_of(node_of(job, "if"))
    properties.put("secrets", list(dict.fromkeys((*reading.secrets(job), *secrets_in(condition, bare=True)))))
    uses = entry_of(job, "uses")
    properties.put("kind", "call" if uses is not None else "steps")
    # A job stands before its steps; what it deploys is known after them.
    position = len(reading.resources)
    deployments: list[Value] = []
    if uses is not None:
        _put_call(reading, properties, job, uses)
    elif entry_of(job, "steps") is None:
        reading.reading.miss(entry.line, f"the job {name!r} has neither steps nor uses")
    else:
        deployments = read_steps(
            reading, (("jobs", name),), node_of(job, "steps"), _surroundings(reading, job, workflow, properties)
        )
    properties.put("deploys", any(one["deploys"] for one in deployments))
    properties.put("effects", sorted({str(one["effect"]) for one in deployments}))
    properties.put("subjects", sorted({str(one["subject"]) for one in deployments}))
    properties.put("environmentsBefore", environments_before(properties, name, node_of(workflow, "jobs")))
    properties.put("approval", _approval(properties))
    reading.resources.insert(position, reading.resource((("jobs", name),), properties, entry))
    return bool(properties.values["deploys"])


def _surroundings(reading: GithubReading, job: ObjectNode, workflow: Node, properties: Properties) -> Surroundings:
    own, general = (node_of(node_of(one, "defaults"), "run") for one in (job, workflow))
    names = {**literal_names(node_of(workflow, "env")), **literal_names(node_of(job, "env"))}
    shell = node_of(own, "shell") or node_of(general, "shell")
    start = Surroundings(folder=reading.repository, names=names)
    environment = properties.values["environment"]
    return Surroundings(
        shell=fact(shell, properties.budget),
        folder=working_folder(
            node_of(own, "working-directory") or node_of(general, "working-directory"), start, reading
        ),
        names=names,
        environment=environment["name"] if environment["declared"] else None,
    )


def _environment(properties: Properties, entry: Entry | None) -> dict[str, Value]:
    """`declared`, `name`, `url`: a job with an environment waits for the approvals that the environment has."""
    if entry is None or (isinstance(entry.value, Literal) and entry.value.value in (None, "")):
        return {"declared": False}
    if not isinstance(entry.value, ObjectNode):
        return {"declared": True, "name": fact(entry.value, properties.budget)}
    found: dict[str, Value] = {"declared": not is_empty(node_of(entry.value, "name"))}
    for name in ("name", "url"):
        one = entry.value.entry(name)
        if one is not None:
            found[name] = fact(one.value, properties.budget)
            properties.mark(one, "environment", name)
    return found


def _approval(properties: Properties) -> str:
    """What may ask for approvals: "environment" (whether it does, the repository's settings say), "called", "none"."""
    called = properties.values.get("called")
    if isinstance(called, dict):
        return "called"
    return "environment" if properties.values["environment"]["declared"] else "none"


def _put_runner(properties: Properties, job: ObjectNode) -> None:
    entry = entry_of(job, "runs-on")
    if entry is None:
        return
    labels_node, group = entry.value, None
    if isinstance(labels_node, ObjectNode):
        group = fact(node_of(labels_node, "group"), properties.budget)
        labels_node = node_of(labels_node, "labels") or ArrayNode((), entry.line)
    labels = [known_text(text) for text in texts_of(labels_node)]
    candidates = _candidates(labels, job)
    runner: dict[str, Value] = {"labels": labels, "selfHosted": _self_hosted(candidates, group)}
    if group is not None:
        runner["group"] = group
    if candidates != labels:
        runner["candidates"] = candidates
    properties.put("runsOn", runner, entry)


def _candidates(labels: Sequence[Value], job: ObjectNode) -> list[Value]:
    """The labels, with those that a literal matrix gives."""
    found: list[Value] = []
    matrix = node_of(node_of(job, "strategy"), "matrix")
    for label in labels:
        match = _MATRIX.fullmatch(whole_expression(label.text) or "") if isinstance(label, Unknown) else None
        values = _matrix_values(matrix, match.group(1)) if match is not None else None
        found.extend(values if values is not None else [label])
    return found


def _matrix_values(matrix: Node | None, name: str) -> list[Value] | None:
    values: list[Value] = []
    given = node_of(matrix, name)
    if isinstance(given, ArrayNode):
        values += [
            known_text(text_of(item)) if isinstance(item, Literal) else Unknown("several labels")
            for item in given.items
        ]
    elif given is not None:
        return None
    for item in items_of(node_of(matrix, "include")):
        one = node_of(item, name)
        if one is not None:
            values.append(known_text(text_of(one)) if isinstance(one, Literal) else Unknown("several labels"))
    return values or None


def _self_hosted(labels: Sequence[Value], group: Value) -> Value:
    if any(isinstance(one, str) and one.lower() == "self-hosted" for one in labels):
        return True
    unknown = next((one for one in labels if isinstance(one, Unknown)), None)
    if unknown is not None:
        return Unknown(unknown.reason, unknown.text)
    if labels and all(_HOSTED.fullmatch(str(one)) for one in labels) and group is None:
        return False
    return Unknown("a runner with a label or group of its own may be hosted by GitHub or not")


def _put_strategy(properties: Properties, job: ObjectNode) -> None:
    entry = entry_of(job, "strategy")
    if entry is None:
        return
    found: dict[str, Value] = {}
    for name, written in (("matrix", "matrix"), ("failFast", "fail-fast"), ("maxParallel", "max-parallel")):
        one = entry_of(entry.value, written)
        if one is not None:
            found[name] = value_of(one.value, properties.budget)
            properties.mark(one, "strategy", name)
    properties.put("strategy", found, entry)


def _put_containers(properties: Properties, job: ObjectNode) -> None:
    entry = entry_of(job, "container")
    if entry is not None and not is_empty(entry.value):
        properties.put("container", _container(properties, entry.value), entry)
    services = entry_of(job, "services")
    if services is not None:
        listed: list[Value] = []
        for name, one in entries_of(services.value):
            properties.mark(one, "services", len(listed))
            listed.append({"name": name, **_container(properties, one.value)})
        properties.put("services", listed, services)


def _container(properties: Properties, node: Node) -> dict[str, Value]:
    image = node_of(node, "image") if isinstance(node, ObjectNode) else node
    found: dict[str, Value] = {"image": image_of(text_of(image))}
    for name in ("credentials", "env", "options", "ports", "volumes"):
        one = node_of(node, name)
        if one is not None:
            found[name] = value_of(one, properties.budget)
    return found


def put_concurrency(properties: Properties, entry: Entry | None, name: str = "concurrency") -> None:
    """Adds `concurrency` {group, cancelInProgress}."""
    if entry is None:
        return
    group = node_of(entry.value, "group") if isinstance(entry.value, ObjectNode) else entry.value
    cancel = fact(node_of(entry.value, "cancel-in-progress"), properties.budget)
    properties.put(name, {"group": text_of(group), "cancelInProgress": False if cancel is None else cancel}, entry)


_INPUT = re.compile(r"inputs\.([\w-]+)|inputs\['([\w-]+)'\]")


def _inputs(job: ObjectNode, called: Node) -> dict[str, str]:
    """The inputs of a called workflow whose value is written out, by the caller or as default."""
    on = node_of(called, "on", "true")
    found = {
        name: text_of(node_of(entry.value, "default"))
        for name, entry in entries_of(node_of(node_of(on, "workflow_call"), "inputs"))
        if node_of(entry.value, "default") is not None
    }
    for name, entry in entries_of(node_of(job, "with")):
        found[name] = text_of(entry.value)
    return found


def _given(environment: dict[str, Value], inputs: Mapping[str, str]) -> dict[str, Value]:
    """An environment with the name that an input gives."""
    name = environment.get("name")
    match = _INPUT.fullmatch(whole_expression(name.text) or "") if isinstance(name, Unknown) else None
    given = inputs.get(match.group(1) or match.group(2)) if match is not None else None
    if given is None:
        return environment
    return environment | {"declared": bool(given), "name": known_text(given)}


def _put_call(reading: GithubReading, properties: Properties, job: ObjectNode, uses: Entry) -> None:
    """A job that calls a reusable workflow; the jobs of one in the project are resources of their own file."""
    parts = parts_of(text_of(uses.value))
    properties.put("uses", parts, uses)
    properties.copy("with", entry_of(job, "with"))
    secrets = entry_of(job, "secrets")
    inherit = secrets is not None and text_of(secrets.value) == "inherit"
    properties.put("secretsInherit", inherit, secrets)
    if secrets is not None and not inherit:
        properties.copy("secretsPassed", secrets)
    if parts.get("kind") != "local":
        return
    path = inside(reading.repository, str(parts["path"]))
    if path.startswith(".."):
        reading.reading.miss(uses.line, f"the workflow {text_of(uses.value)!r} leads out of the project")
        return
    try:
        document = open_document(path, reading.reading, reading.request)
    except DocumentError as error:
        reading.reading.miss(uses.line, f"the workflow {text_of(uses.value)!r} can't be read: {error}")
        return
    jobs: list[Value] = []
    inputs = _inputs(job, document.node)
    for name, entry in entries_of(node_of(document.node, "jobs")):
        reading.reading.budget.spend()
        environment = _environment(reading.properties(), entry_of(entry.value, "environment"))
        jobs.append({"name": name, "environment": _given(environment, inputs)})
    properties.put("called", {"path": document.shown, "jobs": jobs}, uses)
    if not jobs:
        reading.reading.miss(uses.line, f"the workflow {text_of(uses.value)!r} has no jobs")
