"""What a job waits for: the environments and people that have a say before it, in the jobs that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from resource_readers.interface import Resource, Unknown, Value
from resource_readers.trees.nodes import Literal, Node, ObjectNode
from resource_readers.workflows.properties import Properties, entries_of, fact, node_of, texts_of

Name = TypeVar("Name")
VALIDATION = "ManualValidation"
"""The task of Azure Pipelines that waits for a person."""


def ancestors(name: Name, needs: Callable[[Name], Iterable[Name]]) -> Iterator[Name]:
    """Everything that comes before `name`, each once, the nearest first; also where things need each other."""
    seen = {name}
    pending = list(needs(name))
    while pending:
        one = pending.pop(0)
        if one in seen:
            continue
        seen.add(one)
        yield one
        pending.extend(needs(one))


def environments_before(properties: Properties, name: str, jobs: Node | None) -> list[Value]:
    """The environments of the jobs of a GitHub workflow that a job needs, directly or not."""
    nodes = {key: entry.value for key, entry in entries_of(jobs)}
    found: list[Value] = []
    for one in ancestors(name, lambda job: texts_of(node_of(nodes.get(job), "needs"))):
        properties.budget.spend()
        environment = node_of(nodes.get(one), "environment")
        if isinstance(environment, ObjectNode):
            environment = node_of(environment, "name")
        if isinstance(environment, Literal) and environment.value not in (None, ""):
            found.append(fact(environment, properties.budget))
    return found


def put_totals(properties: Properties, resources: Iterable[Resource]) -> None:
    """Adds what all jobs of a workflow or pipeline do: `effects` and `subjects`."""
    jobs = [one.properties for one in resources if one.type.endswith("/jobs")]
    for key in ("effects", "subjects"):
        properties.put(key, sorted({str(value) for job in jobs for value in job.get(key, ())}))


def put_approvals(resources: Iterable[Resource]) -> None:
    """Adds `approvalsBefore` to the jobs of a pipeline: environments (by name) and ManualValidation before each.

    Stages run one after the other unless `dependsOn` says otherwise; jobs of a stage side by side unless it does. What
    may be left out (a condition that isn't known) counts only for jobs that stand under the same condition.
    """
    every = [one for one in resources if isinstance(one.properties, dict)]
    stages = [one for one in every if one.type.endswith("/stages")]
    jobs = [one for one in every if one.type.endswith("/jobs")]
    stage_needs: dict[str, list[str]] = {}
    for index, stage in enumerate(stages):
        implied = [stages[index - 1].id] if index else []
        given = stage.properties.get("dependsOn")
        stage_needs[stage.id] = (
            implied if given is None else [other.id for other in stages if other.properties.get("id") in given]
        )
    by_stage: dict[str, list[Resource]] = {}
    for job in jobs:
        by_stage.setdefault(_parent(job.id), []).append(job)
    validated = {
        _parent(one.id)
        for one in every
        if one.type.endswith("/steps") and _task(one) == VALIDATION.lower() and one.properties.get("enabled") is True
    }
    for job in jobs:
        own = by_stage[_parent(job.id)]
        needed = {one.id: one.properties.get("dependsOn") or () for one in own}
        names = {one.id: one.properties.get("id") for one in own}

        def needs(job_id: str, needed: dict[str, Iterable[str]] = needed, names: dict[str, Value] = names) -> list[str]:
            return [other for other, name in names.items() if name in needed.get(job_id, ())]

        before = set(ancestors(job.id, needs))
        earlier = set(ancestors(_parent(job.id), lambda stage: stage_needs.get(stage, ())))
        found: list[Value] = []
        for one in jobs:
            if one.id in before or _parent(one.id) in earlier:
                found.extend(_approvals_of(one, job, validated))
        job.properties["approvalsBefore"] = found


def _approvals_of(one: Resource, job: Resource, validated: set[str]) -> Iterator[Value]:
    if one.condition is not True and not _same(one.condition, job.condition):
        return
    environment = one.properties.get("environment") or {}
    if environment.get("declared"):
        yield environment.get("name")
    if one.id in validated:
        yield VALIDATION


def _same(one: Value, other: Value) -> bool:
    return isinstance(one, Unknown) and isinstance(other, Unknown) and bool(one.text) and one.text == other.text


def _task(step: Resource) -> str:
    task = step.properties.get("task")
    name = task.get("name") if isinstance(task, dict) else None
    return name.lower() if isinstance(name, str) else ""


def _parent(identifier: str) -> str:
    """Id of the stage of a job, of the job of a step."""
    return identifier.rsplit("/", 2)[0]
