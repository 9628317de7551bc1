"""What permissions permit, decided in another way than the product does: slow, simple and complete.

A pattern is an automaton whose states are its positions; the patterns of a question run side by side over every word.
Letters that no pattern has behave alike, so one of them stands for all; sets of positions are finitely many, so the
search ends, and what it doesn't find doesn't exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from rbac_matrix.permissions.interface import PermissionBlock, Permissions

OTHER = "ÿ"
States = tuple[frozenset[int], ...]


def matches(pattern: str, action: str) -> bool:
    """Whether a pattern stands for an action."""
    parts = map(re.escape, pattern.lower().split("*"))
    return re.fullmatch(".*".join(parts), action.lower(), re.DOTALL) is not None


def block_permits(block: PermissionBlock, action: str, *, data: bool) -> bool:
    """Whether one block does."""
    actions, nots = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
    return any(matches(one, action) for one in actions) and not any(matches(one, action) for one in nots)


def word_where(patterns: Sequence[str], wanted: Callable[[Sequence[bool]], bool], *, shortest: int = 0) -> str | None:
    """A shortest word for which `wanted` accepts which patterns match it; None where there is none at all.

    Of words with fewer letters than `shortest` (0 or 1) none counts.
    """
    patterns = [pattern.lower() for pattern in patterns]
    letters = [*sorted({letter for pattern in patterns for letter in pattern} - {"*"}), OTHER]
    start: States = tuple(_closed(pattern, {0}) for pattern in patterns)
    # The start stands twice: as the empty word, and as whatever longer word leads back to it.
    queue = [start]
    words: dict[States, str] = {}
    for number, states in enumerate(queue):
        word = "" if number == 0 else words[states]
        if len(word) >= shortest and wanted(
            [len(pattern) in state for pattern, state in zip(patterns, states, strict=True)]
        ):
            return word
        for letter in letters:
            after = tuple(
                _closed(pattern, _after(pattern, state, letter))
                for pattern, state in zip(patterns, states, strict=True)
            )
            if after not in words:
                words[after] = word + letter
                queue.append(after)
    return None


def _closed(pattern: str, state: Iterable[int]) -> frozenset[int]:
    """With the positions after stars that stand for nothing."""
    found = set(state)
    for position in sorted(found):
        while position < len(pattern) and pattern[position] == "*":
            position += 1
            found.add(position)
    return frozenset(found)


def _after(pattern: str, state: Iterable[int], letter: str) -> set[int]:
    return {
        position if pattern[position] == "*" else position + 1
        for position in state
        if position < len(pattern) and pattern[position] in (letter, "*")
    }


def counterexample(inner: Permissions, outer: Permissions) -> tuple[str, bool] | None:
    """An action, and whether it is one on data, that `inner` permits and `outer` doesn't.

    Conditions are opaque: what is permitted under one is permitted elsewhere if it is without one, or under the same.
    """
    for data in (False, True):
        for condition in {block.condition for block in inner.blocks}:
            own = [block for block in inner.blocks if block.condition == condition]
            others = [block for block in outer.blocks if block.condition in ("", condition)]
            word = _between(own, others, data)
            if word is not None:
                return word, data
    return None


def _between(inner: Sequence[PermissionBlock], outer: Sequence[PermissionBlock], data: bool) -> str | None:
    patterns: list[str] = []
    spans: list[tuple[slice, slice]] = []
    for block in (*inner, *outer):
        actions, nots = (block.data_actions, block.not_data_actions) if data else (block.actions, block.not_actions)
        first, second = len(patterns), len(patterns) + len(actions)
        patterns += (*actions, *nots)
        spans.append((slice(first, second), slice(second, len(patterns))))

    def granted(found: Sequence[bool], parts: Sequence[tuple[slice, slice]]) -> bool:
        return any(any(found[actions]) and not any(found[nots]) for actions, nots in parts)

    count = len(inner)
    return word_where(
        patterns, lambda found: granted(found, spans[:count]) and not granted(found, spans[count:]), shortest=1
    )
