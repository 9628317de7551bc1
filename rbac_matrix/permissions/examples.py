"""One action out of a pattern of them, as a person would write it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

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


def _fills(head: str, tail: str) -> Iterator[str]:
    """What may stand in the place of the last star, the likeliest first."""
    start = "" if head else _TYPE + "/"
    if tail:
        yield start.rstrip("/") if tail.startswith("/") else start + "any"
        yield "any"
        yield "anything/any"
        return
    separator = "" if not head or head.endswith("/") else "/"
    yield from (f"{start}{separator}{ending}" for ending in _ENDINGS)
    yield from (f"{start}{separator}any/{ending}" for ending in _ENDINGS)
