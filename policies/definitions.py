"""Policy definitions, compiled with parameters; `policies.written_definitions` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Compiled, Parameters, compile_value
from policies.conditions import Compiler, Condition, Facts, SharedConditions
from policies.effects import EFFECTS, Effect, Operation, make_operations
from policies.existence import ExistenceCheck, make_existence_check
from policies.parameters import bind
from policies.values import DefinitionError
from policies.written_definitions import DATA_MODES as DATA_MODES
from policies.written_definitions import MACHINE_LEARNING_MODES as MACHINE_LEARNING_MODES
from policies.written_definitions import RESOURCE_MANAGER_MODES as RESOURCE_MANAGER_MODES
from policies.written_definitions import STATIC as STATIC
from policies.written_definitions import PolicyDefinition as PolicyDefinition
from policies.written_definitions import lowered_keys
from policies.written_definitions import read_definition as read_definition


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledPolicy:
    """A definition with its parameters, ready to be evaluated.

    Attributes:
        definition: what it was compiled from.
        parameters: as they were bound.
        condition: of the `if` block.
        effect: what happens when it holds; None with `effect_error` where the effect can't be told.
        existence: for auditIfNotExists and deployIfNotExists.
        operations: for modify and append.
        conflict_effect: for modify: "deny", "audit" or "disabled".
        default_state: for manual: "unknown", "compliant" or "noncompliant".
        facts: aliases and kinds of conditions of `if`.
        setting: what enforceSetting pushes to the service; None for other effects.
    """

    definition: PolicyDefinition
    parameters: Parameters
    condition: Condition
    effect: Effect | None
    effect_error: str
    existence: ExistenceCheck | None
    operations: tuple[Operation, ...]
    conflict_effect: str
    default_state: str
    facts: Facts
    setting: Compiled | None = None


def compile_definition(
    definition: PolicyDefinition,
    given: Mapping[str, Any] | None = None,
    shared: SharedConditions | None = None,
    *,
    exact: bool = True,
) -> CompiledPolicy:
    """Compiles a definition with the parameters of an assignment.

    Args:
        definition: as read.
        given: parameters by name; the others have their defaults.
        shared: what it may have in common with others that are evaluated with it.
        exact: see `policies.parameters.bind`.

    Raises:
        DefinitionError: an unknown operator, function or key, with its path.
        EvaluationError: a parameter of the wrong type, or outside of its allowed values.
    """
    try:
        return _compiled(definition, bind(definition.parameters, given or {}, exact=exact), shared=shared)
    except RecursionError:
        raise DefinitionError("nested too deeply") from None


def traced(policy: CompiledPolicy) -> CompiledPolicy:
    """The same policy, whose conditions write into a trace."""
    return _compiled(policy.definition, policy.parameters, traced=True)


def _compiled(
    definition: PolicyDefinition,
    parameters: Parameters,
    *,
    traced: bool = False,
    shared: SharedConditions | None = None,
) -> CompiledPolicy:
    facts = Facts()
    condition = Compiler(parameters, facts, traced, shared).compile(definition.rule_if, "if")
    then = definition.rule_then
    unknown = [key for key in then if key not in ("effect", "details")]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r}", "then")
    effect, error = _effect(compile_value(then.get("effect"), parameters, "then.effect"))
    details = then.get("details")
    lowered = lowered_keys(details) if isinstance(details, dict) else {}
    existence = None
    operations: tuple[Operation, ...] = ()
    if effect in (Effect.AUDIT_IF_NOT_EXISTS, Effect.DEPLOY_IF_NOT_EXISTS):
        existence = make_existence_check(lowered, parameters, traced=traced)
    elif effect in (Effect.MODIFY, Effect.APPEND):
        operations = make_operations(effect, details, parameters)
    return CompiledPolicy(
        definition=definition,
        parameters=parameters,
        condition=condition,
        effect=effect,
        effect_error=error,
        existence=existence,
        operations=operations,
        conflict_effect=_word(lowered, "conflicteffect", "deny", _CONFLICT_EFFECTS, parameters),
        default_state=_word(lowered, "defaultstate", "unknown", _DEFAULT_STATES, parameters),
        facts=facts,
        setting=compile_value(details, parameters, "then.details") if effect is Effect.ENFORCE_SETTING else None,
    )


_CONFLICT_EFFECTS = frozenset({"deny", "audit", "disabled"})
_DEFAULT_STATES = frozenset({"unknown", "compliant", "noncompliant"})


def _word(details: Mapping[str, Any], key: str, default: str, allowed: frozenset[str], parameters: Parameters) -> str:
    """One of a few words in `then.details`, lower-cased and without hyphen ("Non-compliant")."""
    path = f"then.details.{key}"
    value = compile_value(details.get(key) or default, parameters, path).constant
    word = value.lower().replace("-", "") if isinstance(value, str) else ""
    if word not in allowed:
        raise DefinitionError(f"{value!r} is none of {', '.join(sorted(allowed))}", path)
    return word


def _effect(compiled: Compiled) -> tuple[Effect | None, str]:
    """The effect, or why it can't be told."""
    if compiled.evaluate is not None:
        try:
            value = compiled.evaluate(None)  # type: ignore[arg-type]
        except Exception as error:
            return None, f"the effect can't be worked out: {error}"
    else:
        value = compiled.constant
    effect = EFFECTS.get(str(value).lower()) if isinstance(value, str) else None
    if effect is None:
        raise DefinitionError(f"unknown effect {value!r}", "then.effect")
    return effect, ""
