"""The tables that say what an azurerm resource is in Azure Resource Manager (data/azurerm/*.yml explain the notation).

The YAML files are for people; what is loaded is `data/azurerm.json`, the same content (see `azurerm_compile`), of which
a type's part is understood when the type is first asked for.
"""

from __future__ import annotations

import functools
import importlib.resources
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

COMPILED = "azurerm.json"
MISSING = object()
"""Stands for a default that there is not."""


DOT = "§"
"""Stands for a dot within a name of a path."""


class Step(NamedTuple):
    """One name of an ARM path; `position` is a fixed one in a list, or -1 for each item."""

    name: str
    position: int | None = None


EACH = -1


@dataclass(frozen=True, slots=True)
class Target:
    """An ARM path: from the resource's top, or from where the block around it goes (at first `properties`)."""

    steps: tuple[Step, ...]
    from_top: bool


@dataclass(frozen=True, slots=True)
class Leaf:
    """One attribute, or several that make one value.

    Attributes:
        names: the first of them that is set counts (a name of another major version); with `together`, all of them.
        target: None if Azure Resource Manager has no such property.
        conversion: (name, argument); ("", "") leaves the value as it is.
        default: what the provider takes if none is set, in Terraform's terms; MISSING if there is none.
    """

    names: tuple[str, ...]
    together: bool
    target: Target | None
    conversion: tuple[str, str]
    default: Any


@dataclass(frozen=True, slots=True)
class Block:
    """A nested block, or an attribute that is an object or a list of objects.

    Attributes:
        target: where its attributes go.
        condition: (attribute, text of the value) under which a block counts here; None if every one does.
        key: for an object with a member for each block: its key, with `{attribute}`.
        always: read also when the block isn't there, for its defaults.
        entries: its attributes.
    """

    names: tuple[str, ...]
    target: Target
    condition: tuple[str, str] | None
    key: str
    always: bool
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """A property that always has this value."""

    target: Target
    value: Any


Entry: TypeAlias = Leaf | Block | Constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Also:
    """A child resource that Azure Resource Manager has, and Terraform writes into its parent.

    Attributes:
        name: what follows the parent's name.
        when: the attribute with which it exists; "" if it always does.
        each: the block for each of which there is one, whose attributes these are; "" for one of the whole resource.
    """

    type: str
    api_version: str
    name: tuple[str, ...]
    when: str
    each: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMapping:
    """One type.

    Attributes:
        name: attributes ("=text": the text itself) that make the whole name, one for each part.
        place: what it is deployed to: (word, attribute), see data/azurerm/README.md.
        into: the attribute with the id of the resource whose properties these are; "" for a resource of its own.
        computed: what other resources read from it: attribute -> ARM path, dotted, from the top.
    """

    type: str
    api_version: str
    name: tuple[str, ...]
    place: tuple[str, str]
    into: str
    entries: tuple[Entry, ...]
    also: tuple[Also, ...]
    computed: Mapping[str, str]


_TEXT = re.compile(r"(?P<to>\S+)(?: \| (?P<conversion>\w+)(?: (?!= )(?P<argument>.*?))?)?(?: = (?P<default>.*))?")
_STEP = re.compile(r"(?P<name>[^\[\]]+)(?:\[(?P<index>\d*)\])?")


def parse_target(text: str) -> Target:
    """A path such as `siteConfig.ipSecurityRestrictions[].priority`; `/sku.name` counts from the top; `.` is here."""
    from_top = text.startswith("/")
    rest = text.removeprefix("/")
    steps = []
    for part in rest.split(".") if rest not in ("", ".") else []:
        match = _STEP.fullmatch(part)
        if match is None:
            raise ValueError(f"no path: {text!r}")
        index = match["index"]
        steps.append(Step(match["name"].replace(DOT, "."), None if index is None else int(index) if index else EACH))
    return Target(tuple(steps), from_top)


def _literal(text: str) -> Any:
    """A truth value or whole number, else a text (1.2 is a version)."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, float) else value


def parse_entry(key: str, value: Any) -> Entry:
    """One line of a table."""
    key = key.partition("#")[0]
    if key.startswith("="):
        return Constant(parse_target(key[1:]), value)
    together = " & " in key
    names = tuple(name.strip() for name in key.split("&" if together else ","))
    if isinstance(value, dict):
        condition = value.get(".if")
        return Block(
            names,
            parse_target(value.get(".to", ".")),
            None if condition is None else (condition.partition("=")[0], condition.partition("=")[2]),
            value.get(".key", ""),
            value.get(".always", False),
            parse_entries({name: one for name, one in value.items() if not name.startswith(".")}),
        )
    if value is None:
        return Leaf(names, together, None, ("", ""), MISSING)
    match = _TEXT.fullmatch(value)
    if match is None:
        raise ValueError(f"not understood: {key}: {value!r}")
    target = parse_target(match["to"])
    default = MISSING if match["default"] is None else _literal(match["default"])
    return Leaf(names, together, target, (match["conversion"] or "", match["argument"] or ""), default)


def parse_entries(entries: Mapping[str, Any]) -> tuple[Entry, ...]:
    """All lines of a table."""
    return tuple(parse_entry(key, value) for key, value in entries.items())


COMMON: Mapping[str, Any] = {
    "location": "/location | location",
    "tags": "/tags",
    "zones": "/zones",
    "edge_zone": "/extendedLocation.name",
    "identity": {
        ".to": "/identity",
        "type": "type",
        "identity_ids": "userAssignedIdentities | keys",
        "principal_id": None,
        "tenant_id": None,
    },
    "timeouts": None,
}
"""Attributes that mean the same in every type, unless its table says otherwise."""
COMPUTED = {"identity.principal_id": "identity.principalId", "identity.tenant_id": "identity.tenantId"}


def _parse_type(content: Mapping[str, Any]) -> TypeMapping:
    type_, _, version = content["arm"].partition("@")
    attributes = content.get("attributes", {})
    mentioned = {name.strip() for key in attributes for name in key.partition("#")[0].replace("&", ",").split(",")}
    common = {key: value for key, value in COMMON.items() if key not in mentioned}
    word, _, attribute = content.get("at", "group").partition(" ")
    return TypeMapping(
        type=type_,
        api_version=version,
        name=tuple(content.get("name", ["name"])),
        place=(word, attribute),
        into=content.get("into", ""),
        entries=parse_entries({**common, **attributes}),
        also=tuple(_parse_also(one) for one in content.get("also", ())),
        computed={**COMPUTED, **content.get("computed", {})},
    )


def _parse_also(content: Mapping[str, Any]) -> Also:
    type_, _, version = content["arm"].partition("@")
    return Also(
        type=type_,
        api_version=version,
        name=tuple(content["name"]),
        when=content.get("when", ""),
        each=content.get("each", ""),
        entries=parse_entries(content.get("attributes", {})),
    )


@functools.cache
def raw_tables() -> Mapping[str, Any]:
    """Terraform type -> its table as written."""
    data = importlib.resources.files("resource_readers.terraform") / "data" / COMPILED
    content: Mapping[str, Any] = json.loads(data.read_bytes())
    return content


@functools.cache
def mapping_of(terraform_type: str) -> TypeMapping | None:
    """The table of a type; None if there is none."""
    content = raw_tables().get(terraform_type)
    return None if content is None else _parse_type(content)
