"""Values of the expressions of Azure Pipelines: how they are converted and compared, and what nodes they stand for."""

from __future__ import annotations

import re

from resource_readers.interface import Unknown
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode
from resource_readers.workflows.properties import Uncertain

Result = str | int | float | bool | None | Unknown | ObjectNode | ArrayNode
"""What an expression gives: mappings and lists as nodes, so that what it passes on keeps its place."""


def all_of(base: Result) -> Result:
    """What `*` gives."""
    if isinstance(base, ArrayNode):
        return base
    if isinstance(base, ObjectNode):
        return ArrayNode(tuple(entry.value for entry in base.entries), base.line, base.column)
    return None


def item_of(base: Result, key: Result) -> Result:
    """A member of a mapping, an item of a list; None if it isn't there."""
    if isinstance(base, ObjectNode):
        found = base.get(text_of_result(key))
        return from_node(found) if found is not None else None
    if isinstance(base, ArrayNode):
        number = to_number(key)
        if isinstance(number, int) and 0 <= number < len(base.items):
            return from_node(base.items[number])
        if isinstance(key, str):  # a list that `*` gave
            found_items = [from_node(one) for one in base.items]
            values = [item_of(one, key) for one in found_items if isinstance(one, ObjectNode)]
            return ArrayNode(tuple(to_node(one, base) for one in values if one is not None), base.line, base.column)
    return None


def from_node(node: Node) -> Result:
    """A node as a value."""
    if isinstance(node, ObjectNode | ArrayNode):
        return node
    if isinstance(node, Uncertain):
        return Unknown(node.reason, str(node.value))
    return node.value if isinstance(node, Literal) else Unknown("not understood")


def to_node(value: Result, at: Node | Entry) -> Node:
    """A value as a node that stands at `at`."""
    if isinstance(value, ObjectNode | ArrayNode):
        return value
    if isinstance(value, Unknown):
        return Uncertain(value.text, at.line, at.column, reason=value.reason)
    return Literal(value, at.line, at.column)


def text_of_result(value: Result) -> str:
    """A value as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, float):
        return format(value, "g")
    if isinstance(value, Unknown):
        return value.text
    return str(value) if isinstance(value, str | int) else ""


def truth(value: Result) -> bool | Unknown:
    """A value as a truth value."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, ObjectNode | ArrayNode):
        return True
    return bool(value)


def to_number(value: Result) -> int | float | None:
    """A value as a number, or None if it is none."""
    if isinstance(value, bool) or value is None:
        return int(bool(value))
    if isinstance(value, int | float):
        return value
    if isinstance(value, str):
        text = value.strip().replace(",", "")
        if not text:
            return 0
        if re.fullmatch(r"[-+]?\d{1,300}", text):
            return int(text)
        if re.fullmatch(r"[-+]?(?:\d+\.\d*|\.\d+)", text):
            return float(text)
    return None


def equal(left: Result, right: Result) -> bool | Unknown:
    """`eq`: the right one is converted to the type of the left one."""
    for one in (left, right):
        if isinstance(one, Unknown):
            return Unknown(one.reason)
    if isinstance(left, ObjectNode | ArrayNode) or isinstance(right, ObjectNode | ArrayNode):
        return left is right
    if isinstance(left, bool):
        return left == truth(right)
    if left is None:
        return right is None or right == ""
    if isinstance(left, int | float):
        return to_number(right) == left if right is not None else False
    return str(left).lower() == text_of_result(right).lower()
