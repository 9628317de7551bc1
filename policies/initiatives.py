"""Initiatives (policy set definitions): read from JSON, checked, and their parameters passed on to definitions.

Source: Microsoft's page "Azure Policy initiative definition structure".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.compiled_expressions import Parameters, compile_value
from policies.parameters import ParameterDefinition, read_parameters
from policies.reading import items, keyed, resource_properties, text, texts
from policies.values import DefinitionError, EvaluationError
from policies.versions import VersionPin, read_pin

_KEYS = frozenset(
    {
        *("displayname", "policytype", "description", "metadata", "version", "versions", "parameters"),
        *("policydefinitions", "policydefinitiongroups"),
    }
)
_REFERENCE_KEYS = frozenset(
    {
        *("policydefinitionid", "policydefinitionreferenceid", "definitionversion", "parameters", "groupnames"),
        *("latestdefinitionversion", "effectivedefinitionversion"),
    }
)
_GROUP_KEYS = frozenset({"name", "category", "displayname", "description", "additionalmetadataid"})


@dataclass(frozen=True, slots=True)
class Group:
    """A group of an initiative: a control, in its category (a compliance domain)."""

    name: str
    category: str
    display_name: str
    metadata_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A definition in an initiative.

    Attributes:
        id: policyDefinitionReferenceId as written, or one made from the definition's name where there is none.
        definition_id: lower-cased.
        pin: which versions of the definition will do; None for the latest.
        parameters: values for the definition, by name, with the initiative's expressions still in them.
        groups: names as the initiative spells them.
        path: where it stands.
    """

    id: str
    definition_id: str
    pin: VersionPin | None
    parameters: Mapping[str, Any]
    groups: tuple[str, ...]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Initiative:
    """An initiative as written and checked.

    Attributes:
        id: lower-cased, "" if there is none; name: its name or "".
        display_name, version, versions: as written.
        parameters: by lower-cased name.
        references: in order.
        groups: in order.
        source: file, or "".
    """

    id: str
    name: str
    display_name: str
    version: str
    versions: tuple[str, ...]
    parameters: Mapping[str, ParameterDefinition]
    references: tuple[Reference, ...]
    groups: tuple[Group, ...]
    source: str = ""


def read_initiative(body: Any, source: str = "") -> Initiative:
    """An initiative from JSON: a whole one, or the properties of one.

    Raises:
        DefinitionError: unknown keys, malformed parts, a group or parameter that isn't declared, a reference id twice.
    """
    outer, properties = resource_properties(body, _KEYS, "")
    base = "" if outer is properties else "properties"
    groups = tuple(_group(item, path) for item, path in items(properties, "policydefinitiongroups", base))
    parameters = read_parameters(properties.get("parameters"))
    given = items(properties, "policydefinitions", base)
    if not given:
        raise DefinitionError("an initiative needs policyDefinitions", base)
    declared = Parameters({}, frozenset(parameters))
    names = {group.name.lower(): group.name for group in groups}
    references: dict[str, Reference] = {}
    for item, path in given:
        reference = _reference(item, path, names, declared, references)
        references[reference.id.lower()] = reference
    metadata = properties.get("metadata")
    version = properties.get("version") or (metadata.get("version") if isinstance(metadata, dict) else "")
    return Initiative(
        id=text(outer, "id", "").lower(),
        name=text(outer, "name", ""),
        display_name=text(properties, "displayname", base),
        version=str(version or ""),
        versions=texts(properties, "versions", base),
        parameters=parameters,
        references=tuple(references.values()),
        groups=groups,
        source=source,
    )


def _group(item: Any, path: str) -> Group:
    keys = keyed(item, _GROUP_KEYS, path)
    return Group(
        text(keys, "name", path, needed=True),
        text(keys, "category", path),
        text(keys, "displayname", path),
        text(keys, "additionalmetadataid", path),
    )


def _reference(
    item: Any, path: str, groups: Mapping[str, str], declared: Parameters, others: Mapping[str, Reference]
) -> Reference:
    keys = keyed(item, _REFERENCE_KEYS, path)
    definition_id = text(keys, "policydefinitionid", path, needed=True).lower().rstrip("/")
    identifier = text(keys, "policydefinitionreferenceid", path)
    if not identifier:
        # Azure makes up a number; a name that says which definition it is serves people better.
        base = identifier = definition_id.rpartition("/")[2]
        count = 2
        while identifier.lower() in others:
            identifier, count = f"{base}-{count}", count + 1
    elif identifier.lower() in others:
        raise DefinitionError(f"the reference id {identifier!r} stands twice", path)
    named = texts(keys, "groupnames", path)
    strange = [name for name in named if name.lower() not in groups]
    if strange:
        raise DefinitionError(f"there is no group {strange[0]!r}", f"{path}.groupNames")
    pin = keys.get("definitionversion")
    return Reference(
        id=identifier,
        definition_id=definition_id,
        pin=None if pin is None else read_pin(pin, f"{path}.definitionVersion"),
        parameters=_values(keys.get("parameters"), f"{path}.parameters", declared),
        groups=tuple(groups[name.lower()] for name in named),
        path=path,
    )


def _values(given: Any, path: str, declared: Parameters) -> dict[str, Any]:
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise DefinitionError("parameters must be an object", path)
    values = {}
    for name, body in given.items():
        place = f"{path}.{name}"
        keys = keyed(body, ("value",), place)
        if "value" not in keys:
            raise DefinitionError("a parameter needs a value", place)
        compile_value(keys["value"], declared, f"{place}.value")
        values[str(name)] = keys["value"]
    return values


def passed_parameters(reference: Reference, parameters: Parameters) -> dict[str, Any]:
    """What an initiative passes to one of its definitions, by name.

    Args:
        parameters: values of the initiative's own parameters.

    Raises:
        EvaluationError: an expression that fails, one of a parameter without value, or one that needs a resource.
    """
    result = {}
    for name, value in reference.parameters.items():
        compiled = compile_value(value, parameters, f"{reference.path}.parameters.{name}")
        if compiled.evaluate is None:
            result[name] = compiled.constant
            continue
        try:
            result[name] = compiled.evaluate(None)  # type: ignore[arg-type]
        except EvaluationError as error:
            raise EvaluationError(f"the parameter {name!r} of {reference.id}: {error}") from None
        except Exception:
            raise EvaluationError(f"the parameter {name!r} of {reference.id} can't depend on a resource") from None
    return result
