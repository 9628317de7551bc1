"""The functions that expressions of Azure Pipelines may call before a run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence

from resource_readers.interface import Unknown
from resource_readers.template_language.unknowns import LimitError
from resource_readers.trees.nodes import ArrayNode, Literal, ObjectNode
from resource_readers.trees.plain import plain
from resource_readers.workflows.azure_values import Result, equal, from_node, text_of_result, to_number, truth
from resource_readers.workflows.properties import Uncertain

MAXIMUM_TEXT = 1_000_000


def _not(arguments: Sequence[Result]) -> Result:
    value = truth(arguments[0])
    return value if isinstance(value, Unknown) else not value


def _eq(arguments: Sequence[Result]) -> Result:
    return equal(arguments[0], arguments[1])


def _ne(arguments: Sequence[Result]) -> Result:
    found = equal(arguments[0], arguments[1])
    return found if isinstance(found, Unknown) else not found


def _compare(test: Callable[[int], bool]) -> Callable[[Sequence[Result]], Result]:
    def of(arguments: Sequence[Result]) -> Result:
        left, right = arguments[0], arguments[1]
        if isinstance(left, str) and to_number(left) is None:
            other = text_of_result(right).lower()
            return test((left.lower() > other) - (left.lower() < other))
        first, second = to_number(left), to_number(right)
        if first is None or second is None:
            return False
        return test((first > second) - (first < second))

    return of


def _in(arguments: Sequence[Result]) -> Result:
    undecided: Unknown | None = None
    for one in arguments[1:]:
        found = equal(arguments[0], one)
        if found is True:
            return True
        if isinstance(found, Unknown):
            undecided = found
    return undecided if undecided is not None else False


def _not_in(arguments: Sequence[Result]) -> Result:
    found = _in(arguments)
    return found if isinstance(found, Unknown) else not found


def _values_of(value: Result) -> list[Result]:
    if isinstance(value, ArrayNode):
        return [from_node(one) for one in value.items]
    if isinstance(value, ObjectNode):
        return [from_node(entry.value) for entry in value.entries]
    return [value]


def _contains_value(arguments: Sequence[Result]) -> Result:
    return _in([arguments[1], *_values_of(arguments[0])])


def _texts(test: Callable[[str, str], bool]) -> Callable[[Sequence[Result]], Result]:
    return lambda arguments: test(text_of_result(arguments[0]).lower(), text_of_result(arguments[1]).lower())


def _format(arguments: Sequence[Result]) -> Result:
    def value(match: re.Match[str]) -> str:
        if match.group(1) is None:
            return match.group()[0]
        return text_of_result(arguments[1 + int(match.group(1))])

    return re.sub(r"\{\{|\}\}|\{(\d{1,4})(?::[^}]*)?\}", value, text_of_result(arguments[0]))


def _join(arguments: Sequence[Result]) -> Result:
    values = _values_of(arguments[1])
    unknown = next((one for one in values if isinstance(one, Unknown)), None)
    if unknown is not None:
        return unknown
    return text_of_result(arguments[0]).join(text_of_result(one) for one in values)


def _length(arguments: Sequence[Result]) -> Result:
    value = arguments[0]
    if isinstance(value, ArrayNode):
        return len(value.items)
    return len(value.entries) if isinstance(value, ObjectNode) else len(text_of_result(value))


def _split(arguments: Sequence[Result]) -> Result:
    text, signs = text_of_result(arguments[0]), text_of_result(arguments[1])
    parts = re.split("[" + re.escape(signs) + "]", text) if signs else [text]
    return ArrayNode(tuple(Literal(one, 0) for one in parts), 0)


def _replace(arguments: Sequence[Result]) -> Result:
    old = text_of_result(arguments[1])
    text, new = text_of_result(arguments[0]), text_of_result(arguments[2])
    if old and len(text) // len(old) * len(new) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return text.replace(old, new) if old else text


def _to_json(arguments: Sequence[Result]) -> Result:
    value = arguments[0]
    unknown = False

    def convert(scalar: Literal | object) -> object:
        nonlocal unknown
        if not isinstance(scalar, Literal) or isinstance(scalar, Uncertain):
            unknown = True
            return None
        return from_node(scalar)

    found = plain(value, convert) if isinstance(value, ObjectNode | ArrayNode) else value
    return Unknown("a value that isn't known as JSON") if unknown else json.dumps(found, indent=2)


TAKE_UNKNOWNS = frozenset({"eq", "ne", "not", "in", "notin"})
"""Those that can answer although an argument isn't known."""
FUNCTIONS: Mapping[str, Callable[[Sequence[Result]], Result]] = {
    "eq": _eq,
    "ne": _ne,
    "not": _not,
    "xor": lambda a: bool(truth(a[0])) != bool(truth(a[1])),
    "gt": _compare(lambda one: one > 0),
    "ge": _compare(lambda one: one >= 0),
    "lt": _compare(lambda one: one < 0),
    "le": _compare(lambda one: one <= 0),
    "in": _in,
    "notin": _not_in,
    "contains": _texts(lambda text, part: part in text),
    "containsvalue": _contains_value,
    "startswith": _texts(str.startswith),
    "endswith": _texts(str.endswith),
    "format": _format,
    "join": _join,
    "length": _length,
    "lower": lambda a: text_of_result(a[0]).lower(),
    "upper": lambda a: text_of_result(a[0]).upper(),
    "trim": lambda a: text_of_result(a[0]).strip(),
    "replace": _replace,
    "split": _split,
    "converttojson": _to_json,
}
