"""One action out of a pattern of them, as a person would write it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

_ENDINGS = ("write", "delete", "action", "read")
_TYPE = "Microsoft.Compute/virtualMachines"


def example_of(pattern: str, proves: Callable[[str], bool]) -> str:
    """An action that `pattern` stands for and that `proves` accepts.

    `proves` has to accept the pattern with its stars replaced by a letter that no pattern has; that is the last resort.
    """
    if "*" not in pattern:
        return pattern
    *rest, last = pattern.split("*")
    head = rest[0]
    middle = "*".join(rest[1:]).replace("*", "any")
    for fill in _fills(head, last):
        candidate = f"{head}{fill}{last}" if len(rest) == 1 else f"{head}{'any' if head else _TYPE}{middle}{fill}{last}"
        if proves(candidate):
            return candidate
    strange = (chr(code) for code in itertools.chain(range(0x2460, 0x2500), range(0x4E00, 0x9FFF)))
    return next(filter(proves, (pattern.replace("*", letter) for letter in strange)), pattern)


def as_written(folded: str, patterns: Iterable[str]) -> str:
    """A folded pattern with the letters of the patterns that its beginning and its end were taken from."""
    text = folded
    for pattern in patterns:
        head, tail = pattern.partition("*")[0], pattern.rpartition("*")[2]
        if head and text.casefold().startswith(head.casefold()) and len(head) == len(head.casefold()):
            text = head + text[len(head) :]
        if tail and text.casefold().endswith(tail.casefold()) and len(tail) == len(tail.casefold()):
            text = text[: len(text) - len(tail)] + tail
    return text


def _fills(head: str, tail: str) -> Iterator[str]:
    """What may stand in the place of the last star, the likeliest first."""
    start = "" if head else _TYPE + "/"
    if tail:
        yield from (_TYPE, "any") if not head else ("any", "any/any")
        return
    separator = "" if not head or head.endswith("/") else "/"
    yield from (f"{start}{separator}{ending}" for ending in _ENDINGS)
    yield from (f"{start}{separator}any/{ending}" for ending in _ENDINGS)
