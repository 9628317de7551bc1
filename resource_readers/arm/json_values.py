"""What a part of a template evaluates to: its JSON walked once, each text in brackets evaluated where it stands."""

from __future__ import annotations

from resource_readers.arm.expressions import parse_text, property_copies
from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Frame, evaluate
from resource_readers.template_language.unknowns import unknown_names
from resource_readers.trees.nodes import ArrayNode, Entry, Literal, Node, ObjectNode


def value_of(node: Node | None, frame: Frame, default: Value) -> Value:
    """The value of a part of a template; `default` where there is none. Raises LimitError."""
    return default if node is None else json_value(node, frame)


def json_value(node: Node, frame: Frame) -> Value:
    """The value of a JSON tree: as evaluate(expression_of(node)) gives it, without a second tree. Raises LimitError."""
    if isinstance(node, Literal):
        value = node.value
        frame.scope.budget.spend()
        if isinstance(value, str) and value.startswith("["):
            return evaluate(parse_text(value, node.line, node.column), frame)
        return value
    if isinstance(node, ObjectNode):
        return _object_value(node, frame)
    if isinstance(node, ArrayNode):
        frame.scope.budget.spend()
        return [json_value(item, frame) for item in node.items]
    return evaluate(node, frame)


def _object_value(node: ObjectNode, frame: Frame) -> Value:
    frame.scope.budget.spend()
    result: dict[str, Value] = {}
    for entry in node.entries:
        if isinstance(entry.key, str) and len(entry.key) == 4 and (copies := property_copies(entry)) is not None:
            result.update((str(made.key), evaluate(made.value, frame)) for made in copies)
            continue
        key = _key(entry, frame)
        if isinstance(key, Unknown):
            empty = all(isinstance(one.value, ObjectNode) and not one.value.entries for one in node.entries)
            return unknown_names([_key(one, frame) for one in node.entries] if empty else [], empty=empty)
        if not isinstance(key, str):
            return Unknown("a key that is no text")
        result[key] = json_value(entry.value, frame)
    return result


def _key(entry: Entry, frame: Frame) -> Value:
    if not isinstance(entry.key, str):
        return evaluate(entry.key, frame)
    if entry.key.startswith("["):
        return evaluate(parse_text(entry.key, entry.line, entry.column), frame)
    return entry.key
