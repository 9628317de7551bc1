"""What is known of a text of which only parts are: `azureml:{MODEL}@latest` ends with "@latest" whatever the model is.

A reader writes such a value as {"$unknown": reason, "text": "azureml:{MODEL}@latest"}, with `{...}` for what isn't
known. Only what stands before the first brace and behind the last one is taken for certain.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from policies.values import Truth, Unknown

_Ask = Callable[[str, str, Any], bool | None]
"""Takes the sure beginning, the sure end (both folded) and the operand; None where they don't tell."""


def tell(value: Unknown, operator: str, operand: Any) -> Truth:
    """The truth of a condition about a text that is known in part; the value itself where that isn't enough."""
    # An id of the project holds braces, too: it is known in part itself.
    given = operand if isinstance(operand, list) else [operand]
    if "{" not in value.text or any(isinstance(one, str) and "{" in one for one in given):
        return value
    begin = value.text.partition("{")[0].casefold()
    end = value.text.rpartition("}")[2].casefold()
    if not begin and not end:
        return value
    if operator == "exists":
        # A text that isn't empty is there.
        return str(operand).casefold() == "true"
    ask = _OPERATORS.get(operator.removeprefix("not"))
    if ask is None:
        return value
    found = ask(begin, end, operand)
    return value if found is None else found is not operator.startswith("not")


def _equals(begin: str, end: str, operand: Any) -> bool | None:
    if isinstance(operand, dict | list):
        return None
    return _cannot_be(begin, end, str(operand).casefold())


def _cannot_be(begin: str, end: str, text: str) -> bool | None:
    """False where the whole can't be `text`, else None: what isn't known may be empty, too."""
    possible = text.startswith(begin) and text.endswith(end) and len(text) >= len(begin) + len(end)
    return None if possible else False


def _in(begin: str, end: str, operand: Any) -> bool | None:
    if not isinstance(operand, list):
        return None
    return False if all(_equals(begin, end, item) is False for item in operand) else None


def _contains(begin: str, end: str, operand: Any) -> bool | None:
    if isinstance(operand, dict | list):
        return None
    wanted = str(operand).casefold()
    return True if wanted in begin or wanted in end else None


def _like(begin: str, end: str, operand: Any) -> bool | None:
    if not isinstance(operand, str):
        return None
    head, star, rest = operand.casefold().partition("*")
    if not star:
        return _cannot_be(begin, end, head)
    *middle, tail = rest.split("*")
    if not _agree(begin, head) or not _agree(end[::-1], tail[::-1]):
        return False
    if not begin.startswith(head) or not end.endswith(tail):
        return None
    # What may lie between the two: each part has to be found behind the one before it.
    for part in middle:
        at, before = begin.find(part, len(head)), end[: len(end) - len(tail)]
        if len(middle) > 1 or (at < 0 and part not in before):
            return None
    return True


def _agree(one: str, other: str) -> bool:
    """Whether one of the two begins with the other."""
    return one.startswith(other) or other.startswith(one)


_OPERATORS: dict[str, _Ask] = {"equals": _equals, "in": _in, "contains": _contains, "like": _like}
