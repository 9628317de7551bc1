"""One compiled policy and one resource: which effect takes hold, and what state that is."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policies.conditions import Condition, Facts
from policies.definitions import MACHINE_LEARNING_MODES, CompiledPolicy, traced
from policies.effects import Change, Effect, changed, changes_for, marked
from policies.fields import TYPE_NOT_KNOWN, tag_name
from policies.indexed_types import supports_tags_and_location
from policies.resource_types import NOT_KNOWN, UNTYPED
from policies.scope import InvalidAliasError, Scope, Surroundings, Trace, scope_of
from policies.values import EvaluationError, Truth, Unknown, get_key


class State(enum.Enum):
    """Compliance states; the values are how answers spell them."""

    NON_COMPLIANT = "NonCompliant"
    COMPLIANT = "Compliant"
    CONFLICT = "Conflict"
    EXEMPT = "Exempt"
    UNKNOWN = "Unknown"
    NOT_APPLICABLE = "NotApplicable"
    ERROR = "Error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of an evaluation.

    Attributes:
        effect: what takes hold of the resource, lower-cased; None where nothing does.
        state: see State. Error is an evaluation failure, which Azure treats as a deny.
        reason: in a sentence.
        changes: of modify and append.
        settings: the details of enforceSetting.
    """

    effect: str | None
    state: State
    reason: str
    changes: tuple[Change, ...] = ()
    settings: Any = None


def _answer(state: State, reason: str, effect: Effect | None = None, changes: Sequence[Change] = ()) -> Answer:
    return Answer(
        effect=effect.value if effect is not None else None, state=state, reason=reason, changes=tuple(changes)
    )


_NOT_HOLDING = _answer(State.COMPLIANT, "the if block doesn't hold")
_NOTHING_TO_LOOK_FOR = _answer(State.NOT_APPLICABLE, "the if block doesn't hold")
_HOLDING = {
    effect: _answer(State.NON_COMPLIANT, "the if block holds", effect) for effect in (Effect.DENY, Effect.AUDIT)
}


def evaluate(
    policy: CompiledPolicy,
    resource: Mapping[str, Any],
    surroundings: Surroundings,
    *,
    related: Sequence[Mapping[str, Any]] | None = None,
    trace: Trace | None = None,
) -> Answer:
    """Evaluates a policy over a resource; never raises for what either holds.

    Args:
        policy: see `policies.definitions.compile_definition`.
        resource: ARM-shaped; a value that isn't known is {"$unknown": reason}. It is not changed.
        surroundings: aliases, time and context.
        related: every resource in which an existence condition may look; None if they aren't known.
        trace: collects the conditions that were asked.
    """
    if trace is not None:
        policy = traced(policy)
    return evaluate_scope(policy, scope_of(resource, surroundings, trace), related)


def evaluate_scope(
    policy: CompiledPolicy,
    scope: Scope,
    related: Sequence[Mapping[str, Any]] | None,
    *,
    applies: bool = False,
) -> Answer:
    """`evaluate` over a scope that is at hand; `applies` says that `reaches` was True for the resource's type."""
    try:
        if not applies:
            early = _outside(policy, scope)
            if early is not None:
                return early
        return _judge(policy, scope, related)
    except EvaluationError as error:
        return _answer(State.ERROR, f"the evaluation failed, which Azure treats as deny: {error}")
    except InvalidAliasError as error:
        return _missing_alias(str(error), scope)
    except RecursionError:
        return _answer(State.ERROR, "the evaluation failed: values are nested too deeply")


def reaches(policy: CompiledPolicy, scope: Scope) -> Truth:
    """Whether a policy applies to what a scope's resource tells, with Unknown for what may differ.

    False: every such resource is NotApplicable. True: it applies to all of them. Unknown: each has to be asked.
    """
    try:
        early = _outside(policy, scope)
        if early is None:
            return _applicable(policy.condition, policy.facts, scope)
    except (EvaluationError, RecursionError) as error:
        return Unknown(str(error))
    return False if early.state is State.NOT_APPLICABLE else Unknown(early.reason)


def _outside(policy: CompiledPolicy, scope: Scope) -> Answer | None:
    """The answer where the if block isn't asked; None where it is."""
    if policy.effect is None:
        raise EvaluationError(policy.effect_error)
    if policy.effect is Effect.DISABLED:
        return _answer(State.NOT_APPLICABLE, "the policy is disabled", Effect.DISABLED)
    if not policy.definition.evaluable:
        mode = policy.definition.mode
        if mode == "static":
            return _answer(State.NOT_APPLICABLE, "a static policy matches no resource")
        if _far_from_mode(policy, scope):
            return _answer(State.NOT_APPLICABLE, f"mode {mode} is about other types")
        return _answer(State.UNKNOWN, f"policies of mode {mode} are evaluated by their resource provider")
    if policy.definition.mode in MACHINE_LEARNING_MODES and not _is_machine_learning(scope.type):
        return _answer(State.NOT_APPLICABLE, f"mode {policy.definition.mode} is about other types")
    why = _outside_mode(policy.definition.mode, scope)
    if why:
        return _answer(State.NOT_APPLICABLE, why)
    if _applicable(policy.condition, policy.facts, scope) is False:
        return _answer(State.NOT_APPLICABLE, "the conditions on type, name or kind don't hold")
    if scope.type == NOT_KNOWN:
        return _answer(State.UNKNOWN, TYPE_NOT_KNOWN.reason)
    why = _about_other_types(policy, scope)
    return _answer(State.NOT_APPLICABLE, why) if why else None


def _is_machine_learning(type_: str) -> bool:
    return type_ in UNTYPED or type_.startswith(
        ("microsoft.machinelearningservices/", "microsoft.machinelearningservices.")
    )


def _about_other_types(policy: CompiledPolicy, scope: Scope) -> str:
    """Why the rule isn't about the resource's type although its conditions don't say so, or ""."""
    if scope.type == "microsoft.resources/subscriptions" and _asks_for_location(policy):
        return "a rule that asks for a location doesn't apply to subscriptions"
    facts, aliases = policy.facts, scope.surroundings.aliases
    by_alias = policy.definition.mode not in MACHINE_LEARNING_MODES and "type" not in facts.kinds
    if facts.aliases and by_alias and scope.type not in UNTYPED:
        # Aliases alone choose the types, too. One that no type has is reported later.
        others = (aliases.path(scope.type, alias) is None and aliases.exists(alias) for alias in facts.aliases)
        if all(others):
            return "the rule has only aliases of other types"
    if policy.effect is Effect.MODIFY and scope.type not in UNTYPED | _MACHINES:
        identity = any(item.condition is None and _sets_identity(item.field.constant) for item in policy.operations)
        return "modify sets identity.type of virtual machines only" if identity else ""
    return ""


def _asks_for_location(policy: CompiledPolicy) -> bool:
    if "location" in policy.facts.kinds or (policy.existence is not None and "location" in policy.existence.kinds):
        return True
    details = policy.definition.rule_then.get("details")
    for key in ("deployment", "properties", "parameters"):
        details = get_key(details, key, key) if isinstance(details, dict) else None
    return "field('location')" in json.dumps(details).lower()


def _sets_identity(field: object) -> bool:
    return isinstance(field, str) and field.strip().lower() == "identity.type"


def _far_from_mode(policy: CompiledPolicy, scope: Scope) -> bool:
    """Whether a data-plane mode that isn't evaluated here surely doesn't concern the resource.

    Its rule asks for component types (Microsoft.KeyVault.Data/vaults/keys), which templates spell as types of the
    provider (Microsoft.KeyVault/vaults/keys): of these nothing is sure.
    """
    provider = policy.definition.mode.removesuffix(".data")
    provider = {"microsoft.managedhsm": "microsoft.keyvault"}.get(provider, provider)
    return policy.condition.typed(scope) is False and not scope.type.startswith((f"{provider}/", f"{provider}."))


def _judge(policy: CompiledPolicy, scope: Scope, related: Sequence[Mapping[str, Any]] | None) -> Answer:
    assert policy.effect is not None
    for alias in policy.facts.aliases:
        if not scope.surroundings.aliases.exists(alias):
            raise InvalidAliasError(alias)
    if policy.effect is Effect.MANUAL:
        return _manual(policy)
    holds = policy.condition.ask(scope)
    if isinstance(holds, Unknown):
        return _answer(State.UNKNOWN, holds.reason)
    if not holds:
        return _NOT_HOLDING if policy.existence is None else _NOTHING_TO_LOOK_FOR
    return _take_hold(policy, policy.effect, scope, related)


def _outside_mode(mode: str, scope: Scope) -> str:
    """Why the mode leaves the resource out, or ""."""
    if scope.type.startswith("microsoft.resources/") and scope.type not in _EVALUATED_RESOURCES:
        return "Azure evaluates nothing of Microsoft.Resources but subscriptions and resource groups"
    if mode == "indexed" and not supports_tags_and_location(scope.type):
        return f"mode Indexed leaves out types without tags and location, like {scope.resource.get('type')}"
    return ""


_EVALUATED_RESOURCES = frozenset(
    {
        *("microsoft.resources/subscriptions", "microsoft.resources/subscriptions/resourcegroups"),
        "microsoft.resources/resourcegroups",
    }
)


def _applicable(condition: Condition, facts: Facts, scope: Scope) -> Truth:
    """Whether type, name and kind allow the resource (Microsoft: policy applicability, with its special cases)."""
    if not facts.kinds & {"type", "name", "kind"} or facts.kinds in ({"name"}, {"kind"}):
        return True
    truth = condition.applicable(scope)
    if truth is False and "type" in facts.kinds and not facts.kinds - {"type", "name", "kind"}:
        # Only type and name, or only type and kind: the type alone decides, so that the rest can be compliant.
        return condition.typed(scope) is not False
    return truth


def _missing_alias(alias: str, scope: Scope) -> Answer:
    covers = getattr(scope.surroundings.aliases, "covers_alias", None)
    if covers is not None and covers(alias):
        return _answer(State.NOT_APPLICABLE, f"there is no alias {alias}")
    return _answer(State.UNKNOWN, f"the alias {alias} is not in the table: see `mlgate policy aliases import`")


def _take_hold(
    policy: CompiledPolicy, effect: Effect, scope: Scope, related: Sequence[Mapping[str, Any]] | None
) -> Answer:
    match effect:
        case Effect.DENY | Effect.AUDIT:
            return _HOLDING[effect]
        case Effect.MODIFY | Effect.APPEND:
            return _change(policy, effect, scope)
        case Effect.AUDIT_IF_NOT_EXISTS | Effect.DEPLOY_IF_NOT_EXISTS:
            return _look(policy, effect, scope, related)
        case Effect.MANUAL:
            return _manual(policy)
        case Effect.DENY_ACTION:
            return _answer(State.COMPLIANT, "deletion is denied; nothing else is judged", effect)
        case Effect.ADD_TO_NETWORK_GROUP:
            return _answer(State.COMPLIANT, "the resource becomes a member of the network group", effect)
        case Effect.ENFORCE_SETTING:
            reason = "the setting is pushed to the service: what follows from it can't be seen in the resource"
            setting = marked(policy.setting.value(scope)) if policy.setting is not None else None
            return Answer(effect=effect.value, state=State.UNKNOWN, reason=reason, settings=setting)
        case Effect.MUTATE | Effect.AUDIT_ACTION:
            return _answer(State.UNKNOWN, f"the effect {effect.value} is recognised and not evaluated", effect)
        case Effect.DISABLED:
            return _answer(State.NOT_APPLICABLE, "the policy is disabled", effect)


def _change(policy: CompiledPolicy, effect: Effect, scope: Scope) -> Answer:
    changes = changes_for(policy.operations, scope)
    if isinstance(changes, Unknown):
        return _answer(State.UNKNOWN, changes.reason, effect)
    sets_identity = any(_sets_identity(change.field) and not change.uncertain for change in changes)
    if effect is Effect.MODIFY and sets_identity and scope.type not in UNTYPED | _MACHINES:
        return _answer(State.NOT_APPLICABLE, "modify sets identity.type of virtual machines only")
    why = _hindrance(changes, effect, scope)
    if why:
        if effect is Effect.APPEND:
            return _answer(State.NON_COMPLIANT, f"append acts as deny: {why}", Effect.DENY, changes)
        return _conflict(policy.conflict_effect, why, changes)
    return _answer(State.NON_COMPLIANT, "the if block holds", effect, changes)


def _hindrance(changes: Sequence[Change], effect: Effect, scope: Scope) -> str:
    """Why changes can't be made, or ""."""
    can_modify = getattr(scope.surroundings.aliases, "can_modify", None)
    for change in changes:
        alias = change.field.strip().lower()
        if can_modify is None or effect is not Effect.MODIFY or "/" not in alias or tag_name(alias) is not None:
            continue
        if can_modify(scope.type, alias) is False:
            return f"{change.field} can't be modified"
    try:
        changed(scope.resource, changes, scope)
    except EvaluationError as error:
        return str(error)
    except InvalidAliasError as error:
        covers = getattr(scope.surroundings.aliases, "covers_alias", None)
        # Of an alias that the table may only lack, nothing can be said: the rule holds, and that is the answer.
        return f"there is no alias {error}" if covers is not None and covers(str(error)) else ""
    return ""


_MACHINES = frozenset({"microsoft.compute/virtualmachines", "microsoft.compute/virtualmachinescalesets"})


def _conflict(conflict_effect: str, why: str, changes: Sequence[Change]) -> Answer:
    fallback = {"deny": Effect.DENY, "audit": Effect.AUDIT, "disabled": Effect.DISABLED}.get(conflict_effect)
    if fallback is None:
        raise EvaluationError(f"conflictEffect can't be {conflict_effect!r}")
    return _answer(
        State.NON_COMPLIANT, f"modify can't be done ({why}); its conflict effect takes hold", fallback, changes
    )


def _look(policy: CompiledPolicy, effect: Effect, scope: Scope, related: Sequence[Mapping[str, Any]] | None) -> Answer:
    assert policy.existence is not None
    truth = policy.existence.satisfied(related, scope)
    if isinstance(truth, Unknown):
        return _answer(State.UNKNOWN, truth.reason, effect)
    if truth:
        return _answer(State.COMPLIANT, "a related resource is as it should be")
    return _answer(State.NON_COMPLIANT, "no related resource is as it should be", effect)


def _manual(policy: CompiledPolicy) -> Answer:
    states = {state.value.lower(): state for state in (State.COMPLIANT, State.NON_COMPLIANT, State.UNKNOWN)}
    reason = "the state is attested by a person; this is the definition's default for whatever it applies to"
    return _answer(states[policy.default_state], reason, Effect.MANUAL)
