"""JSON as the Azure tools accept it: comments, trailing commas, raw line breaks and tabs in texts, a byte order mark.

Gives a tree with the line of every value. A key that stands twice is refused: two readers could see two templates.
"""

from __future__ import annotations

import bisect
import gc
import re

from resource_readers.trees.lines import line_ends
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode

MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 500_000

# Every alternative is linear: no nested quantifiers that could match one text in two ways.
# A carriage return alone ends a line, too: for the service, what stands behind it is no comment any more.
_BLANK = r"[ \t\r\n\ufeff\u00a0]*+(?:(?://[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)[ \t\r\n\ufeff\u00a0]*+)*+"
_SKIP = re.compile(_BLANK, re.DOTALL)
# What nearly every template consists of is read in one step each: `"key": "text",`, else `"key":`, and `,` or the end.
_QUOTED = r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_KEY = re.compile(f"{_BLANK}{_QUOTED}{_BLANK}:{_BLANK}(?:{_QUOTED}{_BLANK}([,}}]){_BLANK})?+", re.DOTALL)
_AFTER = re.compile(_BLANK + r"([,}\]])" + _BLANK, re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z]+")
_TEXT = {'"': re.compile(_QUOTED, re.DOTALL), "'": re.compile(_QUOTED.replace('"', "'"), re.DOTALL)}
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
    # A tree has no circles, and looking for them again and again while it grows takes a third of the time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return _Parser(text).document()
    finally:
        if collecting:
            gc.enable()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._nodes = 0
        self._newlines = line_ends(text)
        # The line at which the last place was asked for, from the line break before it to the one at its end.
        self._row = 0
        self._row_start = -1
        self._row_end = self._newlines[0] if self._newlines else len(text)

    def document(self) -> Node:
        self._skip()
        node = self._value(0)
        self._skip()
        if self._at < len(self._text):
            raise self._error("something stands after the end")
        return node

    def _place(self, at: int) -> tuple[int, int]:
        """1-based line and column; asked for in the text's order."""
        if at > self._row_end:
            self._row = row = bisect.bisect_left(self._newlines, at, self._row)
            self._row_start = self._newlines[row - 1]
            self._row_end = self._newlines[row] if row < len(self._newlines) else len(self._text)
        return self._row + 1, at - self._row_start

    def _error(self, message: str) -> LenientJsonError:
        return LenientJsonError(message, bisect.bisect_left(self._newlines, self._at) + 1)

    def _skip(self) -> str:
        """Moves over white space and comments; gives the next character, or ""."""
        match = _SKIP.match(self._text, self._at)
        if match is not None:
            self._at = match.end()
        return self._text[self._at : self._at + 1]

    def _value(self, depth: int) -> Node:
        """The value that stands here, without white space before it."""
        self._nodes += 1
        if depth > MAXIMUM_DEPTH:
            raise self._error(f"nested deeper than {MAXIMUM_DEPTH} levels")
        if self._nodes > MAXIMUM_NODES:
            raise self._error(f"more than {MAXIMUM_NODES:,} values")
        character = self._text[self._at : self._at + 1]
        line, column = self._place(self._at)
        if character in _TEXT:
            return Literal(self._string(character), line, column)
        if character == "{":
            return ObjectNode(self._members(depth), line, column)
        if character == "[":
            return ArrayNode(self._items(depth), line, column)
        number = _NUMBER.match(self._text, self._at)
        if number is not None:
            self._at = number.end()
            return Literal(self._number(number), line, column)
        word = _WORD.match(self._text, self._at)
        if word is not None and word.group().lower() in _WORDS:
            self._at = word.end()
            return Literal(_WORDS[word.group().lower()], line, column)
        raise self._error(
            "a value is missing" if character in ("", ",", "}", "]", ":") else f"{character!r} starts no value"
        )

    def _number(self, match: re.Match[str]) -> int | float:
        text = match.group()
        if match.group(1) is not None or match.group(2) is not None:
            number = float(text)
            if number in (float("inf"), float("-inf")):
                raise self._error("a number that is too large")
            return number
        if len(text) > 400:
            raise self._error("a number with more than 400 digits")
        return int(text)

    def _string(self, quote: str) -> str:
        match = _TEXT[quote].match(self._text, self._at)
        if match is None:
            raise self._error("a text that doesn't end")
        raw = self._plain(match.group(1))
        self._at = match.end()
        return raw

    def _plain(self, raw: str) -> str:
        """A text without its escapes; an error in one is at the start of the text."""
        return _SURROGATES.sub(_joined, _ESCAPE.sub(self._unescape, raw)) if "\\" in raw else raw

    def _unescape(self, match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) == 5:
            return chr(int(code[1:], 16))
        try:
            return _ESCAPES[code]
        except KeyError:
            raise self._error(f"\\{code} is no escape") from None

    def _items(self, depth: int) -> tuple[Node, ...]:
        self._at += 1
        items: list[Node] = []
        more = self._skip() != "]"
        while more:
            items.append(self._value(depth + 1))
            more = self._next("]") and not self._text.startswith("]", self._at)
        self._at += 1
        return tuple(items)

    def _members(self, depth: int) -> tuple[Entry, ...]:
        self._at += 1
        entries: list[Entry] = []
        seen: set[str] = set()
        more = self._skip() != "}"
        while more:
            match = _KEY.match(self._text, self._at)
            if match is None:
                if self._skip() == "}":
                    break
                key, line, column = self._unusual_key()
            else:
                line, column = self._place(match.start(1) - 1)
                key = self._plain(match.group(1))
                self._at = match.end() if match[2] is None else match.start(2) - 1
            if key in seen:
                raise LenientJsonError(f"the key {key!r} stands twice", line)
            seen.add(key)
            value: Node
            if match is not None and match[2] is not None and depth < MAXIMUM_DEPTH and self._nodes < MAXIMUM_NODES:
                self._nodes += 1  # as `_value` and `_next` do it
                value = Literal(self._plain(match[2]), *self._place(self._at))
                more = match[3] == ","
                self._at = match.end() if more else match.start(3)
            else:
                value = self._value(depth + 1)
                more = self._next("}")
            entries.append(Entry(key, value, line, column))
        self._at += 1
        return tuple(entries)

    def _unusual_key(self) -> tuple[str, int, int]:
        """A key in single quotes; raises what is wrong with anything else."""
        character = self._skip()
        if character not in _TEXT:
            raise self._error("a key in quotes is missing")
        line, column = self._place(self._at)
        key = self._string(character)
        if self._skip() != ":":
            raise self._error(f"a colon is missing after {key!r}")
        self._at += 1
        self._skip()
        return key, line, column

    def _next(self, end: str) -> bool:
        """Whether a comma stands here, which is taken with the white space behind it; else the end must follow."""
        match = _AFTER.match(self._text, self._at)
        if match is not None and match.group(1) == ",":
            self._at = match.end()
            return True
        if self._skip() != end:
            raise self._error(f"a comma or {end} is missing")
        return False


def _joined(match: re.Match[str]) -> str:
    return match.group().encode("utf-16", "surrogatepass").decode("utf-16")
