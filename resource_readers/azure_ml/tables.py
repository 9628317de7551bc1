"""The tables under data/: which key of a file becomes which property of the request, as data.

kinds:   name -> the resource's type; the keys that make its name; the shape of the file; with `top`, it isn't part
         of a workspace; `anonymous`, the name that the CLI gives one that stands inside of another file.
shapes:  name -> key of the file -> "target | conversion argument". The target is a path below the place where the
         shape is used ("properties.authMode"; "." is the place itself; "~" stands for a dot inside of a name; "-"
         is nowhere: the key has done its work). Without a conversion the value stays as it stands. A list of such
         texts puts it at several places. A key that isn't in the shape stays below `azureml`, see docs/inputs.md.
         $include: other shapes. $constants: what the CLI always sends. $defaults: what it sends where the file
         says nothing. $present: what it sends where a key is there. $whole: a conversion of the whole
             mapping; $finish: one that comes after all others.
enums:   name -> the service's spellings; compared without regard to case, "_", "-" and blanks.
enum_aliases: name -> what the CLI calls otherwise.
schemas, promptflow_schemas: name of a `$schema` -> kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TargetPath = tuple[str, ...]

_DATA = Path(__file__).parent / "data"
_SPACING = str.maketrans("", "", "_- ")


@dataclass(frozen=True, slots=True)
class Rule:
    """What becomes of one key.

    Attributes:
        target: where it goes, below the place of the shape; None for nowhere.
        conversion: name of the conversion; "value" leaves it as it stands.
        argument: its argument, or "".
    """

    target: TargetPath | None
    conversion: str
    argument: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How a mapping is turned; see the module."""

    rules: Mapping[str, tuple[Rule, ...]]
    constants: Mapping[TargetPath, Any]
    defaults: Mapping[TargetPath, Any]
    present: Mapping[str, Mapping[TargetPath, Any]]
    whole: Rule | None
    finish: Rule | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file; see the module. A kind without a type declares no resource."""

    name: str
    type: str
    names: tuple[str, ...]
    shape: str
    top: bool
    anonymous: str


@dataclass(frozen=True, slots=True)
class Tables:
    """All tables."""

    kinds: Mapping[str, Kind]
    shapes: Mapping[str, Shape]
    enums: Mapping[str, Mapping[str, str]]
    schemas: Mapping[str, str]
    promptflow_schemas: Mapping[str, str]


def folded(text: str) -> str:
    """How the spellings of an enumeration are compared."""
    return text.casefold().translate(_SPACING)


@cache
def tables() -> Tables:
    """The tables, read once."""
    import yaml

    sections = ("kinds", "shapes", "enums", "enum_aliases", "schemas", "promptflow_schemas")
    raw: dict[str, dict[str, Any]] = {section: {} for section in sections}
    for file in sorted(_DATA.glob("*.yml")):
        # Every scalar is a text here: "Null" and "Off" are names.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        document = yaml.load(file.read_bytes(), Loader=loader)  # noqa: S506 - it makes nothing but texts
        for section, content in document.items():
            raw[section] |= content
    kinds = {name: _kind(name, one) for name, one in raw["kinds"].items()}
    shapes = {name: _shape(name, raw["shapes"]) for name in raw["shapes"]}
    enums = {name: {folded(one): one for one in values} for name, values in raw["enums"].items()}
    for name, aliases in raw["enum_aliases"].items():
        enums[name] |= {folded(alias): value for alias, value in aliases.items()}
    schemas, flows = ({folded(key): value for key, value in raw[one].items()} for one in sections[4:])
    return Tables(kinds, shapes, enums, schemas, flows)


def _kind(name: str, raw: Mapping[str, Any]) -> Kind:
    return Kind(
        name, raw["type"], tuple(raw["names"]), raw["shape"], raw.get("top") == "true", str(raw.get("anonymous", ""))
    )


def _shape(name: str, shapes: Mapping[str, Mapping[str, Any]]) -> Shape:
    raw = shapes[name]
    rules: dict[str, tuple[Rule, ...]] = {}
    constants: dict[TargetPath, Any] = {}
    defaults: dict[TargetPath, Any] = {}
    present: dict[str, Mapping[TargetPath, Any]] = {}
    whole = finish = None
    for other in raw.get("$include", ()):
        base = _shape(other, shapes)
        rules |= base.rules
        constants |= base.constants
        defaults |= base.defaults
        present |= base.present
    for key, value in raw.items():
        if key == "$constants":
            constants |= _values(value)
        elif key == "$defaults":
            defaults |= _values(value)
        elif key == "$present":
            present |= {one: _values(values) for one, values in value.items()}
        elif key == "$whole":
            whole = _rule(value)
        elif key == "$finish":
            finish = _rule(value)
        elif key != "$include":
            rules[key] = tuple(_rule(one) for one in (value if isinstance(value, list) else [value]))
    return Shape(rules, constants, defaults, present, whole, finish)


def _values(raw: Mapping[str, str]) -> dict[TargetPath, Any]:
    return {_path(key) or (): _value(value) for key, value in raw.items()}


def _value(text: str) -> str | int | bool:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.removeprefix("-").isdigit() else text


def _rule(text: str) -> Rule:
    target, _, conversion = (part.strip() for part in text.partition("|"))
    name, _, argument = (conversion or "value").partition(" ")
    return Rule(_path(target), name, argument.strip())


def _path(text: str) -> TargetPath | None:
    if text == "-":
        return None
    return () if text == "." else tuple(part.replace("~", ".") for part in text.split("."))
