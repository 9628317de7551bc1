"""Upper and lower case as .NET's invariant culture has them: one character stays one character."""

from __future__ import annotations


def lower(text: str) -> str:
    """In lower case, with every character at its place (a few letters have a longer lower case, which .NET leaves)."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(letter if len(letter.lower()) > 1 else letter.lower() for letter in text)


def upper(text: str) -> str:
    """In upper case, with every character at its place: `ß` stays what it is."""
    raised = text.upper()
    if len(raised) == len(text):
        return raised
    return "".join(letter if len(letter.upper()) > 1 else letter.upper() for letter in text)


def like(text: str, pattern: str) -> bool:
    """Whether the whole text matches a pattern in which `*` stands for any characters, whatever their case."""
    pieces = lower(pattern).split("*")
    rest = lower(text)
    if len(pieces) == 1:
        return rest == pieces[0]
    first, *middle, last = pieces
    if len(rest) < len(first) + len(last) or not (rest.startswith(first) and rest.endswith(last)):
        return False
    at, end = len(first), len(rest) - len(last)
    for piece in middle:  # the leftmost place for each piece leaves the most for those behind it
        found = rest.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True
