"""The texts of Bicep: on one line or several, plain or with `${...}` in them."""

from __future__ import annotations

import re
from abc import abstractmethod

from resource_readers.bicep.scanning import Place, Scanner
from resource_readers.trees.nodes import Call, Literal, Node

_PART = re.compile(r"(?:[^'\\$\r\n]|\$(?!\{))++")
_ESCAPE = re.compile(r"\\(?:u\{([0-9a-fA-F]{1,6})\}|([nrt'\\$]))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", "\\": "\\", "$": "$"}
_OPENING = re.compile(r"(\$*)'''(?:\r\n|\n|\r)?")

INTERPOLATION = "interpolated text"
"""Name of a call that no file can write: an interpolated text, whose arguments are its parts."""


class TextParser(Scanner):
    """Reads texts at a position of a file. All methods raise BicepSyntaxError."""

    @abstractmethod
    def expression(self) -> Node:
        """A whole expression."""

    def at_text(self) -> bool:
        """Whether a text begins here."""
        return self.starts("'") or (self.starts("$") and _OPENING.match(self.text, self.at) is not None)

    def string(self) -> Node:
        """A text, with or without `${...}` in it, on one line or several."""
        place = self.place()
        opening = _OPENING.match(self.text, self.at)
        if opening is not None:
            self.at = opening.end()
            return self._joined(self._lines("$" * len(opening.group(1)) + "{" if opening.group(1) else ""), place)
        self.at += 1
        parts: list[Node] = []
        while not self.starts("'"):
            parts.append(self._part())
        self.at += 1
        return self._joined(parts, place)

    def plain_text(self) -> str:
        """A text without `${...}` in it."""
        self.blank()
        value = self.string() if self.starts("'") else None
        if not (isinstance(value, Literal) and isinstance(value.value, str)):
            raise self.error("a plain text expected")
        return value.value

    def _joined(self, parts: list[Node], place: Place) -> Node:
        if all(isinstance(part, Literal) for part in parts):
            return Literal("".join(str(part.value) for part in parts if isinstance(part, Literal)), *place)
        return Call(INTERPOLATION, tuple(parts), *place)

    def _lines(self, opening: str) -> list[Node]:
        """The parts of a text over several lines; `opening` begins a value in it, "" if nothing does."""
        parts: list[Node] = []
        end = -1
        while True:
            if end < self.at:  # a text inside of `${...}` may have had its own end; otherwise it's searched for once
                end = self.text.find("'''", self.at)
            if end < 0:
                raise self.error("a text that doesn't end")
            value = self.text.find(opening, self.at, end) if opening else -1
            if value < 0:
                while self.text.startswith("'", end + 3):  # quotes before the closing ones belong to the text
                    end += 1
                parts.append(Literal(self.text[self.at : end], *self.place()))
                self.at = end + 3
                return parts
            parts.append(Literal(self.text[self.at : value], *self.place()))
            self.at = value + len(opening)
            parts.append(self._value())

    def _part(self) -> Node:
        place = self.place()
        plain = _PART.match(self.text, self.at)
        if plain is not None:
            self.at = plain.end()
            return Literal(plain.group(), *place)
        escape = _ESCAPE.match(self.text, self.at)
        if escape is not None:
            return Literal(self._character(escape) if escape.group(1) else self._plain_escape(escape), *place)
        if not self.starts("${"):
            raise self.error("a text that doesn't end, or an unknown escape")
        self.at += 2
        return self._value()

    def _plain_escape(self, escape: re.Match[str]) -> str:
        self.at = escape.end()
        return _ESCAPES[escape.group(2)]

    def _character(self, escape: re.Match[str]) -> str:
        r"""`\u{1F600}`, also as the two halves that UTF-16 makes of it."""
        code, end = int(escape.group(1), 16), escape.end()
        second = _ESCAPE.match(self.text, end) if 0xD800 <= code <= 0xDBFF else None
        low = int(second.group(1), 16) if second is not None and second.group(1) else 0
        if second is not None and 0xDC00 <= low <= 0xDFFF:
            code, end = 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00, second.end()
        if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
            raise self.error("no character")
        self.at = end
        return chr(code)

    def _value(self) -> Node:
        """What stands in `${...}`, behind its opening."""
        self.blank_lines()
        place = self.place()
        value = self.expression()
        self.blank_lines()
        self.expect("}")
        # Kept apart from plain text, so that a literal inside stays one part of an interpolation.
        return Call(INTERPOLATION, (value,), *place)
