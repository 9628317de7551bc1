"""Every activity of a pipeline as a resource of its own, however deep it stands and whoever read the pipeline.

Azure Resource Manager has no such type: it is ours, so that a rule asks about one activity without walking through
ForEach, IfCondition, Switch and Until.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from resource_readers.interface import Resource, Unknown, Value
from resource_readers.template_language.unknowns import own_name, symbolic, unknown
from resource_readers.trees import lenient_json
from resource_readers.trees.nodes import Position
from resource_readers.trees.plain import plain
from verdicts import Location

PIPELINES = {
    "microsoft.datafactory/factories/pipelines": "Microsoft.DataFactory/factories/pipelines/activities",
    "microsoft.synapse/workspaces/pipelines": "Microsoft.Synapse/workspaces/pipelines/activities",
    "microsoft.datafactory/datafactories/datapipelines": "Microsoft.DataFactory/factories/pipelines/activities",
}
MAXIMUM_ACTIVITIES = 5_000
"""In one pipeline; the service takes 120."""
MAXIMUM_CONTAINERS = 30
"""Around one activity; the service takes two."""

_Path = tuple[str | int, ...]


def activity_resources(resource: Resource) -> list[Resource]:
    """The activities of a pipeline, in the file's order, those in containers behind the container itself.

    A list or an activity that isn't known gives one resource with unknown properties that stands for any number.

    Args:
        resource: of any type; one that is no pipeline, or that is only referred to, has no activities.
    """
    own_type = PIPELINES.get(resource.type.casefold())
    if own_type is None or resource.existing:
        return []
    return list(_Pipeline(resource, own_type).activities())


@dataclass(frozen=True, slots=True)
class _Container:
    name: Value
    type: Value
    branch: str


class _Pipeline:
    def __init__(self, resource: Resource, own_type: str) -> None:
        self._resource = resource
        self._type = own_type
        self._made = 0

    def activities(self) -> Iterator[Resource]:
        properties = self._resource.properties
        if isinstance(properties, Unknown):
            yield self._unknown(properties, ("properties",), ())
        elif isinstance(properties, Mapping):
            key, value = _entry(properties, "activities")
            if key is not None:
                yield from self._list(value, ("properties", key), ())

    def _list(self, value: Value, path: _Path, containers: tuple[_Container, ...]) -> Iterator[Resource]:
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, Unknown):
            yield self._unknown(value, path, containers)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self._activity(item, (*path, index), containers)
        elif value is not None:
            yield self._unknown(Unknown("the activities are no list"), path, containers)

    def _activity(self, value: Value, path: _Path, containers: tuple[_Container, ...]) -> Iterator[Resource]:
        self._made += 1
        if self._made > MAXIMUM_ACTIVITIES:
            if self._made == MAXIMUM_ACTIVITIES + 1:
                yield self._unknown(Unknown(f"more than {MAXIMUM_ACTIVITIES:,} activities"), path, containers)
            return
        if len(containers) > MAXIMUM_CONTAINERS:
            reason = f"activities nested deeper than {MAXIMUM_CONTAINERS} levels"
            yield self._unknown(Unknown(reason), path, containers)
            return
        if not isinstance(value, Mapping):
            missing = value if isinstance(value, Unknown) else Unknown("an activity that is no object")
            yield self._unknown(missing, path, containers)
            return
        name = _entry(value, "name")[1]
        kind = _entry(value, "type")[1]
        yield self._made_of(name, {**value, **self._around(containers)}, path)
        key, inner = _entry(value, "typeProperties")
        if isinstance(inner, Unknown):
            # What it is may be known, and then that nothing can be inside of it.
            if not isinstance(kind, str) or kind.casefold() in _CONTAINERS:
                yield self._unknown(inner, (*path, str(key)), (*containers, _Container(name, kind, "")))
        elif isinstance(inner, Mapping):
            for branch, part, below in _branches(inner):
                yield from self._list(below, (*path, str(key), *part), (*containers, _Container(name, kind, branch)))

    def _around(self, containers: tuple[_Container, ...]) -> dict[str, Value]:
        return {
            "pipeline": self._own_name(),
            "containerPath": "/".join(symbolic(one.name) for one in containers),
            "containers": [{"name": one.name, "type": one.type, "branch": one.branch} for one in containers],
        }

    def _own_name(self) -> Value:
        """The pipeline's name without the factory's, which may be unknown when this isn't."""
        name = self._resource.name
        own = own_name(symbolic(name))
        return unknown(name.reason, own) if isinstance(name, Unknown) and "{" in own else own

    def _unknown(self, why: Unknown, path: _Path, containers: tuple[_Container, ...]) -> Resource:
        made = self._made_of(unknown(why.reason, "{?}"), why, path)
        around = f" in {symbolic(containers[-1].name)}" if containers else ""
        return replace(made, repeated=True, properties=replace(why, reason=f"{why.reason}{around}"))

    def _made_of(self, own: Value, properties: Value, path: _Path) -> Resource:
        pipeline = self._resource
        missing = own if isinstance(own, Unknown) else pipeline.name if isinstance(pipeline.name, Unknown) else None
        if own is None:
            missing = Unknown("the activity has no name")
        own_text = symbolic(own) or "{?}"
        text = f"{symbolic(pipeline.name)}/{own_text}"
        return Resource(
            type=self._type,
            api_version=pipeline.api_version,
            name=unknown(missing.reason, text) if missing is not None else text,
            id=f"{pipeline.id}/activities/{own_text}",
            scope=pipeline.scope,
            properties=properties,
            location=Location(pipeline.location.path, pipeline.line(*path)),
            condition=pipeline.condition,
            repeated=pipeline.repeated,
            source=_Below(pipeline, path),
        )


@dataclass(frozen=True, slots=True)
class _Below:
    """Places of an activity in the map of its pipeline."""

    pipeline: Resource
    path: _Path

    def position(self, path: _Path) -> Position:
        """See interface.SourceMap."""
        return self.pipeline.place(*self.path, *(path[1:] if path[:1] == ("properties",) else path))


_CONTAINERS = frozenset({"foreach", "ifcondition", "switch", "until"})


def _branches(properties: Mapping[str, Value]) -> Iterator[tuple[str, _Path, Value]]:
    """Lists of activities inside of an activity: the branch, its path, the list."""
    for key, value in properties.items():
        folded = key.casefold()
        if folded in ("activities", "iftrueactivities", "iffalseactivities", "defaultactivities"):
            yield key, (key,), value
        elif folded == "cases" and isinstance(value, list):
            for index, case in enumerate(value):
                if isinstance(case, Mapping):
                    inner, below = _entry(case, "activities")
                    label = symbolic(_entry(case, "value")[1])
                    if inner is not None:
                        yield f"{key}/{label}", (key, index, inner), below
                elif isinstance(case, Unknown):
                    yield f"{key}/{{?}}", (key, index), case
        elif folded == "cases" and isinstance(value, Unknown):
            yield key, (key,), value


def _entry(values: Mapping[str, Value], key: str) -> tuple[str | None, Value]:
    """The key as written, whatever its case, and its value."""
    if key in values:
        return key, values[key]
    folded = key.casefold()
    return next(((name, value) for name, value in values.items() if name.casefold() == folded), (None, None))


def _parsed(text: str) -> Any:
    """Activities that stand as JSON in a text, as Terraform has them."""
    try:
        return plain(lenient_json.parse(text))
    except ValueError:
        return Unknown("the activities are a text that is no JSON")
