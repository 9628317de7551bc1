"""Properties of Bicep resources, in the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    import tree_sitter

_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n]*|/\*(?:[^*\n]|\*(?!/))*\*/[ \t]*)?")
_COMMENTS = ("comment", "diagnostic_comment")  # "#disable-next-line"
_LITERALS = frozenset({"string", "boolean", "number", "null"})


def set_in_bicep(text: str, target: Target) -> list[Change]:
    """Sets a property of a resource. Raises NotMechanicalError."""
    import tree_sitter
    import tree_sitter_bicep

    data = text.encode()
    tree = tree_sitter.Parser(tree_sitter.Language(tree_sitter_bicep.language())).parse(data)
    start = len(text[: offset(text, target.line, target.column)].encode())
    node = _object_at(tree.root_node, start)
    if node is None or node.has_error:
        raise NotMechanicalError("the resource is not understood well enough")
    return _set(_Source(text, data), node, target)


class _Source:
    """The text, and places in it by the offsets of its bytes."""

    def __init__(self, text: str, data: bytes) -> None:
        self.text = text
        self._data = data
        self._ascii = len(text) == len(data)

    def place(self, at: int) -> int:
        """The offset in characters of an offset in bytes."""
        return at if self._ascii else len(self._data[:at].decode())

    def of(self, node: tree_sitter.Node) -> str:
        return (node.text or b"").decode()


def _object_at(root: tree_sitter.Node, start: int) -> tree_sitter.Node | None:
    """The resource's object that begins at an offset in bytes."""
    node: tree_sitter.Node | None = root.descendant_for_byte_range(start, start + 1)
    while node is not None and node.type != "object":
        node = node.parent
    return node if node is not None and node.start_byte == start else None


def _properties(source: _Source, node: tree_sitter.Node) -> Iterator[tuple[str, tree_sitter.Node, tree_sitter.Node]]:
    """Name, whole property and value of every property of an object."""
    for child in node.named_children:
        if child.type == "object_property" and len(child.named_children) >= 2:
            key, value = child.named_children[0], child.named_children[-1]
            yield source.of(key).strip("'"), child, value
        elif child.type not in (*_COMMENTS, "object_property", "decorators"):
            raise NotMechanicalError(f"a {child.type.replace('_', ' ')} stands in its object")


def _set(source: _Source, node: tree_sitter.Node, target: Target) -> list[Change]:
    for depth, name in enumerate(target.path):
        properties = list(_properties(source, node))
        same = [one for one in properties if one[0].casefold() == name.casefold()]
        if len(same) > 1:
            raise NotMechanicalError(f"{name} stands more than once")
        if not same:
            return _inserted(source, node, target.path[depth:], target.value)
        value = same[0][2]
        if depth == len(target.path) - 1:
            _refuse_expression(source, name, value)
            start, end = source.place(value.start_byte), source.place(value.end_byte)
            return [Change(start, end, _literal(target.value))]
        if value.type != "object":
            raise NotMechanicalError(f"{name} is given by an expression")
        node = value
    raise NotMechanicalError("there is nothing to set")


def _refuse_expression(source: _Source, name: str, value: tree_sitter.Node) -> None:
    if value.type not in _LITERALS or any(child.type == "interpolation" for child in value.named_children):
        raise NotMechanicalError(f"{name} is given by an expression: {source.of(value)[:60]}")


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${").replace("\n", "\\n")
    return f"'{escaped}'"


def _inserted(source: _Source, node: tree_sitter.Node, path: tuple[str, ...], value: Value) -> list[Change]:
    text = source.text
    start, close = source.place(node.start_byte), source.place(node.end_byte) - 1
    step, end_of_line = indentation(text), line_break(text)
    entries = [child for child in node.named_children if child.type not in _COMMENTS]
    if not entries:
        if text[start + 1 : close].strip():
            raise NotMechanicalError("only comments stand in its object")
        margin = margin_at(text, start)
        written = _written(path, value, margin + step, step, end_of_line)
        return [Change(start + 1, close, f"{end_of_line}{margin}{step}{written}{end_of_line}{margin}")]
    # Behind the last property before nested resources, which stand at the end by custom.
    plain = [one for one in entries if not _holds_resource(one)] or entries
    last = plain[-1]
    first, end = source.place(last.start_byte), source.place(last.end_byte)
    if not begins_line(text, first):
        if text.count("\n", start, close) == 0:
            return [Change(end, end, f", {_written(path, value, '', '', ' ')}")]
        raise NotMechanicalError("its properties stand on one line, and its object on several")
    behind = line_end(text, end)
    if not _REST_OF_LINE.fullmatch(text, end, behind):
        raise NotMechanicalError("something else stands behind the last of its properties")
    margin = margin_at(text, first)
    return [Change(behind, behind, f"{end_of_line}{margin}{_written(path, value, margin, step, end_of_line)}")]


def _holds_resource(node: tree_sitter.Node) -> bool:
    return any(child.type == "resource_declaration" for child in node.named_children)


def _written(path: tuple[str, ...], value: Value, margin: str, step: str, end_of_line: str) -> str:
    if len(path) == 1:
        return f"{path[0]}: {_literal(value)}"
    inner = margin + step
    nested = _written(path[1:], value, inner, step, end_of_line)
    return f"{path[0]}: {{{end_of_line}{inner}{nested}{end_of_line}{margin}}}"
