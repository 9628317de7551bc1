"""Our rules against what stands in Azure: which are assigned, with which effect and parameters, which aren't.

What stands there is read from what `az policy definition list`, `az policy set-definition list` and `az policy
assignment list` write. Definitions are known by their name, wherever they stand.
"""

from __future__ import annotations

import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.assigned_policies import AssignedPolicy, Failure, Prepared
from policies.assignments import Enforcement, OverrideKind
from policies.definitions import CompiledPolicy, PolicyDefinition, compile_definition, read_definition
from policies.effects import Effect
from policies.estate_files import EstateFiles
from policies.evaluation import State
from policies.initiatives import passed_parameters, read_initiative
from policies.parameters import bind
from policies.policy_export import Export
from policies.selectors import SelectorKind
from policies.values import same

_STRENGTH = {Effect.DENY: 2, Effect.AUDIT: 1, Effect.AUDIT_IF_NOT_EXISTS: 1, Effect.DISABLED: 0}


class Standing(enum.Enum):
    """How a rule stands in Azure, from the best to the worst."""

    ASSIGNED = "assigned"
    DIFFERENT = "other parameters"
    WEAKER = "weaker effect"
    NOT_ENFORCED = "not enforced"
    CHANGED = "changed"
    UNKNOWN = "unknown"
    NOT_ASSIGNED = "not assigned"
    MISSING = "missing"


_ORDER = tuple(Standing)


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRule:
    """One rule.

    Attributes:
        rule_id: ours.
        standing: the best that any assignment gives it.
        effect: that it has by that assignment, lower-cased; "" where that isn't known.
        assignments: ids or names of the assignments that hold it.
        details: what differs, or why nothing can be said.
    """

    rule_id: str
    standing: Standing
    effect: str = ""
    assignments: tuple[str, ...] = ()
    details: tuple[str, ...] = ()


def compare_export(export: Export, estate: EstateFiles, profile: str) -> tuple[ComparedRule, ...]:
    """Every exported rule of a profile as it stands in Azure.

    Args:
        export: made for that profile (`policies.policy_export.make_export`).
        estate: what was read; what it couldn't read (`estate.errors`) may hide an assignment.
        profile: one of the export's.
    """
    expected = dict(_expected(export, profile))
    found: dict[str, list[PolicyDefinition]] = {}
    for definition in estate.definitions:
        found.setdefault(definition.name.lower() or _last(definition.id), []).append(definition)
    assigned: dict[str, list[AssignedPolicy]] = {}
    lost: list[str] = []
    for resolved in estate.resolved():
        for policy in resolved.policies:
            if policy.reference is None and resolved.assignment.of_initiative:
                lost.append(f"{_label(policy)}: {'; '.join(resolved.problems)}")
            assigned.setdefault(_last(policy.definition_id), []).append(policy)
    return tuple(
        _compared(rule_id, policy, found.get(policy.definition.name, []), assigned, lost)
        for rule_id, policy in expected.items()
    )


def _expected(export: Export, profile: str) -> Iterator[tuple[str, CompiledPolicy]]:
    """Each rule with the parameters of the profile."""
    definitions = {body["id"].lower(): body for body in export.definitions.values()}
    for body in export.initiatives.values():
        if body["properties"]["metadata"]["mlgate"]["profile"] != profile:
            continue
        initiative = read_initiative(body)
        values = bind(initiative.parameters, {})
        for reference in initiative.references:
            definition = read_definition(definitions[reference.definition_id])
            yield reference.id, compile_definition(definition, passed_parameters(reference, values))


def _last(identifier: str) -> str:
    return identifier.lower().rpartition("/")[2]


def _label(policy: AssignedPolicy) -> str:
    return policy.assignment.id or policy.assignment.name


def _compared(
    rule_id: str,
    expected: CompiledPolicy,
    stored: Iterable[PolicyDefinition],
    assigned: Mapping[str, list[AssignedPolicy]],
    lost: list[str],
) -> ComparedRule:
    policies = assigned.get(expected.definition.name, [])
    if not policies:
        if lost:
            return ComparedRule(rule_id=rule_id, standing=Standing.UNKNOWN, details=tuple(lost))
        changes = [change for one in stored for change in _changes(expected.definition, one)]
        there = any(True for _ in stored)
        standing = Standing.NOT_ASSIGNED if there else Standing.MISSING
        return ComparedRule(rule_id=rule_id, standing=standing, details=tuple(dict.fromkeys(changes)))
    seen = [_seen(expected, policy) for policy in policies]
    best = min(seen, key=lambda one: _ORDER.index(one[0]))
    details = (f"{_label(policy)}: {detail}" for policy, one in zip(policies, seen, strict=True) for detail in one[2])
    return ComparedRule(
        rule_id=rule_id,
        standing=best[0],
        effect=best[1],
        assignments=tuple(dict.fromkeys(_label(policy) for policy in policies)),
        details=tuple(dict.fromkeys(details)),
    )


def _seen(expected: CompiledPolicy, policy: AssignedPolicy) -> tuple[Standing, str, list[str]]:
    """What one assignment makes of a rule: the standing, the effect, what differs."""
    effect, partly = _override(policy)
    prepared = policy.prepare(effect)
    if isinstance(prepared, Failure):
        standing = Standing.UNKNOWN if prepared.state is State.UNKNOWN else Standing.CHANGED
        return standing, effect, [prepared.reason]
    compiled = prepared.compiled
    effective = effect or (compiled.effect.value.lower() if compiled.effect is not None else "")
    changes = _changes(expected.definition, compiled.definition, effect=not effect)
    if changes:
        return Standing.CHANGED, effective, changes
    details = [*partly, *_parameters(expected, compiled), *([prepared.problem] if prepared.problem else [])]
    if policy.assignment.enforcement is not Enforcement.DEFAULT:
        return Standing.NOT_ENFORCED, effective, [f"enforcementMode {policy.assignment.enforcement.value}", *details]
    weaker = _weaker(expected, prepared)
    if weaker or partly:
        return Standing.WEAKER, effective, [*weaker, *details]
    return (Standing.DIFFERENT if details else Standing.ASSIGNED), effective, details


def _override(policy: AssignedPolicy) -> tuple[str, list[str]]:
    """The effect that overrides put in place ("" for none), and those that hold for a part of the resources."""
    whole, partly = "", []
    for override in policy.assignment.overrides:
        if override.kind is not OverrideKind.EFFECT:
            continue
        named = [one for one in override.selectors if one.kind is SelectorKind.REFERENCE]
        if not all((policy.reference_id.lower() in one.values) is not one.negated for one in named):
            continue
        if len(named) == len(override.selectors):
            whole = override.value
        else:
            partly.append(f"for some resources the effect is {override.value}")
    return whole, partly


def _weaker(expected: CompiledPolicy, prepared: Prepared) -> list[str]:
    wanted, there = expected.effect, prepared.compiled.effect
    if wanted is None or there is None or _STRENGTH.get(there, 0) >= _STRENGTH.get(wanted, 0):
        return []
    return [f"the effect is {there.value}, not {wanted.value}"]


def _parameters(expected: CompiledPolicy, compiled: CompiledPolicy) -> list[str]:
    ours, theirs = expected.parameters.values, compiled.parameters.values
    return [
        f"{definition.name} is {json.dumps(theirs.get(name))}, not {json.dumps(ours.get(name))}"
        for name, definition in expected.definition.parameters.items()
        if name != "effect" and not same(ours.get(name), theirs.get(name))
    ]


def _changes(ours: PolicyDefinition, theirs: PolicyDefinition, *, effect: bool = True) -> list[str]:
    """Which parts of a definition aren't as exported. An effect that was overridden isn't compared."""
    changes = []
    if theirs.mode != ours.mode:
        changes.append(f"its mode is {theirs.mode}, not {ours.mode}")
    if theirs.rule_if != ours.rule_if:
        changes.append("its if block is another one")
    if _without_effect(theirs, effect) != _without_effect(ours, effect):
        changes.append("its then block is another one")
    if theirs.parameters != ours.parameters:
        names = sorted(
            name
            for name in {*ours.parameters, *theirs.parameters}
            if ours.parameters.get(name) != theirs.parameters.get(name)
        )
        changes.append(f"its parameters are others: {', '.join(names)}")
    return changes


def _without_effect(definition: PolicyDefinition, effect: bool) -> dict[str, Any]:
    return {key: value for key, value in definition.rule_then.items() if effect or key != "effect"}
