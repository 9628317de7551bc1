"""The tree of a Terraform file. Places are offsets into its text; `SourceText` turns them into line and column."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from resource_readers.trees.lines import line_ends
from resource_readers.trees.nodes import Position


class SourceText:
    """The text of a file, and where its lines begin."""

    def __init__(self, shown: str, text: str) -> None:
        self.shown = shown
        self.text = text
        self._newlines: list[int] | None = None

    def position(self, at: int) -> Position:
        """1-based line and column of an offset."""
        if self._newlines is None:
            self._newlines = line_ends(self.text)
        before = bisect.bisect_left(self._newlines, at)
        return Position(before + 1, at - (self._newlines[before - 1] if before else -1))

    def offset(self, line: int, column: int) -> int:
        """The offset of a 1-based line and column."""
        if self._newlines is None:
            self.position(0)
        assert self._newlines is not None
        start = self._newlines[line - 2] + 1 if line > 1 else 0
        return start + max(column - 1, 0)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, truth value or null."""

    value: str | int | Decimal | bool | None
    at: int


@dataclass(frozen=True, slots=True)
class Template:
    """A text with interpolations; `parts` are texts and expressions in turn."""

    parts: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class TemplateIf:
    """`%{ if condition }...%{ else }...%{ endif }`."""

    condition: Node
    then: Node
    otherwise: Node
    at: int


@dataclass(frozen=True, slots=True)
class TemplateFor:
    """`%{ for key, value in over }...%{ endfor }`; `key` is "" where there is none."""

    key: str
    value: str
    over: Node
    body: Node
    at: int


@dataclass(frozen=True, slots=True)
class TupleNode:
    """`[a, b]`."""

    items: tuple[Node, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Entry:
    """`key = value`."""

    key: Node
    value: Node
    at: int


@dataclass(frozen=True, slots=True)
class ObjectNode:
    """`{key = value}` in the file's order."""

    entries: tuple[Entry, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Name:
    """The first name of a traversal (`var`, `local`, `each`, a resource type ...)."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Member:
    """`base.name`."""

    base: Node
    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Index:
    """`base[key]`, also `base.0`."""

    base: Node
    key: Node
    at: int


@dataclass(frozen=True, slots=True)
class Each:
    """The element of the splat around it."""

    at: int


@dataclass(frozen=True, slots=True)
class Splat:
    """`base[*].rest` or `base.*.rest`: `each` is the rest, over an Each."""

    base: Node
    each: Node
    at: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function call; with `expand`, the last argument is a list of arguments."""

    name: str
    arguments: tuple[Node, ...]
    expand: bool
    at: int


@dataclass(frozen=True, slots=True)
class Conditional:
    """`condition ? then : otherwise`."""

    condition: Node
    then: Node
    otherwise: Node
    at: int


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand` or `-operand`."""

    operator: str
    operand: Node
    at: int


@dataclass(frozen=True, slots=True)
class Binary:
    """`left operator right`."""

    operator: str
    left: Node
    right: Node
    at: int


@dataclass(frozen=True, slots=True)
class For:
    """`[for key, value in over : body if condition]`, or with `result_key` `{for ... : result_key => body}`.

    `key` is "" where there is none; `group` is `body...`.
    """

    key: str
    value: str
    over: Node
    result_key: Node | None
    body: Node
    condition: Node | None
    group: bool
    at: int


@dataclass(frozen=True, slots=True)
class Embedded:
    """An expression from a text of a JSON file: the places in `node` are offsets into that text, not into the file."""

    node: Node
    at: int


Node: TypeAlias = (
    Embedded
    | Literal
    | Template
    | TemplateIf
    | TemplateFor
    | TupleNode
    | ObjectNode
    | Name
    | Member
    | Index
    | Each
    | Splat
    | Call
    | Conditional
    | Unary
    | Binary
    | For
)


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = value` in a block; `foreign` if an override file gave it (then `at` is an offset there)."""

    name: str
    value: Node
    at: int
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" { ... }`; `foreign` as in Attribute."""

    type: str
    labels: tuple[str, ...]
    body: Body
    at: int
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """What stands in a block or a file: attributes by name, and blocks in the file's order."""

    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A statement that was not understood."""

    reason: str
    at: int
    may_hold_resources: bool = True


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A parsed file."""

    source: SourceText
    body: Body
    broken: tuple[Broken, ...] = ()
