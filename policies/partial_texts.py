"""What is known of a text of which only parts are: `azureml:{MODEL}@latest` ends with "@latest" whatever the model is.

A reader writes such a value as {"$unknown": reason, "text": "azureml:{MODEL}@latest"}, with `{...}` for what isn't
known. Where braces don't match, everything from the first one on is taken for unknown.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import Any

from policies.values import Truth, Unknown

_Pieces = Sequence[str]
"""What stands before, between and behind the unknown parts, folded; always two or more."""
_Ask = Callable[[_Pieces, Any], bool | None]
"""Takes the pieces and the operand; None where they don't tell."""


def tell(value: Unknown, operator: str, operand: Any) -> Truth:
    """The truth of a condition about a text that is known in part; the value itself where that isn't enough."""
    # An id of the project holds braces, too: it is known in part itself.
    given = operand if isinstance(operand, list) else [operand]
    if "{" not in value.text or any(isinstance(one, str) and "{" in one for one in given):
        return value
    pieces = _pieces(value.text)
    if not any(pieces):
        made = operator == "exists" and _is_made(value.text)
        return str(operand).casefold() == "true" if made else value
    if operator == "exists":
        # A text that isn't empty is there.
        return str(operand).casefold() == "true"
    positive = operator.removeprefix("not")
    ask = _OPERATORS.get(positive)
    if ask is None:
        return value
    found = ask(pieces, operand)
    if found is None and positive == "like" and isinstance(operand, str) and pieces[0].startswith("/subscriptions/"):
        found = _like_in_id(value.text, operand.casefold())
    return value if found is None else found is not operator.startswith("not")


@functools.lru_cache(maxsize=4096)
def _pieces(text: str) -> tuple[str, ...]:
    pieces: list[str] = []
    start, at = 0, text.find("{")
    while at >= 0:
        pieces.append(text[start:at].casefold())
        start = _behind(text, at)
        at = text.find("{", start)
    return (*pieces, text[start:].casefold())


_CALL = re.compile(r"\{(\w+)\(")
_MAKING = frozenset(
    {"concat", "format", "guid", "newguid", "padleft", "replace", "string", "substring", "take", "tolower", "toupper"}
    | {"trim", "uniquestring", "lower", "upper", "substr", "join"}
)
"""Functions of templates and of Terraform that give a value, or fail: never null."""


def _is_made(text: str) -> bool:
    """Whether all of it is what such a function gives: unknown, but there."""
    call = _CALL.match(text)
    if call is None or call.group(1).casefold() not in _MAKING or _behind(text, 0) != len(text):
        return False
    return _behind(text, call.end() - 1, "()") == len(text) - 1


def _behind(text: str, at: int, pair: str = "{}") -> int:
    """The position behind the unknown part that begins at a brace; braces in quotes don't count."""
    depth, quote = 0, ""
    for position in range(at, len(text)):
        sign = text[position]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in pair:
            depth += 1 if sign == pair[0] else -1
            if depth == 0:
                return position + 1
    return len(text)


def _equals(pieces: _Pieces, operand: Any) -> bool | None:
    if isinstance(operand, dict | list):
        return None
    return _cannot_be(pieces, str(operand).casefold())


def _cannot_be(pieces: _Pieces, text: str) -> bool | None:
    """False where the whole can't be `text`, else None: what isn't known may be empty, too."""
    begin, *_, end = pieces
    possible = text.startswith(begin) and text.endswith(end) and len(text) >= sum(map(len, pieces))
    return None if possible and all(piece in text for piece in pieces) else False


def _in(pieces: _Pieces, operand: Any) -> bool | None:
    if not isinstance(operand, list):
        return None
    return False if all(_equals(pieces, item) is False for item in operand) else None


def _contains(pieces: _Pieces, operand: Any) -> bool | None:
    if isinstance(operand, dict | list):
        return None
    wanted = str(operand).casefold()
    return True if any(wanted in piece for piece in pieces) else None


def _like(pieces: _Pieces, operand: Any) -> bool | None:
    if not isinstance(operand, str):
        return None
    head, star, rest = operand.casefold().partition("*")
    if not star:
        return _cannot_be(pieces, head)
    *middle, tail = rest.split("*")
    begin, *between, end = pieces
    if not _agree(begin, head) or not _agree(end[::-1], tail[::-1]):
        return False
    if not begin.startswith(head) or not end.endswith(tail):
        return None
    # The pieces stand in this order, whatever is between them; no pattern holds the sign that keeps them apart.
    left = _BETWEEN.join((begin[len(head) :], *between, end[: len(end) - len(tail)]))
    at = 0
    for part in middle:
        at = left.find(part, at)
        if at < 0:
            return None
        at += len(part)
    return True


_BETWEEN = "\0"


def _like_in_id(text: str, pattern: str) -> bool | None:
    """Whether an id can be like `*/environments/sklearn/*`: what isn't known of an id is names, without slashes."""
    if not pattern.startswith("*/") or not pattern.endswith("/*") or "*" in pattern[1:-1]:
        return None
    wanted = pattern[2:-2].split("/")
    parts = _parts(text)
    # The last part has no slash behind it.
    runs = zip(*(parts[start : len(parts) - len(wanted) + start] for start in range(len(wanted))), strict=False)
    possible = any(all(part in (None, name) for part, name in zip(run, wanted, strict=True)) for run in runs)
    return None if possible else False


@functools.lru_cache(maxsize=4096)
def _parts(text: str) -> tuple[str | None, ...]:
    """The names and types of an id, folded; None for one that isn't known, or not all of it."""
    masked = text
    while "{" in masked:
        at = masked.find("{")
        masked = masked[:at] + _BETWEEN + masked[_behind(masked, at) :]
    return tuple(None if _BETWEEN in part else part.casefold() for part in masked.strip("/").split("/"))


def _agree(one: str, other: str) -> bool:
    """Whether one of the two begins with the other."""
    return one.startswith(other) or other.startswith(one)


_OPERATORS: dict[str, _Ask] = {"equals": _equals, "in": _in, "contains": _contains, "like": _like}
