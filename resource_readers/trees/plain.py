"""Trees as plain values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from resource_readers.trees.nodes import ArrayNode, Literal, Node, ObjectNode, Unreadable

MAXIMUM_VALUES = 1_000_000
"""Values made from one tree: YAML aliases let a short file stand for any number of them."""
MAXIMUM_DEPTH = 200
"""Levels of one value: an alias of an alias of an alias is as deep as a file is long."""


class TooManyValuesError(ValueError):
    """The tree stands for more values than MAXIMUM_VALUES, or for deeper ones than MAXIMUM_DEPTH."""


def plain(node: Node, convert: Callable[[Literal | Unreadable], Any] | None = None) -> Any:
    """The tree as dicts, lists and scalars.

    Args:
        node: from JSON or YAML.
        convert: gives the value of a scalar, or of what couldn't be read; by default the scalar itself.

    Raises:
        TooManyValuesError: see MAXIMUM_VALUES and MAXIMUM_DEPTH.
        TypeError: for nodes that come from neither.
    """
    return _Values(convert if convert is not None else _scalar).of(node)


def _scalar(node: Literal | Unreadable) -> Any:
    if isinstance(node, Unreadable):
        raise TypeError(node.reason)
    return node.value


class _Values:
    def __init__(self, convert: Callable[[Literal | Unreadable], Any]) -> None:
        self._convert = convert
        self._made = 0

    def of(self, node: Node, depth: int = 0) -> Any:
        self._made += 1
        if depth > MAXIMUM_DEPTH:
            raise TooManyValuesError(f"a value nested deeper than {MAXIMUM_DEPTH} levels")
        if self._made > MAXIMUM_VALUES:
            raise TooManyValuesError(f"more than {MAXIMUM_VALUES:,} values (an alias bomb?)")
        if isinstance(node, Literal | Unreadable):
            return self._convert(node)
        if isinstance(node, ArrayNode):
            return [self.of(item, depth + 1) for item in node.items]
        if isinstance(node, ObjectNode):
            return {str(entry.key): self.of(entry.value, depth + 1) for entry in node.entries}
        raise TypeError(type(node).__name__)
