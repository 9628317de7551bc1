"""What template functions do with their arguments: taking, comparing and joining them."""

from __future__ import annotations

from typing import Any, NoReturn

from resource_readers.interface import Unknown, Value
from resource_readers.template_language.evaluation import Closure
from resource_readers.template_language.unknowns import (
    MAXIMUM_TEXT,
    FunctionError,
    LimitError,
    ResourceHandle,
    quoted,
    symbolic,
    unknown,
)


def fail(message: str) -> NoReturn:
    """Ends the function."""
    raise FunctionError(message)


def as_text(value: Value) -> str:
    """A text."""
    if not isinstance(value, str):
        fail("a text is needed")
    return value


def as_integer(value: Value) -> int:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        fail("a whole number is needed")
    return value


def as_items(value: Value) -> list[Value]:
    """An array."""
    if not isinstance(value, list):
        fail("an array is needed")
    return value


def as_object(value: Value) -> dict[str, Value]:
    """An object."""
    if not isinstance(value, dict):
        fail("an object is needed")
    return value


def contains_unknown(value: Value) -> bool:
    """Whether there is an Unknown anywhere in it."""
    if not isinstance(value, dict | list):
        return isinstance(value, Unknown)
    stack: list[Value] = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, Unknown):
            return True
        if isinstance(one, dict):
            stack.extend(one.values())
        elif isinstance(one, list):
            stack.extend(one)
    return False


def identity(value: Value) -> Any:
    """Something hashable that is the same for equal values (without an Unknown in them), and for no others."""
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, list):
        return list, tuple([identity(item) for item in value])
    if isinstance(value, dict):
        return dict, frozenset([(key, identity(item)) for key, item in value.items()])
    return value


def equal(first: Value, second: Value) -> Value:
    """Deep equality as equals() has it; an Unknown where it hangs on one."""
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return _equal_unknown(first, second)
    if type(first) is type(second) and isinstance(first, dict | list):
        if len(first) != len(second) or (isinstance(first, dict) and first.keys() != second.keys()):
            return False
        pairs = (
            [(first[key], second[key]) for key in first]
            if isinstance(first, dict)
            else list(zip(first, second, strict=True))
        )
        undecided: Value = True
        for one, other in pairs:
            result = equal(one, other)
            if result is False:
                return False
            if result is not True and undecided is True:
                undecided = result
        return undecided
    if isinstance(first, bool) or isinstance(second, bool):
        return first is second
    return bool(first == second)


def _equal_unknown(first: Value, second: Value) -> Value:
    if isinstance(first, Unknown) and isinstance(second, Unknown) and first.text and first.text == second.text:
        if "{?}" not in first.text:
            return True
    elif _surely_differ(first, second):
        return False
    inner = first if isinstance(first, Unknown) else second
    return unknown(inner.reason, "{" + f"equals({quoted(first)}, {quoted(second)})" + "}")


def _surely_differ(first: Value, second: Value) -> bool:
    """Whether what is known of two values (before the first and behind the last `{...}`) can't be of the same text."""
    if not isinstance(first, Unknown):
        first, second = second, first
    head, _, rest = first.text.partition("{")
    tail = rest.rpartition("}")[2]
    if not head and not tail:
        return False
    if isinstance(second, Unknown):
        other_head, _, rest = second.text.partition("{")
        other_tail = rest.rpartition("}")[2]
        return not (
            (head.startswith(other_head) or other_head.startswith(head))
            and (tail.endswith(other_tail) or other_tail.endswith(tail))
        )
    if not isinstance(second, str):
        return True
    return not (len(second) >= len(head) + len(tail) and second.startswith(head) and second.endswith(tail))


def joined(parts: list[Value]) -> Value:
    """Texts put together; an Unknown with a symbolic text if one of them is unknown."""
    texts: list[str] = []
    inner: Unknown | None = None
    length = 0
    for part in parts:
        if isinstance(part, str):
            text = part
        elif isinstance(part, Unknown):
            inner = inner or part
            text = symbolic(part)
        elif part is None or isinstance(part, dict | list | Closure | ResourceHandle):
            fail("only texts and numbers can be joined")
        else:
            text = symbolic(part)
        length += len(text)
        texts.append(text)
    if length > MAXIMUM_TEXT:
        raise LimitError(f"a text longer than {MAXIMUM_TEXT:,} characters")
    return "".join(texts) if inner is None else unknown(inner.reason, "".join(texts))
