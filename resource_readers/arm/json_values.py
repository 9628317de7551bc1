"""What a part of a template evaluates to: its JSON walked once, each text in brackets evaluated where it stands."""

from __future__ import annotations

from resource_readers.arm.expressions import parse_text, property_copies
from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Frame, evaluate
from resource_readers.trees.nodes import ArrayNode, Literal, Node, ObjectNode


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
        key = entry.key
        if isinstance(key, str) and key.startswith("["):
            key = evaluate(parse_text(key, entry.line, entry.column), frame)
        elif not isinstance(key, str):
            key = evaluate(key, frame)
        elif len(key) == 4 and (copies := property_copies(entry)) is not None:
            result.update((str(made.key), evaluate(made.value, frame)) for made in copies)
            continue
        if not isinstance(key, str):
            return Unknown(
                "the name of a property is not known" if isinstance(key, Unknown) else "a key that is no text"
            )
        result[key] = json_value(entry.value, frame)
    return result
