"""A Dockerfile as instructions: continued lines joined, comments and directives taken out, here-documents collected.

Why no library does it: docs/dependencies.md.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from resource_readers.trees.nodes import Position

MAXIMUM_INSTRUCTIONS = 20_000

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.*?)\s*\Z")
_COMMENT = re.compile(r"[ \t]*#")
_INSTRUCTION = re.compile(r"[ \t]*(\S+)[ \t]*")
_HEREDOC = re.compile(r"\d*<<(-?)([^<>\s|&;]+)")
_HEREDOC_START = re.compile(r"\d*<<(?!<)")
_TAB = "\t"
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})


class DockerfileError(ValueError):
    """A part of a Dockerfile that was not understood. `place` says where."""

    def __init__(self, message: str, place: Position) -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class HereDocument:
    """`<<NAME ... NAME`: its name, text and first line; `literal`: variables in it stay as they are."""

    name: str
    text: str
    line: int
    literal: bool


@dataclass(slots=True)
class Instruction:
    """One instruction.

    Attributes:
        name: in capitals.
        text: what stands behind the name, continued lines joined.
        line: where it begins.
        documents: its here-documents.
    """

    name: str
    text: str
    line: int
    documents: list[HereDocument] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)
    _places: list[Position] = field(default_factory=list)

    def place(self, offset: int = 0) -> Position:
        """Place of a character of the text."""
        at = bisect.bisect_right(self._starts, offset) - 1
        if at < 0:
            return Position(self.line, 1)
        return Position(self._places[at].line, self._places[at].column + offset - self._starts[at])


@dataclass(frozen=True, slots=True)
class Source:
    """A Dockerfile: directives by lower-case name, the escape character, instructions."""

    directives: dict[str, str]
    escape: str
    instructions: list[Instruction]
    errors: list[DockerfileError]


def split(text: str) -> Source:
    """All instructions of a Dockerfile, and what couldn't be split."""
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    directives = dict(_directives(lines))
    escape = directives.get("escape", "\\")
    splitter = _Splitter(lines, escape if escape in ("\\", "`") else "\\")
    instructions = list(splitter.instructions())
    return Source(directives, splitter.escape, instructions, splitter.errors)


def _directives(lines: list[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for line in lines:
        match = _DIRECTIVE.match(line.strip())
        if (
            match is None
            or match.group(1).lower() in seen
            or match.group(1).lower() not in ("syntax", "escape", "check")
        ):
            return
        seen.add(match.group(1).lower())
        yield match.group(1).lower(), match.group(2)


class _Splitter:
    def __init__(self, lines: list[str], escape: str) -> None:
        self._lines = lines
        self._at = 0
        self.escape = escape
        self.errors: list[DockerfileError] = []
        self._ends: dict[bool, dict[str, list[int]]] = {}
        mark = re.escape(escape)
        self._continued = re.compile(rf"(?:(?<!{mark})|^){mark}[ \t]*\Z")

    def instructions(self) -> Iterator[Instruction]:
        made = 0
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip() or _COMMENT.match(line):
                self._at += 1
                continue
            made += 1
            if made > MAXIMUM_INSTRUCTIONS:
                place = Position(self._at + 1, 1)
                self.errors.append(DockerfileError(f"more than {MAXIMUM_INSTRUCTIONS:,} instructions", place))
                return
            yield self._instruction()

    def _instruction(self) -> Instruction:
        first = self._at
        pieces: list[str] = []
        starts: list[int] = []
        places: list[Position] = []
        length = 0
        open_ended = True
        while open_ended and self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if pieces and (not line.strip() or _COMMENT.match(line)):
                continue  # an empty line or a comment inside of an instruction belongs to nothing
            end = self._continued.search(line)
            open_ended = end is not None
            piece = line[: end.start()] if end is not None else line
            starts.append(length)
            places.append(Position(self._at, 1))
            pieces.append(piece)
            length += len(piece)
        whole = "".join(pieces)
        match = _INSTRUCTION.match(whole)
        head = match.end() if match is not None else 0
        name = match.group(1).upper() if match is not None else ""
        made = Instruction(name, whole[head:].rstrip(), first + 1)
        made._starts = [start - head for start in starts]
        made._places = places
        if name in _WITH_HEREDOC or (name == "ONBUILD" and made.text[:4].upper().rstrip() in _WITH_HEREDOC):
            self._collect(made)
        return made

    def _collect(self, instruction: Instruction) -> None:
        if instruction.text.lstrip().startswith("["):
            return
        for offset, word in _bare_words(instruction.text, self.escape):
            match = _HEREDOC.match(word)
            if match is None:
                continue
            strip, quoted = match.group(1) == "-", match.group(2)
            name = quoted.strip("'\"")
            first, end = self._at, self._end_of(name, strip)
            if end is None:
                # Not one: everything up to the end would be swallowed.
                message = f"the here-document {name[:60]!r} doesn't end"
                self.errors.append(DockerfileError(message, instruction.place(offset)))
                return
            body = self._lines[first:end]
            self._at = end + 1
            text = "".join(f"{one.lstrip(_TAB) if strip else one}\n" for one in body)
            instruction.documents.append(HereDocument(name, text, first + 1, name != quoted))

    def _end_of(self, name: str, strip: bool) -> int | None:
        """Index of the next line that is the name, tabs before it left out with `strip`."""
        if strip not in self._ends:
            ends: dict[str, list[int]] = {}
            for index, line in enumerate(self._lines):
                ends.setdefault(line.lstrip(_TAB) if strip else line, []).append(index)
            self._ends[strip] = ends
        found = self._ends[strip].get(name, [])
        at = bisect.bisect_left(found, self._at)
        return found[at] if at < len(found) else None


def _bare_words(text: str, escape: str) -> Iterator[tuple[int, str]]:
    """Words outside of quotes that may begin a here-document."""
    quote = ""
    at = 0
    while at < len(text):
        character = text[at]
        if character == escape and quote != "'":
            at += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif (at == 0 or text[at - 1].isspace()) and _HEREDOC_START.match(text, at):
            end = at
            while end < len(text) and not text[end].isspace():
                end += 1
            yield at, text[at:end]
            at = end
            continue
        at += 1
