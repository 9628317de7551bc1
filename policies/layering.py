"""All assignments over one resource, in Azure's order: what becomes of a request, and the state of each policy.

disabled; append and modify, which change what the later ones see; deny; audit; manual; ...IfNotExists; denyAction
(Microsoft: "Azure Policy definitions effect basics"). In which order several append and modify policies run isn't
documented: all are asked about the request as sent and applied together, and where another order would come to
something else, the outcome is Unknown.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.assigned_policies import ResolvedAssignment
from policies.change_conflicts import Intended, settle
from policies.compliance import NOT_OK, RollUp, Row, roll_up
from policies.effects import ORDER, Change, Effect
from policies.evaluation import State
from policies.judging import Estate, Judged, Standing, coverage, judge, standing
from policies.placement import place_of
from policies.request_changes import ChangedRequest, change_request, intended_by, with_state
from policies.scope import Surroundings
from policies.values import Unknown

CHANGING = frozenset({Effect.MODIFY, Effect.APPEND})

# Microsoft, denyAction: their deletion is never denied, so that nobody is locked out.
_ALWAYS_DELETABLE = frozenset(
    {
        *("microsoft.authorization/policyassignments", "microsoft.authorization/denyassignments"),
        *("microsoft.blueprint/blueprintassignments", "microsoft.resources/deploymentstacks"),
        *("microsoft.resources/subscriptions", "microsoft.authorization/locks"),
    }
)


class RequestDecision(enum.Enum):
    """What becomes of a request. Unknown is not allowed."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A policy that denies a request: its row, as `Outcome.rows` has it, and why."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of an evaluation of all assignments over a resource.

    Attributes:
        decision: of the request; None where none was made (`evaluate_existing`).
        denials: by whom it is denied.
        undecided: why the decision may be another one, each in a sentence.
        resource: as it would become; a value that isn't known is {"$unknown": reason}.
        changes: that were made to the request, by assignment and reference id.
        rows: of every policy that is applicable, in Azure's order of effects, then by assignment and reference.
        examined: how many policies were asked, also those that turned out not to be applicable.
    """

    decision: RequestDecision | None
    denials: tuple[Denial, ...]
    undecided: tuple[str, ...]
    resource: Mapping[str, Any]
    changes: tuple[tuple[str, str, Change], ...]
    rows: tuple[Row, ...]
    examined: int

    @property
    def roll_up(self) -> RollUp:
        """The rows summed up."""
        return roll_up(row.state for row in self.rows)

    @property
    def verdict_ok(self) -> bool:
        """Whether policies were asked, none is NonCompliant, Error, Conflict or Unknown, and nothing denies."""
        fine = self.decision in (None, RequestDecision.ALLOWED)
        return fine and self.examined > 0 and not any(row.state in NOT_OK for row in self.rows)


def evaluate_existing(
    assignments: Iterable[ResolvedAssignment],
    resource: Mapping[str, Any],
    surroundings: Surroundings,
    *,
    estate: Estate,
    related: Sequence[Mapping[str, Any]] | None = None,
) -> Outcome:
    """The states of a resource that is there, as Azure's evaluation cycle gives them: nothing is changed or denied.

    Args:
        assignments: all that there are; which of them concern the resource is found out here.
        resource: ARM-shaped; it is not changed.
        surroundings: aliases, time and context.
        estate: exemptions, enrollments, management groups.
        related: every resource in which an existence condition may look; None if they aren't known.
    """
    stands, examined = _standings(assignments, resource, surroundings, estate)
    judged = [found for item in stands if (found := judge(item, resource, related)) is not None]
    settlement = settle([want for item in judged if (want := intended_by(item))], resource, surroundings)
    judged = [
        with_state(item, State.CONFLICT, _conflict_reason(settlement.denied[item.standing.policy.key]))
        if item.standing.policy.key in settlement.denied
        else item
        for item in judged
    ]
    return Outcome(
        decision=None,
        denials=(),
        undecided=(),
        resource=resource,
        changes=(),
        rows=tuple(item.row(resource) for item in sorted(judged, key=_order)),
        examined=examined,
    )


def evaluate_request(
    assignments: Iterable[ResolvedAssignment],
    resource: Mapping[str, Any],
    surroundings: Surroundings,
    *,
    estate: Estate,
    related: Sequence[Mapping[str, Any]] | None = None,
) -> Outcome:
    """What becomes of a request to create or update a resource, and the states that follow from it.

    Args:
        as `evaluate_existing`; `resource` is the request as it is sent.
    """
    stands, examined = _standings(assignments, resource, surroundings, estate)
    changed = change_request([item for item in stands if item.effect in CHANGING], resource, surroundings)
    judged = [*changed.judged]
    for item in stands:
        if item.effect not in CHANGING:
            found = judge(item, changed.resource, related)
            if found is not None:
                judged.append(found)
    judged.sort(key=_order)
    denials = tuple(
        Denial(row=item.row(resource), reason=reason) for item in judged if (reason := _denies(item, changed))
    )
    undecided = tuple(dict.fromkeys([*changed.undecided, *(why for item in judged if (why := _leaves_open(item)))]))
    decision = RequestDecision.UNKNOWN if undecided else RequestDecision.ALLOWED
    return Outcome(
        decision=RequestDecision.DENIED if denials else decision,
        denials=denials,
        undecided=undecided,
        resource=changed.resource,
        changes=tuple(_made(changed.applied)),
        rows=tuple(item.row(resource) for item in judged),
        examined=examined,
    )


def evaluate_deletion(
    assignments: Iterable[ResolvedAssignment],
    resource: Mapping[str, Any],
    surroundings: Surroundings,
    *,
    estate: Estate,
) -> Outcome:
    """What becomes of a request to delete the resource itself: only denyAction has a say. It has no rows.

    What a deletion takes along (children, or everything in a resource group) is not looked at.

    Args:
        as `evaluate_existing`.
    """
    stands, examined = _standings(assignments, resource, surroundings, estate)
    denials: list[Denial] = []
    undecided: dict[str, None] = {}
    for item in stands:
        if item.effect not in (None, Effect.DENY_ACTION) or item.enforced is False:
            continue
        found = judge(item, resource)
        if found is None or str(resource.get("type") or "").lower() in _ALWAYS_DELETABLE:
            continue
        if found.state in (State.UNKNOWN, State.ERROR) or (found.takes_hold and not item.certain):
            undecided.setdefault(found.reason)
        elif found.takes_hold == Effect.DENY_ACTION.value:
            denials.append(Denial(row=found.row(resource), reason="the policy denies the deletion"))
    decision = RequestDecision.UNKNOWN if undecided else RequestDecision.ALLOWED
    return Outcome(
        decision=RequestDecision.DENIED if denials else decision,
        denials=tuple(sorted(denials, key=lambda item: (item.row.assignment, item.row.reference))),
        undecided=tuple(undecided),
        resource=resource,
        changes=(),
        rows=(),
        examined=examined,
    )


def _standings(
    assignments: Iterable[ResolvedAssignment],
    resource: Mapping[str, Any],
    surroundings: Surroundings,
    estate: Estate,
) -> tuple[list[Standing], int]:
    """The policies that concern the resource's type, in an order that doesn't depend on the given one; all counted."""
    place = place_of(resource, estate.hierarchy, estate.deployed_to)
    stands, examined = [], 0
    for resolved in assignments:
        covered = coverage(resolved.assignment, resource, place)
        if covered is False:
            continue
        examined += len(resolved.policies)
        for policy in resolved.policies:
            found = standing(policy, covered, resource, place, estate, surroundings)
            if found is not None:
                stands.append(found)
    stands.sort(key=lambda item: item.policy.key)
    return stands, examined


_POSITIONS = {effect: position for position, effect in enumerate(ORDER)}


def _order(item: Judged) -> tuple[int, tuple[str, str, str]]:
    effect = item.standing.effect
    return (_POSITIONS.get(effect, len(ORDER)) if effect is not None else -1, item.standing.policy.key)


def _conflict_reason(other: tuple[str, str, str]) -> str:
    name = f"{other[0]} ({other[2]})" if other[2] else other[0]
    return f"{name} changes the same in another way, and the conflict effect of both is deny"


def _denies(item: Judged, changed: ChangedRequest) -> str:
    """Why a policy denies the request, or "" if it doesn't."""
    stands = item.standing
    if stands.enforced is not True or not isinstance(stands.covered, bool) or item.state is State.EXEMPT:
        return ""
    if item.failed:
        return item.reason
    if stands.policy.key in changed.denied:
        return _conflict_reason(changed.denied[stands.policy.key])
    if item.state is State.NON_COMPLIANT and item.takes_hold == Effect.DENY.value:
        return item.reason
    return ""


def _leaves_open(item: Judged) -> str:
    """Why a policy leaves open whether the request is denied, or "" if it doesn't."""
    stands = item.standing
    if stands.enforced is False or item.state is State.EXEMPT:
        return ""
    if item.answer is None:
        return item.reason  # it couldn't even be asked, so that its effect isn't sure
    if item.harmless:
        return ""
    if item.state is State.UNKNOWN and (stands.effect in (Effect.DENY, *CHANGING) or item.answer.state is State.ERROR):
        return item.reason
    denies = item.failed or item.takes_hold in (Effect.DENY.value, Effect.MODIFY.value, Effect.APPEND.value)
    return stands.enforced.reason if denies and isinstance(stands.enforced, Unknown) else ""


def _made(applied: Sequence[Intended]) -> Iterable[tuple[str, str, Change]]:
    for intended in applied:
        for change in intended.changes:
            yield (intended.key[0], intended.key[2], change)
