"""How wide a text can be: nobody knows which font a picture will be shown with, so these are upper bounds.

Those of DejaVu Sans, which is as wide as Verdana; Helvetica, Arial, Segoe UI and Roboto need less.
"""

from __future__ import annotations

import functools
import unicodedata

_ASCII = (
    "33 42 48 85 65 97 79 29 42 42 51 85 35 38 35 35 65 65 65 65 65 65 65 65 65 65 37 37 85 85 85 55 101 70 70 "
    "71 79 65 62 79 77 34 34 70 58 90 76 80 66 80 71 65 63 75 70 100 70 66 70 42 35 42 85 51 51 63 65 56 65 63 "
    "40 65 65 32 32 60 32 99 65 63 65 65 45 54 44 65 61 83 61 61 54 65 35 65 85"
)
"""Of the characters from the space to the tilde, in hundredths of the font's size."""
_WIDTHS = dict(zip(map(chr, range(32, 127)), (int(one) / 100 for one in _ASCII.split()), strict=True))
_OTHER = 1.2
"""Anything else: no letter of Latin, Greek or Cyrillic and no ideogram is wider."""
_BOLD = 1.13


@functools.lru_cache(maxsize=16_384)
def width(text: str, size: float, *, bold: bool = False) -> float:
    """Upper bound in pixels of a text on one line."""
    total = sum(map(_character, text))
    return total * size * (_BOLD if bold else 1.0)


def _character(character: str) -> float:
    """In ems."""
    return _WIDTHS.get(character) or (0.0 if unicodedata.combining(character) else _OTHER)


def wrapped(text: str, room: float, size: float, *, bold: bool = False) -> tuple[str, ...]:
    """The text in lines of at most `room` pixels; words that are longer are broken. At least one line."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        joined = f"{line} {word}" if line else word
        if width(joined, size, bold=bold) <= room:
            line = joined
            continue
        if line:
            lines.append(line)
        *whole, line = _broken(word, room, size, bold=bold)
        lines += whole
    return (*lines, line) if line or not lines else tuple(lines)


def _broken(word: str, room: float, size: float, *, bold: bool) -> list[str]:
    """A word in pieces that fit; a piece has at least one character."""
    pieces = [""]
    for character in word:
        if pieces[-1] and width(pieces[-1] + character, size, bold=bold) > room:
            pieces.append("")
        pieces[-1] += character
    return pieces


def longest_word(text: str, size: float, *, bold: bool = False) -> float:
    """Width of the longest word."""
    return max((width(word, size, bold=bold) for word in text.split()), default=0.0)
