"""Conditions of our rules as Azure evaluates them: properties by alias, and resources of Azure's types only.

A rule may name the path of a property where the engine takes it (`policies.fields`). That becomes the alias of the one
type which is asked, if there is one. What has none, and what only files show (workflows, Dockerfiles, notes of
readers), can't be asked for in Azure.

Sources: Microsoft's pages "Azure Policy definition structure policy rule" and "alias".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.aliases import AliasTable
from policies.indexed_types import supports_tags_and_location

# "identity.userAssignedIdentities" isn't in the documentation's list; Microsoft's own definitions ask for it.
_FIELDS = frozenset(
    {"name", "fullname", "kind", "type", "location", "id", "tags", "identity.type", "identity.userassignedidentities"}
)
_CALL = re.compile(r"\b(field|current)(\(\s*')((?:[^']|'')*)('\s*\))", re.IGNORECASE)
_SCOPES = {"resourcegroup": "resourceGroup", "subscription": "subscription"}
_OF_FILES = ("azureml", "estate")
"""What readers and the check add to resources."""
_API_VERSION = "it asks whether a file has an apiVersion, and every request has one"


class AzureAliases:
    """A table of aliases, seen from the paths that they stand for."""

    def __init__(self, table: AliasTable) -> None:
        self._table = table
        self._namespaces = frozenset(type_.partition("/")[0] for type_ in table.by_type)
        self._by_path: dict[str, Mapping[str, str]] = {}

    def exists(self, alias: str) -> bool:
        """Whether Azure has the alias (lower-cased)."""
        return self._table.exists(alias)

    def type_problem(self, type_: str) -> str:
        """Why Azure Policy doesn't evaluate a type (lower-cased), or ""."""
        if type_.partition("/")[0] not in self._namespaces:
            return "is no resource type of Azure"
        return "" if type_ in self._table.by_type else "has no aliases: Azure Policy doesn't see it"

    def by_path(self, type_: str) -> Mapping[str, str]:
        """Path -> alias of a type, all lower-cased; of several aliases the shortest."""
        found = self._by_path.get(type_)
        if found is None:
            known = self._table.by_type.get(type_, {})
            made: dict[str, str] = {}
            for alias in sorted(known, key=lambda one: (len(one), one)):
                made.setdefault(known[alias].lower(), alias)
            found = self._by_path[type_] = made
        return found


@dataclass(slots=True)
class Converter:
    """Walks through a rule; what stands in the way is gathered in `problems`."""

    aliases: AzureAliases
    problems: dict[str, None] = field(default_factory=dict)
    _types: set[str] = field(default_factory=set)
    _open_type: bool = False
    _fields: set[str] = field(default_factory=set)
    _outer: frozenset[str] = frozenset()
    _value_names: set[str] = field(default_factory=lambda: {"default"})

    def mode(self) -> str:
        """Indexed where tags or location are asked of types that all have them (Microsoft's advice); else All."""
        asks = any(name == "location" or name.startswith("tags") for name in self._fields)
        indexed = self._types and not self._open_type and all(map(supports_tags_and_location, self._types))
        return "Indexed" if asks and indexed else "All"

    def then(self, then: Mapping[str, Any]) -> dict[str, Any]:
        """The `then` block; for ...IfNotExists with the condition on the related resource."""
        details = then.get("details")
        if not isinstance(details, dict):
            return {"effect": ""}
        self._outer = frozenset(self._types) if not self._open_type else frozenset()
        related = next((value for key, value in details.items() if key.lower() == "type"), None)
        types = self._known_types([related]) if isinstance(related, str) else frozenset[str]()
        converted = {}
        for key, value in details.items():
            match key.lower():
                case "existencecondition":
                    converted[key] = self.condition(value, types, related=True)
                case "existencescope" if isinstance(value, str) and value.lower() in _SCOPES:
                    converted[key] = _SCOPES[value.lower()]
                case _:
                    converted[key] = self.value(value, self._outer)
        return {"effect": "", "details": converted}

    def condition(self, node: Any, types: frozenset[str], *, related: bool = False) -> Any:
        """A condition asked of resources of these types (none: of any)."""
        if not isinstance(node, dict):
            return node
        keys = {str(key).lower(): key for key in node}
        if "allof" in keys:
            parts = node[keys["allof"]]
            narrowed = next((found for part in parts if (found := _types_of(part))), ())
            inside = self._known_types(narrowed) if narrowed else types
            return {keys["allof"]: [self.condition(part, inside, related=related) for part in parts]}
        if "anyof" in keys:
            return {keys["anyof"]: [self.condition(part, types, related=related) for part in node[keys["anyof"]]]}
        if "not" in keys:
            return {keys["not"]: self.condition(node[keys["not"]], types, related=related)}
        return self._leaf(node, keys, types, related)

    def _leaf(self, node: Mapping[str, Any], keys: Mapping[str, str], types: frozenset[str], related: bool) -> Any:
        if str(node.get(keys.get("field", ""), "")).lower() == "type" and not related:
            named = _types_of(node)
            self._open_type = self._open_type or not named
            types = self._known_types(named)
            self._types |= types
        elif len(types) > 1 and _asks_by_path(node):
            # Each type has its own alias.
            return {
                "anyOf": [
                    {"allOf": [{"field": "type", "equals": one}, self._leaf(node, keys, frozenset({one}), related)]}
                    for one in sorted(types)
                ]
            }
        converted: dict[str, Any] = {}
        for key, value in node.items():
            match key.lower():
                case "field" if str(value).lower() == "apiversion" and not related and _asks_which(keys, node):
                    converted["value"] = "[requestContext().apiVersion]"
                case "field":
                    converted[key] = self.field(value, types)
                case "count":
                    converted[key] = self._count(value, types, related)
                case "equals" | "notequals" if value is None or isinstance(value, bool):
                    # The schema of definitions takes text and numbers only; compared as text they are the same.
                    converted[key] = "" if value is None else str(value).lower()
                case _:
                    converted[key] = self.value(value, types)
        return converted

    def _count(self, node: Any, types: frozenset[str], related: bool) -> Any:
        converted: dict[str, Any] = {}
        names = {str(key).lower(): value for key, value in node.items()}
        if "name" in names:
            self._value_names.add(str(names["name"]).lower())
        for key, value in node.items():
            match key.lower():
                case "field":
                    converted[key] = self.field(value, types)
                case "where":
                    converted[key] = self.condition(value, types, related=related)
                case "value":
                    converted[key] = self.value(value, types)
                case _:
                    converted[key] = value
        return converted

    def value(self, value: Any, types: frozenset[str]) -> Any:
        """A value, with the fields that its expressions ask for."""
        if isinstance(value, dict):
            return {key: self.value(item, types) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, types) for item in value]
        if not isinstance(value, str) or not value.startswith("[") or value.startswith("[["):
            return value

        def replaced(match: re.Match[str]) -> str:
            function, opening, name, closing = match.groups()
            if function.lower() == "current" and name.lower() in self._value_names:
                return match[0]
            # field() asks the resource of the `if` block, also in existence conditions.
            asked = self._outer or types if function.lower() == "field" else types
            return f"{function}{opening}{self.field(name, asked)}{closing}"

        return _CALL.sub(replaced, value)

    def field(self, name: Any, types: frozenset[str]) -> Any:
        """The field as Azure knows it."""
        lower = str(name).strip().lower()
        self._fields.add(lower)
        if lower in _FIELDS or lower.startswith(("tags.", "tags[")):
            return name
        if lower.startswith("["):
            if "tags[" not in lower and "tags." not in lower:
                self.problems[f"{name} is worked out, and may be no alias"] = None
            return self.value(name, types)
        if "/" in lower:
            if not self.aliases.exists(lower):
                self.problems[f"there is no alias {name}"] = None
            return name
        if lower.partition(".")[0] in _OF_FILES or lower == "apiversion":
            self.problems[f"{name} is known of files only" if lower != "apiversion" else _API_VERSION] = None
            return name
        alias = self._alias(str(name), types)
        if alias is None:
            of = f" of {', '.join(sorted(types))}" if types else ""
            self.problems[f"Azure has no alias for {name}{of}"] = None
            return name
        return alias

    def _alias(self, path: str, types: frozenset[str]) -> str | None:
        """The alias for a path where one type is asked; spelt like the path where that is the same."""
        if len(types) != 1:
            return None
        (type_,) = types
        found = self.aliases.by_path(type_).get(path.strip().lower())
        if found is None:
            return None
        plain = path.strip().removeprefix("properties.")
        return f"{type_}/{plain}" if found == f"{type_}/{plain}".lower() else found

    def _known_types(self, names: Any) -> frozenset[str]:
        for name in names:
            lower = str(name).lower()
            if lower.startswith("["):
                continue
            problem = self.aliases.type_problem(lower)
            if problem:
                self.problems[f"{name} {problem}"] = None
        return frozenset(str(name).lower() for name in names)


def _asks_by_path(node: Any) -> bool:
    """Whether a condition asks for a property by its path, anywhere in it."""
    if isinstance(node, list):
        return any(map(_asks_by_path, node))
    if isinstance(node, dict):
        return any(
            _is_path(value) if key.lower() == "field" and isinstance(value, str) else _asks_by_path(value)
            for key, value in node.items()
        )
    return isinstance(node, str) and any(_is_path(match[3]) for match in _CALL.finditer(node))


def _is_path(name: str) -> bool:
    lower = name.strip().lower()
    return "/" not in lower and lower not in _FIELDS and "." in lower and not lower.startswith(("tags", "["))


def _asks_which(keys: Mapping[str, str], node: Mapping[str, Any]) -> bool:
    """Whether a condition on the API version asks which one it is, not whether there is one."""
    return "exists" not in keys and all(node[key] not in ("", None) for key in keys.values())


def _types_of(node: Any) -> tuple[str, ...]:
    """The types that a condition asks for by name; () where it doesn't."""
    if not isinstance(node, dict):
        return ()
    keys = {str(key).lower(): value for key, value in node.items()}
    if str(keys.get("field", "")).lower() != "type":
        return ()
    if isinstance(keys.get("equals"), str):
        return (keys["equals"],)
    if isinstance(keys.get("in"), list) and all(isinstance(item, str) for item in keys["in"]):
        return tuple(keys["in"])
    return ()
