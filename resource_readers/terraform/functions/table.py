"""The table of functions: how their arguments are converted, and what an unknown argument makes of the result.

A signature has one letter for each parameter:
    t text, n number, i whole number, b truth value;
    l list or set, m map, each with whatever in it; s list of texts;
    a any value but null; d any value in which everything is known; v any value, also null or unknown.
`?` after a letter: may be left out; `*`: any number of them, also none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Budget
from resource_readers.template_language.unknowns import unknown
from resource_readers.terraform.values import (
    EvaluationProblem,
    deep_unknown,
    kind_of,
    known,
    limited,
    shown,
    to_bool,
    to_number,
    to_text,
)

MAXIMUM_ITEMS = 1_000_000
_CHARACTERS = 64
"""Characters of texts that cost a step; fewer for functions that take their time."""
_FEWER_CHARACTERS = {"title": 4, "upper": 8, "lower": 8, "urlencode": 8, "csvdecode": 16, "yamldecode": 2}
_ITEMS = 4
"""Elements of lists and maps that cost a step."""


class Files(Protocol):
    """The project's files, as functions may read them."""

    def data(self, path: str) -> bytes | Unknown:
        """Content of a file."""

    def exists(self, path: str) -> bool | Unknown:
        """Whether there is a file."""

    def below(self, path: str) -> list[str] | Unknown:
        """All files below a folder, relative to it, with forward slashes."""


@dataclass(frozen=True, slots=True)
class Context:
    """What functions may use.

    Attributes:
        budget: see Budget.
        files: the project's.
        render: gives a template's text for variables (templatefile, templatestring).
    """

    budget: Budget
    files: Files
    render: Callable[[str, dict[str, Value]], Value]


Implementation = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class _Function:
    kinds: str
    required: int
    variadic: str
    make: Implementation
    wants_context: bool


FUNCTIONS: dict[str, _Function] = {}


def function(name: str, signature: str, *, context: bool = False) -> Callable[[Implementation], Implementation]:
    """Adds a function to the table; with `context`, its first argument is the Context."""

    def register(make: Implementation) -> Implementation:
        kinds = ""
        required = 0
        variadic = ""
        for part in signature.split():
            if part.endswith("*"):
                variadic = part[0]
            else:
                kinds += part[0]
                required += not part.endswith("?")
        FUNCTIONS[name] = _Function(kinds, required, variadic, make, context)
        return make

    return register


def call(name: str, arguments: list[Value], context: Context) -> Value:
    """The result of a function. Raises EvaluationProblem and LimitError."""
    entry = FUNCTIONS.get(name.removeprefix("core::"))
    if entry is None:
        if "::" in name:
            return unknown_call(name, arguments, "functions of providers are not known here")
        raise EvaluationProblem(f"there is no function {name}()")
    count = len(arguments)
    if count < entry.required or (count > len(entry.kinds) and not entry.variadic):
        raise EvaluationProblem(f"{name}(): {count} arguments")
    kinds = entry.kinds[:count] + entry.variadic * (count - len(entry.kinds))
    converted: list[Value] = []
    for kind, argument in zip(kinds, arguments, strict=True):
        value = _converted(name, kind, argument, context)
        if isinstance(value, Unknown) and kind != "v":
            return unknown_call(name, arguments, value.reason)
        converted.append(value)
    context.budget.spend(_size(converted, _FEWER_CHARACTERS.get(name, _CHARACTERS)))
    result = entry.make(context, *converted) if entry.wants_context else entry.make(*converted)
    if isinstance(result, str):
        context.budget.spend(len(result) // _CHARACTERS)
        return limited(result)
    if isinstance(result, list | dict):
        context.budget.spend(len(result))
    elif type(result) is Unknown and not result.text and not result.resource:
        return unknown_call(name, arguments, result.reason) if arguments else result
    return result


def _size(arguments: list[Value], characters: int) -> int:
    """What it costs to go through the arguments."""
    steps = 0
    for one in arguments:
        if isinstance(one, str):
            steps += len(one) // characters
        elif isinstance(one, list | dict):
            steps += len(one) // _ITEMS
    return steps


def _converted(name: str, kind: str, value: Value, context: Context) -> Value:
    if kind == "v":
        return value
    value = known(value)
    if isinstance(value, Unknown):
        return value
    if value is None:
        if kind == "d":
            return None
        raise EvaluationProblem(f"{name}(): an argument is null")
    if kind == "d":
        return deep_unknown(value, context.budget) or value
    try:
        return _CONVERSIONS[kind](value, context) if kind in _CONVERSIONS else value
    except EvaluationProblem as problem:
        raise EvaluationProblem(f"{name}(): {problem}") from None


def _whole(value: Value, _: Context) -> Value:
    number = to_number(value)
    if not isinstance(number, int):
        raise EvaluationProblem("a fraction where a whole number is needed")
    return number


def _list(value: Value, _: Context) -> Value:
    if not isinstance(value, list):
        raise EvaluationProblem(f"{kind_of(value)} where a list is needed")
    return value


def _map(value: Value, _: Context) -> Value:
    if not isinstance(value, dict):
        raise EvaluationProblem(f"{kind_of(value)} where a map is needed")
    return value


def _texts(value: Value, context: Context) -> Value:
    items = [known(one) for one in _list(value, context)]
    context.budget.spend(len(items))
    hidden = next((one for one in items if isinstance(one, Unknown)), None)
    return hidden if hidden is not None else [to_text(one) for one in items]


_CONVERSIONS: dict[str, Callable[[Value, Context], Value]] = {
    "t": lambda value, _: to_text(value),
    "n": lambda value, _: to_number(value),
    "b": lambda value, _: to_bool(value),
    "i": _whole,
    "l": _list,
    "m": _map,
    "s": _texts,
}


def unknown_call(name: str, arguments: list[Value], reason: str) -> Unknown:
    """The result of a call that can't be made."""
    parts = [shown(argument) for argument in arguments]
    return unknown(reason, "{" + f"{name}({', '.join(parts)})" + "}" if all(parts) else "")
