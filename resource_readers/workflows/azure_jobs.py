"""Stages and jobs of Azure Pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from resource_readers.interface import Unknown, Value
from resource_readers.trees.nodes import Entry, Literal, ObjectNode
from resource_readers.workflows.action_references import image_of
from resource_readers.workflows.azure_parameters import with_variables
from resource_readers.workflows.azure_pipelines import Found, Parts, PipelineReading
from resource_readers.workflows.azure_scopes import Bound
from resource_readers.workflows.azure_steps import StepContext, StepFacts, read_steps
from resource_readers.workflows.azure_templates import Item, Shape
from resource_readers.workflows.azure_variables import Variables
from resource_readers.workflows.properties import (
    Properties,
    entries_of,
    fact,
    is_empty,
    node_of,
    text_of,
    texts_of,
    value_of,
)

IMPLICIT = "__default"
"""The name of the stage or job that a file leaves out, as Azure Pipelines calls them."""
_STRATEGIES = ("runOnce", "rolling", "canary")
_HOOKS = ("preDeploy", "deploy", "routeTraffic", "postRouteTraffic")
_HOSTED = ("azure pipelines", "hosted", "default hosted")


@dataclass(frozen=True, slots=True)
class Around:
    """What a stage or pipeline gives to its jobs.

    Attributes:
        pool: of the stage or pipeline.
        variables: those that expressions see.
        dependent: a job is deployed by a stage that may be left out or repeated.
    """

    pool: Entry | None
    variables: dict[str, Bound]
    condition: Value = True
    repeated: bool = False


@dataclass(slots=True)
class JobFacts:
    """What the jobs of a stage or pipeline have in common."""

    deploys: bool = False
    environments: list[Value] | None = None


def read_stage(pipeline: PipelineReading, parts: Parts, found: Found, around: Around) -> JobFacts:
    """Adds the resources of a stage and its jobs."""
    shape = found.shape
    name = text_of(shape.get("stage")) or IMPLICIT
    if not shape.has("stage", "jobs", "steps"):
        shape.scope.reading.miss(
            shape.node.line, f"a stage without name and jobs (its keys: {', '.join(shape.names)[:100]})"
        )
    path = pipeline.path_of((), "stages", name)
    properties = pipeline.properties()
    properties.put("id", name, shape.entry("stage"))
    properties.put("implicit", not shape.has("stage"))
    for key in ("displayName", "condition"):
        properties.copy(key, shape.entry(key))
    for key in ("isSkippable", "lockBehavior", "trigger"):
        properties.fact(key, shape.entry(key))
    _put_depends(properties, shape)
    variables = _put_variables(parts, properties, shape, around)
    pool = shape.entry("pool") or around.pool
    put_pool(properties, pool)
    position = len(pipeline.resources)
    inner = Around(pool, variables, found.condition, found.repeated)
    facts = read_jobs(pipeline, parts, path, shape, inner)
    properties.put("deploys", facts.deploys)
    properties.put("environments", facts.environments or [])
    stage = pipeline.resource(path, properties, shape.node, shape.scope.document, found.condition, found.repeated)
    pipeline.resources.insert(position, stage)
    return facts


def read_jobs(
    pipeline: PipelineReading, parts: Parts, path: tuple[tuple[str, str], ...], shape: Shape, around: Around
) -> JobFacts:
    """Adds the jobs of a stage or pipeline; steps without a job are one of their own."""
    facts = JobFacts(environments=[])
    if shape.has("jobs"):
        for found in parts.of(_seen(shape.slots("jobs"), around), "jobs", around.condition, around.repeated):
            _job(pipeline, parts, path, found, around, facts)
    if shape.has("steps"):
        implicit = Found(shape, around.condition, around.repeated)
        _job(pipeline, parts, path, implicit, around, facts, implicit=True)
    return facts


def _seen(slots: Sequence[Item], around: Around) -> list[Item]:
    """The slots with the variables that a stage or job adds."""
    return [replace(one, scope=with_variables(one.scope, around.variables)) for one in slots]


def _job(
    pipeline: PipelineReading,
    parts: Parts,
    around_path: tuple[tuple[str, str], ...],
    found: Found,
    around: Around,
    all_facts: JobFacts,
    *,
    implicit: bool = False,
) -> None:
    shape = found.shape
    kind = "deployment" if shape.has("deployment") else "job"
    if not implicit and not shape.has("job", "deployment", "phase", "steps"):
        shape.scope.reading.miss(shape.node.line, f"a job of no known kind (its keys: {', '.join(shape.names)[:100]})")
        return
    entry = None if implicit else shape.entry("job", "deployment", "phase")
    name = (text_of(entry.value) if entry is not None else "") or IMPLICIT
    path = pipeline.path_of(around_path, "jobs", name)
    properties = pipeline.properties()
    properties.put("id", name, entry)
    properties.put("kind", kind)
    properties.put("implicit", implicit)
    if not implicit:
        for key in ("displayName", "condition"):
            properties.copy(key, shape.entry(key))
        _put_depends(properties, shape)
    for key, given in (("timeoutInMinutes", "timeoutMinutes"), ("cancelTimeoutInMinutes", "cancelTimeoutMinutes")):
        properties.fact(given, shape.entry(key))
    properties.fact("continueOnError", shape.entry("continueOnError"), False)
    properties.copy("workspace", shape.entry("workspace"))
    properties.copy("templateContext", shape.entry("templateContext"))
    _put_containers(pipeline, properties, shape)
    put_pool(properties, shape.entry("pool") or around.pool)
    variables = around.variables if implicit else _put_variables(parts, properties, shape, around)
    environment = _environment(properties, shape.entry("environment"))
    properties.put("environment", environment, shape.entry("environment"))
    properties.put("approval", "environment" if environment["declared"] else "none")
    if environment["declared"] and all_facts.environments is not None:
        all_facts.environments.append(environment.get("name"))
    position, facts = len(pipeline.resources), StepFacts()
    inner = Around(None, variables, found.condition, found.repeated)
    context = StepContext(environment.get("name") if environment["declared"] else None)
    hooks = _put_strategy(properties, shape)
    for hook, slots in hooks:
        read_steps(pipeline, parts, path, _seen(slots, inner), context, facts, hook, found.condition, found.repeated)
    if shape.has("steps"):
        read_steps(
            pipeline,
            parts,
            path,
            _seen(shape.slots("steps"), inner),
            context,
            facts,
            "",
            found.condition,
            found.repeated,
        )
    facts.put(properties)
    all_facts.deploys = all_facts.deploys or bool(properties.values["deploys"])
    at = shape.node if not implicit else (shape.entry("steps") or shape.node)
    pipeline.resources.insert(
        position, pipeline.resource(path, properties, at, shape.scope.document, found.condition, found.repeated)
    )


def _put_depends(properties: Properties, shape: Shape) -> None:
    entry = shape.entry("dependsOn")
    if entry is not None:
        properties.put("dependsOn", texts_of(entry.value), entry)


def _put_variables(parts: Parts, properties: Properties, shape: Shape, around: Around) -> dict[str, Bound]:
    entry_slots = _seen(shape.slots("variables"), around)
    variables = Variables(properties.budget)
    variables.read(parts, entry_slots)
    if entry_slots:
        variables.put(properties, entry_slots)
    return {**around.variables, **variables.bound}


def put_pool(properties: Properties, entry: Entry | None) -> None:
    """Adds `pool`: name, vmImage, demands, `declared`, and whether it is `selfHosted`."""
    if entry is None or is_empty(entry.value):
        properties.put("pool", {"declared": False, "selfHosted": False})
        return
    if isinstance(entry.value, Literal):
        name = fact(entry.value, properties.budget)
        found: dict[str, Value] = {"declared": True, "name": name, "selfHosted": _self_hosted(name)}
        if isinstance(name, str) and name.lower() == "server":
            found |= {"selfHosted": False, "agentless": True}
    else:
        name = fact(node_of(entry.value, "name"), properties.budget)
        found = {"declared": True, "selfHosted": _self_hosted(name)}
        for key, one in entries_of(entry.value):
            properties.mark(one, "pool", key)
            found[key] = fact(one.value, properties.budget)
    properties.put("pool", found, entry)


def _self_hosted(name: Value) -> Value:
    """A pool with a name is one of the organisation's own, unless the name is that of Microsoft's."""
    if isinstance(name, str) and name:
        return not name.lower().startswith(_HOSTED)
    if isinstance(name, Unknown):
        return Unknown(name.reason, name.text)
    return False


def _put_containers(pipeline: PipelineReading, properties: Properties, shape: Shape) -> None:
    entry = shape.entry("container")
    if entry is not None and not is_empty(entry.value):
        image = node_of(entry.value, "image") if isinstance(entry.value, ObjectNode) else entry.value
        name = text_of(image)
        found: dict[str, Value] = {"image": image_of(pipeline.containers.get(name, name))}
        if name in pipeline.containers:
            found["resource"] = name
        for key, one in entries_of(entry.value):
            if key.lower() != "image":
                found[key] = value_of(one.value, properties.budget)
        properties.put("container", found, entry)
    services = shape.entry("services")
    if services is not None:
        listed = [
            {"name": key, "image": value_of(one.value, properties.budget)} for key, one in entries_of(services.value)
        ]
        properties.put("services", listed, services)


def _environment(properties: Properties, entry: Entry | None) -> dict[str, Value]:
    """`declared`, `name`, `resourceName`, `resourceType`: the environment carries the approvals, not the file."""
    if entry is None or is_empty(entry.value):
        return {"declared": False}
    if not isinstance(entry.value, ObjectNode):
        name = fact(entry.value, properties.budget)
        found: dict[str, Value] = {"declared": True, "name": name}
        if isinstance(name, str) and "." in name:
            found["name"], found["resourceName"] = name.split(".", 1)
        return found
    found = {"declared": True}
    for key, one in entries_of(entry.value):
        found[key] = fact(one.value, properties.budget)
        properties.mark(one, "environment", key)
    return found


def _put_strategy(properties: Properties, shape: Shape) -> list[tuple[str, list[Item]]]:
    """Adds `strategy`; gives the steps of a deployment's hooks."""
    strategy = shape.shape("strategy")
    if strategy is None:
        return []
    slots = shape.slots("strategy")
    found: dict[str, Value] = {}
    hooks: list[tuple[str, list[Item]]] = []
    for name in strategy.names:
        kind = next((one for one in _STRATEGIES if one.lower() == name.lower()), None)
        inner = strategy.shape(name) if kind is not None else None
        if kind is None or inner is None:
            found[name] = value_of(strategy.get(name), properties.budget)
            continue
        found["kind"] = kind
        for key in inner.names:
            if key.lower() not in {one.lower() for one in (*_HOOKS, "on")}:
                found[key] = value_of(inner.get(key), properties.budget)
        hooks += _hooks(inner)
    if hooks:
        found["hooks"] = [name for name, _ in hooks]
    properties.put("strategy", found, slots[0].entry if slots else None)
    return hooks


def _hooks(shape: Shape) -> list[tuple[str, list[Item]]]:
    found: list[tuple[str, list[Item]]] = []
    for name in _HOOKS:
        hook = shape.shape(name)
        if hook is not None and hook.has("steps"):
            found.append((name, hook.slots("steps")))
    on = shape.shape("on")
    for name in ("failure", "success"):
        hook = on.shape(name) if on is not None else None
        if hook is not None and hook.has("steps"):
            found.append((f"on.{name}", hook.slots("steps")))
    return found
