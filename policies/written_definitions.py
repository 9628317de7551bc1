"""Policy definitions as they are written: read from JSON and checked, without what compiles them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.parameters import ParameterDefinition, read_parameters
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


def read_definition(body: Any, source: str = "") -> PolicyDefinition:
    """A definition from JSON: a whole one, the properties of one, or a bare rule {"if", "then"}.

    Raises:
        DefinitionError: unknown keys, no rule, malformed parameters.
    """
    if not isinstance(body, dict):
        raise DefinitionError("a policy definition must be an object")
    outer = lowered_keys(body)
    inner = outer.get("properties")
    properties = lowered_keys(inner) if isinstance(inner, dict) else outer
    bare = "if" in properties and "policyrule" not in properties
    rule = properties if bare else properties.get("policyrule")
    if not isinstance(rule, dict):
        raise DefinitionError("there is no policyRule")
    rule = lowered_keys(rule)
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
        rule_then=lowered_keys(rule["then"]),
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


def lowered_keys(mapping: Mapping[Any, Any]) -> dict[str, Any]:
    """The same by lower-cased key. Raises DefinitionError."""
    lowered = {str(key).lower(): value for key, value in mapping.items()}
    if len(lowered) != len(mapping):
        raise DefinitionError("a key stands twice, in different case")
    return lowered
