"""Patterns of actions as languages: what covers what, what two of them have in common, and many of them at once.

`*` stands for any characters, none and `/` included; case doesn't count. Two facts carry the exact answers, both
because there is always a letter that a finite number of patterns doesn't mention: a pattern lies within another one
exactly if the other one matches its text, with `*` read as such a letter; and it lies within a union exactly if it lies
within one of its members.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator

from verdicts import CouldNotCheckError

STEPS = 10_000_000
"""Looks at a pattern that one comparison may take: some seconds. Two built-in roles take a few thousand."""

LONGEST_PATTERN = 4096
"""Characters. The longest one of a built-in role has about 150."""

_STARS = re.compile(r"\*{2,}")


class Budget:
    """What is left of the steps of one comparison."""

    __slots__ = ("_left",)

    def __init__(self, steps: int = STEPS) -> None:
        self._left = steps

    def spend(self, steps: int) -> None:
        """Raises CouldNotCheckError where more is asked for than is left."""
        self._left -= steps
        if self._left < 0:
            raise CouldNotCheckError(
                "the actions of these roles are too many, or have too many wildcards, to be compared",
                remedy="Azure takes one * in a pattern; split the role, or list its actions",
            )


@functools.lru_cache(maxsize=50_000)
def fold(pattern: str) -> str:
    """A pattern as it compares. Raises CouldNotCheckError for one longer than LONGEST_PATTERN."""
    if len(pattern) > LONGEST_PATTERN:
        raise CouldNotCheckError(f"a pattern of actions has {len(pattern):,} characters: {pattern[:60]}...")
    return _STARS.sub("*", pattern.casefold())


def covers(outer: str, inner: str) -> bool:
    """Whether everything that `inner` (a folded pattern or action) stands for is in the folded pattern `outer`."""
    first, *middle = outer.split("*")
    if not middle:
        return outer == inner
    last = middle.pop()
    end = len(inner) - len(last)
    at = len(first)
    if end < at or not inner.startswith(first) or not inner.endswith(last):
        return False
    for part in middle:
        found = inner.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def overlaps(one: str, other: str) -> bool:
    """Whether an action is in both folded patterns."""
    if "*" not in one:
        return covers(other, one)
    if "*" not in other:
        return covers(one, other)
    # Both have a star: the longer head, all that stands between the stars, and the longer tail make a common action.
    head, other_head = one[: one.index("*")], other[: other.index("*")]
    tail, other_tail = one[one.rindex("*") + 1 :], other[other.rindex("*") + 1 :]
    heads = head.startswith(other_head) or other_head.startswith(head)
    return heads and (tail.endswith(other_tail) or other_tail.endswith(tail))


def common(one: str, other: str, budget: Budget) -> tuple[str, ...]:
    """Folded patterns that together stand for exactly what is in both.

    Raises:
        CouldNotCheckError: many stars on both sides make more of them than the budget allows.
    """
    budget.spend(1)
    if not overlaps(one, other):
        return ()
    if covers(other, one):
        return (one,)
    if covers(one, other):
        return (other,)
    if one.count("*") == other.count("*") == 1:
        return tuple(_common_single(one, other))
    return tuple(sorted(_common_many(one, other, budget)))


def _common_single(one: str, other: str) -> Iterator[str]:
    """Both have one star, heads and tails agree: the longer head, a star, the longer tail; or head and tail overlap."""
    (head, _, tail), (other_head, _, other_tail) = one.partition("*"), other.partition("*")
    shortest = max(len(head) + len(tail), len(other_head) + len(other_tail))
    head, tail = max(head, other_head, key=len), max(tail, other_tail, key=len)
    yield f"{head}*{tail}"
    for shared in range(1, min(len(head) + len(tail) - shortest, len(head), len(tail)) + 1):
        if head.endswith(tail[:shared]):
            yield head + tail[shared:]


def _common_many(one: str, other: str, budget: Budget) -> frozenset[str]:
    """Any number of stars: what the ends of both have in common, from the last letter to the first."""
    below: list[frozenset[str]] = []
    for i in range(len(one), -1, -1):
        row: list[frozenset[str]] = [frozenset()] * (len(other) + 1)
        for j in range(len(other), -1, -1):
            row[j] = frozenset(_step(one[i : i + 1], other[j : j + 1], row, below, j))
            budget.spend(1 + sum(map(len, row[j])))
        below = row
    return below[0]


def _step(letter: str, other: str, row: list[frozenset[str]], below: list[frozenset[str]], j: int) -> Iterator[str]:
    """One cell of the table; `row[j + 1]` is one letter further in the other pattern, `below[j]` in this one."""
    if letter == "*" and other == "*":
        # A star for the part before the first of the two that ends; the other one's goes on.
        for rest in (*below[j], *row[j + 1]):
            yield rest if rest.startswith("*") else "*" + rest
    elif letter == "*":
        yield from below[j]
        yield from (other + rest for rest in row[j + 1]) if other else ()
    elif other == "*":
        yield from row[j + 1]
        yield from (letter + rest for rest in below[j]) if letter else ()
    elif letter == other:
        yield from (letter + rest for rest in below[j + 1]) if letter else ("",)


class PatternSet:
    """Folded patterns, ready for the question whether one of them covers another pattern."""

    __slots__ = ("_heads", "_lengths", "_many", "patterns")

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = dict.fromkeys(patterns)
        """The patterns in their order, as keys."""
        self._many: list[str] = []
        self._heads: dict[str, dict[int, set[str]]] = {}
        for pattern in self.patterns:
            stars = pattern.count("*")
            if stars == 1:
                head, _, tail = pattern.partition("*")
                self._heads.setdefault(head, {}).setdefault(len(tail), set()).add(tail)
            elif stars:
                self._many.append(pattern)
        self._lengths = sorted(set(map(len, self._heads)))

    def covers(self, inner: str, budget: Budget, *, by_another: bool = False) -> bool:
        """Whether everything that the folded pattern stands for is in one of these, and so in their union.

        Args:
            inner: the pattern.
            budget: what it costs is taken from it.
            by_another: the same pattern among these doesn't count.
        """
        if inner in self.patterns and not by_another:
            return True
        budget.spend(1 + len(self._lengths) + len(self._many))
        head, star, _ = inner.partition("*")
        for length in self._lengths:
            if length > len(head):
                break
            tails = self._heads.get(head[:length])
            if tails is not None:
                budget.spend(len(tails))
                end = inner[inner.rindex("*") + 1 :] if star else inner[length:]
                for size, texts in tails.items():
                    found = size <= len(end) and end[len(end) - size :] in texts
                    if found and not (by_another and inner == f"{head[:length]}*{end[len(end) - size :]}"):
                        return True
        return any(covers(pattern, inner) for pattern in self._many if pattern != inner)

    def overlapping(self, pattern: str, budget: Budget) -> list[str]:
        """Those that have something in common with the folded pattern."""
        budget.spend(len(self.patterns))
        return [own for own in self.patterns if overlaps(own, pattern)]
