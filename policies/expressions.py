"""The syntax of template expressions in policy rules: "[concat(parameters('a'), field('name'))]"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies.values import DefinitionError

# Limits that Azure enforces when a definition is written (Microsoft: policy rule limits).
MAXIMUM_LENGTH = 81_920
MAXIMUM_DEPTH = 64
MAXIMUM_ARGUMENTS = 128


@dataclass(frozen=True, slots=True)
class Literal:
    """Text, a number, or one of the words true, false, null."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Call:
    """A function, by its lower-cased name (with a namespace: "ns.name"), and its arguments."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """`base.name` or `base['name']` or `base[0]`; safe ones (`.?`, `[?`) give null where there is none."""

    base: Expression
    key: Expression
    safe: bool = False


Expression = Literal | Call | Member

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<sign>\.\?|\[\?|[().,\[\]]))"
)


def is_expression(text: str) -> bool:
    """Whether a text is an expression: in brackets, and not escaped by a second one."""
    return len(text) > 2 and text[0] == "[" and text[-1] == "]" and text[1] != "["


def unescaped(text: str) -> str:
    """The text that a literal means: "[[x]" is "[x]"; what doesn't end with a bracket needs no escape."""
    return text[1:] if text.startswith("[[") and text.endswith("]") else text


def parse(text: str, path: str) -> Expression:
    """The expression inside the brackets. Raises DefinitionError with the path."""
    if len(text) > MAXIMUM_LENGTH:
        raise DefinitionError(f"an expression of more than {MAXIMUM_LENGTH:,} characters", path)
    return _Parser(text[1:-1], path).whole()


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, text: str, path: str) -> None:
        self._path = path
        self._text = text
        self._tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if found is None:
                raise self._error(f"unexpected {text[position:].strip()[:10]!r}")
            kind = found.lastgroup or ""
            self._tokens.append((kind, found.group(kind)))
            position = found.end()
        self._at = 0
        self._depth = 0

    def _error(self, what: str) -> DefinitionError:
        return DefinitionError(f"not an expression: {what} in {self._text[:120]!r}", self._path)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self, *signs: str) -> str:
        kind, text = self._peek()
        if kind != "sign" or text not in signs:
            raise self._error(f"expected {' or '.join(signs)}, found {text or 'the end'!r}")
        self._at += 1
        return text

    def whole(self) -> Expression:
        """Everything, or an error."""
        expression = self._expression()
        if self._peek()[0] != "end":
            raise self._error(f"unexpected {self._peek()[1]!r}")
        return expression

    def _expression(self) -> Expression:
        self._depth += 1
        if self._depth > MAXIMUM_DEPTH:
            raise self._error(f"more than {MAXIMUM_DEPTH} levels")
        expression = self._primary()
        while self._peek() in (("sign", "."), ("sign", "["), ("sign", ".?"), ("sign", "[?")):
            sign = self._take(".", "[", ".?", "[?")
            key: Expression
            if sign.startswith("."):
                kind, name = self._peek()
                if kind not in ("name", "number"):
                    raise self._error("a name must follow the dot")
                self._at += 1
                key = Literal(name)
            else:
                key = self._expression()
                self._take("]")
            expression = Member(expression, key, safe=len(sign) == 2)
        self._depth -= 1
        return expression

    def _primary(self) -> Expression:
        kind, text = self._peek()
        self._at += 1
        if kind == "text":
            return Literal(text[1:-1].replace("''", "'"))
        if kind == "number":
            return Literal(float(text) if re.search(r"[.eE]", text) else int(text))
        if kind == "name":
            return self._named(text)
        if (kind, text) == ("sign", "("):  # Microsoft's own examples have superfluous parentheses
            expression = self._expression()
            self._take(")")
            return expression
        raise self._error(f"unexpected {text or 'end'!r}")

    def _named(self, name: str) -> Expression:
        while self._peek() == ("sign", ".") and self._at + 2 < len(self._tokens):
            following, after = self._tokens[self._at + 1], self._tokens[self._at + 2]
            if following[0] != "name" or after != ("sign", "("):
                break
            name = f"{name}.{following[1]}"  # a namespace
            self._at += 2
        if self._peek() != ("sign", "("):
            words = {"true": True, "false": False, "null": None}
            if name.lower() in words:
                return Literal(words[name.lower()])
            raise self._error(f"{name!r} is no function")
        self._at += 1
        arguments: list[Expression] = []
        if self._peek() != ("sign", ")"):
            arguments.append(self._expression())
            while self._peek() == ("sign", ","):
                self._at += 1
                arguments.append(self._expression())
        self._take(")")
        if len(arguments) > MAXIMUM_ARGUMENTS:
            raise self._error(f"more than {MAXIMUM_ARGUMENTS} arguments")
        return Call(name.lower(), tuple(arguments))
