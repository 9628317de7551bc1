"""The commands of a PowerShell script, without running anything: see shell_commands.

A hash table that is written out and then splatted (`@parameters`) gives its parameters; everything else that is
computed stays text and isn't known.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from resource_readers.workflows.service_expressions import expression_spans
from resource_readers.workflows.shell_commands import (
    MAXIMUM_COMMANDS,
    MAXIMUM_SCRIPT,
    Command,
    Lines,
    ScriptError,
    Word,
)

_MAXIMUM_DEPTH = 40
_SKIP = re.compile(r"(?:[ \t\r]+|`\r?\n|<#(?:[^#]|#(?!>))*+(?:#>|\Z)|\#[^\n]*)")
_HERE = re.compile(r"@(['\"])[ \t]*\r?\n")
_SINGLE = re.compile(r"'((?:[^']|'')*+)'?")
_VARIABLE = re.compile(r"\$(?:\{[^}\n]*\}|[A-Za-z_][\w:]*(?:\.[A-Za-z_]\w*)*|[?$^_])")
_PLAIN = re.compile(r"[^\s'\"`$;|&(){}]+")
_DYNAMIC = re.compile(r"\$(?:[\w{(]|\{\{)")
_ENTRY = re.compile(r"[ \t]*(?:'([^']+)'|\"([^\"$`]+)\"|([A-Za-z_]\w*))[ \t]*=[ \t]*([^\n;]*)")
_TABLE = re.compile(r"\$(?:script:|global:|local:)?(\w+)[ \t]*\+?=[ \t]*(?:\[\w+\])?@\{", re.IGNORECASE)
# The default of a parameter: [string] $TemplateFile = "main.bicep"
_DEFAULT = re.compile(r"\[[\w.]+\]\s*\$(\w+)\s*=\s*('[^'\n]*'|\"[^\"$`\n]*\")")
_JOINED = re.compile(r"(\$[\w:]+)\+?=(.+)", re.DOTALL)
_MAXIMUM_TABLES = 100
_KEYWORDS = frozenset({"&", ".", "return", "$null", "[void]", "if", "else", "try", "catch", "finally", "do"})


def powershell_commands(script: str) -> list[Command]:
    """Every command of a script, in the order in which they begin. Raises ScriptError."""
    if len(script) > MAXIMUM_SCRIPT:
        raise ScriptError(f"a script of more than {MAXIMUM_SCRIPT:,} characters")
    lexer = _Lexer(script)
    lexer.commands_until("", 0)
    tables = _tables(script)
    found = [_splatted(one, tables) for one in lexer.found]
    for match in _DEFAULT.finditer(script):
        text = match.group(2)[1:-1]
        found.append(Command((), *lexer.place(match.start()), ((match.group(1), Word(text, "${{" not in text)),)))
    return sorted(found, key=lambda one: (one.line, one.column))


class _Lexer:
    def __init__(self, script: str) -> None:
        self._script = script
        self._at = 0
        self._lines = Lines(script)
        self._expressions = dict(expression_spans(script))
        self._no_end: set[str] = set()
        self.found: list[Command] = []

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a position."""
        return self._lines.place(at)

    def commands_until(self, end: str, depth: int) -> None:
        if depth > _MAXIMUM_DEPTH:
            raise ScriptError(f"a script with blocks nested deeper than {_MAXIMUM_DEPTH} levels")
        script, size = self._script, len(self._script)
        words: list[tuple[Word, int]] = []
        while self._at < size:
            skipped = _SKIP.match(script, self._at)
            if skipped is not None:
                self._at = skipped.end()
                continue
            character, start = script[self._at], self._at
            if character == end:
                self._at += 1
                break
            if character in "\n;|{})" or script.startswith("&&", self._at):
                self._finish(words)
                words = []
                self._at += 2 if character == "&" else 1
                if character == "{":
                    self.commands_until("}", depth + 1)
                continue
            word = Word("&") if character == "&" else self._word(depth)
            self._at = max(self._at, start + 1)
            words.append((word, start))
        self._finish(words)

    def _finish(self, words: list[tuple[Word, int]]) -> None:
        if not words:
            return
        first, at = words[0]
        joined = _JOINED.fullmatch(first.text)
        if joined is not None:
            rest = Word(joined.group(2), first.known), at + joined.start(2)
            words = [(Word(joined.group(1), False), at), (Word("="), at), rest, *words[1:]]
        assignments: tuple[tuple[str, Word], ...] = ()
        if len(words) >= 2 and words[1][0].text in ("=", "+=") and words[0][0].text.startswith("$"):
            name = words[0][0].text.removeprefix("$").removeprefix("env:")
            words = words[2:]
            if len(words) == 1:
                assignments = ((name, words[0][0]),)
                words = []
        begin = next((i for i, (word, _) in enumerate(words) if word.text.lower() not in _KEYWORDS), len(words))
        words = words[begin:]
        if not words and not assignments:
            return
        if len(self.found) >= MAXIMUM_COMMANDS:
            raise ScriptError(f"a script of more than {MAXIMUM_COMMANDS:,} commands")
        line, column = self._lines.place(words[0][1] if words else at)
        self.found.append(Command(tuple(word for word, _ in words), line, column, assignments))

    def _word(self, depth: int) -> Word:
        script, size = self._script, len(self._script)
        here = self._here_text()
        if here is not None:
            return here
        parts: list[str] = []
        known = True
        while self._at < size and script[self._at] not in " \t\r\n;|})":
            character = script[self._at]
            if self._at in self._expressions:
                parts.append(script[self._at : self._expressions[self._at]])
                known = False
                self._at = self._expressions[self._at]
            elif script.startswith("@{", self._at):
                known = self._group(parts, "}", 2, depth)
            elif script.startswith(("$(", "@("), self._at):
                known = self._group(parts, ")", 2, depth)
            elif character == "(":
                known = self._group(parts, ")", 1, depth)
            elif character == "{":
                break
            elif character == "'":
                single = _SINGLE.match(script, self._at)
                if single is None:
                    break
                text = single.group(1).replace("''", "'")
                known = known and "${{" not in text and "$(" not in text
                parts.append(text)
                self._at = single.end()
            elif character == '"':
                text, whole = self._quoted()
                parts.append(text)
                known = known and whole
            elif character == "`":
                if script[self._at + 1 : self._at + 2] in ("\n", "\r"):
                    break
                parts.append(script[self._at + 1 : self._at + 2])
                self._at += 2
            else:
                variable = _VARIABLE.match(script, self._at)
                plain = variable or _PLAIN.match(script, self._at)
                known = known and variable is None
                text = plain.group() if plain is not None else character
                parts.append(text)
                self._at += len(text)
        text = "".join(parts)
        return Word(text, known and not text.startswith("@"))

    def _here_text(self) -> Word | None:
        """A text between `@'` and `'@` (or with double quotes), each at the border of a line."""
        match = _HERE.match(self._script, self._at)
        if match is None or match.group(1) in self._no_end:
            return None
        quote = match.group(1)
        stop = self._script.find(f"\n{quote}@", match.end() - 1)
        if stop < 0:
            self._no_end.add(quote)
            return None
        text = self._script[match.end() : stop]
        self._at = stop + 3
        return Word(text, quote == "'" and "${{" not in text)

    def _group(self, parts: list[str], end: str, opening: int, depth: int) -> bool:
        start = self._at
        self._at += opening
        self.commands_until(end, depth + 1)
        parts.append(self._script[start : self._at])
        return False

    def _quoted(self) -> tuple[str, bool]:
        """A text in double quotes; what stands in `$(...)` inside of it is only text."""
        script, size = self._script, len(self._script)
        self._at += 1
        parts: list[str] = []
        while self._at < size:
            character = script[self._at]
            if character == "`":
                parts.append(script[self._at + 1 : self._at + 2])
                self._at += 2
            elif character == '"':
                self._at += 1
                if script[self._at : self._at + 1] != '"':
                    break
                parts.append('"')
                self._at += 1
            else:
                match = _STOP.search(script, self._at + 1)
                stop = match.start() if match is not None else size
                parts.append(script[self._at : stop])
                self._at = stop
        text = "".join(parts)
        return text, _DYNAMIC.search(text) is None


_STOP = re.compile(r"[\"`]")


def _tables(script: str) -> dict[str, list[tuple[str, Word]]]:
    """Hash tables that are given to a variable once, by the variable's folded name."""
    found: dict[str, list[tuple[str, Word]]] = {}
    for match in itertools.islice(_TABLE.finditer(script), _MAXIMUM_TABLES):
        entries: list[tuple[str, Word]] = []
        depth, at = 1, match.end()
        for line in script[at : at + 20_000].split("\n"):
            entry = _ENTRY.match(line) if depth == 1 else None
            if entry is not None:
                entries.append((entry.group(1) or entry.group(2) or entry.group(3), _literal(entry.group(4))))
            depth += line.count("{") - line.count("}")
            if depth <= 0:
                break
        found.setdefault(match.group(1).lower(), []).extend(entries)
    return found


def _literal(text: str) -> Word:
    text = re.split(r"\s+#", text.strip().removesuffix("}").strip())[0].strip()
    if len(text) >= 2 and text[0] == text[-1] == "'":
        inner = text[1:-1].replace("''", "'")
        return Word(inner, "${{" not in inner and "$(" not in inner)
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return Word(text[1:-1], _DYNAMIC.search(text) is None)
    return Word(text, text.replace(".", "", 1).isdigit())


def _splatted(command: Command, tables: dict[str, list[tuple[str, Word]]]) -> Command:
    words: list[Word] = []
    for word in command.words:
        table = tables.get(word.text.removeprefix("@").lower()) if word.text.startswith("@") else None
        if table is None:
            words.append(word)
            continue
        words.append(word)
        for name, value in table:
            words.extend((Word(f"-{name}"), value))
    return replace(command, words=tuple(words))
