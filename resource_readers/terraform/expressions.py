"""The expressions of Terraform's language (HCL 2), as trees.

A parser of our own: tree-sitter-hcl reads `a ? b : c ? d : e` as `(a ? b : c) ? d : e` without an error node, and
python-hcl2 takes seconds for a large file and keeps no columns. One pass, linear, bounded in depth.
"""

from __future__ import annotations

from resource_readers.terraform.scanning import BINARY, DIGITS, IDENTIFIER, Scanner, SyntaxProblem
from resource_readers.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Each,
    Entry,
    For,
    Index,
    Literal,
    Member,
    Name,
    Node,
    ObjectNode,
    Splat,
    TupleNode,
    Unary,
)
from resource_readers.terraform.templates import TemplateReader

MAXIMUM_DEPTH = 60
MAXIMUM_CHAIN = 200
"""Operators, members or signs in a row, which nest from the left."""

_PRECEDENCE = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, ">": 4, "<=": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6,
}  # fmt: skip
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


class ExpressionParser(Scanner):
    """Reads expressions from where it stands."""

    def __init__(self, text: str, at: int = 0) -> None:
        super().__init__(text, at)
        self._depth = 0

    def expression(self) -> Node:
        """One expression. Raises SyntaxProblem."""
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise SyntaxProblem(f"nested deeper than {MAXIMUM_DEPTH} levels", self.at)
        node = self._binary(1)
        if self.peek() == "?":
            at = self.at
            self.at += 1
            then = self.expression()
            self.take(":")
            node = Conditional(node, then, self.expression(), at)
        self._depth -= 1
        return node

    def template(self) -> Node:
        """The whole text as a template file. Raises SyntaxProblem."""
        return TemplateReader(self, self.expression).file()

    def json_text(self) -> Node:
        """The whole text as it stands in a JSON file. Raises SyntaxProblem."""
        return TemplateReader(self, self.expression).interpolated()

    def _binary(self, minimum: int) -> Node:
        left = self._unary()
        for _ in range(MAXIMUM_CHAIN):
            self.peek()
            match = BINARY.match(self.text, self.at)
            if match is None or (level := _PRECEDENCE[match.group()]) < minimum:
                return left
            at, self.at = self.at, match.end()
            left = Binary(match.group(), left, self._binary(level + 1), at)
        raise SyntaxProblem(f"more than {MAXIMUM_CHAIN} operators in a row", self.at)

    def _unary(self) -> Node:
        signs: list[tuple[str, int]] = []
        while (character := self.peek()) in ("!", "-"):
            if not character:
                break
            signs.append((character, self.at))
            self.at += 1
        if len(signs) > MAXIMUM_DEPTH:
            raise SyntaxProblem(f"more than {MAXIMUM_DEPTH} signs in a row", self.at)
        node = self._postfix(self._term(), bare=False)
        for sign, at in reversed(signs):
            node = Unary(sign, node, at)
        return node

    def _term(self) -> Node:
        character = self.peek()
        at = self.at
        if character == '"':
            return TemplateReader(self, self.expression).quoted()
        if (match := IDENTIFIER.match(self.text, at)) is not None:
            self.at = match.end()
            return self._named(match.group(), at)
        if character.isdigit() and (number := self.number()) is not None:
            return Literal(number, at)
        if character == "(":
            self.at += 1
            outer, self.lines = self.lines, True
            node = self.expression()
            self.take(")")
            self.lines = outer
            return node
        if character == "[":
            return self._tuple()
        if character == "{":
            return self._object()
        if self.text.startswith("<<", at):
            return TemplateReader(self, self.expression).heredoc()
        raise SyntaxProblem("an expression is missing", at)

    def _named(self, name: str, at: int) -> Node:
        while self.text.startswith("::", self.at):
            self.at += 2
            name += "::" + self.identifier()
        if self.peek() == "(":
            return self._call(name, at)
        return Literal(_WORDS[name], at) if name in _WORDS else Name(name, at)

    def _call(self, name: str, at: int) -> Call:
        self.at += 1
        outer, self.lines = self.lines, True
        arguments: list[Node] = []
        expand = False
        while self.peek() != ")":
            arguments.append(self.expression())
            if self.accept("..."):
                expand = True
                break
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        self.lines = outer
        return Call(name, tuple(arguments), expand, at)

    def _postfix(self, node: Node, *, bare: bool) -> Node:
        """Members and indexes behind a term; with `bare`, only members (what follows `.*`)."""
        for _ in range(MAXIMUM_CHAIN):
            character = self.peek()
            at = self.at
            if character == "." and not self.text.startswith("...", at):
                self.at += 1
                self.peek()
                if not bare and self.text.startswith("*", self.at):
                    self.at += 1
                    node = self._splat(node, at, bare=True)
                else:
                    node = self._member(node, at)
            elif character == "[" and not bare:
                node = self._index(node, at)
            else:
                return node
        raise SyntaxProblem(f"more than {MAXIMUM_CHAIN} members in a row", self.at)

    def _member(self, node: Node, at: int) -> Node:
        if (name := IDENTIFIER.match(self.text, self.at)) is not None:
            self.at = name.end()
            return Member(node, name.group(), at)
        if (digits := DIGITS.match(self.text, self.at)) is not None and len(digits.group()) < 20:
            self.at = digits.end()
            return Index(node, Literal(int(digits.group()), at), at)
        raise SyntaxProblem("a name is missing after the point", self.at)

    def _index(self, node: Node, at: int) -> Node:
        self.at += 1
        outer, self.lines = self.lines, True
        if self.peek() == "*":
            self.at += 1
            self.take("]")
            self.lines = outer
            return self._splat(node, at, bare=False)
        key = self.expression()
        self.take("]")
        self.lines = outer
        return Index(node, key, at)

    def _splat(self, node: Node, at: int, *, bare: bool) -> Node:
        """What stands behind `[*]` or `.*` belongs to each element."""
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise SyntaxProblem(f"nested deeper than {MAXIMUM_DEPTH} levels", self.at)
        splat = Splat(node, self._postfix(Each(at), bare=bare), at)
        self._depth -= 1
        return splat

    def _for(self, at: int, close: str) -> Node | None:
        """What stands in brackets if it begins with `for`."""
        match = IDENTIFIER.match(self.text, self.at)
        if match is None or match.group() != "for":
            return None
        self.at = match.end()
        key, value = "", self.identifier()
        if self.accept(","):
            key, value = value, self.identifier()
        if self.identifier() != "in":
            raise SyntaxProblem("'in' is missing", self.at)
        over = self.expression()
        self.take(":")
        result_key = None
        body = self.expression()
        group = False
        if close == "}":
            self.take("=>")
            result_key, body = body, self.expression()
            group = self.accept("...")
        condition = None
        if self.peek() != close:
            if self.identifier() != "if":
                raise SyntaxProblem(f"'if' or {close!r} is missing", self.at)
            condition = self.expression()
        self.take(close)
        return For(key, value, over, result_key, body, condition, group, at)

    def _tuple(self) -> Node:
        at = self.at
        self.at += 1
        outer, self.lines = self.lines, True
        self.peek()
        node = self._for(at, "]")
        if node is None:
            items: list[Node] = []
            while self.peek() != "]":
                items.append(self.expression())
                if self.peek() != "]":
                    self.take(",")
            self.at += 1
            node = TupleNode(tuple(items), at)
        self.lines = outer
        return node

    def _object(self) -> Node:
        at = self.at
        self.at += 1
        outer, self.lines = self.lines, True
        self.peek()
        node = self._for_object(at)
        if node is None:
            entries: list[Entry] = []
            while self.skip_lines() != "}":
                entries.append(self._entry())
            self.at += 1
            node = ObjectNode(tuple(entries), at)
        self.lines = outer
        return node

    def _for_object(self, at: int) -> Node | None:
        """A `for` in braces; `{for = 1}` is none."""
        match = IDENTIFIER.match(self.text, self.at)
        if match is None or match.group() != "for":
            return None
        start, self.at = self.at, match.end()
        following = self.peek()
        self.at = start
        return None if following in ("=", ":") else self._for(at, "}")

    def _entry(self) -> Entry:
        at = self.at
        self.lines = False
        name = IDENTIFIER.match(self.text, at)
        if name is not None:
            self.at = name.end()
            if self.peek() in ("=", ":") and not self.text.startswith("::", self.at):
                key: Node = Literal(name.group(), at)  # a bare name is a text
            else:
                self.at = at
                key = self.expression()
        else:
            key = self.expression()
        if not self.accept(":"):
            self.take("=")
        value = self.expression()
        character = self.peek()
        if character == ",":
            self.at += 1
        elif character not in ("\n", "}"):
            raise SyntaxProblem("a comma or a line break is missing", self.at)
        self.lines = True
        return Entry(key, value, at)
