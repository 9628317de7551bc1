"""Properties of ARM templates, in the text of lenient JSON (comments, trailing commas, tabs, CRLF)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from deploy_gate.fixes.texts import (
    Change,
    NotMechanicalError,
    Target,
    Value,
    begins_line,
    indentation,
    line_break,
    line_end,
    margin_at,
    offset,
)

_BLANK = re.compile(r"(?:[\s\ufeff\u00a0]|//[^\n]*+|/\*.*?\*/)*+", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'', re.DOTALL)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|\'(?:[^\'\\]|\\.)*+\'|//[^\n]*+|/\*.*?\*/|[{}\[\]]', re.DOTALL)
_WORD = re.compile(r"[^\s,}\]/]+")
_COMMENT_ONLY = re.compile(r"[ \t]*(?://[^\n]*)?\Z|[ \t]*/\*[^\n]*\*/[ \t]*\Z")


@dataclass(frozen=True, slots=True)
class _Member:
    """One `"key": value`, by offsets; `comma` is that of the comma behind it, or None."""

    key: str
    start: int
    value: int
    end: int
    comma: int | None


def set_in_json(text: str, target: Target) -> list[Change]:
    """Sets a property of a resource. Raises NotMechanicalError."""
    at = offset(text, target.line, target.column)
    if text[at : at + 1] != "{":
        raise NotMechanicalError("its place in the file is not known")
    for depth, name in enumerate(target.path):
        members, close = _members(text, at)
        same = [one for one in members if one.key.casefold() == name.casefold()]
        if len(same) > 1:
            raise NotMechanicalError(f"{name} stands more than once")
        if not same:
            _refuse_loop(text, members, name)
            return _inserted(text, at, close, members, target.path[depth:], target.value)
        at = same[0].value
        if depth == len(target.path) - 1:
            _refuse_expression(text, same[0])
            return [Change(at, same[0].end, json.dumps(target.value))]
        if text[at] != "{":
            raise NotMechanicalError(f"{name} is given by an expression")
    raise NotMechanicalError("there is nothing to set")


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return match.end() if match is not None else at


def _members(text: str, at: int) -> tuple[list[_Member], int]:
    """The members of the object at an offset, and the offset of its closing brace."""
    members: list[_Member] = []
    at = _skip(text, at + 1)
    while text[at : at + 1] != "}":
        match = _STRING.match(text, at)
        if match is None:
            raise NotMechanicalError("the file is not understood here")
        start, at = at, _skip(text, match.end())
        if text[at : at + 1] != ":":
            raise NotMechanicalError("the file is not understood here")
        value = _skip(text, at + 1)
        end = _value_end(text, value)
        at = _skip(text, end)
        comma = at if text[at : at + 1] == "," else None
        members.append(_Member(match.group()[1:-1], start, value, end, comma))
        at = _skip(text, at + 1) if comma is not None else at
        if comma is None and text[at : at + 1] != "}":
            raise NotMechanicalError("the file is not understood here")
    return members, at


def _value_end(text: str, at: int) -> int:
    first = text[at : at + 1]
    if first and first in "{[":
        depth = 0
        for match in _TOKEN.finditer(text, at):
            if match.group() in ("{", "["):
                depth += 1
            elif match.group() in ("}", "]"):
                depth -= 1
                if depth == 0:
                    return match.end()
    else:
        found = (_STRING if first and first in "\"'" else _WORD).match(text, at)
        if found is not None:
            return found.end()
    raise NotMechanicalError("the file is not understood here")


def _refuse_loop(text: str, members: list[_Member], name: str) -> None:
    """A property that a `copy` loop makes is not one that is missing."""
    for member in members:
        if member.key.casefold() == "copy" and name.casefold() in text[member.value : member.end].casefold():
            raise NotMechanicalError(f"{name} is made by a copy loop")


def _refuse_expression(text: str, member: _Member) -> None:
    value = text[member.value : member.end]
    if value[:1] in ("{", "["):
        raise NotMechanicalError(f"{member.key} holds an object or a list")
    if value[:1] in ('"', "'") and value[1:2] == "[" and value[1:3] != "[[":
        raise NotMechanicalError(f"{member.key} is given by an expression: {value[:60]}")


def _inserted(
    text: str, at: int, close: int, members: list[_Member], path: tuple[str, ...], value: Value
) -> list[Change]:
    """A new member at the end of the object that begins at `at`."""
    step, end_of_line = indentation(text), line_break(text)
    if not members:
        if text[at + 1 : close].strip():
            raise NotMechanicalError("only comments stand in its object")
        margin = margin_at(text, at)
        inner = margin + step
        written = _written(path, value, inner, step, end_of_line)
        return [Change(at + 1, close, f"{end_of_line}{inner}{written}{end_of_line}{margin}")]
    last = members[-1]
    if not begins_line(text, last.start):
        written = _written(path, value, "", "", "")
        return [Change(last.end, last.end, f", {written}")]
    inner = margin_at(text, last.start)
    written = _written(path, value, inner, step, end_of_line)
    after = last.end if last.comma is None else last.comma + 1
    comma = [Change(last.end, last.end, ",")] if last.comma is None else []
    end = line_end(text, after)
    if end <= close and _COMMENT_ONLY.fullmatch(text[after:end]):
        # A comment behind the last member stays with it.
        if end == last.end and comma:
            return [Change(end, end, f",{end_of_line}{inner}{written}")]
        return [*comma, Change(end, end, f"{end_of_line}{inner}{written}")]
    return [Change(after, after, f"{',' if comma else ''}{end_of_line}{inner}{written}")]


def _written(path: tuple[str, ...], value: Value, margin: str, step: str, end_of_line: str) -> str:
    if len(path) == 1:
        return f"{json.dumps(path[0])}: {json.dumps(value)}"
    inner = margin + step
    nested = _written(path[1:], value, inner, step, end_of_line)
    return f"{json.dumps(path[0])}: {{{end_of_line}{inner}{nested}{end_of_line}{margin}}}"
