"""Parameters of definitions and initiatives: their types, defaults and allowed values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.values import DefinitionError, EvaluationError, first_unknown, parse_date, same

_KEYS = frozenset({"type", "metadata", "defaultvalue", "allowedvalues", "schema"})
_TYPES = frozenset({"string", "array", "object", "boolean", "integer", "float", "datetime"})
_NOTHING: Any = object()


@dataclass(frozen=True, slots=True)
class ParameterDefinition:
    """A parameter: name as written, type lower-cased, default (or none), allowed values (or None for any)."""

    name: str
    type: str
    default: Any
    has_default: bool
    allowed: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Parameters:
    """Values of a definition's parameters, by lower-cased name; `declared` are all names that it has."""

    values: Mapping[str, Any]
    declared: frozenset[str]


def read_parameters(given: Any) -> dict[str, ParameterDefinition]:
    """Parameter definitions by lower-cased name. Raises DefinitionError."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise DefinitionError("parameters must be an object", "parameters")
    result = {}
    for name, body in given.items():
        path = f"parameters.{name}"
        if not isinstance(body, dict):
            raise DefinitionError("a parameter must be an object", path)
        lowered = {str(key).lower(): value for key, value in body.items()}
        unknown = [key for key in lowered if key not in _KEYS]
        if unknown:
            raise DefinitionError(f"unknown key {unknown[0]!r}", path)
        type_ = str(lowered.get("type", "")).lower()
        if type_ not in _TYPES:
            raise DefinitionError(f"unknown type {lowered.get('type')!r}", path)
        allowed = lowered.get("allowedvalues")
        if allowed is not None and not isinstance(allowed, list):
            raise DefinitionError("allowedValues must be an array", path)
        default = lowered.get("defaultvalue", _NOTHING)
        result[name.lower()] = ParameterDefinition(
            name,
            type_,
            None if default is _NOTHING else default,
            default is not _NOTHING,
            tuple(allowed) if allowed is not None else None,
        )
    return result


def bind(definitions: Mapping[str, ParameterDefinition], given: Mapping[str, Any], *, exact: bool = True) -> Parameters:
    """The values that an evaluation sees: given ones, else defaults. One without either fails where it is needed.

    Args:
        definitions: by lower-cased name.
        given: by name of any case; a value, {"value": ...} as assignments write it, or {"$unknown": reason}.
        exact: whether allowed values are compared with case, as when a policy is assigned (Microsoft: parameters).
            Microsoft's own initiatives pass some to their members in another case.

    Raises:
        EvaluationError: an unknown parameter, a value of the wrong type, or one that isn't allowed.
    """
    values: dict[str, Any] = {}
    for name, value in given.items():
        definition = definitions.get(str(name).lower())
        if definition is None:
            raise EvaluationError(f"there is no parameter {name!r}")
        plain = _unwrapped(definition, value)
        if first_unknown(plain) is None:
            _check(definition, plain, exact)
        values[definition.name.lower()] = plain
    for name, definition in definitions.items():
        # Defaults of real definitions are taken as they are: some don't fit their own type or list.
        if name not in values and definition.has_default:
            values[name] = definition.default
    return Parameters(values, frozenset(definitions))


def _unwrapped(definition: ParameterDefinition, value: Any) -> Any:
    """The value of {"value": ...}; an object that has a "value" of its own stays as it is."""
    if not isinstance(value, dict) or set(value) != {"value"}:
        return value
    inner = value["value"]
    return value if definition.type == "object" and not isinstance(inner, dict) else inner


def _check(definition: ParameterDefinition, value: Any, exact: bool) -> None:
    fits = {
        "string": isinstance(value, str),
        "array": isinstance(value, list),
        "object": isinstance(value, dict),
        "boolean": isinstance(value, bool) or (isinstance(value, str) and value.lower() in ("true", "false")),
        "integer": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
        "datetime": isinstance(value, str) and parse_date(value) is not None,
    }[definition.type]
    from policies.functions.interface import exactly_equal, kind  # with all functions: not for reading alone

    if not fits:
        raise EvaluationError(f"the parameter {definition.name!r} is of type {definition.type}, not {kind(value)}")
    if not definition.allowed:
        return  # an empty list, as some of Microsoft's own definitions have it, allows anything
    # An array may hold any of the allowed members.
    chosen = value if isinstance(value, list) else [value]
    equal = exactly_equal if exact else same
    for item in chosen:
        if not any(equal(item, allowed) for allowed in definition.allowed):
            raise EvaluationError(f"the parameter {definition.name!r} can't be {item!r}: it isn't among allowedValues")
