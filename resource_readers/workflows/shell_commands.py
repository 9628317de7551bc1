"""The simple commands of a shell script (POSIX shells, bash; cmd as far as it looks alike), without running anything.

Every command is found wherever it stands: after `&&`, in loops and branches, in `$(...)`. Whether it is reached is not
judged. What a variable or command gives isn't computed: the word is kept as text and marked as not known.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass, field

from resource_readers.workflows.service_expressions import expression_spans

MAXIMUM_COMMANDS = 20_000
MAXIMUM_SCRIPT = 1_000_000
"""Characters of one script that are looked at."""
_MAXIMUM_DEPTH = 20


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a command: its text without quotes, and whether that is what the command gets."""

    text: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Command:
    """A simple command.

    Attributes:
        words: the program and its arguments, without assignments, redirections and wrappers such as sudo.
        line: 0-based line of the script where it begins.
        column: 0-based column in that line.
        assignments: the variables that are set in front of it, or by it (`export A=b`).
        group: numbers of the subshells and substitutions in which it stands, outermost first.
    """

    words: tuple[Word, ...]
    line: int
    column: int
    assignments: tuple[tuple[str, Word], ...] = ()
    group: tuple[int, ...] = ()


class ScriptError(Exception):
    """A script is too long or too deeply nested to be looked at; the message says why."""


class Lines:
    """Tells lines and columns of a text, 0-based."""

    def __init__(self, text: str) -> None:
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a position in the text."""
        line = bisect.bisect_left(self._ends, at)
        return line, at - (self._ends[line - 1] + 1 if line else 0)


_PLAIN = re.compile(r"[^\s'\"\\$`;&|<>()#]+")
_BRACED = re.compile(r"\$\{[^{}\n]*+\}")
_NAMED = re.compile(r"\$(?:[A-Za-z_]\w*|[0-9@#?$!*-])")
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|\\?([\w.-]+))")
_REDIRECTION = re.compile(r"(?:&>>?|<<<|<>|>>|>\||[<>]&|[<>])")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=(.*)", re.DOTALL)
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "do", "while", "until", "{", "}", "!", "time", "fi", "done", "esac"}
)
_WRAPPERS = frozenset({"sudo", "exec", "nohup", "env", "command", "builtin", "call", "eval", "xargs", "stdbuf"})
_SETTERS = frozenset({"export", "set", "declare", "local", "readonly", "typeset"})


def shell_commands(script: str) -> list[Command]:
    """Every simple command of a script, in the order in which they begin. Raises ScriptError."""
    if len(script) > MAXIMUM_SCRIPT:
        raise ScriptError(f"a script of more than {MAXIMUM_SCRIPT:,} characters")
    lexer = _Lexer(script)
    lexer.commands_until("", 0)
    return sorted(lexer.found, key=lambda one: (one.line, one.column))


@dataclass(slots=True)
class _Open:
    """The command whose end hasn't come."""

    words: list[Word] = field(default_factory=list)
    places: list[int] = field(default_factory=list)


class _Lexer:
    def __init__(self, script: str) -> None:
        self._script = script
        self._at = 0
        self._lines = Lines(script)
        self._expressions = dict(expression_spans(script))
        self._heredocs: list[tuple[str, bool]] = []
        self._group: tuple[int, ...] = ()
        self._groups = 0
        self.found: list[Command] = []

    def commands_until(self, end: str, depth: int) -> None:
        """Reads commands up to the closing character ("" for the end of the script) and past it."""
        if depth > _MAXIMUM_DEPTH:
            raise ScriptError(f"a script with commands nested deeper than {_MAXIMUM_DEPTH} levels")
        script, size = self._script, len(self._script)
        open_command = _Open()
        around = self._group
        if end:
            self._groups += 1
            self._group = (*around, self._groups)
        while self._at < size:
            character = script[self._at]
            if character == end:
                self._at += 1
                break
            if character == "\n":
                self._finish(open_command)
                self._at += 1
                self._skip_heredocs()
            elif character in " \t\r":
                self._at += 1
            elif character == "#":
                stop = script.find("\n", self._at)
                self._at = size if stop < 0 else stop
            elif script.startswith(("\\\n", "\\\r\n", "^\n", "^\r\n"), self._at):
                self._at = script.index("\n", self._at) + 1
            elif character in "<>" or script.startswith("&>", self._at):
                self._redirection(open_command, depth)
            elif character in ";&|)":
                self._finish(open_command)
                self._at += 1
            elif character == "(":
                self._finish(open_command)
                self._at += 1
                self.commands_until(")", depth + 1)
            else:
                open_command.places.append(self._at)
                start = self._at
                open_command.words.append(self._word(end, depth))
                self._at = max(self._at, start + 1)
        self._finish(open_command)
        self._group = around

    def _finish(self, command: _Open) -> None:
        words, places = command.words, command.places
        command.words, command.places = [], []
        assignments: list[tuple[str, Word]] = []
        setting, begin = False, 0
        for word in words:
            match = _ASSIGNMENT.fullmatch(word.text)
            if match is not None:
                assignments.append((match.group(1), Word(match.group(2), word.known)))
            elif word.text in _SETTERS:
                setting = True
            elif not (word.text in _KEYWORDS or word.text in _WRAPPERS or (setting and word.text.startswith("-"))):
                break
            begin += 1
        if begin == len(words) and not assignments:
            return
        at = places[begin if begin < len(words) else 0]
        if len(self.found) >= MAXIMUM_COMMANDS:
            raise ScriptError(f"a script of more than {MAXIMUM_COMMANDS:,} commands")
        line, column = self._lines.place(at)
        self.found.append(Command(tuple(words[begin:]), line, column, tuple(assignments), self._group))

    def _word(self, end: str, depth: int) -> Word:
        script, size = self._script, len(self._script)
        parts: list[str] = []
        known = True
        while self._at < size:
            character = script[self._at]
            if character in " \t\r\n;&|<>()":
                break
            if character == end and end == "`":
                break
            plain = _PLAIN.match(script, self._at)
            if plain is not None:
                parts.append(plain.group())
                self._at = plain.end()
            elif character == "'":
                stop = script.find("'", self._at + 1)
                stop = size if stop < 0 else stop
                text = script[self._at + 1 : stop]
                known = known and "${{" not in text and "$(" not in text
                parts.append(text)
                self._at = stop + 1
            elif character == '"':
                self._at += 1
                text, whole = self._quoted(depth)
                parts.append(text)
                known = known and whole
            elif character == "\\":
                if script.startswith(("\\\n", "\\\r\n"), self._at):
                    self._at = script.index("\n", self._at) + 1
                else:
                    parts.append(script[self._at + 1 : self._at + 2])
                    self._at += 2
            elif character in "$`":
                text, whole = self._substitution(depth)
                parts.append(text)
                known = known and whole
            else:  # a # inside of a word
                parts.append(character)
                self._at += 1
        return Word("".join(parts), known)

    def _quoted(self, depth: int) -> tuple[str, bool]:
        """A text in double quotes, its opening quote being read."""
        script, size = self._script, len(self._script)
        parts: list[str] = []
        known = True
        while self._at < size:
            character = script[self._at]
            if character == '"':
                self._at += 1
                break
            if character == "\\" and script[self._at + 1 : self._at + 2] in ('"', "\\", "$", "`", "\n"):
                if script[self._at + 1] != "\n":
                    parts.append(script[self._at + 1])
                self._at += 2
            elif character in "$`":
                text, whole = self._substitution(depth)
                parts.append(text)
                known = known and whole
            else:
                stop = _next_of(script, self._at + 1)
                parts.append(script[self._at : stop])
                self._at = stop
        return "".join(parts), known

    def _substitution(self, depth: int) -> tuple[str, bool]:
        """What a `$` or backtick begins: its text as written, and whether that is what the command gets."""
        script, start = self._script, self._at
        if script.startswith("$((", start):
            stop = script.find("))", start)
            self._at = len(script) if stop < 0 else stop + 2
        elif script.startswith("$(", start):
            self._at += 2
            self.commands_until(")", depth + 1)
        elif script[start] == "`":
            self._at += 1
            self.commands_until("`", depth + 1)
        else:
            match = _BRACED.match(script, start) or _NAMED.match(script, start)
            if start in self._expressions:
                self._at = self._expressions[start]
            elif match is not None:
                self._at = match.end()
            else:
                self._at += 1
                return "$", True
        return script[start : self._at], False

    def _redirection(self, command: _Open, depth: int) -> None:
        """Passes over a redirection with its target, and remembers a here-document."""
        script = self._script
        if command.words and command.words[-1].text.isdigit() and script[self._at - 1].isdigit():
            command.words.pop()
            command.places.pop()
        heredoc = _HEREDOC.match(script, self._at)
        if heredoc is not None:
            self._heredocs.append((heredoc.group(2) or heredoc.group(3) or heredoc.group(4), bool(heredoc.group(1))))
            self._at = heredoc.end()
            return
        if script.startswith(("<(", ">("), self._at):
            self._at += 2
            self.commands_until(")", depth + 1)
            return
        match = _REDIRECTION.match(script, self._at)
        self._at = match.end() if match is not None else self._at + 1
        while self._at < len(script) and script[self._at] in " \t":
            self._at += 1
        if self._at < len(script) and script[self._at] not in "\r\n;&|<>()":
            self._word("", depth)

    def _skip_heredocs(self) -> None:
        """Passes over the bodies of the here-documents of the line that just ended: they are data."""
        for word, tabs in self._heredocs:
            while self._at < len(self._script):
                stop = self._script.find("\n", self._at)
                stop = len(self._script) if stop < 0 else stop
                line = self._script[self._at : stop].rstrip("\r")
                self._at = min(stop + 1, len(self._script))
                if (line.lstrip("\t") if tabs else line).strip() == word:
                    break
        self._heredocs.clear()


def _next_of(script: str, start: int) -> int:
    match = _STOP.search(script, start)
    return match.start() if match is not None else len(script)


_STOP = re.compile(r"[\"\\$`]")
