"""Words of a Dockerfile's instructions: quotes, escapes, variables with their defaults, flags, lists in JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Protocol

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import symbolic, unknown
from resource_readers.trees.placeholders import symbolic_text

MAXIMUM_DEPTH = 20
MAXIMUM_TEXT = 100_000
"""Of one word with its variables replaced: a few lines could double a text for ever."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?!$-]")
_OPERATOR = re.compile(r":?[-+?]|##?|%%?|//?")
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=((?:\"[^\"]*\"|'[^']*'|\S)*+))?(?=\s|\Z)\s*+")


class Variables(Protocol):
    """What the variables mean where a word stands."""

    def get(self, name: str) -> Value:
        """A text, an Unknown, or None where the file sets none (a default in the word is taken then)."""

    def unset(self, name: str) -> Value:
        """What a variable is that `get` has None for, and for which the word has no default."""


class WordError(ValueError):
    """A word that the container tools would refuse, too."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as written, with the offset where it begins."""

    text: str
    offset: int


def split_words(text: str, escape: str, offset: int = 0) -> list[Word]:
    """Words between white space; quotes and escapes keep theirs together and stay in the text."""
    words: list[Word] = []
    start: int | None = None
    quote = ""
    at = 0
    while at < len(text):
        character = text[at]
        if start is None and not character.isspace():
            start = at
        if character == escape and quote != "'":
            at += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character.isspace() and start is not None:
            words.append(Word(text[start:at], offset + start))
            start = None
        at += 1
    if start is not None:
        words.append(Word(text[start:], offset + start))
    return words


def take_flags(text: str) -> tuple[list[tuple[str, str, int]], str, int]:
    """Flags at the beginning (name in camel case, value, offset), what follows them, and its offset."""
    flags: list[tuple[str, str, int]] = []
    at = len(text) - len(text.lstrip())
    while (match := _FLAG.match(text, at)) is not None:
        value = match.group(2)
        name = re.sub(r"-([a-z])", lambda letter: letter.group(1).upper(), match.group(1))
        flags.append((name, "true" if value is None else value.strip("\"'"), at))
        at = match.end()
    return flags, text[at:], at


def json_list(text: str) -> list[str] | None:
    """The texts of a list in JSON; None for anything else, which the tools take as a shell's command then."""
    if not text.lstrip().startswith("["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(one, str) for one in value) else None


def expand(text: str, variables: Variables, escape: str) -> Value:
    """A word without its quotes, its variables replaced. Raises WordError."""
    return _Expansion(text, variables, escape).value()


class _Expansion:
    def __init__(self, text: str, variables: Variables, escape: str, depth: int = 0) -> None:
        if depth > MAXIMUM_DEPTH:
            raise WordError("variables nested too deeply")
        self._text = text
        self._variables = variables
        self._escape = escape
        self._depth = depth
        self._at = 0
        self._parts: list[str] = []
        self._reason = ""
        self._length = 0

    def value(self) -> Value:
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == "'":
                self._single()
            elif character == '"':
                self._double()
            elif character == "$":
                self._variable()
            elif character == self._escape:
                self._parts.append(self._text[self._at + 1 : self._at + 2])
                self._at += 2
            else:
                self._parts.append(character)
                self._at += 1
        whole = "".join(self._parts)
        if self._reason:
            return unknown(self._reason, whole)
        filled = symbolic_text(whole, script=True)
        return whole if filled is None else unknown("a placeholder that is filled in before the file is used", filled)

    def _single(self) -> None:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            raise WordError("a quote that doesn't end")
        self._parts.append(self._text[self._at + 1 : end])
        self._at = end + 1

    def _double(self) -> None:
        self._at += 1
        while self._at < len(self._text):
            character = self._text[self._at]
            if character == '"':
                self._at += 1
                return
            if character == "$":
                self._variable()
                continue
            if character == self._escape and self._text[self._at + 1 : self._at + 2] in ('"', "$", self._escape):
                self._at += 1
                character = self._text[self._at]
            self._parts.append(character)
            self._at += 1
        raise WordError("a quote that doesn't end")

    def _variable(self) -> None:
        self._at += 1
        if self._text[self._at : self._at + 1] == "{":
            self._braced()
            return
        match = _NAME.match(self._text, self._at)
        if match is None:
            self._parts.append("$")
            return
        self._at = match.end()
        self._plain(match.group())

    def _braced(self) -> None:
        start = self._at + 1
        if self._text.startswith("{", start):  # ${{ ... }}: a service's expression, nothing of Docker's
            end = self._text.find("}}", start)
            if end < 0:
                raise WordError("a brace that doesn't close")
            name = self._text[start + 1 : end].strip()
            self._at = end + 2
            self._take(name, Unknown("an expression that is filled in before the file is used"))
            return
        match = _NAME.match(self._text, start)
        if match is None:
            raise WordError("${ without a name")
        end = self._closing(match.end())
        rest = self._text[match.end() : end]
        self._at = end + 1
        name = match.group()
        if not rest:
            self._plain(name)
            return
        operator = _OPERATOR.match(rest)
        if operator is None:
            raise WordError(f"${{{name}{rest[:20]}}} is no substitution")
        self._operate(name, self._variables.get(name), operator.group(), rest[operator.end() :])

    def _closing(self, at: int) -> int:
        depth = 1
        while at < len(self._text):
            if self._text[at] == self._escape:
                at += 2
                continue
            if self._text[at] == "}":
                depth -= 1
                if depth == 0:
                    return at
            elif self._text.startswith("${", at):
                depth += 1
                at += 1
            at += 1
        raise WordError("a brace that doesn't close")

    def _operate(self, name: str, value: Value, operator: str, word: str) -> None:
        other = _Expansion(word, self._variables, self._escape, self._depth + 1).value()
        if isinstance(value, Unknown) and operator[-1] in "-+":
            # The default is only the answer where nothing is set.
            self._take(name, value)
        elif operator[-1] == "-":
            unset = value is None or (operator[0] == ":" and value == "")
            self._take(name, other if unset else value)
        elif operator[-1] == "+":
            unset = value is None or (operator[0] == ":" and value == "")
            self._take(name, "" if unset else other)
        elif operator[-1] == "?":
            self._plain(name)
        else:
            self._take(name, Unknown("a part of a variable's text, which isn't worked out"))

    def _plain(self, name: str) -> None:
        value = self._variables.get(name)
        self._take(name, self._variables.unset(name) if value is None else value)

    def _take(self, name: str, value: Value) -> None:
        text = symbolic(value)
        if isinstance(value, Unknown):
            self._reason = self._reason or value.reason
            text = value.text or "{" + name + "}"
        self._length += len(text)
        if self._length > MAXIMUM_TEXT:
            raise WordError(f"a text of more than {MAXIMUM_TEXT:,} characters")
        self._parts.append(text)
