"""Attributes and blocks of a Terraform file. A statement that isn't understood is named; the next one is read again."""

from __future__ import annotations

import re

from resource_readers.terraform.expressions import MAXIMUM_DEPTH, ExpressionParser
from resource_readers.terraform.scanning import IDENTIFIER, SyntaxProblem
from resource_readers.terraform.syntax import Attribute, Block, Body, Broken, ConfigurationFile, SourceText

MAXIMUM_BROKEN = 200

_STATEMENT = re.compile(
    r"^(?:resource|data|module|variable|output|locals|provider|terraform|moved|import|removed|check|ephemeral)\b"
    r"[^\n={}]*\{",
    re.MULTILINE,
)
# What can't declare a resource, whatever stands in it.
_HARMLESS = re.compile(r"(?:variable|output|provider|terraform|moved|check)\b")


def parse_file(shown: str, text: str) -> ConfigurationFile:
    """A whole file. Never raises for what stands in it."""
    return _FileParser(shown, text).file()


class _FileParser(ExpressionParser):
    def __init__(self, shown: str, text: str) -> None:
        super().__init__(text)
        self._source = SourceText(shown, text)
        self._attributes: dict[str, Attribute] = {}
        self._blocks: list[Block] = []
        self._broken: list[Broken] = []

    def file(self) -> ConfigurationFile:
        # Reading a broken statement may lead to the end of the file before that is seen: thrice through it at most.
        left = 3 * len(self.text) + 10_000
        while self.skip_lines():
            start = self.at
            try:
                self._statement(self._attributes, self._blocks, 0)
            except SyntaxProblem as problem:
                left -= max(problem.at, self.at) - start
                self._skip_broken(start, problem, left)
        return ConfigurationFile(self._source, Body(self._attributes, tuple(self._blocks)), tuple(self._broken))

    def _skip_broken(self, start: int, problem: SyntaxProblem, left: int) -> None:
        """Notes the statement and moves to the next one that can be seen."""
        if len(self._broken) >= MAXIMUM_BROKEN or left < 0:
            self._broken.append(Broken("what follows wasn't looked at: too much in this file isn't understood", start))
            self.at = len(self.text)
            return
        line = self._source.position(problem.at).line
        self._broken.append(
            Broken(f"not understood: {problem} (line {line})", start, _HARMLESS.match(self.text, start) is None)
        )
        following = _STATEMENT.search(self.text, start + 1)
        self.at = following.start() if following is not None else len(self.text)
        self.lines = False
        self._depth = 0

    def _body(self, depth: int) -> Body:
        """Up to the closing brace, which is taken."""
        if depth > MAXIMUM_DEPTH:
            raise SyntaxProblem(f"blocks nested deeper than {MAXIMUM_DEPTH} levels", self.at)
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        while (character := self.skip_lines()) != "}":
            if not character:
                raise SyntaxProblem("'}' is missing", self.at)
            self._statement(attributes, blocks, depth)
        self.at += 1
        return Body(attributes, tuple(blocks))

    def _statement(self, attributes: dict[str, Attribute], blocks: list[Block], depth: int) -> None:
        at = self.at
        name = self._word()
        if self.peek() == "=":
            self.at += 1
            if name in attributes:
                raise SyntaxProblem(f"the attribute {name!r} stands twice", at)
            attributes[name] = Attribute(name, self.expression(), at)
            if self.peek() not in ("\n", "}", ""):
                raise SyntaxProblem("a line break is missing", self.at)
            return
        labels: list[str] = []
        while self.peek() != "{":
            labels.append(self._word())
        self.at += 1
        blocks.append(Block(name, tuple(labels), self._body(depth + 1), at))

    def _word(self) -> str:
        """A name, or a text in quotes without interpolation."""
        if self.peek() == '"':
            end = self.text.find('"', self.at + 1)
            word = self.text[self.at + 1 : end]
            if end < 0 or "\n" in word:
                raise SyntaxProblem("a text that doesn't end", self.at)
            self.at = end + 1
            return word
        match = IDENTIFIER.match(self.text, self.at)
        if match is None:
            raise SyntaxProblem("the name of an attribute or block is missing", self.at)
        self.at = match.end()
        return match.group()
