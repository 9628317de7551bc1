"""Changes of a text at exact places; everything else stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

Value = str | int | bool


class NotMechanicalError(Exception):
    """The mistake can't be mended without a person; the message says why, as an end of "it was not mended: "."""


@dataclass(frozen=True, slots=True)
class Change:
    """What stands from `start` to `end` (offsets in characters) becomes `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be set.

    Attributes:
        line, column: 1-based place at which the resource's object, block or document begins.
        path: names from there to the property, as the file's language has them.
        value: what it must be.
    """

    line: int
    column: int
    path: tuple[str, ...]
    value: Value


def changed(text: str, changes: Iterable[Change]) -> str:
    """The text with the changes; they may not overlap."""
    end = len(text)
    for change in sorted(changes, key=lambda one: (one.start, one.end), reverse=True):
        if not change.start <= change.end <= end:
            raise ValueError("changes overlap")
        text = text[: change.start] + change.text + text[change.end :]
        end = change.start
    return text


def line_break(text: str) -> str:
    """How the text breaks its lines."""
    return "\r\n" if "\r\n" in text else "\n"


def margin_at(text: str, at: int) -> str:
    """The white space with which the line of an offset begins."""
    start = text.rfind("\n", 0, at) + 1
    match = re.compile(r"[ \t]*").match(text, start)
    return match.group() if match is not None else ""


def begins_line(text: str, at: int) -> bool:
    """Whether only white space stands before an offset in its line."""
    return not text[text.rfind("\n", 0, at) + 1 : at].strip(" \t")


def line_end(text: str, at: int) -> int:
    """The offset at which the line of an offset ends, before its line break."""
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    return end - 1 if end > at and text[end - 1] == "\r" else end


def indentation(text: str) -> str:
    """One step of indentation, as the text has it."""
    match = re.search(r"^(\t|  +)\S", text, re.MULTILINE)
    return match[1] if match is not None else "  "


def offset(text: str, line: int, column: int) -> int:
    """The offset of a 1-based line and column, lines being counted by line feeds."""
    start = 0
    for _ in range(line - 1):
        start = text.find("\n", start) + 1
        if start == 0:
            raise NotMechanicalError("its place in the file is not known")
    return start + max(column - 1, 0)
