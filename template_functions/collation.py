"""The order of text: .NET's invariant culture, which Azure compares text with (Microsoft's page on the policy rule).

Letters sort by themselves first, then by accents, then (unless case is ignored) lower case before upper: 'a' < 'A' <
'b'. Signs come before digits and digits before letters. Only letters of scripts whose code points aren't in
alphabetical order sort otherwise than in .NET.
"""

from __future__ import annotations

import unicodedata

# The order of signs in Unicode's default collation (CLDR root).
_SIGNS = {sign: position for position, sign in enumerate("\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$")}

Key = tuple[list[tuple[int, int, str]], list[str], list[bool]]


def collation_key(text: str, ignore_case: bool) -> Key:
    """What texts are compared by."""
    if ignore_case:
        text = text.casefold()
    decomposed = text if text.isascii() else unicodedata.normalize("NFD", text)
    bases: list[tuple[int, int, str]] = []
    accents: list[str] = []
    upper: list[bool] = []
    for character in decomposed:
        if unicodedata.combining(character):
            accents.append(f"{len(bases)}:{character}")
            continue
        if character in _SIGNS:
            bases.append((0, _SIGNS[character], ""))
        elif character.isdigit():
            bases.append((2, 0, character))
        elif character.isalpha():
            bases.append((3, 0, character.casefold()))
        else:
            bases.append((1, 0, character))
        upper.append(character.isupper())
    return bases, accents, upper


def compare_text(left: str, right: str, *, ignore_case: bool) -> int:
    """-1, 0 or 1."""
    if left == right:
        return 0
    a, b = collation_key(left, ignore_case), collation_key(right, ignore_case)
    return (a > b) - (a < b)
