"""Bicep files as statements. A statement that isn't understood is a Misread; the rest is read all the same."""

from __future__ import annotations

import re

from resource_readers.bicep.expressions import BicepSyntaxError, ExpressionParser
from resource_readers.bicep.statements import (
    Deployable,
    Function,
    Ignored,
    Import,
    Misread,
    Output,
    Parameter,
    Rounds,
    Statement,
    TargetScope,
    Variable,
)
from resource_readers.trees.nodes import Entry, Lambda, Literal, ObjectNode

MAXIMUM_STATEMENTS = 20_000
MAXIMUM_NESTING = 20

_NEXT_STATEMENT = re.compile(
    r"^(?=@|(?:resource|module|param|var|output|targetScope|type|func|import|metadata|assert|extension|provider|using"
    r"|test|extends)\b)",
    re.MULTILINE,
)
_DECLARED = re.compile(r"\s*([A-Za-z_]\w*)")
# In a type: a text, a bracket, or what ends it.
_TYPE_PART = re.compile(r"'''.*?'''|'(?:[^'\\\r\n]|\\.)*+'|[\[{(<]|[\]})>]|=>|=|\r?\n|//[^\r\n]*|/\*", re.DOTALL)


def parse_bicep(text: str) -> list[Statement]:
    """All statements of a file."""
    return _Parser(text).statements()


class _Parser(ExpressionParser):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nesting = 0

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        while self._more(found):
            if len(found) >= MAXIMUM_STATEMENTS:
                found.append(Misread(f"more than {MAXIMUM_STATEMENTS:,} statements", "", self.line()))
                break
            found.append(self._recovering())
        return found

    def _more(self, found: list[Statement]) -> bool:
        try:
            self.blank_lines()
        except BicepSyntaxError as error:
            found.append(Misread(f"the rest is not understood: {error}", "", self.line(error.position)))
            return False
        return self.at < len(self.text)

    def _recovering(self) -> Statement:
        start, keyword = self.at, ""
        try:
            self._decorators()
            start, keyword = self.at, self.word()
            statement = self._statement()
            self.blank()
            if self.at < len(self.text) and not self.starts("\n") and not self.starts("\r"):
                raise self.error("a new line expected")
            return statement
        except (BicepSyntaxError, RecursionError) as caught:
            error = caught if isinstance(caught, BicepSyntaxError) else self.error("nested too deeply")
            self._nesting = 0
            self.reset_depth()
            line = self.line(error.position)
            following = _NEXT_STATEMENT.search(self.text, max(start + 1, error.position))
            self.at = following.start() if following else len(self.text)
            name = _DECLARED.match(self.text, start + len(keyword))
            return Misread(f"the statement is not understood: {error}", name.group(1) if name else "", line)

    def _decorators(self) -> None:
        self.blank_lines()
        while self.starts("@"):
            self.at += 1
            self.expression()
            self.blank_lines()

    def _statement(self) -> Statement:
        line = self.line()
        keyword = self.identifier()
        if keyword in ("resource", "module"):
            return self._deployable(keyword == "module", line)
        if keyword == "param":
            return self._parameter(line)
        if keyword in ("var", "output"):
            name = self.identifier()
            self._skip_type("=")
            self.expect("=")
            self.blank_lines()
            value = self.expression()
            return Variable(name, value, line) if keyword == "var" else Output(name, value, line)
        if keyword == "targetScope":
            self.expect("=")
            value = self.expression()
            if not (isinstance(value, Literal) and isinstance(value.value, str)):
                raise self.error("targetScope must be a plain text")
            return TargetScope(value.value, line)
        if keyword == "func":
            return self._function(line)
        if keyword == "import":
            return self._import(line)
        if keyword in ("type", "metadata", "assert", "using", "extension", "provider"):
            return self._ignored(keyword, line)
        raise self.error(f"{keyword!r} begins no statement that is read")

    def _ignored(self, keyword: str, line: int) -> Ignored:
        if keyword in ("metadata", "assert"):
            self.identifier()
            self.expect("=")
            self.blank_lines()
            self.expression()
        else:
            self._skip_type("")
        return Ignored(keyword, line)

    def _skip_type(self, end: str) -> str:
        """Moves over a type expression, up to `end` or the end of the line outside of brackets; gives its text."""
        start, depth = self.at, 0
        while (match := _TYPE_PART.search(self.text, self.at)) is not None:
            part = match.group()
            if depth == 0 and part == end:
                self.at = match.start()
                return self.text[start : self.at].strip()
            if depth == 0 and part in ("\n", "\r\n"):
                self.at = match.end()
                self.blank_lines()
                if not self.starts("|"):
                    self.at = match.start()
                    return self.text[start : self.at].strip()
                continue
            if part == "/*":
                self.at = match.start()
                self.comment()
                continue
            if part in ("[", "{", "(", "<"):
                depth += 1
            elif part in ("]", "}", ")", ">"):
                depth -= 1
            if depth < 0:
                raise self.error("a bracket too many in a type")
            self.at = match.end()
        if depth:
            raise self.error("a type that doesn't end")
        self.at = len(self.text)
        return self.text[start:].strip()

    def _parameter(self, line: int) -> Parameter:
        name = self.identifier()
        written = self._skip_type("=")
        default = None
        if self.take("="):
            self.blank_lines()
            default = self.expression()
        return Parameter(name, default, written.endswith("?"), line)

    def _function(self, line: int) -> Function:
        name = self.identifier()
        self.expect("(")
        names: list[str] = []
        self.blank_lines()
        while not self.starts(")"):
            names.append(self.identifier())
            self._skip_argument_type()
            self.blank_lines()
        self.at += 1
        self._skip_type("=>")
        self.expect("=>")
        self.blank_lines()
        return Function(name, Lambda(tuple(names), self.expression(), line), line)

    def _skip_argument_type(self) -> None:
        """Up to the comma (which is taken) or the closing bracket (which isn't)."""
        depth = 0
        part = re.compile(r"'(?:[^'\\\r\n]|\\.)*+'|[\[{(<\]})>,]")
        while (match := part.search(self.text, self.at)) is not None:
            sign = match.group()
            if depth == 0 and sign == ")":
                self.at = match.start()
                return
            self.at = match.end()
            if depth == 0 and sign == ",":
                return
            depth += (sign in ("[", "{", "(", "<")) - (sign in ("]", "}", ")", ">"))
        raise self.error("a list of arguments that doesn't end")

    def _import(self, line: int) -> Import:
        names: list[tuple[str, str]] = []
        if self.take("*"):
            names.append(("*", self._alias() or ""))
        else:
            self.expect("{")
            self.blank_lines()
            while not self.starts("}"):
                name = self._imported_name()
                names.append((name, self._alias() or name))
                self.separator("}")
            self.at += 1
        if self.identifier() != "from":
            raise self.error("from expected")
        return Import(self._plain_text(), tuple(names), line)

    def _imported_name(self) -> str:
        return self._plain_text() if self.starts("'") else self.identifier()

    def _alias(self) -> str | None:
        if self.word() != "as":
            return None
        self.identifier()
        return self.identifier()

    def _plain_text(self) -> str:
        self.blank()
        value = self.string() if self.starts("'") else None
        if not (isinstance(value, Literal) and isinstance(value.value, str)):
            raise self.error("a plain text expected")
        return value.value

    def _deployable(self, module: bool, line: int) -> Deployable:
        self._nesting += 1
        if self._nesting > MAXIMUM_NESTING:
            raise self.error(f"resources nested deeper than {MAXIMUM_NESTING} levels")
        symbol = self.identifier()
        target = self._plain_text()
        existing = self.word() == "existing"
        if existing:
            self.identifier()
        self.expect("=")
        self.blank_lines()
        looped = self.take("[")
        rounds = None
        if looped:
            self.blank_lines()
            rounds = Rounds(*self.for_head())
        condition = self.condition()
        body, nested = self._body()
        if looped:
            self.blank_lines()
            self.expect("]")
        self._nesting -= 1
        return Deployable(symbol, target, module, existing, rounds, condition, body, nested, line)

    def _body(self) -> tuple[ObjectNode, tuple[Deployable, ...]]:
        line = self.line()
        self.expect("{")
        entries: list[Entry] = []
        nested: list[Deployable] = []
        self.blank_lines()
        while not self.starts("}"):
            if self._at_nested():
                self._decorators()
                here = self.line()
                self.identifier()
                nested.append(self._deployable(False, here))
            else:
                self.entry(entries)
            self.separator("}")
        self.at += 1
        return ObjectNode(tuple(entries), line), tuple(nested)

    def _at_nested(self) -> bool:
        return (
            self.starts("@") or re.compile(r"resource[ \t]+[A-Za-z_]\w*[ \t]+'").match(self.text, self.at) is not None
        )
