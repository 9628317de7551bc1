"""Where the expressions of a service (`${{ ... }}`) stand in a text; in linear time, whatever the text."""

from __future__ import annotations

import re
from collections.abc import Callable

_QUOTED_OR_END = re.compile(r"'[^']*+'|\}\}")


def expression_spans(text: str) -> list[tuple[int, int]]:
    """Beginning and end of each expression, with its brackets. What isn't closed, and all that follows it, is text."""
    found: list[tuple[int, int]] = []
    at = 0
    while (start := text.find("${{", at)) >= 0:
        end = next((match.end() for match in _QUOTED_OR_END.finditer(text, start + 3) if match.group() == "}}"), None)
        if end is None:
            break
        found.append((start, end))
        at = end
    return found


def expressions(text: str) -> list[str]:
    """What stands inside of each expression of a text."""
    return [text[start + 3 : end - 2].strip() for start, end in expression_spans(text)]


def whole_expression(text: str) -> str | None:
    """The expression that a text consists of, or None if there is anything else in it."""
    text = text.strip()
    if not text.startswith("${{") or expression_spans(text) != [(0, len(text))]:
        return None
    return text[3:-2].strip()


def replace_expressions(text: str, value: Callable[[str], str | None]) -> str:
    """The text with what `value` gives for each expression; None leaves it as it is."""
    parts: list[str] = []
    at = 0
    for start, end in expression_spans(text):
        new = value(text[start + 3 : end - 2].strip())
        if new is not None:
            parts += [text[at:start], new]
            at = end
    return "".join([*parts, text[at:]])
