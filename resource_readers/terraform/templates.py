"""Texts with interpolations: quoted, as heredocs, and whole files (templatefile).

Follows what the HCL library does: a text is cut into pieces after each line; `~` eats the white space of the next piece
only; `<<-` takes away the smallest indentation of the lines that aren't blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from resource_readers.terraform.scanning import (
    ESCAPE,
    ESCAPES,
    FILE_TEXT,
    HEREDOC,
    HEREDOC_TEXT,
    QUOTED_TEXT,
    Scanner,
    SyntaxProblem,
)
from resource_readers.terraform.syntax import Literal, Node, Template, TemplateFor, TemplateIf

MAXIMUM_NESTING = 20


@dataclass(slots=True)
class _Text:
    text: str
    at: int


@dataclass(slots=True)
class _Value:
    node: Node
    at: int


@dataclass(slots=True)
class _Directive:
    """`%{ word ... }`; of `if` the node is the condition, of `for` the collection."""

    word: str
    at: int
    node: Node | None = None
    key: str = ""
    value: str = ""


_Piece = _Text | _Value | _Directive


class TemplateReader:
    """Reads one text at which a scanner stands."""

    def __init__(self, scanner: Scanner, expression: Callable[[], Node]) -> None:
        self._scanner = scanner
        self._expression = expression
        self._pieces: list[_Piece] = []
        self._eat = False

    def quoted(self) -> Node:
        """A text in quotes; stands at the first."""
        scanner, at = self._scanner, self._scanner.at
        scanner.at += 1
        end = scanner.text.find('"', scanner.at)
        plain = scanner.text[scanner.at : end]
        if end >= 0 and not any(mark in plain for mark in "\\$%\n"):  # most texts
            scanner.at = end + 1
            return Literal(plain, at)
        while True:
            character = scanner.text[scanner.at : scanner.at + 1]
            if character == '"':
                scanner.at += 1
                return self._tree(at)
            if character in ("", "\n"):
                raise SyntaxProblem("a text that doesn't end", at)
            if character == "\\":
                self._escape()
            elif character in "$%":
                self._mark(character)
            else:
                self._run(QUOTED_TEXT)

    def heredoc(self) -> Node:
        """`<<END` or `<<-END`; stands at it. Ends before the line break after the last line."""
        scanner, at = self._scanner, self._scanner.at
        opening = HEREDOC.match(scanner.text, at)
        if opening is None:
            raise SyntaxProblem("a heredoc without its word", at)
        end = re.compile(r"[ \t]*" + re.escape(opening.group(2)) + r"[ \t]*(?=\r?(?:\n|\Z))")
        scanner.at = opening.end()
        fresh = True
        while True:
            closing = end.match(scanner.text, scanner.at) if fresh else None
            if closing is not None:
                scanner.at = closing.end()
                break
            character = scanner.text[scanner.at : scanner.at + 1]
            if not character:
                raise SyntaxProblem(f"a heredoc without {opening.group(2)} at its end", at)
            if character in "$%":
                fresh = self._mark(character, by_line=True)
            else:
                fresh = self._run(HEREDOC_TEXT)
        if opening.group(1):
            _unindent(self._pieces)
        return self._tree(at)

    def file(self) -> Node:
        """The whole of a text."""
        scanner = self._scanner
        while scanner.at < len(scanner.text):
            character = scanner.text[scanner.at]
            if character in "$%":
                self._mark(character, by_line=True)
            else:
                self._run(HEREDOC_TEXT)
        return self._tree(0)

    def interpolated(self) -> Node:
        """As `file`, for a text that stands in JSON: it isn't cut into lines."""
        scanner = self._scanner
        while scanner.at < len(scanner.text):
            character = scanner.text[scanner.at]
            if character in "$%":
                self._mark(character)
            else:
                self._run(FILE_TEXT)
        return self._tree(0)

    def _text(self, text: str, at: int, *, by_line: bool = False) -> bool:
        """Adds text; whether a line ends with it."""
        if self._eat:
            text, self._eat = text.lstrip(), False
        last = self._pieces[-1] if self._pieces else None
        if isinstance(last, _Text) and not (by_line and last.text.endswith("\n")):
            last.text += text
        else:
            self._pieces.append(_Text(text, at))
        return text.endswith("\n")

    def _run(self, pattern: re.Pattern[str]) -> bool:
        scanner = self._scanner
        match = pattern.match(scanner.text, scanner.at)
        assert match is not None
        at, scanner.at = scanner.at, match.end()
        self._text(match.group().replace("\r\n", "\n"), at, by_line=pattern is HEREDOC_TEXT)
        return match.group().endswith("\n")

    def _escape(self) -> None:
        scanner = self._scanner
        match = ESCAPE.match(scanner.text, scanner.at)
        if match is None:
            raise SyntaxProblem("a text that doesn't end", scanner.at)
        code = match.group(1) or match.group(2)
        if code is None:
            if match.group(3) not in ESCAPES:
                raise SyntaxProblem(f"\\{match.group(3)} is no escape", scanner.at)
            text = ESCAPES[match.group(3)]
        elif int(code, 16) > 0x10FFFF or 0xD800 <= int(code, 16) < 0xE000:
            raise SyntaxProblem(f"{match.group()} is no character", scanner.at)
        else:
            text = chr(int(code, 16))
        self._text(text, scanner.at)
        scanner.at = match.end()

    def _mark(self, mark: str, *, by_line: bool = False) -> bool:
        """`${`, `%{`, their escapes, or just the character."""
        scanner, at = self._scanner, self._scanner.at
        if scanner.text.startswith(mark * 2 + "{", at):
            scanner.at += 3
            return self._text(mark + "{", at, by_line=by_line)
        if not scanner.text.startswith("{", at + 1):
            scanner.at += 1
            return self._text(mark, at, by_line=by_line)
        scanner.at += 2
        self._eat = False
        if scanner.text.startswith("~", scanner.at):
            scanner.at += 1
            if self._pieces and isinstance(last := self._pieces[-1], _Text):
                last.text = last.text.rstrip()
        outer, scanner.lines = scanner.lines, True
        self._pieces.append(_Value(self._expression(), at) if mark == "$" else self._directive(at))
        scanner.peek()
        if scanner.accept("~"):
            self._eat = True
        scanner.take("}")
        scanner.lines = outer
        return False

    def _directive(self, at: int) -> _Directive:
        scanner = self._scanner
        word = scanner.identifier()
        if word in ("else", "endif", "endfor"):
            return _Directive(word, at)
        if word == "if":
            return _Directive(word, at, self._expression())
        if word != "for":
            raise SyntaxProblem(f"%{{ {word} }} is not known", at)
        key, value = "", scanner.identifier()
        if scanner.accept(","):
            key, value = value, scanner.identifier()
        if scanner.identifier() != "in":
            raise SyntaxProblem("'in' is missing", scanner.at)
        return _Directive(word, at, self._expression(), key, value)

    def _tree(self, at: int) -> Node:
        pieces = self._pieces
        if len(pieces) == 1 and isinstance(pieces[0], _Value):
            return pieces[0].node
        if all(isinstance(piece, _Text) for piece in pieces):
            return Literal("".join(piece.text for piece in pieces if isinstance(piece, _Text)), at)
        rest = iter(pieces)
        node, end = _parts(rest, at, 0)
        if end is not None:
            raise SyntaxProblem(f"%{{ {end.word} }} without a beginning", end.at)
        return node


def _parts(pieces: Iterator[_Piece], at: int, depth: int) -> tuple[Node, _Directive | None]:
    """Everything up to a directive that ends something, and that directive."""
    if depth > MAXIMUM_NESTING:
        raise SyntaxProblem(f"directives nested deeper than {MAXIMUM_NESTING} levels", at)
    parts: list[Node] = []
    for piece in pieces:
        if isinstance(piece, _Text):
            if piece.text:
                parts.append(Literal(piece.text, piece.at))
        elif isinstance(piece, _Value):
            parts.append(piece.node)
        elif piece.word in ("if", "for"):
            parts.append(_conditional(piece, pieces, depth) if piece.word == "if" else _loop(piece, pieces, depth))
        else:
            return Template(tuple(parts), at), piece
    return Template(tuple(parts), at), None


def _conditional(opening: _Directive, pieces: Iterator[_Piece], depth: int) -> TemplateIf:
    then, end = _parts(pieces, opening.at, depth + 1)
    otherwise: Node = Literal("", opening.at)
    if end is not None and end.word == "else":
        otherwise, end = _parts(pieces, end.at, depth + 1)
    if end is None or end.word != "endif" or opening.node is None:
        raise SyntaxProblem("%{ if } without %{ endif }", opening.at)
    return TemplateIf(opening.node, then, otherwise, opening.at)


def _loop(opening: _Directive, pieces: Iterator[_Piece], depth: int) -> TemplateFor:
    body, end = _parts(pieces, opening.at, depth + 1)
    if end is None or end.word != "endfor" or opening.node is None:
        raise SyntaxProblem("%{ for } without %{ endfor }", opening.at)
    return TemplateFor(opening.key, opening.value, opening.node, body, opening.at)


def _unindent(pieces: list[_Piece]) -> None:
    smallest: int | None = None
    starts: list[_Text] = []
    fresh = True
    for piece in pieces:
        if fresh:
            fresh = False
            spaces: int | None = 0
            if isinstance(piece, _Text):
                spaces = len(piece.text) - len(piece.text.lstrip())
                if spaces == len(piece.text) and piece.text.endswith("\n"):
                    spaces = None  # a blank line doesn't count
                else:
                    starts.append(piece)
            if spaces is not None:
                smallest = spaces if smallest is None else min(smallest, spaces)
        if isinstance(piece, _Text) and piece.text.endswith("\n"):
            fresh = True
    for start in starts:
        start.text = start.text[smallest or 0 :]
