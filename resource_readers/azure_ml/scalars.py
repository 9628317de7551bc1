"""Single values: texts, numbers, truth values, enumerations, durations, with what isn't filled in yet as unknown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.unknowns import unknown
from resource_readers.trees.nodes import Literal, Node, ObjectNode, Unreadable
from resource_readers.trees.placeholders import symbolic_text

PLACEHOLDER = "a placeholder stands here, which is filled in before the file is used"

# What marshmallow, with which the CLI reads its files, takes for a truth value.
_TRUE = frozenset({"true", "t", "yes", "y", "on", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "off", "0"})
_MAXIMUM_DURATION = 10**15
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}\Z")
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][-+]?[0-9]{1,2})?\Z")
_BINDING = re.compile(r"\$\{\{")

PROSE = frozenset(
    {"command", "args", "description", "display_name", "query", "program_arguments", "stored_procedure", "docker_args"}
)
"""Keys whose texts are scripts or prose, in which `$(x)`, `${X}` and `<x>` mean something of their own."""

Scalar = Callable[[Node], Value]


def literal(node: Node, *, prose: bool = False) -> Value:
    """A scalar as it stands; Unknown where a placeholder is in it."""
    if isinstance(node, Unreadable):
        return Unknown(node.reason)
    if isinstance(node, Literal):
        if not isinstance(node.value, str):
            return node.value
        symbolic = symbolic_text(node.value, script=prose)
        return node.value if symbolic is None else unknown(PLACEHOLDER, symbolic)
    name = _braced(node)
    return unknown(PLACEHOLDER, "{" + name + "}") if name is not None else None


def is_scalar(node: Node) -> bool:
    """Whether a node is a single value; `{name}` is one: what a format string of Python fills in."""
    return isinstance(node, Literal | Unreadable) or _braced(node) is not None


def _braced(node: Node) -> str | None:
    if isinstance(node, ObjectNode) and len(node.entries) == 1:
        entry = node.entries[0]
        if isinstance(entry.value, Literal) and entry.value.value is None and isinstance(entry.key, str):
            # A block mapping of one key without a value (`data:`) stands on the key's own column.
            return entry.key if (node.line, node.column) != (entry.line, entry.column) else None
    return None


def text(node: Node) -> Value:
    """As text: the service takes names, versions and sizes as texts."""
    value = literal(node)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def prose(node: Node) -> Value:
    """A script or prose."""
    value = literal(node, prose=True)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def boolean(node: Node) -> Value:
    """A truth value, in every spelling that the CLI takes; what is none stays as it stands."""
    value = literal(node)
    if isinstance(value, str | int) and not isinstance(value, bool):
        spelt = str(value).casefold()
        return True if spelt in _TRUE else False if spelt in _FALSE else value
    return value


def integer(node: Node) -> Value:
    """A whole number; also from a text, as the CLI takes it."""
    value = literal(node)
    if isinstance(value, str) and _INTEGER.match(value):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def number(node: Node) -> Value:
    """A number; also from a text."""
    value = literal(node)
    if isinstance(value, str) and _NUMBER.match(value):
        return int(value) if _INTEGER.match(value) else float(value)
    return value


def enumerated(spellings: Mapping[str, str], fold: Callable[[str], str]) -> Scalar:
    """The service's spelling of a value; one that it doesn't know stays as it stands."""

    def convert(node: Node) -> Value:
        value = text(node)
        return spellings.get(fold(value), value) if isinstance(value, str) else value

    return convert


def enabled(node: Node) -> Value:
    """true as "Enabled", false as "Disabled"."""
    value = boolean(node)
    return ("Enabled" if value else "Disabled") if isinstance(value, bool) else value


def negated(node: Node) -> Value:
    """The opposite of a truth value."""
    value = boolean(node)
    return not value if isinstance(value, bool) else value


def seconds(node: Node) -> Value:
    """Seconds as an ISO 8601 duration (90: "PT1M30S")."""
    return _duration(node, 1000)


def milliseconds(node: Node) -> Value:
    """Milliseconds as an ISO 8601 duration (5000: "PT5S")."""
    return _duration(node, 1)


def minutes(node: Node) -> Value:
    """Minutes as an ISO 8601 duration (30: "PT30M")."""
    return _duration(node, 60_000)


def minutes_text(node: Node) -> Value:
    """Minutes as set-up scripts have them ("25m")."""
    value = integer(node)
    return f"{value}m" if isinstance(value, int) and not isinstance(value, bool) else value


def _duration(node: Node, factor: int) -> Value:
    value = number(node)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _MAXIMUM_DURATION:
        return value
    total = round(value * factor)
    days, rest = divmod(total, 86_400_000)
    hours, rest = divmod(rest, 3_600_000)
    whole_minutes, rest = divmod(rest, 60_000)
    whole_seconds, milli = divmod(rest, 1_000)
    fraction = f".{milli:03}".rstrip("0") if milli else ""
    time = "".join(
        f"{amount}{unit}"
        for amount, unit in ((hours, "H"), (whole_minutes, "M"), (f"{whole_seconds}{fraction}", "S"))
        if amount not in (0, "0")
    )
    day = f"{days}D" if days else ""
    return f"P{day}T{time}" if time else f"P{day}" if day else "PT0S"


def is_binding(value: Value) -> bool:
    """Whether a text is an expression of Azure ML's own (`${{parent.inputs.x}}`)."""
    return isinstance(value, str) and _BINDING.search(value) is not None


SCALARS: Mapping[str, Scalar] = {
    "text": text,
    "prose": prose,
    "boolean": boolean,
    "integer": integer,
    "number": number,
    "enabled": enabled,
    "not": negated,
    "seconds": seconds,
    "milliseconds": milliseconds,
    "minutes": minutes,
    "minutes_text": minutes_text,
}
