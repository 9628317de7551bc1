"""The expressions of Azure Pipelines that are computed before a run (`${{ }}`): parsed and evaluated.

Values are texts, numbers, truth values, None, Unknown, and nodes (ObjectNode, ArrayNode) for mappings and lists, so
that what an expression passes on keeps its place. Rules of conversion and comparison: "Expressions" in the
documentation of Azure Pipelines.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, assert_never

from resource_readers.interface import Unknown
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import LimitError
from resource_readers.workflows.azure_functions import FUNCTIONS, MAXIMUM_TEXT, TAKE_UNKNOWNS
from resource_readers.workflows.azure_values import Chosen, Result, all_of, from_node, item_of, text_of_result, truth

MAXIMUM_DEPTH = 50


_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*+')|(?P<number>-?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)*|\.\d+))|(?P<name>[A-Za-z_][\w-]*)|(?P<sign>[().,\[\]*]))"
)


class ExpressionError(ValueError):
    """The text is no expression; the message says why."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is written out."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Context:
    """A name: `parameters`, `variables`, the variable of a loop."""

    name: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """`base.key`, `base['key']`; a key of None stands for `*`."""

    base: Expression
    key: Expression | None


@dataclass(frozen=True, slots=True)
class Function:
    """A call."""

    name: str
    arguments: tuple[Expression, ...]


Expression = Constant | Context | Lookup | Function


class Names(Protocol):
    """What names stand for."""

    @property
    def budget(self) -> Budget:
        """What evaluation may cost."""

    def chosen(self, by: str) -> None:
        """Notes that a value was asked for that somebody may choose otherwise."""

    def context(self, name: str) -> Result:
        """The value of a name alone."""

    def has_members(self, name: str) -> bool:
        """Whether its members are to be asked for one by one."""

    def member(self, name: str, key: str) -> Result:
        """A member of such a name."""


@lru_cache(maxsize=2_000)
def parse_expression(text: str) -> Expression:
    """Raises ExpressionError."""
    parser = _Parser(text)
    found = parser.expression(0)
    parser.end()
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text.rstrip()
        self._at = 0

    def end(self) -> None:
        if self._at < len(self._text):
            raise ExpressionError(f"{self._text[self._at : self._at + 20]!r} isn't expected")

    def _peek(self) -> re.Match[str] | None:
        return _TOKEN.match(self._text, self._at)

    def _take(self, sign: str) -> bool:
        token = self._peek()
        if token is not None and token.group("sign") == sign:
            self._at = token.end()
            return True
        return False

    def _need(self, sign: str) -> None:
        if not self._take(sign):
            raise ExpressionError(f"{sign!r} is missing")

    def expression(self, depth: int) -> Expression:
        if depth > MAXIMUM_DEPTH:
            raise ExpressionError(f"nested deeper than {MAXIMUM_DEPTH} levels")
        token = self._peek()
        if token is None or token.group("sign"):
            raise ExpressionError("a value is missing")
        self._at = token.end()
        found: Expression
        if token.group("text") is not None:
            found = Constant(token.group("text")[1:-1].replace("''", "'"))
        elif token.group("number") is not None:
            found = Constant(_number(token.group("number")))
        else:
            found = self._named(token.group("name"), depth)
        while True:
            if self._take("."):
                found = Lookup(found, self._key())
            elif self._take("["):
                if self._take("*"):
                    found = Lookup(found, None)
                else:
                    found = Lookup(found, self.expression(depth + 1))
                self._need("]")
            else:
                return found

    def _key(self) -> Expression | None:
        token = self._peek()
        if token is not None and token.group("sign") == "*":
            self._at = token.end()
            return None
        if token is None or token.group("name") is None:
            raise ExpressionError("a name is missing after '.'")
        self._at = token.end()
        return Constant(token.group("name"))

    def _named(self, name: str, depth: int) -> Expression:
        if self._take("("):
            arguments: list[Expression] = []
            while not self._take(")"):
                if arguments:
                    self._need(",")
                arguments.append(self.expression(depth + 1))
            return Function(name, tuple(arguments))
        words: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}
        return Constant(words[name.lower()]) if name.lower() in words else Context(name)


def _number(text: str) -> int | float | str:
    if text.count(".") > 1 or len(text) > 300:
        return text  # a version; nobody means a number of that length
    if text.lower().lstrip("-").startswith("0x"):
        return int(text, 16)
    return float(text) if "." in text else int(text)


def evaluate(expression: Expression, names: Names) -> Result:
    """The value. Raises LimitError only."""
    names.budget.spend()
    match expression:
        case Constant():
            return expression.value
        case Context():
            return names.context(expression.name)
        case Lookup():
            return _lookup(expression, names)
        case Function():
            return _call(expression, names)
    assert_never(expression)


def _lookup(expression: Lookup, names: Names) -> Result:
    key = evaluate(expression.key, names) if expression.key is not None else None
    if isinstance(key, Unknown):
        return Unknown(key.reason)
    base_name = expression.base.name if isinstance(expression.base, Context) else ""
    if expression.key is not None and names.has_members(base_name):
        return names.member(base_name, text_of_result(key))
    base = evaluate(expression.base, names)
    if isinstance(base, Unknown):
        return Unknown(base.reason, f"{base.text}.{text_of_result(key)}" if base.text else "")
    if expression.key is None:
        return all_of(base)
    found = item_of(base, key)
    if isinstance(found, Chosen):
        names.chosen(found.by)
    return from_node(found) if found is not None else None


def _call(call: Function, names: Names) -> Result:
    name = call.name.lower()
    if name in ("and", "or", "iif", "if", "coalesce"):
        return _lazy(name, call, names)
    arguments = [evaluate(one, names) for one in call.arguments]
    names.budget.spend(sum(len(one) // 64 for one in arguments if isinstance(one, str)))
    function = FUNCTIONS.get(name)
    if function is None:
        return Unknown(f"{call.name}() is known only during the run", f"{call.name}(...)")
    unknown = next((one for one in arguments if isinstance(one, Unknown)), None)
    if unknown is not None and name not in TAKE_UNKNOWNS:
        return Unknown(unknown.reason)
    try:
        found = function(arguments)
    except (IndexError, TypeError, ValueError, AttributeError):
        return Unknown(f"{call.name}() can't be computed of these arguments")
    if isinstance(found, str) and len(found) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return found


def _lazy(name: str, call: Function, names: Names) -> Result:
    if name in ("iif", "if"):
        if len(call.arguments) != 3:
            return Unknown("iif() takes three arguments")
        condition = truth(evaluate(call.arguments[0], names))
        if isinstance(condition, Unknown):
            return condition
        return evaluate(call.arguments[1 if condition else 2], names)
    undecided: Unknown | None = None
    for one in call.arguments:
        value = evaluate(one, names)
        if name == "coalesce":
            if isinstance(value, Unknown):
                return value
            if value is not None and value != "":
                return value
            continue
        decided = truth(value)
        if isinstance(decided, Unknown):
            undecided = decided
        elif decided is (name == "or"):
            return decided
    if name == "coalesce":
        return None
    return undecided if undecided is not None else name == "and"
