"""Bicep's binary operators, and the template functions that they mean."""

from __future__ import annotations

import re

from resource_readers.bicep.scanning import Place
from resource_readers.trees.nodes import Call, Node

OPERATOR = re.compile(r"\?\?|\|\||&&|[=!]=|[=!]~|[<>]=?|[-+*/%]")
# The higher, the closer an operator binds; all are left-associative.
PRECEDENCE = {
    "??": 1,
    "||": 2,
    "&&": 3,
    **dict.fromkeys(("==", "!=", "=~", "!~"), 4),
    **dict.fromkeys(("<=", ">=", "<", ">"), 5),
    **dict.fromkeys("+-", 6),
    **dict.fromkeys("*/%", 7),
}
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


def operation(sign: str, left: Node, right: Node, place: Place) -> Node:
    """The call that an operator stands for."""
    if sign in ("=~", "!~"):
        left, right = Call("toLower", (left,), *place), Call("toLower", (right,), *place)
    if sign in ("!=", "!~"):
        return Call("not", (Call("equals", (left, right), *place),), *place)
    return Call(_FUNCTIONS.get(sign, "equals"), (left, right), *place)
