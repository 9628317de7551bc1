"""The expressions of Bicep, as a tree.

A recursive-descent parser with Bicep's own operator precedence. tree-sitter-bicep 1.1.0 was tried first: it reads
`map(xs, x => x.a)` as `(x => x).a` and `a ? b : c[0]` as `(a ? b : c)[0]` without an error node, and a wrong value is
worse than none.
"""

from __future__ import annotations

import bisect
import re

from resource_readers.bicep.operators import OPERATORS, operation
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

MAXIMUM_DEPTH = 40

MAXIMUM_NODES = 200_000

# Comments over several lines are skipped apart: one that doesn't end must not be searched for again and again.
_BLANK = re.compile(r"(?:[ \t\ufeff]+|//[^\r\n]*|#[^\r\n]*)*+")
_BLANK_LINES = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\r\n]*|#[^\r\n]*)*+")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"[0-9]+(?![A-Za-z0-9_])")
_TEXT_PART = re.compile(r"(?:[^'\\$\r\n]|\$(?!\{))++")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|([nrt'\\$]))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}
_LAMBDA = re.compile(r"(?:([A-Za-z_]\w*)|\(\s*((?:[A-Za-z_]\w*\s*(?:,\s*[A-Za-z_]\w*\s*)*)?)\))[ \t]*=>")
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_NAMESPACES = frozenset({"az", "sys"})

INTERPOLATION = "interpolated text"
METHOD = "method "
"""Names of calls that no file can write: an interpolated text, and a function called on a value ("method listKeys")."""


class BicepSyntaxError(Exception):
    """The text is no Bicep, or Bicep that isn't understood. `position` is an index into the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class ExpressionParser:
    """Reads expressions at a position of a text. All methods raise BicepSyntaxError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._depth = 0
        self._nodes = 0
        self._last_comment_end = text.rfind("*/")
        self._newlines = [match.start() for match in re.finditer("\n", text)]

    def reset_depth(self) -> None:
        """To be called after an error, before reading goes on."""
        self._depth = 0

    def line(self, position: int | None = None) -> int:
        """1-based line of a position, or of the current one."""
        return bisect.bisect_left(self._newlines, self.at if position is None else position) + 1

    def error(self, message: str) -> BicepSyntaxError:
        """An error at the current position."""
        return BicepSyntaxError(message, self.at)

    def blank(self) -> None:
        """Skips spaces and comments."""
        self._skip(_BLANK)

    def blank_lines(self) -> None:
        """Skips spaces, comments and line breaks."""
        self._skip(_BLANK_LINES)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        while True:
            match = pattern.match(self.text, self.at)
            self.at = match.end() if match else self.at
            if not self.starts("/*"):
                return
            self.comment()

    def comment(self) -> None:
        """Moves over the comment that begins here."""
        if self._last_comment_end < self.at + 2:
            raise self.error("a comment that doesn't end")
        self.at = self.text.index("*/", self.at + 2) + 2

    def starts(self, sign: str) -> bool:
        """Whether the sign stands here."""
        return self.text.startswith(sign, self.at)

    def take(self, sign: str) -> bool:
        """Skips spaces and the sign if it stands there."""
        self.blank()
        if not self.starts(sign):
            return False
        self.at += len(sign)
        return True

    def expect(self, sign: str) -> None:
        """The sign must stand here."""
        if not self.take(sign):
            raise self.error(f"{sign} expected")

    def word(self) -> str:
        """The identifier that comes next, without moving; "" if there is none."""
        self.blank()
        match = IDENTIFIER.match(self.text, self.at)
        return match.group() if match else ""

    def identifier(self) -> str:
        """An identifier."""
        name = self.word()
        if not name:
            raise self.error("a name expected")
        self.at += len(name)
        return name

    def expression(self) -> Node:
        """A whole expression."""
        self._depth += 1
        self._nodes += 1
        if self._depth > MAXIMUM_DEPTH:
            raise self.error(f"nested deeper than {MAXIMUM_DEPTH} levels")
        if self._nodes > MAXIMUM_NODES:
            raise self.error(f"more than {MAXIMUM_NODES:,} values")
        try:
            self.blank()
            function = _LAMBDA.match(self.text, self.at)
            if function is not None:
                return self._lambda(function)
            return self._ternary()
        finally:
            self._depth -= 1

    def _lambda(self, match: re.Match[str]) -> Lambda:
        line = self.line()
        names = match.group(1) or match.group(2) or ""
        self.at = match.end()
        self.blank_lines()
        return Lambda(tuple(name.strip() for name in names.split(",") if name.strip()), self.expression(), line)

    def _continues(self, *signs: str) -> bool:
        """Moves over line breaks if one of the signs comes after them; stays where it is otherwise."""
        before = self.at
        self.blank_lines()
        if any(self.starts(sign) for sign in signs):
            return True
        self.at = before
        return False

    def _ternary(self) -> Node:
        condition = self._binary(0)
        line = self.line()
        self.blank()
        if not self._continues("?") or self.starts("??"):
            return condition
        self.at += 1
        self.blank_lines()
        first = self.expression()
        if not self._continues(":"):
            raise self.error(": expected")
        self.at += 1
        self.blank_lines()
        return Call("if", (condition, first, self.expression()), line)

    def _operator(self, level: int) -> str:
        self.blank()
        if not self._continues("&&", "||", "??"):
            self.blank()
        for sign in OPERATORS[level]:
            if self.starts(sign) and not (sign in ("<", ">") and self.text.startswith("=", self.at + 1)):
                return sign
        return ""

    def _binary(self, level: int) -> Node:
        if level == len(OPERATORS):
            return self._unary()
        left = self._binary(level + 1)
        count = 0
        before = self.at
        while sign := self._operator(level):
            count += 1
            if count > 1_000:
                raise self.error("more than 1,000 operators in a row")
            line = self.line()
            self.at += len(sign)
            self.blank_lines()
            left = operation(sign, left, self._binary(level + 1), line)
            before = self.at
        self.at = before
        return left

    def _unary(self) -> Node:
        self.blank()
        line = self.line()
        if self.starts("!") and not self.starts("!=") and not self.starts("!~"):
            self.at += 1
            return Call("not", (self._nested_unary(),), line)
        if self.starts("-"):
            self.at += 1
            value = self._nested_unary()
            if isinstance(value, Literal) and isinstance(value.value, int) and not isinstance(value.value, bool):
                return Literal(-value.value, line)
            return Call("sub", (Literal(0, line), value), line)
        return self._suffixes(self._primary())

    def _nested_unary(self) -> Node:
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise self.error(f"nested deeper than {MAXIMUM_DEPTH} levels")
        try:
            return self._unary()
        finally:
            self._depth -= 1

    def _primary(self) -> Node:
        line = self.line()
        if self.starts("'"):
            return self.string()
        number = _NUMBER.match(self.text, self.at)
        if number is not None:
            if len(number.group()) > 400:
                raise self.error("a number with more than 400 digits")
            self.at = number.end()
            return Literal(int(number.group()), line)
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
            return Literal(_CONSTANTS[name], line)
        if self._called():
            return Call(name, self._arguments(), line)
        return Name(name, line)

    def _suffixes(self, node: Node) -> Node:
        count = 0
        while True:
            count += 1
            if count > MAXIMUM_DEPTH:
                raise self.error(f"more than {MAXIMUM_DEPTH} property accesses in a row")
            before = self.at
            self.blank()
            line = self.line()
            if self.starts("::"):
                self.at += 2
                if not isinstance(node, Name):
                    raise self.error(":: after something that is no resource")
                node = Name(f"{node.name}::{self.identifier()}", line)
            elif self.starts("."):
                node = self._access(node, line)
            elif self.starts("["):
                self.at += 1
                safe = self.take("?")
                self.blank_lines()
                index = self.expression()
                self.blank_lines()
                self.expect("]")
                node = Index(node, index, safe, line)
            elif self.starts("!") and not self.starts("!=") and not self.starts("!~"):
                self.at += 1  # "it isn't null": changes nothing
            else:
                self.at = before
                return node

    def _access(self, node: Node, line: int) -> Node:
        self.at += 1
        safe = self.take("?")
        name = self.identifier()
        if not self._called():
            return Member(node, name, safe, line)
        arguments = self._arguments()
        if isinstance(node, Name) and node.name in _NAMESPACES:
            return Call(name, arguments, line)
        return Call(METHOD + name, (node, *arguments), line)

    def _called(self) -> bool:
        """Whether an argument list follows, spaces before it or not."""
        before = self.at
        self.blank()
        if self.starts("("):
            return True
        self.at = before
        return False

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
        line = self.line()
        self.expect("[")
        self.blank_lines()
        if self.word() == "for":
            node = self._for(line)
            self.blank_lines()
            self.expect("]")
            return node
        items: list[Node] = []
        while not self.starts("]"):
            items.append(self.spread_or_expression())
            self.separator("]")
        self.at += 1
        return ArrayNode(tuple(items), line)

    def spread_or_expression(self) -> Node:
        """A value of an array, or `...value`."""
        line = self.line()
        if self.take("..."):
            return Spread(self.expression(), line)
        return self.expression()

    def separator(self, end: str) -> None:
        """Between two items: a comma, a line break, or the end."""
        before = self.line()
        self.blank_lines()
        if self.starts(","):
            self.at += 1
            self.blank_lines()
        elif not self.starts(end) and self.line() == before:
            raise self.error(f"a comma, a new line or {end} expected")

    def for_head(self) -> tuple[Node, str, str]:
        """`for item in over:` or `for (item, index) in over:`: over, item, index."""
        if self.identifier() != "for":
            raise self.error("for expected")
        index = ""
        if self.take("("):
            item = self.identifier()
            self.expect(",")
            index = self.identifier()
            self.expect(")")
        else:
            item = self.identifier()
        if self.identifier() != "in":
            raise self.error("in expected")
        over = self.expression()
        self.expect(":")
        self.blank_lines()
        return over, item, index

    def _for(self, line: int) -> Loop:
        over, item, index = self.for_head()
        condition = self.condition()
        return Loop(over, item, index, condition, self.expression(), False, line)

    def condition(self) -> Node | None:
        """`if (...)`, or None."""
        if self.word() != "if":
            return None
        self.identifier()
        self.expect("(")
        self.blank_lines()
        condition = self.expression()
        self.blank_lines()
        self.expect(")")
        self.blank_lines()
        return condition

    def object_node(self) -> ObjectNode:
        """`{...}` without nested resources."""
        line = self.line()
        self.expect("{")
        entries: list[Entry] = []
        self.blank_lines()
        while not self.starts("}"):
            self.entry(entries)
            self.separator("}")
        self.at += 1
        return ObjectNode(tuple(entries), line)

    def entry(self, entries: list[Entry]) -> None:
        """One `key: value` or `...value`."""
        line = self.line()
        if self.take("..."):
            entries.append(Entry("", Spread(self.expression(), line), line))
            return
        key: str | Node
        if self.starts("'"):
            made = self.string()
            key = made.value if isinstance(made, Literal) and isinstance(made.value, str) else made
        else:
            key = self.identifier()
        if isinstance(key, str) and any(entry.key == key for entry in entries if key):
            raise self.error(f"the key {key!r} stands twice")
        self.expect(":")
        self.blank_lines()
        entries.append(Entry(key, self.expression(), line))

    def string(self) -> Node:
        """A text, with or without `${...}` in it, on one line or several."""
        line = self.line()
        if self.starts("'''"):
            end = self.text.find("'''", self.at + 3)
            if end < 0:
                raise self.error("a text that doesn't end")
            while self.text.startswith("'", end + 3):  # quotes before the closing ones belong to the text
                end += 1
            value = self.text[self.at + 3 : end].removeprefix("\r\n").removeprefix("\n")
            self.at = end + 3
            return Literal(value, line)
        self.at += 1
        parts: list[Node] = []
        while not self.starts("'"):
            parts.append(self._text_part(line))
        self.at += 1
        if all(isinstance(part, Literal) for part in parts):
            return Literal("".join(str(part.value) for part in parts if isinstance(part, Literal)), line)
        return Call(INTERPOLATION, tuple(parts), line)

    def _text_part(self, line: int) -> Node:
        plain = _TEXT_PART.match(self.text, self.at)
        if plain is not None:
            self.at = plain.end()
            return Literal(plain.group(), line)
        escape = _ESCAPE.match(self.text, self.at)
        if escape is not None:
            self.at = escape.end()
            code = int(escape.group(1), 16) if escape.group(1) else 0
            if code > 0x10FFFF:
                raise self.error("no character")
            return Literal(chr(code) if escape.group(1) else _ESCAPES[escape.group(2)], line)
        if not self.starts("${"):
            raise self.error("a text that doesn't end, or an unknown escape")
        self.at += 2
        self.blank_lines()
        value = self.expression()
        self.blank_lines()
        self.expect("}")
        # Kept apart from plain text, so that a literal inside stays one part of an interpolation.
        return Call(INTERPOLATION, (value,), line)
