"""What several policies with modify and append do to one request: which of them give way, and what comes of it.

Source: Microsoft's page "Azure Policy definitions modify effect" (conflictEffect): of policies that change the same
property in different ways, the one whose conflict effect is deny goes ahead and the others skip all their operations;
several with deny deny the request (an existing resource is in Conflict); without one, none goes ahead. append has no
conflict effect: it rejects the request itself where it would replace a value, so it counts as deny.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from policies.effects import Change, Effect, changed
from policies.fields import alias_path, make_field, tag_name
from policies.paths import parse_path
from policies.scope import InvalidAliasError, Surroundings, scope_of
from policies.selectors import any_holds
from policies.values import UNKNOWN_KEY, EvaluationError, Truth, Unknown, first_unknown, get_key

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Intended:
    """What one policy would change.

    Attributes:
        key: of the assigned policy.
        effect: modify or append.
        conflict_effect: "deny", "audit" or "disabled".
        changes: in order.
    """

    key: Key
    effect: Effect
    conflict_effect: str
    changes: tuple[Change, ...]

    @property
    def insists(self) -> bool:
        """Whether it denies rather than gives way."""
        return self.effect is Effect.APPEND or self.conflict_effect == "deny"


@dataclass(frozen=True, slots=True)
class Settlement:
    """Who goes ahead.

    Attributes:
        applied: in order of their keys.
        skipped: those that give way.
        denied: those that insist on contradicting changes, each with what it contradicts.
        unsure: those that may contradict another one, each with why that isn't known.
    """

    applied: tuple[Intended, ...]
    skipped: frozenset[Key]
    denied: Mapping[Key, Key]
    unsure: Mapping[Key, str]


def settle(intended: Iterable[Intended], resource: Mapping[str, Any], surroundings: Surroundings) -> Settlement:
    """Settles contradictions between policies; their order doesn't matter."""
    ordered = sorted(intended, key=lambda item: item.key)
    skipped: set[Key] = set()
    denied: dict[Key, Key] = {}
    unsure: dict[Key, str] = {}
    for one, other in combinations(ordered, 2):
        truth = any_holds(_clash(a, b, resource, surroundings) for a in one.changes for b in other.changes)
        if truth is False:
            continue
        if isinstance(truth, Unknown):
            unsure |= {one.key: truth.reason, other.key: truth.reason}
            continue
        if one.insists and other.insists:
            denied.setdefault(one.key, other.key)
            denied.setdefault(other.key, one.key)
        skipped.update(item.key for item in (one, other) if not item.insists)
    aside = {*skipped, *denied, *unsure}
    return Settlement(tuple(item for item in ordered if item.key not in aside), frozenset(skipped), denied, unsure)


def _clash(one: Change, other: Change, resource: Mapping[str, Any], surroundings: Surroundings) -> Truth:
    """Whether two changes come to something else, or fail, depending on which is made first."""
    first, second = _target(one.field, resource, surroundings), _target(other.field, resource, surroundings)
    shared = min(len(first), len(second))
    if first[:shared] != second[:shared]:
        return False
    if first[-1:] == second[-1:] == ("[*]",) and {one.operation, other.operation} == {"add"}:
        return False  # both add a member to an array
    if first_unknown([one.value, other.value]) is not None:
        return Unknown(f"whether two policies give {one.field} the same value is not known")
    if first == second and one.operation == other.operation and one.value == other.value:
        return False
    try:
        return apply([one, other], resource, surroundings) != apply([other, one], resource, surroundings)
    except (EvaluationError, InvalidAliasError):
        return True


def may_be_refused(change: Change, resource: Mapping[str, Any], surroundings: Surroundings) -> str:
    """Why it isn't known whether adding a value would replace another one; "" if that is known, or can't happen."""
    steps = _target(change.field, resource, surroundings)
    if change.operation != "add" or steps[-1:] == ("[*]",):
        return ""
    current: Any = resource
    for step in steps:
        if not isinstance(current, dict) or UNKNOWN_KEY in current:
            break
        current = get_key(current, step, step)
    unknown = first_unknown(current)
    if unknown is None and current is not None:
        unknown = first_unknown(change.value)
    return f"whether {change.field} has another value is not known: {unknown.reason}" if unknown is not None else ""


def apply(changes: Sequence[Change], resource: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
    """The resource with changes; the given one stays as it is. Raises EvaluationError, InvalidAliasError."""
    return changed(resource, changes, scope_of(resource, surroundings))


def _target(name: str, resource: Mapping[str, Any], surroundings: Surroundings) -> tuple[str, ...]:
    """The lower-cased names on the way to a field, "[*]" for the members of an array; () where it can't be told."""
    tag = tag_name(name)
    if tag is not None:
        return ("tags", tag.lower())
    try:
        field = make_field(name)
        path = (
            parse_path(field.name) if field.alias is None else alias_path(scope_of(resource, surroundings), field.alias)
        )
    except (EvaluationError, InvalidAliasError):
        return ()
    return () if path is None else tuple(getattr(step, "lower", "[*]") for step in path.steps)


def blurred(
    resource: Mapping[str, Any], fields: Iterable[str], reason: str, surroundings: Surroundings
) -> dict[str, Any] | Unknown:
    """A copy of the resource in which fields that may change are unknown, so that conditions on them are, too.

    Unknown where what a field means can't be told.
    """
    result = copy.deepcopy(dict(resource))
    for name in fields:
        steps = _target(name, resource, surroundings)
        if not steps:
            return Unknown(reason)
        _blur(result, steps, reason)
    return result


def _blur(holder: dict[str, Any], steps: tuple[str, ...], reason: str) -> None:
    """Puts the mark of the unknown where the path leads, or as far as it leads in what is there."""
    for index, step in enumerate(steps):
        key = next((name for name in holder if name.lower() == step), step)
        inner = holder.get(key)
        following = steps[index + 1 : index + 2]
        if not following or following == ("[*]",) or not isinstance(inner, dict) or UNKNOWN_KEY in inner:
            holder[key] = {UNKNOWN_KEY: reason}
            return
        holder = inner
