"""Bicep's binary operators, and the template functions that they mean."""

from __future__ import annotations

from resource_readers.trees.nodes import Call, Node

# Weakest first; each level is left-associative.
OPERATORS: tuple[tuple[str, ...], ...] = (
    ("??",),
    ("||",),
    ("&&",),
    ("==", "!=", "=~", "!~"),
    ("<=", ">=", "<", ">"),
    ("+", "-"),
    ("*", "/", "%"),
)
_FUNCTIONS = {
    "??": "coalesce",
    "||": "or",
    "&&": "and",
    "==": "equals",
    "<=": "lessOrEquals",
    ">=": "greaterOrEquals",
    "<": "less",
    ">": "greater",
    "+": "add",
    "-": "sub",
    "*": "mul",
    "/": "div",
    "%": "mod",
}


def operation(sign: str, left: Node, right: Node, line: int) -> Node:
    """The call that an operator stands for."""
    if sign in ("=~", "!~"):
        left, right = Call("toLower", (left,), line), Call("toLower", (right,), line)
    if sign in ("!=", "!~"):
        return Call("not", (Call("equals", (left, right), line),), line)
    return Call(_FUNCTIONS.get(sign, "equals"), (left, right), line)
