"""Where a resource stands: which scopes of assignments, exclusions and exemptions hold it.

A scope is the id of a management group, subscription, resource group or resource. What isn't known of a resource's id
or of the management groups above a subscription is Unknown, never "out of scope".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.values import DefinitionError, Truth, Unknown

_MANAGEMENT_GROUP = ("providers", "microsoft.management", "managementgroups")


@dataclass(frozen=True, slots=True)
class ScopePath:
    """A scope as its lower-cased segments; `text` as written."""

    text: str
    segments: tuple[str, ...]

    @property
    def management_group(self) -> str:
        """The name of the management group that it is; "" for every other scope."""
        return self.segments[3] if len(self.segments) == 4 and self.segments[:3] == _MANAGEMENT_GROUP else ""


def read_scope(text: Any, path: str) -> ScopePath:
    """A scope. Raises DefinitionError for what is no id of a management group or of something in a subscription."""
    segments = _segments(text) if isinstance(text, str) else ()
    scope = ScopePath(str(text), segments)
    inside = len(segments) >= 2 and segments[0] == "subscriptions"
    if not all(segments) or not (inside or scope.management_group) or "{" in scope.text:
        raise DefinitionError(
            f"{text!r} is no id of a management group, subscription, resource group or resource", path
        )
    if inside and len(segments) > 2 and (segments[2] not in ("resourcegroups", "providers") or len(segments) == 3):
        raise DefinitionError(f"{text!r} is no id of a resource group or resource", path)
    return scope


def _segments(text: str) -> tuple[str, ...]:
    return tuple(text.strip().strip("/").lower().split("/"))


def scope_above(identifier: str, kind: str, path: str) -> ScopePath:
    """The scope at which an assignment or exemption was made, out of its id.

    Args:
        kind: "policyAssignments" or "policyExemptions".

    Raises:
        DefinitionError: the id isn't one of that kind.
    """
    above, found, name = identifier.lower().rpartition(f"/providers/microsoft.authorization/{kind.lower()}/")
    if not found or not name or "/" in name.strip("/"):
        raise DefinitionError(f"{identifier!r} is no id of one of {kind}, and there is no scope", path)
    return read_scope(identifier[: len(above)], path)


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The management groups above each subscription, as far as they are known.

    Attributes:
        above: lower-cased subscription id -> lower-cased names of the management groups above it, nearest first.
    """

    above: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read_hierarchy(given: Any) -> Hierarchy:
    """From {subscription: [management group, ...]}, nearest first; ids or names. Raises DefinitionError."""
    if not isinstance(given, dict):
        raise DefinitionError("the hierarchy must be an object: subscription -> management groups, nearest first")
    above = {}
    for subscription, groups in given.items():
        path = f"hierarchy.{subscription}"
        if not isinstance(groups, list) or not all(isinstance(group, str) and group.strip("/ ") for group in groups):
            raise DefinitionError("an array of names of management groups is needed", path)
        key = _segments(str(subscription))[-1]
        if key in above:
            raise DefinitionError("the subscription stands twice", path)
        above[key] = tuple(_segments(group)[-1] for group in groups)
    return Hierarchy(above)


@dataclass(frozen=True, slots=True)
class Place:
    """A resource's place.

    Attributes:
        segments: of its id, lower-cased, as far as they are known from the left.
        complete: whether that is the whole id.
        hierarchy: the management groups.
    """

    segments: tuple[str, ...]
    complete: bool
    hierarchy: Hierarchy

    @property
    def subscription(self) -> str:
        """Its subscription, lower-cased; "" if it isn't known, or there is none."""
        return self.segments[1] if len(self.segments) > 1 and self.segments[0] == "subscriptions" else ""

    def within(self, scope: ScopePath) -> Truth:
        """Whether a scope holds the resource."""
        if scope.management_group:
            return self._within_group(scope.management_group)
        shared = min(len(scope.segments), len(self.segments))
        if scope.segments[:shared] != self.segments[:shared]:
            return False
        if shared == len(scope.segments):
            return True
        return False if self.complete else Unknown(f"whether the resource stands in {scope.text} is not known")

    def _within_group(self, group: str) -> Truth:
        if not self.subscription:
            return Unknown(f"the subscription of the resource is not known, nor whether it is in {group}")
        groups = self.hierarchy.above.get(self.subscription)
        if groups is None:
            return Unknown(f"the management groups above subscription {self.subscription} are not known")
        return group in groups

    def depth(self, scope: ScopePath) -> int:
        """How far down a scope that holds the resource is; of two such scopes, the deeper one is inside the other."""
        if not scope.management_group:
            return len(scope.segments)
        groups: Sequence[str] = self.hierarchy.above.get(self.subscription, ())
        return -groups.index(scope.management_group) - 1 if scope.management_group in groups else -len(groups) - 1


def place_of(resource: Mapping[str, Any], hierarchy: Hierarchy, deployed_to: str = "") -> Place:
    """The place of a resource.

    Args:
        resource: its `id`, as far as it is known; a reader writes `{...}` for what isn't.
        hierarchy: the management groups.
        deployed_to: id of the resource group or subscription that a resource without an id is deployed to.
    """
    identifier = resource.get("id")
    if not isinstance(identifier, str) or not identifier.strip("/ "):
        identifier = _made_id(resource, deployed_to)
    known: list[str] = []
    for segment in _segments(identifier):
        if not segment or "{" in segment:
            return Place(tuple(known), False, hierarchy)
        known.append(segment)
    return Place(tuple(known), True, hierarchy)


def _made_id(resource: Mapping[str, Any], deployed_to: str) -> str:
    base = deployed_to.rstrip("/")
    type_, name = str(resource.get("type") or ""), resource.get("name")
    kinds = type_.split("/")
    if isinstance(resource.get("scope"), str) or not base:
        return "{}"  # what a resource extends may stand anywhere
    if type_.lower() in ("microsoft.resources/resourcegroups", "microsoft.resources/subscriptions/resourcegroups"):
        return f"{'/'.join(base.split('/')[:3])}/resourceGroups/{name if isinstance(name, str) else '{}'}"
    names = name.split("/") if isinstance(name, str) else []
    if len(names) != len(kinds) - 1 or not names:
        return f"{base}/{{}}"
    pairs = "/".join(f"{kind}/{part}" for kind, part in zip(kinds[1:], names, strict=True))
    return f"{base}/providers/{kinds[0]}/{pairs}"
