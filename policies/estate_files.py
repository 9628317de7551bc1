"""Assignments, exemptions and enrollments from the JSON files of a folder, with the policies that they name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.assigned_policies import ResolvedAssignment, resolve_assignment
from policies.assignments import Assignment, read_assignment
from policies.definitions import PolicyDefinition, read_definition
from policies.exemptions import Enrollment, Exemption, exemption_problems, read_enrollment, read_exemption
from policies.initiatives import Initiative, read_initiative
from policies.libraries import Library
from policies.pack import is_initiative
from policies.pack_sources import Body
from policies.values import DefinitionError, get_key


@dataclass(slots=True)
class EstateFiles:
    """What files hold.

    Attributes:
        assignments, exemptions, enrollments, definitions, initiatives: in the order of the files.
        errors: what could not be read, each with its file.
    """

    assignments: list[Assignment] = field(default_factory=list)
    exemptions: list[Exemption] = field(default_factory=list)
    enrollments: list[Enrollment] = field(default_factory=list)
    definitions: list[PolicyDefinition] = field(default_factory=list)
    initiatives: list[Initiative] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def resolved(self) -> list[ResolvedAssignment]:
        """The assignments with what they stand for."""
        definitions, initiatives = Library(self.definitions), Library(self.initiatives)
        return [resolve_assignment(assignment, definitions, initiatives) for assignment in self.assignments]

    def problems(self, resolved: Iterable[ResolvedAssignment], now: dt.datetime) -> list[str]:
        """What doesn't fit together, in sentences."""
        problems = []
        for one in resolved:
            label = one.assignment.name or one.assignment.source
            problems += [f"{label}: {problem}" for problem in one.problems]
        references = {one.assignment.id: (one.assignment.scope, one.reference_ids) for one in resolved}
        return [*problems, *exemption_problems(self.exemptions, references, now)]


def read_estate(bodies: Iterable[Body]) -> EstateFiles:
    """Reads each file by what it holds: one of these, a list of them, or {"value": [...]} as Azure lists them."""
    found = EstateFiles()
    for body in bodies:
        if body.error:
            found.errors.append(f"{body.source}: {body.error}")
            continue
        for source, item in _items(body):
            try:
                _take(item, source, found)
            except DefinitionError as error:
                found.errors.append(f"{source}: {error}")
            except RecursionError:
                found.errors.append(f"{source}: nested too deeply")
    return found


def _items(body: Body) -> Iterator[tuple[str, Any]]:
    value = body.value
    if isinstance(value, dict) and isinstance(value.get("value"), list):
        if value.get("nextLink"):
            yield body.source, None
        value = value["value"]
    if isinstance(value, list):
        yield from ((f"{body.source}: [{index}]", item) for index, item in enumerate(value))
    else:
        yield body.source, value


def _take(item: Any, source: str, found: EstateFiles) -> None:
    if item is None:
        raise DefinitionError("null, or the first page of several (nextLink)")
    inner = get_key(item, "properties", "properties") if isinstance(item, dict) else None
    properties: Any = inner if isinstance(inner, dict) else item
    if not isinstance(properties, dict):
        raise DefinitionError("an object is needed")
    if _has(properties, "exemptionCategory"):
        found.exemptions.append(read_exemption(item, source))
    elif _has(properties, "policyAssignmentId"):
        found.enrollments.append(read_enrollment(item, source))
    elif _has(properties, "policyDefinitionId"):
        found.assignments.append(read_assignment(item, source))
    elif is_initiative(item):
        found.initiatives.append(read_initiative(item, source))
    else:
        found.definitions.append(read_definition(item, source))


def _has(properties: Mapping[str, Any], key: str) -> bool:
    return get_key(properties, key, key.lower()) is not None
