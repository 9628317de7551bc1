"""Values of the expressions of Azure Pipelines: how they are converted and compared, and what nodes they stand for."""

from __future__ import annotations

import re
from dataclasses import replace

from resource_readers.interface import Unknown
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode
from resource_readers.workflows.properties import Uncertain
from verdicts.records import record

Result = str | int | float | bool | None | Unknown | ObjectNode | ArrayNode
"""What an expression gives: mappings and lists as nodes, so that what it passes on keeps its place."""


@record(frozen=True, slots=True)
class Computed(Literal):
    """A scalar that an expression gave."""


@record(frozen=True, slots=True)
class Chosen(Computed):
    """A scalar whose value stands for now: whoever starts the run, or calls the template, may choose another.

    Attributes:
        by: the parameter on which it hangs.
    """

    by: str = ""


def chosen_node(node: Node, by: str) -> Node:
    """The tree with all its scalars marked."""
    if isinstance(node, Uncertain | Chosen):
        return node
    if isinstance(node, Literal):
        value = from_node(node)
        return Chosen(node.value if not isinstance(value, str) else value, node.line, node.column, by)
    if isinstance(node, ArrayNode):
        return replace(node, items=tuple(chosen_node(one, by) for one in node.items))
    if isinstance(node, ObjectNode):
        return replace(node, entries=tuple(replace(one, value=chosen_node(one.value, by)) for one in node.entries))
    return node


def all_of(base: Result) -> Result:
    """What `*` gives."""
    if isinstance(base, ArrayNode):
        return base
    if isinstance(base, ObjectNode):
        return ArrayNode(tuple(entry.value for entry in base.entries), base.line, base.column)
    return None


def item_of(base: Result, key: Result) -> Node | None:
    """A member of a mapping, an item of a list; None if it isn't there."""
    if isinstance(base, ObjectNode):
        return base.get(text_of_result(key))
    if isinstance(base, ArrayNode):
        number = to_number(key)
        if isinstance(number, int) and 0 <= number < len(base.items):
            return base.items[number]
        if isinstance(key, str):  # a list that `*` gave
            values = [item_of(one, key) for one in base.items if isinstance(one, ObjectNode)]
            return ArrayNode(tuple(one for one in values if one is not None), base.line, base.column)
    return None


def from_node(node: Node) -> Result:
    """A node as a value. `true` and `false` in YAML are texts here; only a type or a function makes truth values."""
    if isinstance(node, ObjectNode | ArrayNode):
        return node
    if isinstance(node, Uncertain):
        return Unknown(node.reason, str(node.value))
    if not isinstance(node, Literal):
        return Unknown("not understood")
    if isinstance(node.value, bool) and not isinstance(node, Computed):
        return "true" if node.value else "false"
    return node.value


def to_node(value: Result, at: Node | Entry) -> Node:
    """A value as a node that stands at `at`."""
    if isinstance(value, ObjectNode | ArrayNode):
        return value
    if isinstance(value, Unknown):
        return Uncertain(value.text, at.line, at.column, reason=value.reason)
    return Computed(value, at.line, at.column)


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
        if len(text) <= 300 and re.fullmatch(r"[-+]?(?:\d+\.\d*|\.\d+)", text):
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
