"""Property paths: "properties.securityRules[*].properties.access" into the values that they select."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from policies.values import UNKNOWN_KEY, Unknown, get_key, known

Cursors = Mapping[str, int]
"""Arrays that a count enumerates: lower-cased path up to and including "[*]" -> the member of this round."""


@dataclass(frozen=True, slots=True)
class _Array:
    """A "[*]" in a path; `prefix` is the lower-cased path up to and including it."""

    prefix: str


@dataclass(frozen=True, slots=True)
class _Key:
    """A name in a path."""

    name: str
    lower: str


Step = _Key | _Array


@dataclass(frozen=True, slots=True)
class PropertyPath:
    """A parsed path.

    Attributes:
        text: as written.
        steps: names and "[*]".
        is_collection: whether it selects a collection of values (it holds a "[*]").
    """

    text: str
    steps: tuple[Step, ...]
    is_collection: bool

    def value(self, resource: Mapping[str, Any]) -> Any:
        """The value of a path without "[*]"; None if missing, Unknown if not known."""
        current: Any = resource
        for step in self.steps:
            if type(current) is not dict:
                return current if isinstance(current, Unknown) else None
            name: str = step.name  # type: ignore[union-attr]
            current = current[name] if name in current else get_key(current, name, step.lower)  # type: ignore[union-attr]
            if type(current) is dict and UNKNOWN_KEY in current:
                return known(current)
        return current

    def values(self, resource: Mapping[str, Any], cursors: Cursors) -> list[Any]:
        """The selected values of a path with "[*]", in order; missing members of an element are None.

        A missing or empty array selects nothing; one that isn't known selects one Unknown.
        """
        selected: list[Any] = []
        _select(known(resource), self.steps, cursors, selected)
        return selected

    def members(self, resource: Mapping[str, Any], cursors: Cursors) -> Iterator[tuple[Any, dict[str, int]]]:
        """The selected values, each with the position of every array that was passed."""
        yield from _walk(known(resource), self.steps, cursors, {})

    def place(self, resource: Mapping[str, Any], positions: Cursors) -> tuple[str | int, ...]:
        """Keys as the resource spells them and positions, down to the last array (of a path without one, to its end).

        Ends earlier where the resource has no such member.
        """
        arrays = [index for index, step in enumerate(self.steps) if isinstance(step, _Array)]
        steps = self.steps[: arrays[-1] + 1] if arrays else self.steps
        current: Any = resource
        keys: list[str | int] = []
        for step in steps:
            if isinstance(step, _Array):
                position = positions.get(step.prefix)
                if position is None or not isinstance(current, list) or position >= len(current):
                    break
                keys.append(position)
                current = current[position]
                continue
            key = next((one for one in current if one.lower() == step.lower), None) if type(current) is dict else None
            if key is None:
                break
            keys.append(key)
            current = current[key]
        return tuple(keys)


def _select(current: Any, steps: tuple[Step, ...], cursors: Cursors, selected: list[Any]) -> None:
    """As `_walk`, without the positions."""
    for index, step in enumerate(steps):
        if type(current) is Unknown:
            break
        if type(step) is _Key:
            current = known(get_key(current, step.name, step.lower)) if type(current) is dict else None
            continue
        if not isinstance(current, list):
            return
        rest = steps[index + 1 :]
        chosen = cursors.get(step.prefix) if cursors else None  # type: ignore[union-attr]
        for item in current if chosen is None else current[chosen : chosen + 1]:
            _select(known(item), rest, cursors, selected)
        return
    selected.append(current)


def _walk(
    current: Any, steps: tuple[Step, ...], cursors: Cursors, positions: dict[str, int]
) -> Iterator[tuple[Any, dict[str, int]]]:
    for index, step in enumerate(steps):
        if isinstance(current, Unknown):
            yield current, positions
            return
        if isinstance(step, _Key):
            current = known(get_key(current, step.name, step.lower)) if type(current) is dict else None
            continue
        if not isinstance(current, list):
            return
        rest = steps[index + 1 :]
        chosen = cursors.get(step.prefix)
        for position in range(len(current)) if chosen is None else range(chosen, min(chosen + 1, len(current))):
            yield from _walk(known(current[position]), rest, cursors, {**positions, step.prefix: position})
        return
    yield current, positions


@functools.lru_cache(maxsize=16384)
def parse_path(text: str) -> PropertyPath:
    """A path as alias tables write it: names joined by dots, "[*]" behind arrays, ['name'] for odd names."""
    steps: list[Step] = []
    prefix = ""
    for part in _parts(text):
        if part == "[*]":
            prefix += part
            steps.append(_Array(prefix))
        else:
            prefix = f"{prefix}.{part.lower()}" if prefix else part.lower()
            steps.append(_Key(part, part.lower()))
    return PropertyPath(text, tuple(steps), any(isinstance(step, _Array) for step in steps))


def _parts(text: str) -> Iterator[str]:
    if "['" in text:
        yield from _odd_parts(text)
        return
    first, *others = text.split("[*]")
    yield from filter(None, first.split("."))
    for part in others:
        yield "[*]"
        yield from filter(None, part.split("."))


def _odd_parts(text: str) -> Iterator[str]:
    name = ""
    index = 0
    while index < len(text):
        if text.startswith("[*]", index):
            if name:
                yield name
            name = ""
            yield "[*]"
            index += 3
        elif text.startswith("['", index) and "']" in text[index:]:
            if name:
                yield name
            name = ""
            end = text.index("']", index)
            yield text[index + 2 : end]
            index = end + 2
        elif text[index] == ".":
            if name:
                yield name
            name = ""
            index += 1
        else:
            name += text[index]
            index += 1
    if name:
        yield name
