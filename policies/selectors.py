"""Selectors: which resources and which policies of an initiative an assignment, override or exemption means.

Source: Microsoft's page "Azure Policy assignment structure" (resource selectors, overrides). What it leaves open is
Unknown here: docs/azure-policy-assignments.md lists it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.fields import normal_location
from policies.placement import Place
from policies.reading import items, keyed, text, texts
from policies.resource_types import type_key
from policies.values import DefinitionError, Truth, Unknown, get_key, known

MAXIMUM_VALUES = 50
MAXIMUM_SELECTORS = 10


class SelectorKind(enum.Enum):
    """What a selector looks at."""

    LOCATION = "resourceLocation"
    TYPE = "resourceType"
    WITHOUT_LOCATION = "resourceWithoutLocation"
    REFERENCE = "policyDefinitionReferenceId"
    USER = "userPrincipalId"
    GROUP = "groupPrincipalId"


_KINDS: Mapping[str, SelectorKind] = {kind.value.lower(): kind for kind in SelectorKind}
OF_RESOURCES = frozenset(SelectorKind) - {SelectorKind.REFERENCE}


@dataclass(frozen=True, slots=True)
class Subject:
    """What selectors are asked about.

    Attributes:
        type: the resource's type, lower-cased.
        location: normalised; None if it has none, Unknown if that can't be told.
        place: where it stands.
        reference: lower-cased policyDefinitionReferenceId; "" outside of initiatives.
    """

    type: str
    location: str | Unknown | None
    place: Place
    reference: str = ""


def subject_of(resource: Mapping[str, Any], place: Place, reference: str = "") -> Subject:
    """The subject that a resource is, under one policy of an initiative."""
    location = normal_location(known(get_key(resource, "location", "location")))
    if not isinstance(location, Unknown):
        location = location if isinstance(location, str) and location else None
        if location is not None and "{" in location:
            location = Unknown("the location of the resource is not known")
    return Subject(type_key(resource), location, place, reference.lower())


@dataclass(frozen=True, slots=True)
class Selector:
    """One condition: the kind's value is among the values, or isn't (`negated`). Values are normalised."""

    kind: SelectorKind
    values: frozenset[str]
    negated: bool

    def holds(self, subject: Subject) -> Truth:
        """Whether it holds."""
        match self.kind:
            case SelectorKind.TYPE:
                return (subject.type in self.values) is not self.negated
            case SelectorKind.REFERENCE:
                return (subject.reference in self.values) is not self.negated
            case SelectorKind.LOCATION:
                return self._location(subject)
            case SelectorKind.WITHOUT_LOCATION:
                truth = _without_location(subject)
                return truth if isinstance(truth, Unknown) else truth is not self.negated
            case SelectorKind.USER | SelectorKind.GROUP:
                return Unknown("who will send the request is not known before deployment")

    def _location(self, subject: Subject) -> Truth:
        if isinstance(subject.location, Unknown):
            return subject.location
        if subject.location is None:
            if self.negated:
                return Unknown(
                    "whether notIn of resourceLocation selects a resource without location is not documented"
                )
            return False
        return (subject.location in self.values) is not self.negated


def _without_location(subject: Subject) -> Truth:
    """Whether the resource stands at the level of a subscription and has no location."""
    if isinstance(subject.location, Unknown):
        return subject.location
    if subject.location is not None:
        return False
    segments = subject.place.segments
    if len(segments) > 2 or subject.place.complete:
        return segments[:1] == ("subscriptions",) and segments[2:3] != ("resourcegroups",)
    return Unknown("whether the resource stands at the level of a subscription is not known")


def all_hold(truths: Iterable[Truth]) -> Truth:
    """Kleene's and; true for nothing."""
    unknown: Unknown | None = None
    for truth in truths:
        if truth is False:
            return False
        if truth is not True:
            unknown = truth
    return True if unknown is None else unknown


def any_holds(truths: Iterable[Truth]) -> Truth:
    """Kleene's or; false for nothing."""
    unknown: Unknown | None = None
    for truth in truths:
        if truth is True:
            return True
        if truth is not False:
            unknown = truth
    return False if unknown is None else unknown


@dataclass(frozen=True, slots=True)
class ResourceSelector:
    """A named group of selectors, which must all hold."""

    name: str
    selectors: tuple[Selector, ...]

    def holds(self, subject: Subject) -> Truth:
        """Whether all its selectors hold."""
        return all_hold(selector.holds(subject) for selector in self.selectors)


def selected(selectors: tuple[ResourceSelector, ...], subject: Subject) -> Truth:
    """Whether one of the resource selectors holds; where there are none, everything is selected."""
    return any_holds(selector.holds(subject) for selector in selectors) if selectors else True


def read_selectors(holder: dict[str, Any], path: str, allowed: frozenset[SelectorKind]) -> tuple[Selector, ...]:
    """The array `selectors` of a resource selector or an override.

    Raises:
        DefinitionError: an unknown or forbidden kind, one that stands twice, or values that Azure wouldn't take.
    """
    result: list[Selector] = []
    for item, place in items(holder, "selectors", path):
        selector = _read_selector(item, place, allowed)
        if any(other.kind is selector.kind for other in result):
            raise DefinitionError(f"{selector.kind.value} stands twice in one selector", place)
        result.append(selector)
    kinds = {selector.kind for selector in result}
    if {SelectorKind.LOCATION, SelectorKind.WITHOUT_LOCATION} <= kinds:
        raise DefinitionError("resourceLocation can't stand beside resourceWithoutLocation", f"{path}.selectors")
    return tuple(result)


def _read_selector(item: Any, path: str, allowed: frozenset[SelectorKind]) -> Selector:
    keys = keyed(item, ("kind", "in", "notin"), path)
    kind = _KINDS.get(text(keys, "kind", path, needed=True).lower())
    if kind is None or kind not in allowed:
        raise DefinitionError(f"unknown kind of selector {keys['kind']!r}", path)
    given = [name for name in ("in", "notin") if keys.get(name) is not None]
    if len(given) != 1:
        raise DefinitionError("a selector needs one of in and notIn", path)
    values = texts(keys, given[0], path)
    if not 1 <= len(values) <= MAXIMUM_VALUES:
        raise DefinitionError(f"a selector takes 1 to {MAXIMUM_VALUES} values", path)
    normal = frozenset(str(normal_location(v)) if kind is SelectorKind.LOCATION else v.strip().lower() for v in values)
    if kind is SelectorKind.WITHOUT_LOCATION and normal != {"subscriptionlevelresources"}:
        raise DefinitionError("resourceWithoutLocation takes subscriptionLevelResources only", path)
    return Selector(kind, normal, given[0] == "notin")


def read_resource_selectors(holder: dict[str, Any], path: str) -> tuple[ResourceSelector, ...]:
    """The array `resourceSelectors` of an assignment or exemption. Raises DefinitionError."""
    found = items(holder, "resourceselectors", path)
    if len(found) > MAXIMUM_SELECTORS:
        raise DefinitionError(f"more than {MAXIMUM_SELECTORS} resource selectors", path)
    result = []
    for item, place in found:
        keys = keyed(item, ("name", "selectors"), place)
        result.append(ResourceSelector(text(keys, "name", place), read_selectors(keys, place, OF_RESOURCES)))
    return tuple(result)
