"""How the value of a Terraform attribute becomes that of the ARM property (data/azurerm/README.md lists them)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.resource_ids import split_segments
from resource_readers.template_language.unknowns import symbolic, unknown, unknown_names
from resource_readers.terraform.instances import JsonText

_WORDS = {
    "enabled": ("Enabled", "Disabled"),
    "disabled": ("Disabled", "Enabled"),
    "on": ("On", "Off"),
    "allow": ("Allow", "Deny"),
    "yes": ("Yes", "No"),
}


SKIP = object()
"""What a conversion gives if there is nothing to say."""


def convert(name: str, argument: str, value: Value) -> Value:
    """`value` by the conversion `name`; a value that it doesn't fit stays as it is."""
    if not name:
        return value
    if name in _WORDS:
        return _truth(value, *_WORDS[name])
    return _CONVERSIONS[name](value, argument)


def convert_together(name: str, argument: str, names: Sequence[str], values: list[Value]) -> Value:
    """Several attributes (None: not set) as one value."""
    return _TOGETHER[name](argument, names, values)


def known_conversions() -> frozenset[str]:
    """The names that a table may use for one attribute, beside those that need the other resources."""
    return frozenset(_WORDS) | frozenset(_CONVERSIONS)


def known_joint_conversions() -> frozenset[str]:
    """The names that a table may use for several attributes that make one value."""
    return frozenset(_TOGETHER)


def format_values(template: str, values: list[Value]) -> Value:
    """`template` with `{}` replaced by the values in turn."""
    parts = template.split("{}")
    text = parts[0] + "".join(
        symbolic(values[at] if at < len(values) else "") + part for at, part in enumerate(parts[1:])
    )
    inner = next((one for one in values if isinstance(one, Unknown)), None)
    if inner is None and "{" in "".join(parts):
        return unknown("it holds what is known only during the deployment", text)
    return text if inner is None else unknown(inner.reason, text)


def _opaque(value: Unknown) -> Unknown:
    """Another value that is as unknown as this one."""
    return Unknown(value.reason)


def _truth(value: Value, true: Any, false: Any) -> Value:
    if isinstance(value, Unknown):
        return _opaque(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    return (true if value else false) if isinstance(value, bool) else value


def _values(value: Value, argument: str) -> Value:
    """`a:b c:d`: a becomes b, c becomes d; `_` in a name is a space in the value; a list item by item."""
    if isinstance(value, Unknown):
        return _opaque(value)
    if isinstance(value, list):
        return [_values(one, argument) for one in value]
    table = dict(pair.split(":", 1) for pair in argument.split())
    key = str(value).lower() if isinstance(value, bool) else str(value)
    found = next((new for old, new in table.items() if old.lower() == key.lower()), None)
    if found is None:
        return value
    return {"true": True, "false": False}.get(found, found.replace("_", " "))


def _format(value: Value, argument: str) -> Value:
    return format_values(argument, [value])


def _location(value: Value, _: str) -> Value:
    return value.replace(" ", "").lower() if isinstance(value, str) else value


def _json(value: Value, _: str) -> Value:
    if isinstance(value, JsonText):
        return value.value
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _pairs(value: Value, argument: str) -> Value:
    """A map as a list of objects with its keys and values."""
    if not isinstance(value, dict):
        return value
    key, _, content = (argument or "name value").partition(" ")
    return [{key: name, content: one} for name, one in value.items()]


def _keys(value: Value, _: str) -> Value:
    """A list of texts as the keys of an object; ARM's readers give an object with an unknown key as unknown."""
    if not isinstance(value, list):
        return value
    if any(not isinstance(one, str) for one in value):
        return unknown_names(value, empty=True)
    return {one: {} for one in value}


def _wrap(value: Value, argument: str) -> Value:
    """A map's values each as an object with one property."""
    return {key: {argument: one} for key, one in value.items()} if isinstance(value, dict) else value


def _when(value: Value, argument: str) -> Value:
    if isinstance(value, Unknown):
        return _opaque(value)
    return argument if value is True or value == "true" else SKIP


def _clause(value: Value, argument: str) -> Value:
    return {"field": argument, "equals": value}


def _clauses(value: Value, argument: str) -> Value:
    if not isinstance(value, list):
        return value
    return {"anyOf": [{"field": argument, "equals": one} for one in value]}


def _part(value: Value, argument: str) -> Value:
    """`S N`: part N of a text divided by S; a number where it is one."""
    if isinstance(value, Unknown):
        return _opaque(value)
    separator, _, at = argument.partition(" ")
    parts = value.split(separator) if isinstance(value, str) else [value]
    return _number(parts[int(at)], "") if int(at) < len(parts) else SKIP


def _key_part(value: Value, argument: str) -> Value:
    """A part of `https://VAULT/keys/NAME/VERSION`."""
    if isinstance(value, Unknown):
        return _opaque(value)
    head, _, rest = value.partition("/keys/") if isinstance(value, str) else ("", "", "")
    name, _, version = rest.partition("/")
    return {"uri": head + "/" if head else SKIP, "name": name or SKIP, "version": version or SKIP}[argument]


def _key_parts(value: Value, _: str) -> Value:
    """Ids of keys as objects with their parts."""
    names = {"keyName": "name", "keyVaultUri": "uri", "keyVersion": "version"}
    if not isinstance(value, list):
        return value
    parts = [{arm: _key_part(one, part) for arm, part in names.items()} for one in value]
    return [{name: one for name, one in part.items() if one is not SKIP} for part in parts]


def _parameters(value: Value, _: str) -> Value:
    """Names and defaults as Data Factory declares parameters; Terraform's provider knows texts only."""
    if not isinstance(value, dict):
        return value
    return {name: {"type": "String", "defaultValue": one} for name, one in value.items()}


def _ip_filter(value: Value, _: str) -> Value:
    """Addresses, as a list or (in version 3) separated by commas, as objects."""
    if isinstance(value, Unknown):
        return _opaque(value)
    items = [one.strip() for one in value.split(",") if one.strip()] if isinstance(value, str) else value
    return [{"ipAddressOrRange": one} for one in items] if isinstance(items, list) else items


def _json_map(value: Value, _: str) -> Value:
    return {name: _json(one, "") for name, one in value.items()} if isinstance(value, dict) else value


def _number(value: Value, _: str) -> Value:
    if isinstance(value, Unknown):
        return _opaque(value)
    if not isinstance(value, str):
        return value
    try:
        number = int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        return value
    return number if math.isfinite(number) else value


def _text(value: Value, _: str) -> Value:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, Unknown | dict | list) else symbolic(value)


def _times(value: Value, argument: str) -> Value:
    if isinstance(value, Unknown):
        return _opaque(value)
    return value * int(argument) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _last(value: Value, _: str) -> Value:
    """The last part of an id."""
    if isinstance(value, Unknown):
        if "/" not in value.text:
            return _opaque(value)
        name = split_segments(value.text)[-1]
        return unknown(value.reason, name) if "{" in name else name
    return value.rpartition("/")[2] if isinstance(value, str) else value


def _id_part(value: Value, argument: str) -> Value:
    """The name that follows a kind in an id ("storageAccounts")."""
    parts = split_segments(value.text if isinstance(value, Unknown) else str(value))
    folded = [part.casefold() for part in parts]
    if argument.casefold() not in folded[:-1]:
        return SKIP
    name = parts[folded.index(argument.casefold()) + 1]
    return unknown("a part of the id is not known", name) if "{" in name else name


def _split(value: Value, argument: str) -> Value:
    return value.split(argument) if isinstance(value, str) else value


def _join(value: Value, argument: str) -> Value:
    if not isinstance(value, list):
        return value
    return format_values((argument or ",").join(["{}"] * len(value)), value)


def _first(value: Value, _: str) -> Value:
    return value[0] if isinstance(value, list) and value else value


def _rights(_: str, names: Sequence[str], values: list[Value]) -> Value:
    """The attributes that are true, as the rights of an authorisation rule."""
    inner = next((one for one in values if isinstance(one, Unknown)), None)
    if inner is not None:
        return _opaque(inner)
    return [name.capitalize() for name, value in zip(names, values, strict=True) if value is True]


def _member(values: list[Value]) -> Value:
    """An object with one member: its name, and its value as JSON."""
    name, value = values
    return {name: _json(value, "")} if isinstance(name, str) else Unknown("the name of a property is not known")


def _data_disk(values: list[Value]) -> Value:
    disk, lun, caching = values
    known = {"lun": lun, "caching": caching, "createOption": "Attach", "managedDisk": {"id": disk}}
    return [{key: value for key, value in known.items() if value is not None}]


_TOGETHER: dict[str, Callable[[str, Sequence[str], list[Value]], Value]] = {
    "format": lambda argument, _, values: format_values(argument, ["" if one is None else one for one in values]),
    "rights": _rights,
    "member": lambda _, __, values: _member(values),
    "datadisk": lambda _, __, values: _data_disk(values),
}
_CONVERSIONS: dict[str, Callable[[Value, str], Value]] = {
    "not": lambda value, _: _truth(value, False, True),
    "values": _values,
    "format": _format,
    "location": _location,
    "json": _json,
    "pairs": _pairs,
    "keys": _keys,
    "wrap": _wrap,
    "number": _number,
    "text": _text,
    "times": _times,
    "last": _last,
    "idpart": _id_part,
    "split": _split,
    "join": _join,
    "first": _first,
    "when": _when,
    "clause": _clause,
    "clauses": _clauses,
    "part": _part,
    "keypart": _key_part,
    "keyparts": _key_parts,
    "parameters": _parameters,
    "ipfilter": _ip_filter,
    "jsonmap": _json_map,
    "setting": lambda value, argument: {"name": argument, "value": value},
    "constant": lambda _, argument: argument,
    "list": lambda value, _: value if isinstance(value, list) else [value],
}
