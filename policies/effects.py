"""Effects: which there are, and what those that change something carry with them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from policies.compiled_expressions import Compiled, Parameters, compile_value
from policies.fields import make_field, tag_name
from policies.operators import boolean
from policies.scope import Scope
from policies.values import UNKNOWN_KEY, DefinitionError, EvaluationError, Truth, Unknown, copied, get_key


class Effect(enum.Enum):
    """The effects; the values are how answers spell them."""

    DISABLED = "disabled"
    APPEND = "append"
    MODIFY = "modify"
    DENY = "deny"
    AUDIT = "audit"
    MANUAL = "manual"
    AUDIT_IF_NOT_EXISTS = "auditifnotexists"
    DEPLOY_IF_NOT_EXISTS = "deployifnotexists"
    DENY_ACTION = "denyaction"
    ADD_TO_NETWORK_GROUP = "addtonetworkgroup"
    MUTATE = "mutate"
    ENFORCE_SETTING = "enforcesetting"
    # In the default of one real definition, and nowhere in the documentation.
    AUDIT_ACTION = "auditaction"


EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        **{effect.value: effect for effect in Effect},
        # Older names of the Kubernetes mode.
        "enforceregopolicy": Effect.MUTATE,
        "enforceopaconstraint": Effect.MUTATE,
    }
)

ORDER = (
    Effect.DISABLED,
    Effect.APPEND,
    Effect.MODIFY,
    Effect.DENY,
    Effect.AUDIT,
    Effect.MANUAL,
    Effect.AUDIT_IF_NOT_EXISTS,
    Effect.DEPLOY_IF_NOT_EXISTS,
    Effect.DENY_ACTION,
)
"""The order in which Azure evaluates (Microsoft: effect basics)."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One change of modify or append.

    Attributes:
        operation: "add", "addorreplace" or "remove".
        field, value, condition: compiled; value and condition None where there is none.
        makes_parents: whether objects on the way are made where they are missing (append), or the change is left
            out then (modify: what isn't in the request is assumed to be left out on purpose).
    """

    operation: str
    field: Compiled
    value: Compiled | None
    condition: Compiled | None
    makes_parents: bool = False


def make_operations(effect: Effect, details: Any, parameters: Parameters) -> tuple[Operation, ...]:
    """The changes that `then.details` asks for. Raises DefinitionError."""
    path = "then.details"
    given: Any = details
    if effect is Effect.MODIFY:
        path = "then.details.operations"
        given = get_key(details, "operations", "operations") if isinstance(details, dict) else None
    elif isinstance(details, dict):
        given = [details]  # append with a single pair
    if not isinstance(given, list) or not given:
        raise DefinitionError(f"{effect.value} needs a list of changes", path)
    return tuple(_operation(effect, item, parameters, f"{path}[{index}]") for index, item in enumerate(given))


def _operation(effect: Effect, item: Any, parameters: Parameters, path: str) -> Operation:
    if not isinstance(item, dict):
        raise DefinitionError("a change must be an object", path)
    lowered = {str(key).lower(): value for key, value in item.items()}
    keys = ("field", "value") if effect is Effect.APPEND else ("operation", "field", "value", "condition")
    unknown = [key for key in lowered if key not in keys]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r}", path)
    kind = "add" if effect is Effect.APPEND else str(lowered.get("operation")).lower()
    if kind not in ("add", "addorreplace", "remove"):
        raise DefinitionError(f"unknown operation {lowered.get('operation')!r}", path)
    if not isinstance(lowered.get("field"), str):
        raise DefinitionError("a change needs a field", path)
    if kind != "remove" and "value" not in lowered:
        raise DefinitionError(f"{kind} needs a value", path)
    field = compile_value(lowered["field"], parameters, f"{path}.field")
    _check_field(field, kind, f"{path}.field")
    return Operation(
        kind,
        field,
        compile_value(lowered["value"], parameters, f"{path}.value") if "value" in lowered else None,
        compile_value(lowered["condition"], parameters, f"{path}.condition") if "condition" in lowered else None,
        effect is Effect.APPEND,
    )


def _check_field(field: Compiled, kind: str, path: str) -> None:
    if field.evaluate is not None:
        return
    try:
        make_field(str(field.constant))
    except EvaluationError as error:
        raise DefinitionError(str(error), path) from None
    if kind == "remove" and tag_name(str(field.constant)) is None:
        raise DefinitionError(f"only tags can be removed, not {field.constant}", path)


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it applies to a resource.

    Attributes:
        operation: "add", "addorreplace" or "remove".
        field: its name.
        value: None for remove; what isn't known in it is {"$unknown": reason}.
        makes_parents: see Operation.
        uncertain: why it isn't known whether it applies; "" where it does.
    """

    operation: str
    field: str
    value: Any
    makes_parents: bool = False
    uncertain: str = ""

    def as_json(self) -> dict[str, Any]:
        """As answers show it."""
        shown = {"operation": {"addorreplace": "addOrReplace"}.get(self.operation, self.operation), "field": self.field}
        if self.operation != "remove":
            shown["value"] = self.value
        return {**shown, "condition": {UNKNOWN_KEY: self.uncertain}} if self.uncertain else shown


def changes_for(operations: Iterable[Operation], scope: Scope) -> list[Change] | Unknown:
    """The changes whose condition holds or may hold, or Unknown where a field's name can't be known."""
    changes = []
    for item in operations:
        holds = _holds(item, scope)
        if holds is False:
            continue
        name = item.field.value(scope)
        if isinstance(name, Unknown):
            return name
        value = marked(item.value.value(scope)) if item.value is not None else None
        uncertain = holds.reason if isinstance(holds, Unknown) else ""
        changes.append(Change(item.operation, str(name), value, item.makes_parents, uncertain))
    return changes


def _holds(operation: Operation, scope: Scope) -> Truth:
    if operation.condition is None:
        return True
    holds = operation.condition.value(scope)
    if isinstance(holds, Unknown):
        return holds
    truth = boolean(holds)
    if truth is None:
        raise EvaluationError("the condition of an operation is neither true nor false")
    return truth


def marked(value: Any) -> Any:
    """A value in JSON, with the marker in place of what isn't known."""
    if isinstance(value, Unknown):
        return {UNKNOWN_KEY: value.reason}
    if isinstance(value, dict):
        return {key: marked(item) for key, item in value.items()}
    return [marked(item) for item in value] if isinstance(value, list) else value


def changed(resource: Mapping[str, Any], changes: Iterable[Change], scope: Scope) -> dict[str, Any]:
    """The resource as it would become; the given one stays as it is.

    Raises:
        EvaluationError: append would replace a value by another one (Azure denies then), or a field can't be changed.
    """
    from policies.resource_changes import apply_change

    given = list(changes)
    # What isn't changed is shared with the given resource.
    only_tags = all(change.field.strip().lower().startswith("tags") for change in given)
    result = {key: value if only_tags and key.lower() != "tags" else copied(value) for key, value in resource.items()}
    for change in given:
        if not change.uncertain:
            apply_change(result, change.operation, make_field(change.field), change.value, scope, change.makes_parents)
    return result
