"""Policy definitions: read from JSON, checked, and compiled with parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Compiled, Parameters, compile_value
from policies.conditions import Compiler, Condition, Facts, SharedConditions
from policies.effects import EFFECTS, Effect, Operation, make_operations
from policies.existence import ExistenceCheck, make_existence_check
from policies.parameters import ParameterDefinition, bind, read_parameters
from policies.values import DefinitionError

RESOURCE_MANAGER_MODES = frozenset({"all", "indexed"})
MACHINE_LEARNING_MODES = frozenset(
    {"microsoft.machinelearningservices.data", "microsoft.machinelearningservices.v2.data"}
)
DATA_MODES = frozenset(
    {
        *MACHINE_LEARNING_MODES,
        *("microsoft.kubernetes.data", "microsoft.keyvault.data", "microsoft.containerservice.data"),
        *("microsoft.managedhsm.data", "microsoft.cognitiveservices.data", "microsoft.loadtestservice.data"),
        *("microsoft.datafactory.data", "microsoft.network.data", "microsoft.engine.data"),
    }
)
STATIC = "static"

_KEYS = frozenset(
    {
        *("displayname", "policytype", "mode", "description", "metadata", "version", "versions", "parameters"),
        *("policyrule", "externalevaluationenforcementsettings"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDefinition:
    """A definition as written, checked as far as that needs no parameters.

    Attributes:
        id: its resource id, lower-cased ("" for a bare rule); name: its name or "".
        display_name, version: as written; versions: every version that its publisher lists, as written.
        mode: lower-cased; "indexed" where there is none, "all" for a bare rule.
        rule_if, rule_then: the policy rule.
        parameters: by lower-cased name.
        source: file, or "".
    """

    id: str
    name: str
    display_name: str
    version: str
    mode: str
    rule_if: Any
    rule_then: Mapping[str, Any]
    parameters: Mapping[str, ParameterDefinition]
    source: str = ""
    versions: tuple[str, ...] = ()

    @property
    def evaluable(self) -> bool:
        """Whether the engine evaluates this mode."""
        return self.mode in RESOURCE_MANAGER_MODES or self.mode in MACHINE_LEARNING_MODES


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


def read_definition(body: Any, source: str = "") -> PolicyDefinition:
    """A definition from JSON: a whole one, the properties of one, or a bare rule {"if", "then"}.

    Raises:
        DefinitionError: unknown keys, no rule, malformed parameters.
    """
    if not isinstance(body, dict):
        raise DefinitionError("a policy definition must be an object")
    outer = _lowered(body)
    inner = outer.get("properties")
    properties = _lowered(inner) if isinstance(inner, dict) else outer
    bare = "if" in properties and "policyrule" not in properties
    rule = properties if bare else properties.get("policyrule")
    if not isinstance(rule, dict):
        raise DefinitionError("there is no policyRule")
    rule = _lowered(rule)
    if "if" not in rule or not isinstance(rule.get("then"), dict):
        raise DefinitionError("a rule needs if and then", "policyRule")
    unknown = [key for key in properties if key not in _KEYS and not (properties is outer and key in _OUTER)]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r}", "properties")
    extra = [key for key in rule if key not in ("if", "then")]
    if extra:
        raise DefinitionError(f"unknown key {extra[0]!r}", "policyRule")
    metadata, versions = properties.get("metadata"), properties.get("versions")
    version = properties.get("version") or (metadata.get("version") if isinstance(metadata, dict) else None)
    return PolicyDefinition(
        id=str(outer.get("id") or "").lower(),
        name=str(outer.get("name") or ""),
        display_name=str(properties.get("displayname") or ""),
        version=str(version or ""),
        mode="all" if bare else _mode(properties),  # a rule alone leaves nothing out
        rule_if=rule["if"],
        rule_then=_lowered(rule["then"]),
        parameters=read_parameters(properties.get("parameters")),
        source=source,
        versions=tuple(str(item) for item in versions) if isinstance(versions, list) else (),
    )


_OUTER = frozenset({"id", "name", "type", "systemdata", "properties", "if", "then"})


def _mode(properties: Mapping[str, Any]) -> str:
    given = properties.get("mode")
    if given is None:
        return STATIC if str(properties.get("policytype") or "").lower() == STATIC else "indexed"
    mode = str(given).lower()
    if mode not in RESOURCE_MANAGER_MODES and mode not in DATA_MODES:
        raise DefinitionError(f"unknown mode {given!r}", "properties.mode")
    return mode


def _lowered(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    lowered = {str(key).lower(): value for key, value in mapping.items()}
    if len(lowered) != len(mapping):
        raise DefinitionError("a key stands twice, in different case")
    return lowered


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
    lowered = _lowered(details) if isinstance(details, dict) else {}
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
