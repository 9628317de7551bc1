"""What template functions do with their arguments: taking, comparing and joining them."""

from __future__ import annotations

from typing import NoReturn

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Closure
from resource_readers.template_language.unknowns import (
    MAXIMUM_TEXT,
    FunctionError,
    LimitError,
    ResourceHandle,
    symbolic,
    unknown,
)


def fail(message: str) -> NoReturn:
    """Ends the function."""
    raise FunctionError(message)


def as_text(value: Value) -> str:
    """A text or whole number as text."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        fail("a text is needed")
    return str(value)


def as_integer(value: Value) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        fail("a whole number is needed")
    return int(value)


def as_items(value: Value) -> list[Value]:
    """An array."""
    if not isinstance(value, list):
        fail("an array is needed")
    return value


def contains_unknown(value: Value) -> bool:
    """Whether there is an Unknown anywhere in it."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Unknown):
            return True
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return False


def equal(first: Value, second: Value) -> Value:
    """Deep equality as equals() has it; an Unknown where it hangs on one."""
    if type(first) is type(second) and isinstance(first, dict | list):
        if len(first) != len(second) or (isinstance(first, dict) and set(first) != set(second)):
            return False
        pairs = (
            [(first[key], second[key]) for key in first]
            if isinstance(first, dict)
            else list(zip(first, second, strict=True))
        )
        results = [equal(one, other) for one, other in pairs]
        if False in results:
            return False
        return next((one for one in results if isinstance(one, Unknown)), True)
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        if (
            isinstance(first, Unknown)
            and isinstance(second, Unknown)
            and first == second
            and "{?}" not in first.text
            and first.text
        ):
            return True
        inner = first if isinstance(first, Unknown) else second
        return unknown(inner.reason, "{" + f"equals({symbolic(first)}, {symbolic(second)})" + "}")
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return bool(first == second)


def joined(parts: list[Value]) -> Value:
    """Texts put together; an Unknown with a symbolic text if one of them is unknown."""
    inner = next((part for part in parts if isinstance(part, Unknown)), None)
    for part in parts:
        if part is None or isinstance(part, dict | list | Closure | ResourceHandle):
            fail("only texts and numbers can be joined")
    if sum(len(part) for part in parts if isinstance(part, str)) > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    text = "".join(symbolic(part) for part in parts)
    return text if inner is None else unknown(inner.reason, text)
