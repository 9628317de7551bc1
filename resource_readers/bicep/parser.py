"""Bicep files as statements. A statement that isn't understood is a Misread; the rest is read all the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from resource_readers.bicep.scanning import BicepSyntaxError, Place
from resource_readers.bicep.statements import (
    Deployable,
    Function,
    Ignored,
    Import,
    Misread,
    Output,
    Parameter,
    ParameterSource,
    Rounds,
    Statement,
    TargetScope,
    TypeDeclaration,
    Variable,
)
from resource_readers.bicep.type_expressions import TypeParser, is_name
from resource_readers.trees.nodes import Entry, ObjectNode

MAXIMUM_LINES = 1_000_000
MAXIMUM_STATEMENTS = 20_000
MAXIMUM_NESTING = 20
_MAXIMUM_ALIASES = 100
"""Types that are only names of others, one behind the other."""

_NEXT_STATEMENT = re.compile(
    r"^(?=@|(?:resource|module|param|var|output|targetScope|type|func|import|metadata|assert|extension|extensionConfig|provider|using"
    r"|test|extends)\b)",
    re.MULTILINE,
)
_NESTED = re.compile(r"resource[ \t]+[A-Za-z_]\w*+[ \t]*'")
_DECLARED = re.compile(r"\s*([A-Za-z_]\w*)")


def parse_bicep(text: str) -> list[Statement]:
    """All statements of a file."""
    if text.count("\n") + text.count("\r") > MAXIMUM_LINES:
        return [Misread(f"more than {MAXIMUM_LINES:,} lines", "", 1)]
    found = _Parser(text).statements()
    types = {one.name: one.written for one in found if isinstance(one, TypeDeclaration)}
    return [
        replace(one, nullable=_nullable(one.written, types)) if isinstance(one, Parameter) and types else one
        for one in found
    ]


def _nullable(written: str, types: Mapping[str, str]) -> bool:
    """Whether a type takes null, following the names of the file's own types."""
    for _ in range(_MAXIMUM_ALIASES):
        if written not in types or not is_name(written):
            break
        written = types[written]
    return written.endswith("?")


class _Parser(TypeParser):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nesting = 0

    def statements(self) -> list[Statement]:
        found: list[Statement] = []
        while self._more(found):
            if len(found) >= MAXIMUM_STATEMENTS:
                found.append(Misread(f"more than {MAXIMUM_STATEMENTS:,} statements", "", *self.place()))
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
            self.decorators()
            start, keyword = self.at, self.word()
            statement = self._statement()
            self.blank()
            if not self.at_line_end():
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

    def _statement(self) -> Statement:
        place = self.place()
        keyword = self.identifier()
        read = _STATEMENTS.get(keyword)
        if read is None:
            raise self.error(f"{keyword!r} begins no statement that is read")
        return read(self, keyword, place)

    def _assigned(self, keyword: str, place: Place) -> Variable | Output:
        name = self.identifier()
        self.blank()
        if not self.starts("="):
            self.type_expression()
        self.expect("=")
        self.blank_lines()
        value = self.expression()
        return Variable(name, value, *place) if keyword == "var" else Output(name, value, *place)

    def _target_scope(self, _keyword: str, place: Place) -> TargetScope:
        self.expect("=")
        return TargetScope(self.plain_text(), *place)

    def _metadata(self, keyword: str, place: Place) -> Ignored:
        self.identifier()
        self.expect("=")
        self.blank_lines()
        self.expression()
        return Ignored(keyword, *place)

    def _test(self, keyword: str, place: Place) -> Ignored:
        self.identifier()
        self.plain_text()
        self.expect("=")
        self.blank_lines()
        self.object_node()
        return Ignored(keyword, *place)

    def _extension(self, keyword: str, place: Place) -> Ignored:
        self.blank()
        if self.at_text():
            self.string()
        else:
            self.identifier()
        if self.take_word("with"):
            self.blank_lines()
            self.object_node()
        if self.take_word("as"):
            self.identifier()
        return Ignored(keyword, *place)

    def _parameter_source(self, keyword: str, place: Place) -> ParameterSource:
        path = "" if self.take_word("none") else self.plain_text()
        if self.take_word("with"):
            self.blank_lines()
            self.object_node()
        return ParameterSource(keyword, path, *place)

    def _type(self, _keyword: str, place: Place) -> TypeDeclaration:
        name = self.identifier()
        self.expect("=")
        self.blank_lines()
        return TypeDeclaration(name, self.type_expression(), *place)

    def _parameter(self, _keyword: str, place: Place) -> Parameter:
        name = self.identifier()
        self.blank()
        written = "" if self.starts("=") else self.type_expression()
        default = None
        if self.take("="):
            self.blank_lines()
            default = self.expression()
        return Parameter(name, default, written.endswith("?"), *place, written)

    def _function(self, _keyword: str, place: Place) -> Function:
        return Function(self.identifier(), self.typed_function(), *place)

    def _import(self, keyword: str, place: Place) -> Import | Ignored:
        self.blank()
        names: list[tuple[str, str]] = []
        if self.take("*"):
            names.append(("*", self._alias() or ""))
        elif self.take("{"):
            self.blank_lines()
            while not self.starts("}"):
                name = self.plain_text() if self.starts("'") else self.identifier()
                names.append((name, self._alias() or name))
                self.separator("}")
            self.at += 1
        else:  # what older versions of Bicep called an import is an extension now
            return self._extension(keyword, place)
        self.expect_word("from")
        return Import(self.plain_text(), tuple(names), *place)

    def _alias(self) -> str | None:
        return self.identifier() if self.take_word("as") else None

    def _deployable(self, keyword: str, place: Place) -> Deployable:
        self._nesting += 1
        if self._nesting > MAXIMUM_NESTING:
            raise self.error(f"resources nested deeper than {MAXIMUM_NESTING} levels")
        symbol = self.identifier()
        target = self.plain_text()
        existing = self.take_word("existing")
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
        return Deployable(symbol, target, keyword == "module", existing, rounds, condition, body, nested, *place)

    def _body(self) -> tuple[ObjectNode, tuple[Deployable, ...]]:
        place = self.place()
        self.expect("{")
        entries: list[Entry] = []
        keys: set[str] = set()
        nested: list[Deployable] = []
        self.blank_lines()
        while not self.starts("}"):
            if self.starts("@") or _NESTED.match(self.text, self.at) is not None:
                self.decorators()
                here = self.place()
                self.expect_word("resource")
                nested.append(self._deployable("resource", here))
            else:
                entries.append(self.entry(keys))
            self.separator("}")
        self.at += 1
        return ObjectNode(tuple(entries), *place), tuple(nested)


_STATEMENTS: Mapping[str, Callable[[_Parser, str, Place], Statement]] = {
    "resource": _Parser._deployable,
    "module": _Parser._deployable,
    "param": _Parser._parameter,
    "var": _Parser._assigned,
    "output": _Parser._assigned,
    "targetScope": _Parser._target_scope,
    "func": _Parser._function,
    "import": _Parser._import,
    "type": _Parser._type,
    "metadata": _Parser._metadata,
    "assert": _Parser._metadata,
    "test": _Parser._test,
    "extension": _Parser._extension,
    "provider": _Parser._extension,
    "extensionConfig": _Parser._extension,
    "using": _Parser._parameter_source,
    "extends": _Parser._parameter_source,
}
