"""Moving over the text of a Bicep file: white space, comments, names, and where something stands."""

from __future__ import annotations

import bisect
import re

MAXIMUM_DEPTH = 60
"""How deep expressions and types nest; public files need about 20."""
MAXIMUM_NODES = 200_000

# Comments over several lines are skipped apart: one that doesn't end must not be searched for again and again.
# A line that begins with # steers Bicep's own warnings (#disable-next-line ...) and means nothing else.
_BLANK = re.compile(r"(?:[ \t\v\f\u00a0\ufeff]+|//[^\r\n]*|#[^\r\n]*)*+")
_BLANK_LINES = re.compile(r"(?:[ \t\v\f\r\n\u00a0\ufeff]+|//[^\r\n]*|#[^\r\n]*)*+")
_LINE_BREAK = re.compile(r"\r\n|\n|\r")
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+")

Place = tuple[int, int]
"""1-based line and column (in characters) of where something begins."""


class BicepSyntaxError(Exception):
    """The text is no Bicep, or Bicep that isn't understood. `position` is an index into the text."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class Scanner:
    """A position in a text, and what can be seen from there. All methods raise BicepSyntaxError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._depth = 0
        self._nodes = 0
        self._last_comment_end = text.rfind("*/")
        self._starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def reset_depth(self) -> None:
        """To be called after an error, before reading goes on."""
        self._depth = 0

    def deeper(self) -> None:
        """One level down; `higher` ends it."""
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise self.error(f"nested deeper than {MAXIMUM_DEPTH} levels")
        self.count()

    def count(self) -> None:
        """One value or type more."""
        self._nodes += 1
        if self._nodes > MAXIMUM_NODES:
            raise self.error(f"more than {MAXIMUM_NODES:,} values")

    def higher(self) -> None:
        """One level up."""
        self._depth -= 1

    def place(self) -> Place:
        """Where it stands."""
        line = bisect.bisect_right(self._starts, self.at)
        return line, self.at - self._starts[line - 1] + 1

    def line(self, position: int | None = None) -> int:
        """1-based line of a position, or of the current one."""
        return bisect.bisect_right(self._starts, self.at if position is None else position)

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
            if not self.text.startswith("/*", self.at):
                return
            if self._last_comment_end < self.at + 2:
                raise self.error("a comment that doesn't end")
            self.at = self.text.index("*/", self.at + 2) + 2

    def starts(self, sign: str) -> bool:
        """Whether the sign stands here."""
        return self.text.startswith(sign, self.at)

    def at_line_end(self) -> bool:
        """Whether the line or the file ends here."""
        return self.at >= len(self.text) or self.text[self.at] in "\r\n"

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

    def take_word(self, wanted: str) -> bool:
        """Skips the word if it comes next."""
        if self.word() != wanted:
            return False
        self.at += len(wanted)
        return True

    def expect_word(self, wanted: str) -> None:
        """The word must come next."""
        if not self.take_word(wanted):
            raise self.error(f"{wanted} expected")

    def continues(self, *signs: str) -> bool:
        """Moves over line breaks if one of the signs comes after them; stays where it is otherwise."""
        before = self.at
        self.blank_lines()
        if any(self.text.startswith(sign, self.at) for sign in signs):
            return True
        self.at = before
        return False

    def separator(self, end: str) -> None:
        """Between two items: a comma, a line break, or the end."""
        before = self.at
        self.blank_lines()
        if self.starts(","):
            self.at += 1
            self.blank_lines()
        elif not self.starts(end) and self.line() == self.line(before):
            raise self.error(f"a comma, a new line or {end} expected")
