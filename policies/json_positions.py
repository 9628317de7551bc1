"""Where in a JSON file a condition stands. Read only when somebody wants an explanation."""

from __future__ import annotations

import bisect
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Pointer = tuple[str | int, ...]

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_RULE = ("if", "then")


def json_lines(data: bytes) -> dict[Pointer, int]:
    """The 1-based line of every value, at its key where it has one; names in the pointers are lower-cased.

    Args:
        data: JSON that has been parsed without an error.
    """
    text = data.decode("utf-8-sig")
    starts = [found.start() for found in re.finditer("\n", text)]
    return {pointer: bisect.bisect_left(starts, offset) + 1 for pointer, offset in _values(text)}


@dataclass(slots=True)
class _Open:
    """An object or array that has begun: where it is, and which member comes next (None before an object's key)."""

    pointer: Pointer
    member: str | int | None
    key_at: int = 0


def _values(text: str) -> Iterator[tuple[Pointer, int]]:
    around: list[_Open] = []
    for token in _TOKEN.finditer(text):
        sign = token.group()
        if sign == ":":
            continue
        if sign in "}]":
            if around:
                around.pop()
            continue
        holder = around[-1] if around else None
        if sign == ",":
            if holder is not None:
                holder.member = holder.member + 1 if isinstance(holder.member, int) else None
            continue
        if holder is not None and holder.member is None:
            holder.member, holder.key_at = str(json.loads(sign)).lower(), token.start()
            continue
        pointer: Pointer = ()
        offset = token.start()
        if holder is not None and holder.member is not None:
            pointer = (*holder.pointer, holder.member)
            offset = holder.key_at if isinstance(holder.member, str) else offset
        yield pointer, offset
        if sign in "{[":
            around.append(_Open(pointer, None if sign == "{" else 0))


@dataclass(frozen=True, slots=True)
class DefinitionLines:
    """Lines of a definition's file by the paths that errors and traces name ("if.allOf[1].field")."""

    lines: Mapping[Pointer, int] = field(default_factory=dict)

    def line(self, path: str) -> int | None:
        """The line of what is at the path, or of what is around it; None for a file without lines."""
        parts = tuple(int(index) if index else name.lower() for name, index in _PART.findall(path))
        rooted = [("properties", "policyrule"), ("policyrule",), ()] if parts[:1] and parts[0] in _RULE else _OTHERS
        start = next((prefix for prefix in rooted if (*prefix, *parts[:1]) in self.lines), ())
        whole = (*start, *parts)
        for end in range(len(whole), -1, -1):
            if whole[:end] in self.lines:
                return self.lines[whole[:end]]
        return None


_OTHERS: list[tuple[str, ...]] = [("properties",), ()]


def definition_lines(data: bytes) -> DefinitionLines:
    """The lines of a definition's file, which has been read before."""
    return DefinitionLines(json_lines(data))
