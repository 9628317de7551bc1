"""What the append and modify policies of all assignments make of a request, before the other effects see it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.assigned_policies import Prepared
from policies.change_conflicts import Intended, Key, apply, blurred, may_be_refused, settle
from policies.effects import Effect
from policies.evaluation import State
from policies.judging import Judged, Standing, fields_that_may_change, judge
from policies.scope import InvalidAliasError, Surroundings
from policies.values import EvaluationError, Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRequest:
    """A request after append and modify.

    Attributes:
        resource: as later effects see it: what isn't sure is {"$unknown": reason}.
        judged: the policies that are applicable.
        applied: the changes made.
        denied: policies that contradict another one and deny for it, each with that one.
        undecided: why the resource may become another one.
    """

    resource: Mapping[str, Any]
    judged: tuple[Judged, ...]
    applied: tuple[Intended, ...]
    denied: Mapping[Key, Key]
    undecided: tuple[str, ...]


def with_state(judged: Judged, state: State, reason: str) -> Judged:
    """The same with another state."""
    return dataclasses.replace(judged, state=state, reason=reason)


def intended_by(judged: Judged) -> Intended | None:
    """What a policy would change, if it surely would; None otherwise."""
    prepared, answer = judged.standing.prepared, judged.answer
    if judged.state is not State.NON_COMPLIANT or answer is None or not isinstance(prepared, Prepared):
        return None
    effect = prepared.compiled.effect
    if effect not in (Effect.MODIFY, Effect.APPEND) or answer.effect != effect.value or not answer.changes:
        return None
    return Intended(judged.standing.policy.key, effect, prepared.compiled.conflict_effect, answer.changes)


def change_request(
    stands: Sequence[Standing], resource: Mapping[str, Any], surroundings: Surroundings
) -> ChangedRequest:
    """Lets append and modify change a request.

    Args:
        stands: the policies with these effects.
        resource: the request as sent; it is not changed.
    """
    judged = [found for item in stands if (found := judge(item, resource)) is not None]
    doubts = {item.standing.policy.key: why for item in judged if (why := _uncertain(item, resource))}
    settlement = settle([want for item in judged if (want := _wanted(item, doubts))], resource, surroundings)
    doubts |= settlement.unsure
    applied = settlement.applied
    undecided: list[str] = []
    try:
        result: Mapping[str, Any] = apply([c for item in applied for c in item.changes], resource, surroundings)
    except (EvaluationError, InvalidAliasError) as error:
        undecided.append(f"the changes of several policies can't be made together: {error}")
        fields = [change.field for item in applied for change in item.changes]
        result, applied = _blur(resource, fields, undecided[-1], surroundings), ()
    aside = settlement.skipped.union(settlement.denied)
    doubts |= _depend_on_order([item for item in stands if item.policy.key not in aside], applied, resource, result)
    result, doubts = _spread([item for item in stands if item.policy.key not in aside], doubts, resource, result)
    made = {item.key for item in applied}
    return ChangedRequest(
        resource=result,
        judged=tuple(_final(item, settlement.denied, made, doubts) for item in judged),
        applied=tuple(item for item in applied if item.key not in doubts),
        denied=settlement.denied,
        undecided=(*undecided, *(doubts[key] for key in sorted(doubts))),
    )


def _wanted(judged: Judged, doubts: Mapping[Key, str]) -> Intended | None:
    stands = judged.standing
    return intended_by(judged) if stands.enforced is True and stands.policy.key not in doubts else None


def _uncertain(judged: Judged, resource: Mapping[str, Any]) -> str:
    """Why it isn't sure whether or what a policy changes; "" if it is, or it changes nothing for certain."""
    stands, answer = judged.standing, judged.answer
    if stands.enforced is False or judged.state is State.EXEMPT or judged.harmless or judged.failed:
        return ""
    for doubt in (stands.covered, stands.enforced, stands.exemption):
        if isinstance(doubt, Unknown):
            return doubt.reason
    if judged.state is State.UNKNOWN:
        return judged.reason
    problem = stands.prepared.problem if isinstance(stands.prepared, Prepared) else ""
    if answer is None or not answer.changes or problem:
        return problem
    for change in answer.changes:
        why = change.uncertain or may_be_refused(change, resource, stands.surroundings)
        if why:
            return why
    return ""


def _depend_on_order(
    stands: Sequence[Standing],
    applied: Sequence[Intended],
    resource: Mapping[str, Any],
    result: Mapping[str, Any],
) -> dict[Key, str]:
    """Policies that would change something else if they saw what the others changed, each with that as a reason."""
    found: dict[Key, str] = {}
    for item in stands:
        key = item.policy.key
        others = [change for intended in applied if intended.key != key for change in intended.changes]
        if not others or item.enforced is not True or not item.certain:
            continue
        try:
            if _canonical(_after(item, apply(others, resource, item.surroundings))) == _canonical(result):
                continue
        except (EvaluationError, InvalidAliasError):
            pass
        found[key] = "what it changes depends on the order of append and modify policies, which isn't documented"
    return found


def _after(stands: Standing, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a policy makes of a request. Raises EvaluationError where it denies it, or nobody knows."""
    judged = judge(stands, before)
    if judged is not None and (_uncertain(judged, before) or judged.failed or judged.takes_hold == Effect.DENY.value):
        raise EvaluationError(judged.reason)
    want = intended_by(judged) if judged is not None else None
    return before if want is None else apply(want.changes, before, stands.surroundings)


def _spread(
    stands: Sequence[Standing], doubts: Mapping[Key, str], resource: Mapping[str, Any], result: Mapping[str, Any]
) -> tuple[Mapping[str, Any], dict[Key, str]]:
    """Makes unknown what policies in doubt may change, and puts those in doubt that depend on it, until none does."""
    found, fresh = dict(doubts), dict(doubts)
    while fresh:
        for item in stands:
            why = fresh.get(item.policy.key)
            may = fields_that_may_change(item, resource) if why is not None else None
            if why is not None and may is not None and not isinstance(may, Unknown):
                result = _blur(result, may, why, item.surroundings)
        fresh = {
            item.policy.key: why
            for item in stands
            if item.policy.key not in found and item.enforced is True and (why := _unsettled(item, result))
        }
        found |= fresh
    return result, found


def _unsettled(stands: Standing, result: Mapping[str, Any]) -> str:
    """Why a policy may still change a request that isn't wholly known; "" if it surely doesn't."""
    try:
        if _canonical(_after(stands, result)) == _canonical(result):
            return ""
    except (EvaluationError, InvalidAliasError) as error:
        return str(error) or "what it changes is not known"
    return "what it changes depends on what other policies change, which is not known"


def _canonical(value: Any) -> Any:
    """The value with the members of arrays in one order: in which order policies add to them doesn't matter."""
    if isinstance(value, dict):
        return {name: _canonical(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(
            (_canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True, default=str)
        )
    return value


def _blur(
    resource: Mapping[str, Any], fields: Sequence[str], reason: str, surroundings: Surroundings
) -> Mapping[str, Any]:
    """The resource with the fields unknown; as it is where they can't be told, since the outcome is Unknown then."""
    found = blurred(resource, fields, reason, surroundings)
    return resource if isinstance(found, Unknown) else found


def _final(judged: Judged, denied: Mapping[Key, Key], made: set[Key], doubts: Mapping[Key, str]) -> Judged:
    key = judged.standing.policy.key
    if key in denied:
        return with_state(
            judged, State.CONFLICT, f"another assignment changes the same in another way: {denied[key][0]}"
        )
    if key in doubts and judged.state is State.COMPLIANT:
        return with_state(judged, State.UNKNOWN, doubts[key])
    return dataclasses.replace(judged, changed=key in made and key not in doubts)
