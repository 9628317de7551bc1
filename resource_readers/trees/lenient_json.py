"""JSON as the Azure tools accept it: comments, trailing commas, raw line breaks and tabs in texts, a byte order mark.

Gives a tree with the line of every value. A key that stands twice is refused: two readers could see two templates.
"""

from __future__ import annotations

import bisect
import re

from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode

MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 500_000

# One token, with the white space and comments before it. Every alternative is linear: no nested quantifiers.
_SKIP = re.compile(r"(?:[ \t\r\n\ufeff\u00a0]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z]+")
_TEXT = {'"': re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL), "'": re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\", "/": "/"}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_SURROGATES = re.compile("[\ud800-\udbff][\udc00-\udfff]")


class LenientJsonError(ValueError):
    """The text is not even lenient JSON. `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


def decode(data: bytes) -> str:
    """Text of a file: UTF-8, or UTF-16 where a byte order mark says so. Raises LenientJsonError."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise LenientJsonError(
            f"not {encoding.removesuffix('-sig').upper()}", data[: error.start].count(b"\n") + 1
        ) from None


def parse(text: str) -> Node:
    """One value and nothing after it. Raises LenientJsonError."""
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nodes = 0
        self._newlines = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> Node:
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._error("something stands after the end")
        return node

    def _line(self) -> int:
        return bisect.bisect_left(self._newlines, self._at) + 1

    def _place(self) -> tuple[int, int]:
        """1-based line and column of where it stands."""
        before = bisect.bisect_left(self._newlines, self._at)
        return before + 1, self._at - (self._newlines[before - 1] if before else -1)

    def _error(self, message: str) -> LenientJsonError:
        return LenientJsonError(message, self._line())

    def _skip(self) -> str:
        """Moves over white space and comments; gives the next character, or ""."""
        match = _SKIP.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Node:
        self._nodes += 1
        if depth > MAXIMUM_DEPTH:
            raise self._error(f"nested deeper than {MAXIMUM_DEPTH} levels")
        if self._nodes > MAXIMUM_NODES:
            raise self._error(f"more than {MAXIMUM_NODES:,} values")
        character = self._skip()
        place = self._place()
        if character == "{":
            return self._object(depth, place)
        if character == "[":
            return self._array(depth, place)
        if character in _TEXT:
            return Literal(self._string(character), *place)
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            return Literal(self._number(number), *place)
        word = _WORD.match(self._text, self._at)
        if word is not None and word.group().lower() in _WORDS:
            self._at = word.end()
            return Literal(_WORDS[word.group().lower()], *place)
        raise self._error(
            "a value is missing" if character in ("", ",", "}", "]", ":") else f"{character!r} starts no value"
        )

    def _number(self, match: re.Match[str]) -> int | float:
        text = match.group()
        if match.group(1) is not None or match.group(2) is not None:
            return float(text)
        if len(text) > 400:
            raise self._error("a number with more than 400 digits")
        return int(text)

    def _string(self, quote: str) -> str:
        match = _TEXT[quote].match(self._text, self._at)
        if match is None:
            raise self._error("a text that doesn't end")
        raw = match.group(1)
        if "\\" in raw:
            raw = _SURROGATES.sub(_joined, _ESCAPE.sub(self._unescape, raw))
        self._at = match.end()
        return raw

    def _unescape(self, match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        try:
            return _ESCAPES[code]
        except KeyError:
            raise self._error(f"\\{code} is no escape") from None

    def _array(self, depth: int, place: tuple[int, int]) -> ArrayNode:
        self._at += 1
        items: list[Node] = []
        while self._skip() != "]":
            items.append(self._value(depth + 1))
            self._separator("]")
        self._at += 1
        return ArrayNode(tuple(items), *place)

    def _object(self, depth: int, place: tuple[int, int]) -> ObjectNode:
        self._at += 1
        entries: list[Entry] = []
        seen: set[str] = set()
        while (character := self._skip()) != "}":
            if character not in _TEXT:
                raise self._error("a key in quotes is missing")
            key_place = self._place()
            key = self._string(character)
            if key in seen:
                raise LenientJsonError(f"the key {key!r} stands twice", key_place[0])
            seen.add(key)
            if self._skip() != ":":
                raise self._error(f"a colon is missing after {key!r}")
            self._at += 1
            entries.append(Entry(key, self._value(depth + 1), *key_place))
            self._separator("}")
        self._at += 1
        return ObjectNode(tuple(entries), *place)

    def _separator(self, end: str) -> None:
        character = self._skip()
        if character == ",":
            self._at += 1
        elif character != end:
            raise self._error(f"a comma or {end} is missing")


def _joined(match: re.Match[str]) -> str:
    return match.group().encode("utf-16", "surrogatepass").decode("utf-16")
