"""Where the lines of a text end."""

from __future__ import annotations

import itertools
import re


def line_ends(text: str) -> list[int]:
    """Index of the last character of every line end: a line feed, or a carriage return alone."""
    if "\r" in text and text.count("\r") != text.count("\r\n"):
        return [match.end() - 1 for match in re.finditer("\r\n|\r|\n", text)]
    lengths = itertools.accumulate(map(len, text.split("\n")[:-1]))
    return [before + number for number, before in enumerate(lengths)]
