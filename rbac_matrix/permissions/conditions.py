"""Which actions a condition of attribute-based access control speaks of.

Source: https://learn.microsoft.com/azure/role-based-access-control/conditions-format. What a condition asks isn't
evaluated; but most of them are made of clauses "it isn't this action, or ...", which hold for every other action.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST_CONDITION = 64 * 1024
"""Characters; Azure takes 8 KB. A longer one is taken to speak of all actions."""

DEEPEST = 50
"""Levels of brackets. A deeper one is taken to speak of all actions."""

_TOKEN = re.compile(r"'(?:[^']|'')*'|\{[^{}']*\}|[()]|&&|\|\||\b(?:AND|OR)\b", re.IGNORECASE)
_NEGATED = re.compile(r"(?:!|NOT\b)\s*(\(.*\))", re.IGNORECASE | re.DOTALL)
_ACTION_MATCHES = re.compile(r"ActionMatches\s*\{((?:\s*'[^']*'\s*,?)*)\}", re.IGNORECASE)
_NAMED = re.compile(r"'([^']*)'")


def same_condition(condition: str) -> str:
    """A condition as it compares: spaces and case don't count."""
    return " ".join(condition.split()).casefold()


def guarded_actions(condition: str) -> tuple[str, ...] | None:
    """The patterns of actions that a condition restricts; every other action is free. None: it restricts all.

    "(!(ActionMatches{'A'}) OR ...) AND (!(ActionMatches{'B'} AND ...) OR ...)" gives A and B.
    """
    if len(condition) > LONGEST_CONDITION:
        return None
    found: list[str] = []
    for clause in _conjuncts(condition, DEEPEST):
        guards = next((guard for guard in map(_guard, _split(_bare(clause), "OR")) if guard), None)
        if guards is None:
            return None
        found += guards
    return tuple(dict.fromkeys(found))


def _conjuncts(text: str, deepest: int) -> Iterator[str]:
    parts = _split(_bare(text), "AND")
    for part in parts:
        if len(parts) == 1 or not deepest:
            yield part
        else:
            yield from _conjuncts(part, deepest - 1)


def _guard(text: str) -> tuple[str, ...]:
    """The actions A of "not (A and ...)", () if it is something else."""
    negated = _NEGATED.fullmatch(_bare(text))
    if negated is None or _bare(negated[1]) == negated[1].strip():
        return ()
    inner = _bare(negated[1])
    for part in _split(inner, "AND") if len(_split(inner, "OR")) == 1 else ():
        matches = _ACTION_MATCHES.fullmatch(_bare(part))
        if matches is not None:
            return tuple(_NAMED.findall(matches[1]))
    return ()


def _split(text: str, operator: str) -> list[str]:
    """The parts between the operators that stand outside of brackets."""
    signs = {"AND": ("AND", "&&"), "OR": ("OR", "||")}[operator]
    parts, start, depth = [], 0, 0
    for token in _TOKEN.finditer(text):
        sign = token[0].upper()
        depth += (sign == "(") - (sign == ")")
        if depth == 0 and sign in signs:
            parts.append(text[start : token.start()])
            start = token.end()
    return [*parts, text[start:]]


def _bare(text: str) -> str:
    """Without the brackets around all of it."""
    text = text.strip()
    for _ in range(DEEPEST):
        depth, closed = 0, -1
        for token in _TOKEN.finditer(text):
            depth += (token[0] == "(") - (token[0] == ")")
            if depth == 0 and token[0] == ")":
                closed = token.end()
                break
        if not text.startswith("(") or closed != len(text):
            break
        text = text[1:-1].strip()
    return text
