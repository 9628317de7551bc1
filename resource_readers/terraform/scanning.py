"""The words of Terraform's language (HCL 2), and where a parser stands among them."""

from __future__ import annotations

import re
from decimal import Decimal

from resource_readers.terraform.numbers import number_of

# Every alternative is linear: possessive, without nested quantifiers over the same characters.
BLANK = re.compile(r"(?:[ \t\r\ufeff]+|(?:#|//)[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/)*+")
BLANK_LINES = re.compile(r"(?:[ \t\r\n\ufeff]+|(?:#|//)[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/)*+")
IDENTIFIER = re.compile(r"[^\W\d][\w-]*+")
NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
DIGITS = re.compile(r"[0-9]+")
BINARY = re.compile(r"\|\||&&|==|!=|<=|>=|[<>+\-*/%]")
HEREDOC = re.compile(r"<<(-?)([^\W\d][\w-]*+)[ \t]*\r?\n")
QUOTED_TEXT = re.compile(r'[^"\\$%\n]++')
HEREDOC_TEXT = re.compile(r"[^$%\n]*+\n?")
FILE_TEXT = re.compile(r"[^$%]++")
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))")
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}

MAXIMUM_DIGITS = 400


class SyntaxProblem(Exception):
    """The text is no HCL. `at` is the offset where that was seen."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


class Scanner:
    """Where a parser stands in a text."""

    def __init__(self, text: str, at: int = 0) -> None:
        self.text = text
        self.at = at
        self.lines = False
        """Whether a line break is blank here, as it is inside of brackets."""

    def peek(self) -> str:
        """The next character after blanks and comments; "" at the end."""
        match = (BLANK_LINES if self.lines else BLANK).match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return self.text[self.at : self.at + 1]

    def skip_lines(self) -> str:
        """The next character after blanks, comments and line breaks; "" at the end."""
        match = BLANK_LINES.match(self.text, self.at)
        if match is not None:
            self.at = match.end()
        return self.text[self.at : self.at + 1]

    def take(self, expected: str) -> None:
        """Moves over a text that must stand here."""
        self.peek()
        if not self.text.startswith(expected, self.at):
            raise SyntaxProblem(f"{expected!r} is missing", self.at)
        self.at += len(expected)

    def accept(self, wanted: str) -> bool:
        """Moves over a text if it stands here."""
        self.peek()
        if self.text.startswith(wanted, self.at):
            self.at += len(wanted)
            return True
        return False

    def identifier(self) -> str:
        """Moves over a name."""
        self.peek()
        match = IDENTIFIER.match(self.text, self.at)
        if match is None:
            raise SyntaxProblem("a name is missing", self.at)
        self.at = match.end()
        return match.group()

    def number(self) -> int | Decimal | None:
        """Moves over a number, if one stands here."""
        match = NUMBER.match(self.text, self.at)
        if match is None:
            return None
        written = match.group()
        if len(written) > MAXIMUM_DIGITS:
            raise SyntaxProblem(f"a number with more than {MAXIMUM_DIGITS} digits", self.at)
        self.at = match.end()
        value = number_of(written)
        if value is None:
            raise SyntaxProblem("a number that is too large", self.at)
        return value
