"""What stands on the top level of a JSON file, without parsing it whole."""

from __future__ import annotations

import re
from collections.abc import Callable

_TOKEN = re.compile(
    r""""(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|//[^\r\n]*+|/\*(?:[^*]|\*(?!/))*+\*/|[{}\[\]:,]|[$\w.-]++""", re.DOTALL
)


def top_level(data: bytes, enough: Callable[[str, str], bool] = lambda _key, _value: False) -> dict[str, str]:
    """The keys on the top level of a JSON object, in lower case, with their values where these are texts.

    Keys without quotes, or in single ones, count as well: some tools take them. Doesn't raise.

    Args:
        data: what is searchable of the file, see `project_files.ProjectFile`.
        enough: whether a key and its value say all that is wanted; then the rest is left out.
    """
    found: dict[str, str] = {}
    depth = 0
    key: str | None = None
    before = ""
    for match in _TOKEN.finditer(data.decode("utf-8", "replace")):
        token = match.group()
        sign = token[0]
        if sign == "/":
            continue
        if sign in "{[":
            if depth == 0 and sign == "[":
                break
            depth += 1
        elif sign in "}]":
            depth -= 1
            if depth <= 0:
                break
        elif sign not in ":," and depth == 1:
            text = token[1:-1] if sign in "\"'" else token
            if before in ("{", ",") and key is None:
                key = text.lower()
                found.setdefault(key, "")
            elif before == ":" and key is not None:
                found[key] = text
                if enough(key, text):
                    break
        if depth == 1 and sign in ",{":
            key = None
        before = sign
    return found
