"""The types of Bicep. They say nothing of resources, so they are only moved over; but what isn't a type is an error."""

from __future__ import annotations

import re

from resource_readers.bicep.expressions import ExpressionParser
from resource_readers.trees.nodes import Lambda

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*+\Z")


class TypeParser(ExpressionParser):
    """Reads types at a position of a file. All methods raise BicepSyntaxError."""

    def decorators(self) -> None:
        """Moves over `@description('...')` and its like, and the line breaks after each."""
        self.blank_lines()
        while self.starts("@"):
            self.at += 1
            self.expression()
            self.blank_lines()

    def type_expression(self) -> str:
        """Moves over a type; gives its text."""
        self.deeper()
        self.continues("|")
        start = self.at
        self.take("|")
        while True:
            self.blank_lines()
            self._prefixed()
            end = self.at
            if not self.continues("|"):
                break
            self.at += 1
        self.at = end
        self.higher()
        return self.text[start:end].strip()

    def _prefixed(self) -> None:
        while self.starts("-") or self.starts("!") or self.starts("+"):
            self.at += 1
            self.blank()
        self._base()
        while True:
            self.count()
            before = self.at
            self.blank()
            if self.starts("["):
                self._bracket()
            elif self.starts("."):
                self.at += 1
                if not self.take("*"):
                    self.identifier()
            elif self.starts("<"):
                self._list("<", ">")
            elif self.starts("?") or self.starts("!"):
                self.at += 1
            else:
                self.at = before
                return

    def _bracket(self) -> None:
        """`[]`, `[*]`, `[0]`."""
        self.expect("[")
        if not self.take("*") and not self.take("]"):
            self.expression()
        elif self.text[self.at - 1] == "]":
            return
        self.expect("]")

    def _base(self) -> None:
        if self.at_text():
            self.string()
        elif self.starts("{"):
            self._object_type()
        elif self.starts("["):
            self._tuple()
        elif self.starts("("):
            self.at += 1
            self.blank_lines()
            self.type_expression()
            self.blank_lines()
            self.expect(")")
        elif self.text[self.at : self.at + 1].isdecimal():
            self._primary()
        elif self.identifier() == "resource":
            self.blank()
            if self.at_text():
                self.string()

    def _list(self, opening: str, closing: str) -> None:
        self.expect(opening)
        self.blank_lines()
        while not self.starts(closing):
            self.type_expression()
            self.separator(closing)
        self.at += 1

    def _tuple(self) -> None:
        self.expect("[")
        self.blank_lines()
        while not self.starts("]"):
            self.decorators()
            if self.take("..."):
                self.blank()
            self.type_expression()
            self.separator("]")
        self.at += 1

    def _object_type(self) -> None:
        self.expect("{")
        self.blank_lines()
        while not self.starts("}"):
            self.decorators()
            if self.take("..."):
                self.type_expression()
            elif not self.starts("}"):
                self._member()
            self.separator("}")
        self.at += 1

    def _member(self) -> None:
        if self.at_text():
            self.string()
        elif not self.take("*"):
            self.identifier()
        self.take("?")  # older versions marked the name, not the type
        self.expect(":")
        self.blank_lines()
        self.type_expression()

    def typed_function(self) -> Lambda:
        """`(a string, b int?) string => body`."""
        place = self.place()
        self.expect("(")
        names: list[str] = []
        self.blank_lines()
        while not self.starts(")"):
            self.decorators()
            names.append(self.identifier())
            self.type_expression()
            self.separator(")")
        self.at += 1
        self.blank()
        if not self.starts("=>"):
            self.type_expression()
        self.expect("=>")
        self.blank_lines()
        return Lambda(tuple(names), self.expression(), *place)


def is_name(written: str) -> bool:
    """Whether a type is just the name of another one."""
    return _NAME.match(written) is not None
