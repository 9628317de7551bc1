"""Terraform's JSON syntax (.tf.json) as the same tree that HCL gives."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from resource_readers.terraform.expressions import ExpressionParser
from resource_readers.terraform.scanning import SyntaxProblem
from resource_readers.terraform.syntax import (
    Attribute,
    Block,
    Body,
    Broken,
    ConfigurationFile,
    Embedded,
    Entry,
    Literal,
    Node,
    ObjectNode,
    SourceText,
    TupleNode,
)
from resource_readers.trees import nodes
from resource_readers.trees.lenient_json import parse

_LABELS = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "module": 1,
    "variable": 1,
    "output": 1,
    "provider": 1,
    "check": 1,
    "locals": 0,
    "terraform": 0,
    "moved": 0,
    "import": 0,
    "removed": 0,
}
# What stands in blocks of its own in a resource, whatever its type.
_INNER = {"dynamic": 1, "provisioner": 1, "lifecycle": 0, "connection": 0}
_COMMENT = "//"


def parse_json_file(shown: str, text: str) -> ConfigurationFile:
    """A whole file. Raises LenientJsonError."""
    return _Reader(SourceText(shown, text)).file(parse(text))


class _Reader:
    def __init__(self, source: SourceText) -> None:
        self._source = source
        self._broken: list[Broken] = []

    def _at(self, node: nodes.Node | nodes.Entry) -> int:
        return self._source.offset(node.line, node.column)

    def file(self, tree: nodes.Node) -> ConfigurationFile:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for top in self._objects(tree, 0):
            for entry in top.entries:
                kind = str(entry.key)
                if kind == _COMMENT:
                    continue
                if kind not in _LABELS:  # in a file with values of variables
                    attributes[kind] = Attribute(kind, self.expression(entry.value), self._at(entry))
                    continue
                for labels, body, at in self._labelled(entry.value, _LABELS[kind], self._at(entry)):
                    blocks.append(Block(kind, labels, self._body(body), at))
        return ConfigurationFile(self._source, Body(attributes, tuple(blocks)), tuple(self._broken))

    def _objects(self, node: nodes.Node, at: int) -> Iterator[nodes.ObjectNode]:
        """An object, or the objects of an array: both say the same where blocks are meant."""
        if isinstance(node, nodes.ObjectNode):
            yield node
        elif isinstance(node, nodes.ArrayNode):
            for item in node.items:
                yield from self._objects(item, at)
        elif not (isinstance(node, nodes.Literal) and node.value is None):
            self._broken.append(Broken("an object is missing", self._at(node) or at))

    def _labelled(
        self, node: nodes.Node, labels: int, at: int
    ) -> Iterator[tuple[tuple[str, ...], nodes.ObjectNode, int]]:
        for one in self._objects(node, at):
            if not labels:
                yield (), one, at
                continue
            for entry in one.entries:
                if entry.key == _COMMENT:
                    continue
                for rest, body, place in self._labelled(entry.value, labels - 1, self._at(entry)):
                    yield (str(entry.key), *rest), body, place

    def _body(self, node: nodes.ObjectNode) -> Body:
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        for entry in node.entries:
            name = str(entry.key)
            if name == _COMMENT:
                continue
            if name in _INNER and isinstance(entry.value, nodes.ObjectNode | nodes.ArrayNode):
                for labels, body, at in self._labelled(entry.value, _INNER[name], self._at(entry)):
                    blocks.append(Block(name, labels, self._inner(name, body), at))
            else:
                attributes[name] = Attribute(name, self.expression(entry.value), self._at(entry))
        return Body(attributes, tuple(blocks))

    def _inner(self, name: str, node: nodes.ObjectNode) -> Body:
        body = self._body(node)
        content = node.get("content")
        if name != "dynamic" or content is None:
            return body
        inner = tuple(Block("content", (), self._body(one), self._at(one)) for one in self._objects(content, 0))
        return Body({key: one for key, one in body.attributes.items() if key != "content"}, (*body.blocks, *inner))

    def expression(self, node: nodes.Node) -> Node:
        """A JSON value, whose texts are templates."""
        at = self._at(node)
        if isinstance(node, nodes.Literal):
            if isinstance(node.value, str):
                return self._text(node.value, at)
            return Literal(Decimal(repr(node.value)) if isinstance(node.value, float) else node.value, at)
        if isinstance(node, nodes.ArrayNode):
            return TupleNode(tuple(self.expression(item) for item in node.items), at)
        if isinstance(node, nodes.ObjectNode):
            entries = (
                Entry(self._text(str(entry.key), self._at(entry)), self.expression(entry.value), self._at(entry))
                for entry in node.entries
                if entry.key != _COMMENT
            )
            return ObjectNode(tuple(entries), at)
        raise TypeError(type(node).__name__)

    def _text(self, text: str, at: int) -> Node:
        if "${" not in text and "%{" not in text:
            return Literal(text, at)
        try:
            return Embedded(ExpressionParser(text).json_text(), at)
        except SyntaxProblem as problem:
            self._broken.append(Broken(f"not understood: {problem}", at))
            return Literal(None, at)
