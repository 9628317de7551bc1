"""Effects: which there are, and what those that change or look for something carry with them."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from policies.compiled_expressions import Compiled, Parameters, compile_value
from policies.conditions import Compiler, Condition, Facts
from policies.fields import make_field
from policies.operators import boolean
from policies.scope import Scope, scope_of
from policies.values import DefinitionError, EvaluationError, Truth, Unknown, copied, get_key


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
    """

    operation: str
    field: Compiled
    value: Compiled | None
    condition: Compiled | None


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
    return tuple(_operation(item, parameters, f"{path}[{index}]") for index, item in enumerate(given))


def _operation(item: Any, parameters: Parameters, path: str) -> Operation:
    if not isinstance(item, dict):
        raise DefinitionError("a change must be an object", path)
    lowered = {str(key).lower(): value for key, value in item.items()}
    unknown = [key for key in lowered if key not in ("operation", "field", "value", "condition")]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r}", path)
    kind = str(lowered.get("operation", "add")).lower()
    if kind not in ("add", "addorreplace", "remove"):
        raise DefinitionError(f"unknown operation {lowered.get('operation')!r}", path)
    if not isinstance(lowered.get("field"), str):
        raise DefinitionError("a change needs a field", path)
    if kind != "remove" and "value" not in lowered:
        raise DefinitionError(f"{kind} needs a value", path)
    return Operation(
        kind,
        compile_value(lowered["field"], parameters, f"{path}.field"),
        compile_value(lowered["value"], parameters, f"{path}.value") if "value" in lowered else None,
        compile_value(lowered["condition"], parameters, f"{path}.condition") if "condition" in lowered else None,
    )


@dataclass(frozen=True, slots=True)
class Change:
    """A change as it applies to a resource: operation, field, value (None for remove)."""

    operation: str
    field: str
    value: Any

    def as_json(self) -> dict[str, Any]:
        """As answers show it."""
        shown = {"operation": {"addorreplace": "addOrReplace"}.get(self.operation, self.operation), "field": self.field}
        return shown if self.operation == "remove" else {**shown, "value": self.value}


def changes_for(operations: Iterable[Operation], scope: Scope) -> list[Change] | Unknown:
    """The changes whose condition holds, or Unknown where that, or a field's name, can't be known."""
    changes = []
    for item in operations:
        if item.condition is not None:
            holds = item.condition.value(scope)
            if isinstance(holds, Unknown):
                return holds
            truth = boolean(holds)
            if truth is None:
                raise EvaluationError("the condition of an operation is neither true nor false")
            if not truth:
                continue
        name = item.field.value(scope)
        if isinstance(name, Unknown):
            return name
        value = item.value.value(scope) if item.value is not None else None
        changes.append(
            Change(item.operation, str(name), {"$unknown": value.reason} if isinstance(value, Unknown) else value)
        )
    return changes


# Where a related resource is looked for

_DETAILS = frozenset(
    {
        *("type", "name", "resourcegroupname", "existencescope", "evaluationdelay", "existencecondition"),
        *("roledefinitionids", "deployment", "deploymentscope", "kind", "requirednoncomplianceforaudit"),
    }
)


@dataclass(frozen=True, slots=True)
class ExistenceCheck:
    """What auditIfNotExists and deployIfNotExists look for.

    Attributes:
        type, name, resource_group: of the related resource, compiled; None where any will do.
        subscription_wide: whether the whole subscription is searched.
        condition: that one of them has to meet; None where being there is enough.
    """

    type: Compiled
    name: Compiled | None
    resource_group: Compiled | None
    subscription_wide: bool
    condition: Condition | None

    def satisfied(self, related: Sequence[Mapping[str, Any]] | None, scope: Scope) -> Truth:
        """Whether one of the related resources is what is looked for.

        Args:
            related: all that might be; None if nobody knows.
            scope: of the `if` resource.
        """
        wanted = self.type.value(scope)
        if isinstance(wanted, Unknown):
            return wanted
        candidates = self._candidates(str(wanted).lower(), related or (), scope)
        if isinstance(candidates, Unknown):
            return candidates
        unknown: Unknown | None = None
        for candidate in candidates:
            truth = self._meets(candidate, scope)
            if truth is True:
                return True
            if isinstance(truth, Unknown):
                unknown = truth
        if unknown is None and related is None and not self._is_itself(str(wanted).lower(), scope):
            return Unknown(f"whether there is a related {wanted} is not known")
        return False if unknown is None else unknown

    def _is_itself(self, wanted: str, scope: Scope) -> bool:
        """Whether the one resource that is looked for is the evaluated one."""
        if wanted != scope.type or self.name is None:
            return False
        name = self.name.value(scope)
        own = str(scope.resource.get("name") or "").lower()
        return isinstance(name, str) and own != "" and name.lower() in (own, own.rpartition("/")[2])

    def _meets(self, candidate: Mapping[str, Any], scope: Scope) -> Truth:
        if self.condition is None:
            return True
        inner = scope_of(candidate, scope.surroundings, scope.trace)
        inner.outer = scope
        return self.condition.ask(inner)

    def _candidates(
        self, wanted: str, related: Sequence[Mapping[str, Any]], scope: Scope
    ) -> list[Mapping[str, Any]] | Unknown:
        name = self.name.value(scope) if self.name is not None else None
        group = self.resource_group.value(scope) if self.resource_group is not None else None
        for given in (name, group):
            if isinstance(given, Unknown):
                return given
        resources = [*related]
        if wanted == scope.type:
            resources.append(scope.resource)
        return [
            item
            for item in resources
            if str(item.get("type") or "").lower() == wanted
            and (name is None or _name_fits(str(name), item))
            and self._in_scope(item, wanted, group, scope)
        ]

    def _in_scope(self, item: Mapping[str, Any], wanted: str, group: Any, scope: Scope) -> bool:
        own = str(scope.resource.get("id") or "").lower()
        other = str(item.get("id") or "").lower()
        if wanted.startswith(f"{scope.type}/"):
            if own and other:
                return other.startswith(f"{own}/")
            parent = str(scope.resource.get("name") or "").lower()
            child = str(item.get("name") or "").lower()
            return "/" not in child or not parent or child.startswith(f"{parent}/")
        if self.subscription_wide and group is None:
            return True
        expected = str(group).lower() if group else _group_of(own)
        found = _group_of(other)
        return not expected or not found or found == expected


_GROUP = re.compile(r"/resourcegroups/([^/]+)", re.IGNORECASE)


def _group_of(identifier: str) -> str:
    found = _GROUP.search(identifier)
    return found.group(1).lower() if found else ""


def _name_fits(wanted: str, item: Mapping[str, Any]) -> bool:
    """A name, or "parent/?" for any child of the parent."""
    name = str(item.get("fullName") or item.get("name") or "").lower()
    lower = wanted.lower()
    if lower.endswith("/?"):
        return name.startswith(lower[:-1]) or "/" not in name
    return name == lower or ("/" in lower and lower.rpartition("/")[2] == name) or name.rpartition("/")[2] == lower


def make_existence_check(details: Mapping[str, Any], parameters: Parameters, *, traced: bool = False) -> ExistenceCheck:
    """From `then.details` with lower-cased keys. Raises DefinitionError."""
    unknown = [key for key in details if key not in _DETAILS]
    if unknown:
        raise DefinitionError(f"unknown key {unknown[0]!r}", "then.details")
    if "type" not in details:
        raise DefinitionError("type is needed", "then.details")

    def compiled(key: str) -> Compiled | None:
        value = details.get(key)
        return None if value is None else compile_value(value, parameters, f"then.details.{key}")

    type_ = compiled("type")
    assert type_ is not None
    scope = str(details.get("existencescope") or "ResourceGroup").lower()
    condition = details.get("existencecondition")
    compiler = Compiler(parameters, Facts(), traced)
    return ExistenceCheck(
        type_,
        compiled("name"),
        compiled("resourcegroupname"),
        scope == "subscription",
        compiler.compile(condition, "then.details.existenceCondition") if condition else None,
    )


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
        apply_change(result, change.operation, make_field(change.field), change.value, scope)
    return result
