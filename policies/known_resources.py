"""Related resources as far as they are known: those of the same templates, perhaps with those of the whole estate.

What is deployed together with a resource can satisfy an existence condition. That nothing satisfies it is certain only
where every resource is known; else the answer is Unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from policies.definitions import CompiledPolicy
from policies.evaluation import Answer, State, evaluate_scope
from policies.resource_types import type_key
from policies.scope import Scope, Surroundings, Trace, scope_of

Resource = Mapping[str, Any]


class KnownResources:
    """Resources in which existence conditions look."""

    def __init__(
        self, resources: Iterable[Resource] = (), *, whole: bool = False, missing: Collection[str] = ("",)
    ) -> None:
        """Takes resources as `mlgate template expand` shows them; `whole` says that there are no others.

        Else there are no others but those whose type begins with one of `missing` (lower-cased; "" for any type).

        Those with a `$condition` may be deployed or not. Of those that templates only refer to (`$existing`) only the
        name is known: they may be what is looked for. One that is declared itself, or that comes with a resource which
        is declared (the blob service of an account), tells nothing: it is known, or as Azure makes it.
        """
        self.whole = whole
        self._missing = () if whole else tuple(missing)
        self._certain: dict[str, list[Resource]] = {}
        self._possible: dict[str, list[Resource]] = {}
        referred: list[Resource] = []
        declared: set[str] = set()
        for resource in resources:
            if resource.get("$existing"):
                referred.append(resource)
                continue
            declared.add(_id(resource))
            holder = self._possible if "$condition" in resource else self._certain
            holder.setdefault(type_key(resource), []).append(resource)
        for resource in referred:
            if declared.isdisjoint(_with_parents(resource)):
                self._possible.setdefault(type_key(resource), []).append(resource)

    def has_all(self, resource_type: str | None) -> bool:
        """Whether there are no others of a type (lower-cased; None for any)."""
        return not resource_type.startswith(self._missing) if resource_type else self.whole

    def certain(self, resource_type: str | None) -> list[Resource]:
        """Those that are or will be there, of a type (lower-cased; None for any)."""
        return _of_type(self._certain, resource_type)

    def possible(self, resource_type: str | None) -> list[Resource]:
        """Those that may come, and those that are there already as nobody knows what, of a type."""
        return _of_type(self._possible, resource_type)


def _of_type(holder: Mapping[str, list[Resource]], resource_type: str | None) -> list[Resource]:
    if resource_type is not None:
        # One whose type isn't known may be of this one.
        return [*holder.get(resource_type, ()), *holder.get("", ())]
    return [resource for resources in holder.values() for resource in resources]


def _id(resource: Resource) -> str:
    given = resource.get("id")
    return given.lower().rstrip("/") if isinstance(given, str) else ""


def _with_parents(resource: Resource) -> set[str]:
    """The ids of a resource and of those that it is part of."""
    identifier = _id(resource)
    levels = type_key(resource).count("/")
    # A name in braces may have slashes of its own; then its parents aren't told apart, and it counts.
    return {identifier.rsplit("/", 2 * up)[0] for up in range(levels)} - {""}


def evaluate_known(
    policy: CompiledPolicy,
    resource: Resource,
    surroundings: Surroundings,
    known: KnownResources,
    *,
    applies: bool = False,
    trace: Trace | None = None,
) -> Answer:
    """`policies.evaluation.evaluate` with related resources of which some may not be known.

    Args:
        known: where existence conditions look.
        applies: the policy's pack says that it applies to the resource's type for certain.
        trace: collects the conditions of a policy that was compiled with `policies.definitions.traced`.
    """
    return evaluate_known_scope(policy, scope_of(resource, surroundings, trace), known, applies=applies)


def evaluate_known_scope(
    policy: CompiledPolicy, scope: Scope, known: KnownResources, *, applies: bool = False
) -> Answer:
    """`evaluate_known` over a scope that is at hand; policies with conditions in common share its answers."""
    if policy.existence is None:
        return evaluate_scope(policy, scope, None, applies=applies)
    wanted = policy.existence.type
    type_ = str(wanted.constant).lower() if wanted.evaluate is None else None
    certain = known.certain(type_)
    answer = evaluate_scope(policy, scope, certain, applies=applies)
    if answer.state is not State.NON_COMPLIANT:
        return answer
    # What is asked again is nothing for a trace.
    again = scope if scope.trace is None else scope_of(scope.resource, scope.surroundings)
    possible = known.possible(type_)
    if possible:
        best = evaluate_scope(policy, again, [*certain, *possible], applies=applies)
        if best.state is not State.NON_COMPLIANT:
            referred = all(one.get("$existing") for one in possible)
            why = "was deployed elsewhere" if referred else "is deployed under a condition that isn't known"
            return Answer(effect=answer.effect, state=State.UNKNOWN, reason=f"the related {wanted.constant} {why}")
    if known.has_all(type_):
        return answer
    return evaluate_scope(policy, again, None, applies=applies)
