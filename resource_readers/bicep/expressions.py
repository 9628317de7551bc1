"""The expressions of Bicep, as a tree.

A recursive-descent parser with Bicep's own operator precedence. tree-sitter-bicep 1.1.0 was tried first: it reads
`map(xs, x => x.a)` as `(x => x).a` and `a ? b : c[0]` as `(a ? b : c)[0]` without an error node, and a wrong value is
worse than none.
"""

from __future__ import annotations

import re

from resource_readers.bicep.operators import OPERATOR, PRECEDENCE, operation
from resource_readers.bicep.scanning import IDENTIFIER, MAXIMUM_DEPTH, BicepSyntaxError, Place
from resource_readers.bicep.texts import INTERPOLATION, TextParser
from resource_readers.trees.nodes import (
    ArrayNode,
    Call,
    Entry,
    Index,
    Lambda,
    Literal,
    Loop,
    Member,
    Name,
    Node,
    ObjectNode,
    Spread,
)

__all__ = ["INTERPOLATION", "METHOD", "BicepSyntaxError", "ExpressionParser"]

_NUMBER = re.compile(r"[0-9]++(?![A-Za-z0-9_])")
_ARROW = re.compile(r"([A-Za-z_]\w*+)[ \t]*=>")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_NAMESPACES = frozenset({"az", "sys"})
_MAXIMUM_ROW = 1_000
"""Operators, or alternatives of a `? :`, one behind the other."""

METHOD = "method "
"""Begins the name of a call that no file can write: a function called on a value ("method listKeys")."""


class ExpressionParser(TextParser):
    """Reads expressions at a position of a text. All methods raise BicepSyntaxError."""

    def expression(self) -> Node:
        """A whole expression."""
        self.deeper()
        self.blank()
        arrow = _ARROW.match(self.text, self.at)
        if arrow is not None:
            node: Node = self._lambda((arrow.group(1),), arrow.end())
        elif self.starts("(") and (function := self._parenthesised_lambda()) is not None:
            node = function
        else:
            node = self._alternatives()
        self.higher()
        return node

    def _lambda(self, names: tuple[str, ...], body: int) -> Lambda:
        place = self.place()
        self.at = body
        self.blank_lines()
        return Lambda(names, self.expression(), *place)

    def _parenthesised_lambda(self) -> Lambda | None:
        """`(a, b) => body`; None if what stands in brackets here is something else."""
        start = self.at
        names: list[str] = []
        self.at += 1
        self.blank_lines()
        while (name := IDENTIFIER.match(self.text, self.at)) is not None:
            names.append(name.group())
            self.at = name.end()
            self.blank_lines()
            if not self.starts(","):
                break
            self.at += 1
            self.blank_lines()
        body = -1
        if self.starts(")"):
            self.at += 1
            self.blank()
            body = self.at + 2 if self.starts("=>") else -1
        self.at = start
        return self._lambda(tuple(names), body) if body > 0 else None

    def _alternatives(self) -> Node:
        """`a`, or `a ? b : c` where `c` may be one of these again; without recursion, as chains of them get long."""
        chain: list[tuple[Place, Node, Node]] = []
        while True:
            self.blank()
            place = self.place()
            node = self._binary(0)
            if not self.continues("?") or self.starts("??"):
                break
            self.at += 1
            self.blank_lines()
            first = self.expression()
            if not self.continues(":"):
                raise self.error(": expected")
            self.at += 1
            self.blank_lines()
            chain.append((place, node, first))
            if len(chain) > _MAXIMUM_ROW:
                raise self.error(f"more than {_MAXIMUM_ROW:,} alternatives in a row")
        for place, condition, first in reversed(chain):
            node = Call("if", (condition, first, node), *place)
        return node

    def _operator(self) -> str:
        """The operator that comes next, without moving over it; "" if there is none."""
        self.blank()
        if self.at_line_end() and not self.continues("&&", "||", "??"):
            return ""
        match = OPERATOR.match(self.text, self.at)
        return match.group() if match is not None else ""

    def _binary(self, above: int) -> Node:
        """Operands joined by operators that bind closer than `above`."""
        self.blank()
        place = self.place()
        left = self._unary()
        for count in range(_MAXIMUM_ROW + 1):
            before = self.at
            sign = self._operator()
            precedence = PRECEDENCE.get(sign, 0)
            if precedence <= above:
                self.at = before
                return left
            if count == _MAXIMUM_ROW:
                break
            self.at += len(sign)
            self.blank_lines()
            left = operation(sign, left, self._binary(precedence), place)
        raise self.error(f"more than {_MAXIMUM_ROW:,} operators in a row")

    def _unary(self) -> Node:
        self.blank()
        place = self.place()
        sign = self.text[self.at : self.at + 1]
        if sign not in ("!", "-", "+"):
            return self._suffixes(self._primary())
        self.deeper()
        self.at += 1
        value = self._unary()
        self.higher()
        if sign == "!":
            return Call("not", (value,), *place)
        if isinstance(value, Literal) and isinstance(value.value, int) and not isinstance(value.value, bool):
            return Literal(-value.value if sign == "-" else value.value, *place)
        return Call("sub" if sign == "-" else "add", (Literal(0, *place), value), *place)

    def _primary(self) -> Node:
        if self.at_text():
            return self.string()
        place = self.place()
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            if len(number.group()) > 400:
                raise self.error("a number with more than 400 digits")
            self.at = number.end()
            return Literal(int(number.group()), *place)
        if self.starts("("):
            self.at += 1
            self.blank_lines()
            value = self.expression()
            self.blank_lines()
            self.expect(")")
            return value
        if self.starts("["):
            return self._array()
        if self.starts("{"):
            return self.object_node()
        name = self.identifier()
        if name in _CONSTANTS:
            return Literal(_CONSTANTS[name], *place)
        return self._call(name, place) if self._called() else Name(name, *place)

    def _suffixes(self, node: Node) -> Node:
        place = (node.line, node.column)
        for _ in range(MAXIMUM_DEPTH):
            before = self.at
            self.blank()
            if self.starts("::"):
                self.at += 2
                if not isinstance(node, Name):
                    raise self.error(":: after something that is no resource")
                node = Name(f"{node.name}::{self.identifier()}", *place)
            elif self.starts(".") and not self.starts("..."):
                node = self._access(node, place)
            elif self.starts("["):
                node = self._index(node, place)
            elif self.starts("!") and not self.starts("!=") and not self.starts("!~"):
                self.at += 1  # "it isn't null": changes nothing
            else:
                self.at = before
                return node
        raise self.error(f"more than {MAXIMUM_DEPTH} property accesses in a row")

    def _index(self, node: Node, place: Place) -> Node:
        self.at += 1
        safe = self.take("?")
        from_end = self.take("^")
        self.blank_lines()
        index = self.expression()
        self.blank_lines()
        self.expect("]")
        if from_end:
            return Call("tryIndexFromEnd" if safe else "indexFromEnd", (node, index), *place)
        return Index(node, index, safe, *place)

    def _access(self, node: Node, place: Place) -> Node:
        self.at += 1
        safe = self.take("?")
        name = self.identifier()
        if not self._called():
            return Member(node, name, safe, *place)
        if isinstance(node, Name) and node.name in _NAMESPACES:
            return self._call(name, place)
        return Call(METHOD + name, (node, *self._arguments()), *place)

    def _called(self) -> bool:
        """Whether an argument list follows, spaces before it or not."""
        before = self.at
        self.blank()
        if self.starts("("):
            return True
        self.at = before
        return False

    def _call(self, name: str, place: Place) -> Node:
        arguments = self._arguments()
        if name != "nameof":
            return Call(name, arguments, *place)
        return Literal(_own_name(arguments[0]) if len(arguments) == 1 else "", *place)

    def _arguments(self) -> tuple[Node, ...]:
        self.expect("(")
        arguments: list[Node] = []
        self.blank_lines()
        while not self.starts(")"):
            arguments.append(self.expression())
            self.blank_lines()
            if self.starts(","):
                self.at += 1
                self.blank_lines()
            elif not self.starts(")"):
                raise self.error("a comma or ) expected")
        self.at += 1
        return tuple(arguments)

    def _array(self) -> Node:
        place = self.place()
        self.expect("[")
        self.blank_lines()
        if self.word() == "for":
            return self._for(place)
        items: list[Node] = []
        while not self.starts("]"):
            items.append(self._item())
            self.separator("]")
        self.at += 1
        return ArrayNode(tuple(items), *place)

    def _item(self) -> Node:
        """A value of an array, or `...value`."""
        place = self.place()
        if self.take("..."):
            return Spread(self.expression(), *place)
        return self.expression()

    def for_head(self) -> tuple[Node, str, str]:
        """`for item in over:` or `for (item, index) in over:`: over, item, index."""
        self.expect_word("for")
        index = ""
        if self.take("("):
            item = self.identifier()
            self.expect(",")
            index = self.identifier()
            self.expect(")")
        else:
            item = self.identifier()
        self.expect_word("in")
        over = self.expression()
        self.expect(":")
        self.blank_lines()
        return over, item, index

    def _for(self, place: Place) -> Loop:
        over, item, index = self.for_head()
        condition = self.condition()
        body = self.expression()
        self.blank_lines()
        self.expect("]")
        return Loop(over, item, index, condition, body, False, *place)

    def condition(self) -> Node | None:
        """`if (...)`, or None."""
        if not self.take_word("if"):
            return None
        self.expect("(")
        self.blank_lines()
        condition = self.expression()
        self.blank_lines()
        self.expect(")")
        self.blank_lines()
        return condition

    def object_node(self) -> ObjectNode:
        """`{...}` without nested resources."""
        place = self.place()
        self.expect("{")
        entries: list[Entry] = []
        keys: set[str] = set()
        self.blank_lines()
        while not self.starts("}"):
            entries.append(self.entry(keys))
            self.separator("}")
        self.at += 1
        return ObjectNode(tuple(entries), *place)

    def entry(self, keys: set[str]) -> Entry:
        """One `key: value` or `...value`; `keys` are those that were there before, and gets its own."""
        place = self.place()
        if self.take("..."):
            return Entry("", Spread(self.expression(), *place), *place)
        key: str | Node
        if self.at_text():
            made = self.string()
            key = made.value if isinstance(made, Literal) and isinstance(made.value, str) else made
        else:
            key = self.identifier()
        if isinstance(key, str):
            if key in keys:
                raise self.error(f"the key {key!r} stands twice")
            keys.add(key)
        self.expect(":")
        self.blank_lines()
        return Entry(key, self.expression(), *place)


def _own_name(node: Node) -> str:
    """What nameof() gives."""
    match node:
        case Name():
            return node.name.rpartition("::")[2]
        case Member():
            return node.name
        case Index(index=Literal(value=str() as key)):
            return key
    return ""
