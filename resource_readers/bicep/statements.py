"""The statements of a Bicep file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from resource_readers.trees.nodes import Lambda, Node, ObjectNode


@dataclass(frozen=True, slots=True)
class TargetScope:
    """`targetScope = 'subscription'`."""

    level: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Parameter:
    """`param name type = default`; `default` is None and `written` (the type) "" where there is none."""

    name: str
    default: Node | None
    nullable: bool
    line: int
    column: int = 0
    written: str = ""


@dataclass(frozen=True, slots=True)
class Variable:
    """`var name = value`."""

    name: str
    value: Node
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Output:
    """`output name type = value`."""

    name: str
    value: Node
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Function:
    """`func name(a string) string => body`."""

    name: str
    function: Lambda
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Import:
    """`import {a as b} from 'file'` or `import * as b from 'file'`; pairs of the name there ("*" for all) and here."""

    path: str
    names: tuple[tuple[str, str], ...]
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Rounds:
    """The `for` around a resource or module: see syntax.Loop."""

    over: Node
    item: str
    index: str


@dataclass(frozen=True, slots=True)
class Deployable:
    """A resource or a module.

    Attributes:
        symbol: its name in the file.
        target: "type@version" of a resource, path of a module.
        module: whether it is a module.
        existing: whether it is only referred to.
        rounds: its loop, or None.
        condition: its `if`, or None.
        body: its properties, without the resources nested in it.
        nested: those.
    """

    symbol: str
    target: str
    module: bool
    existing: bool
    rounds: Rounds | None
    condition: Node | None
    body: ObjectNode
    nested: tuple[Deployable, ...]
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class ParameterSource:
    """`using 'file'`, `using none` or `extends 'file'` of a parameter file; `path` is "" for none."""

    keyword: str
    path: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class TypeDeclaration:
    """`type name = ...`; the type as it is written."""

    name: str
    written: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something that declares neither a value nor a resource: metadata, an assertion, a test, an extension."""

    keyword: str
    line: int
    column: int = 0


@dataclass(frozen=True, slots=True)
class Misread:
    """A statement that was not understood, `symbol` being the name that it declares, as far as that was seen."""

    reason: str
    symbol: str
    line: int
    column: int = 0


Statement: TypeAlias = (
    TargetScope
    | Parameter
    | Variable
    | Output
    | Function
    | Import
    | Deployable
    | ParameterSource
    | TypeDeclaration
    | Ignored
    | Misread
)
