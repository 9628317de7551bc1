"""Which definitions can apply to a resource type at all, told without asking them.

Sound, not complete: outside of the types that `reach_of` gives, a definition answers NotApplicable whatever else
the resource holds (Microsoft: policy applicability). Whatever this module doesn't understand reaches every type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Parameters, compile_value
from policies.definitions import RESOURCE_MANAGER_MODES, STATIC, CompiledPolicy
from policies.effects import Effect
from policies.operators import OPERATORS
from policies.values import PolicyError

Types = frozenset[str] | None
"""Lower-cased resource types; None for any."""

_CONSIDERED = frozenset({"type", "name", "fullname", "kind"})
# Operators that give true or false for whatever stands in a resource; the others may fail, and a failure is an answer.
_NEVER_FAILING = frozenset(
    {
        *("equals", "notequals", "in", "notin", "like", "notlike", "contains", "notcontains", "exists"),
        *("match", "notmatch", "matchinsensitively", "notmatchinsensitively"),
    }
)
_MAXIMUM_DEPTH = 100


class _CannotTellError(Exception):
    """The types can't be told from this condition."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Where a policy may answer something else than NotApplicable.

    Attributes:
        types: of resources.
        told: whether its conditions on type, name and kind compare with constants and can't fail, so that asking them
            for a type answers for every resource of that type.
    """

    types: Types
    told: bool


def reach_of(policy: CompiledPolicy) -> Reach:
    """The types of which a policy may answer something else than NotApplicable."""
    definition = policy.definition
    if policy.effect is None:
        return Reach(None, told=False)  # an evaluation failure, whatever the resource
    if policy.effect is Effect.DISABLED or definition.mode == STATIC:
        return Reach(frozenset(), told=True)
    if definition.mode not in RESOURCE_MANAGER_MODES:
        return Reach(None, told=False)
    try:
        types = _types(definition.rule_if, policy.parameters, True, 0)
        # Without a condition on the type every resource is judged, even by a rule that can't hold.
        return Reach(types if "type" in policy.facts.kinds else None, told=True)
    except (_CannotTellError, PolicyError):
        return Reach(None, told=False)


def _types(node: Any, parameters: Parameters, wanted: bool, depth: int) -> Types:
    """The types for which a condition may be `wanted`, if everything but the type could be anything."""
    if not isinstance(node, dict) or depth > _MAXIMUM_DEPTH:
        raise _CannotTellError
    keys = {str(key).lower(): value for key, value in node.items()}
    if "not" in keys:
        return _types(keys["not"], parameters, not wanted, depth + 1)
    for logical in ("allof", "anyof"):
        if logical in keys:
            if not isinstance(keys[logical], list):
                raise _CannotTellError
            parts = [_types(part, parameters, wanted, depth + 1) for part in keys[logical]]
            return _common(parts) if (logical == "allof") is wanted else _united(parts)
    return _leaf_types(keys, parameters, wanted)


def _common(parts: Iterable[Types]) -> Types:
    told = [part for part in parts if part is not None]
    return frozenset.intersection(*told) if told else None


def _united(parts: Iterable[Types]) -> Types:
    result: frozenset[str] = frozenset()
    for part in parts:
        if part is None:
            return None
        result |= part
    return result


def _leaf_types(keys: Mapping[str, Any], parameters: Parameters, wanted: bool) -> Types:
    if "field" not in keys:
        return None
    field = compile_value(keys["field"], parameters, "")
    name = field.constant.strip().lower() if isinstance(field.constant, str) else ""
    if name not in _CONSIDERED:
        return None
    operator = next((key for key in keys if key != "field"), "")
    if len(keys) != 2 or operator not in _NEVER_FAILING:
        raise _CannotTellError
    operand = compile_value(keys[operator], parameters, "")
    if operand.evaluate is not None:
        raise _CannotTellError
    OPERATORS[operator](operand.constant)  # an operand of the wrong kind fails whenever it is asked
    if name != "type":
        return None
    negated = operator.startswith("not")
    return _named_types(operator.removeprefix("not"), operand.constant) if negated is not wanted else None


def _named_types(operator: str, operand: Any) -> Types:
    """The types that meet a positive operator, where they can be listed."""
    if operator == "equals" or (operator == "like" and isinstance(operand, str) and "*" not in operand):
        return frozenset({operand.lower()}) if isinstance(operand, str) and operand else None
    if operator == "in" and all(isinstance(item, str) and item for item in operand):
        return frozenset(item.lower() for item in operand)
    return None


class TypeIndex:
    """Positions of definitions by the types that they reach."""

    def __init__(self, reached: Iterable[Types]) -> None:
        """Takes the types of each definition, in order."""
        self._by_type: dict[str, list[int]] = {}
        self._everywhere: list[int] = []
        for position, types in enumerate(reached):
            if types is None:
                self._everywhere.append(position)
            else:
                for name in types:
                    self._by_type.setdefault(name, []).append(position)

    def positions(self, resource_type: str) -> list[int]:
        """Of the definitions that may apply to a type (in any case), in the pack's order."""
        own = self._by_type.get(resource_type.lower())
        return self._everywhere if own is None else sorted([*own, *self._everywhere])
