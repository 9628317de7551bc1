"""The expressions of ARM templates: `[concat(parameters('a'), '-x')]` as a tree."""

from __future__ import annotations

import functools
import re

from resource_readers.trees.nodes import (
    ArrayNode,
    Call,
    Entry,
    Index,
    Lambda,
    Literal,
    Loop,
    Member,
    Node,
    ObjectNode,
    Unreadable,
)

MAXIMUM_DEPTH = 60
MAXIMUM_CHARACTERS = 24_576 * 4
"""Azure Resource Manager itself stops at 24,576 characters; compiled Bicep can be longer before it is deployed."""
MAXIMUM_DIGITS = 300

_TOKEN = re.compile(
    r"\s*+(?:(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>-?[0-9]+(?:\.[0-9]+)?)|(?P<text>'(?:[^']|'')*+')|(?P<sign>[().,?\[\]]))"
)


class ExpressionError(ValueError):
    """The text is no expression. `refused`: nor could it be one for Azure Resource Manager."""

    refused = False


class NotACallError(ExpressionError):
    """A name stands where only a function call, a text or a number can."""

    refused = True


def is_expression(text: str) -> bool:
    """Whether a text of a template is evaluated. `[[` at the start is an escaped bracket."""
    return text.startswith("[") and text.endswith("]") and not text.startswith("[[")


def parse_text(text: str, line: int, column: int = 0) -> Node:
    """A text of a template as a tree: a literal, an expression, or Unreadable with the reason."""
    if not is_expression(text):
        return Literal(text[1:] if text.startswith("[[") else text, line, column)
    if len(text) > _CACHED_CHARACTERS:
        return _parsed(text[1:-1], line, column)
    made = _shared(text[1:-1])
    return Unreadable(made.reason, line, column, made.refused) if isinstance(made, Unreadable) else made


_CACHED_CHARACTERS = 2_000


@functools.lru_cache(maxsize=20_000)
def _shared(text: str) -> Node:
    """The same expression stands in a template, and in many templates, again and again. Its lines are those of none."""
    return _parsed(text, 0, 0)


def _parsed(text: str, line: int, column: int) -> Node:
    try:
        return parse_expression(text, line)
    except ExpressionError as error:
        # Without a call it can be meant as none: Azure Resource Manager refuses the text, and there is nothing to read.
        return Unreadable(f"not an expression: {error}", line, column, error.refused or "(" not in text)


def parse_expression(text: str, line: int) -> Node:
    """The text between the brackets. Raises ExpressionError."""
    if len(text) > MAXIMUM_CHARACTERS:
        raise ExpressionError(f"longer than {MAXIMUM_CHARACTERS:,} characters")
    return _Parser(text, line).whole()


def expression_of(node: Node) -> Node:
    """A JSON tree with its texts parsed and its property loops (`copy`) as Loop nodes.

    Only for what is evaluated in one scope: the inner template of a nested deployment has its own.
    """
    if isinstance(node, Literal):
        return parse_text(node.value, node.line, node.column) if isinstance(node.value, str) else node
    if isinstance(node, ArrayNode):
        return ArrayNode(tuple([expression_of(item) for item in node.items]), node.line, node.column)
    if isinstance(node, ObjectNode):
        return ObjectNode(tuple([made for entry in node.entries for made in _entries(entry)]), node.line, node.column)
    return node


def _entries(entry: Entry) -> list[Entry]:
    copies = property_copies(entry)
    if copies is not None:
        return copies
    key: str | Node = entry.key
    if isinstance(key, str) and (is_expression(key) or key.startswith("[[")):
        key = parse_text(key, entry.line, entry.column)
    return [Entry(key, expression_of(entry.value), entry.line, entry.column)]


def property_copies(entry: Entry) -> list[Entry] | None:
    """The properties that a `copy` list declares, each as a Loop; None if the entry is no such list."""
    if not (isinstance(entry.key, str) and entry.key.casefold() == "copy" and isinstance(entry.value, ArrayNode)):
        return None
    made = []
    for item in entry.value.items:
        name = item.get("name") if isinstance(item, ObjectNode) else None
        if not (isinstance(item, ObjectNode) and isinstance(name, Literal) and isinstance(name.value, str)):
            return None
        made.append(Entry(name.value, counted_loop(name.value, item, "input"), item.line, item.column))
    return made


def counted_loop(name: str, copy: ObjectNode, body: str) -> Node:
    """`{count, input}` as a Loop whose body asks for copyIndex(name)."""
    count, value = copy.get("count"), copy.get(body)
    if count is None or value is None:
        return Unreadable(f"a copy loop without count or {body}", copy.line)
    return Loop(expression_of(count), name, "", None, expression_of(value), True, copy.line, copy.column)


class _Parser:
    def __init__(self, text: str, line: int) -> None:
        self._line = line
        self._tokens: list[tuple[str, str]] = []
        at = 0
        end = len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None:
                raise ExpressionError(f"{text[at : at + 20]!r} is not understood")
            self._tokens.append((str(match.lastgroup), str(match.group(str(match.lastgroup)))))
            at = match.end()
        self._at = 0

    def whole(self) -> Node:
        node = self._value(0)
        if self._at != len(self._tokens):
            raise ExpressionError(f"{self._tokens[self._at][1]!r} stands after the end")
        return node

    def _peek(self) -> str:
        """The sign that comes next, or "" if something else does."""
        if self._at < len(self._tokens) and self._tokens[self._at][0] == "sign":
            return self._tokens[self._at][1]
        return ""

    def _take(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise ExpressionError("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        kind, text = self._take()
        if kind != "sign" or text != sign:
            raise ExpressionError(f"{sign} expected, {text!r} found")

    def _value(self, depth: int) -> Node:
        if depth > MAXIMUM_DEPTH:
            raise ExpressionError(f"nested deeper than {MAXIMUM_DEPTH} levels")
        kind, text = self._take()
        if kind == "text":
            return self._suffixes(Literal(text[1:-1].replace("''", "'"), self._line), depth)
        if kind == "number":
            if len(text) > MAXIMUM_DIGITS:
                raise ExpressionError(f"a number with more than {MAXIMUM_DIGITS} digits")
            return Literal(float(text) if "." in text else int(text), self._line)
        if kind != "name":
            raise ExpressionError(f"{text!r} starts no value")
        if self._peek() == "(":
            return self._suffixes(self._call(text, depth), depth)
        if text.casefold() in ("true", "false", "null"):
            return Literal({"true": True, "false": False, "null": None}[text.casefold()], self._line)
        if self._peek() == ".":  # a user function: nameSpace.function(...)
            self._at += 1
            _, function = self._take()
            return self._suffixes(self._call(f"{text}.{function}", depth), depth)
        raise NotACallError(f"{text!r} is no value")

    def _call(self, name: str, depth: int) -> Node:
        self._expect("(")
        arguments: list[Node] = []
        while self._peek() != ")":
            arguments.append(self._value(depth + 1))
            if self._peek() == ",":
                self._at += 1
            elif self._peek() != ")":
                raise ExpressionError(f"a comma or ) is missing in {name}")
        self._at += 1
        if name.casefold() == "lambda" and arguments:
            names = tuple(str(one.value) for one in arguments[:-1] if isinstance(one, Literal))
            return Lambda(names, arguments[-1], self._line)
        return Call(name, tuple(arguments), self._line)

    def _suffixes(self, node: Node, depth: int) -> Node:
        count = 0
        while self._peek() in (".", "[", "?"):
            count += 1
            if depth + count > MAXIMUM_DEPTH:
                raise ExpressionError(f"nested deeper than {MAXIMUM_DEPTH} levels")
            if self._peek() == "?":
                raise ExpressionError("? is not understood")
            if self._take()[1] == ".":
                safe = self._peek() == "?"
                self._at += safe
                if safe and self._peek() == "[":
                    node = self._index(node, depth, safe=True)
                    continue
                kind, name = self._take()
                if kind not in ("name", "number"):
                    raise ExpressionError(f"{name!r} is no property name")
                node = Member(node, name, safe, self._line)
            else:
                self._at -= 1
                node = self._index(node, depth, safe=False)
        return node

    def _index(self, base: Node, depth: int, *, safe: bool) -> Node:
        self._expect("[")
        if self._peek() == "?":
            self._at += 1
            safe = True
        index = self._value(depth + 1)
        self._expect("]")
        return Index(base, index, safe, self._line)
