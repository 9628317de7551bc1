"""Fields of conditions: `type`, `location`, `tags['x']`, `identity.type`, and property aliases."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from policies.paths import PropertyPath, parse_path
from policies.resource_types import NOT_KNOWN, UNTYPED, resource_type
from policies.scope import InvalidAliasError, Scope
from policies.values import EvaluationError, Unknown, get_key, known
from verdicts.records import record

Getter = Callable[[Scope], Any]
TYPE_NOT_KNOWN = Unknown("the resource's type is not known, and so is what an alias means for it")


@record(frozen=True, slots=True)
class Collection:
    """What a field with "[*]" selects; a condition holds for it if it holds for every member."""

    members: tuple[Any, ...]


@record(frozen=True, slots=True)
class Field:
    """A field that can be asked.

    Attributes:
        name: as written.
        get: its value: a JSON value, None, Unknown or a Collection.
        kind: "type", "name", "kind", "location" or "other", for applicability and normalisation.
        alias: lower-cased, if it is one.
    """

    name: str
    get: Getter
    kind: str = "other"
    alias: str | None = None


_TAG = re.compile(r"tags(?:\.(?P<plain>.+)|\[(?P<bracket>.*)\])", re.IGNORECASE | re.DOTALL)
_PLAIN = frozenset(
    {
        *("id", "identity", "sku", "plan", "zones", "managedby", "extendedlocation", "properties", "apiversion"),
        # What readers and the check add, for mlgate's own rules; Azure has none of it.
        *("azureml", "estate"),
    }
)


def normal_location(value: Any) -> Any:
    """A location without spaces and case: "East US 2" is "eastus2"."""
    return value.replace(" ", "").lower() if isinstance(value, str) else value


def make_field(name: str) -> Field:
    """The field of that name. Raises EvaluationError for what is neither a field nor an alias."""
    lower = name.strip().lower()
    if lower == "type":
        return Field(name, _type, "type")
    if lower == "name":
        return Field(name, _name, "name")
    if lower == "fullname":
        return Field(name, _full_name, "name")
    if lower == "kind":
        return Field(name, lambda scope: _top(scope, "kind"), "kind")
    if lower == "location":
        return Field(name, lambda scope: normal_location(_whole(_top(scope, "location"))), "location")
    if lower == "tags":
        return Field(name, lambda scope: _top(scope, "tags"))
    tag = _TAG.fullmatch(name.strip())
    if tag is not None:
        return Field(name, _tag_getter(_tag_name(tag)))
    if "/" in lower:
        return _alias_field(name, lower)
    if lower.partition(".")[0].partition("[")[0] in _PLAIN:
        path = parse_path(name.strip())
        return Field(name, lambda scope: select(path, scope))
    raise EvaluationError(f"there is no field {name!r}")


def select(path: PropertyPath, scope: Scope) -> Any:
    """What a path selects of the scope's resource."""
    if path.is_collection:
        return Collection(tuple(path.values(scope.resource, scope.cursors)))
    return path.value(scope.resource)


def _alias_field(name: str, lower: str) -> Field:
    if "[*]" in lower:

        def get(scope: Scope) -> Any:
            path = alias_path(scope, lower)
            if path is None:
                return TYPE_NOT_KNOWN if scope.type in UNTYPED else Collection(())
            return select(path, scope)
    else:

        def get(scope: Scope) -> Any:
            path = alias_path(scope, lower)
            if path is None:
                return TYPE_NOT_KNOWN if scope.type in UNTYPED else None
            return select(path, scope)

    return Field(name, get, alias=lower)


def alias_path(scope: Scope, alias: str) -> PropertyPath | None:
    """The path of an alias for the scope's resource; None where another type has it.

    Raises:
        InvalidAliasError: no type has it.
    """
    aliases = scope.surroundings.aliases
    path = aliases.path(scope.type, alias)
    if path is None and not aliases.exists(alias):
        raise InvalidAliasError(alias)
    return path


def _top(scope: Scope, name: str) -> Any:
    return known(get_key(scope.resource, name, name))


def _type(scope: Scope) -> Any:
    value = scope.resource.get("type")
    if type(value) is str and len(value) == len(scope.type):
        return value
    return resource_type(scope.resource)


def _whole(value: Any) -> Any:
    """A value of which the whole has to be known: the parts of its text don't stand for what a condition sees."""
    return Unknown(value.reason) if isinstance(value, Unknown) else value


def _name(scope: Scope) -> Any:
    """The last part of the name: that of a child resource is written "parent/child" in templates."""
    value = _top(scope, "name")
    if isinstance(value, Unknown):
        return _last_part(value, scope)
    if isinstance(value, str) and "/" in value:
        if scope.type == NOT_KNOWN:
            return TYPE_NOT_KNOWN
        return value.rpartition("/")[2] if scope.type.count("/") > 1 else value
    return value


def _last_part(value: Unknown, scope: Scope) -> Any:
    """Of a child whose parent's name isn't known, the own name may be: "{parameters('network')}/GatewaySubnet"."""
    _, slash, last = value.text.rpartition("/")
    told = slash and last and scope.type.count("/") > 1 and not {"{", "}"} & set(last)
    return last if told else Unknown(value.reason)


def _full_name(scope: Scope) -> Any:
    value = _whole(_top(scope, "fullname"))
    if value is not None:
        return value
    name = _whole(_top(scope, "name"))
    identifier = _top(scope, "id")
    if isinstance(name, str) and "/" not in name and isinstance(identifier, Unknown) and scope.type.count("/") > 1:
        return identifier
    if isinstance(name, str) and "/" not in name and isinstance(identifier, str):
        tail = re.split(r"/providers/", identifier, flags=re.IGNORECASE)[-1].split("/")
        if len(tail) >= 3 and len(tail) % 2 == 1:
            return "/".join(tail[2::2])
    return name


def tag_name(field: str) -> str | None:
    """The tag that a field's name means (`tags.x`, `tags['x']`, `tags[x]`); None if it means none."""
    found = _TAG.fullmatch(field.strip())
    return None if found is None else _tag_name(found)


def _tag_name(found: re.Match[str]) -> str:
    if found.group("plain") is not None:
        return found.group("plain")
    inner = found.group("bracket").strip()
    if len(inner) >= 2 and inner[0] == inner[-1] == "'":
        return inner[1:-1].replace("''", "'")
    return inner


def _tag_getter(tag: str) -> Getter:
    lower = tag.lower()

    def get(scope: Scope) -> Any:
        tags = _top(scope, "tags")
        if isinstance(tags, Unknown):
            return tags
        return known(get_key(tags, tag, lower)) if isinstance(tags, dict) else None

    return get
