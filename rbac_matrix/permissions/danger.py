"""How bad an action is in the wrong hands. The patterns stand in data/dangerous-actions.yml, each with its reason."""

from __future__ import annotations

import bisect
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rbac_matrix.permissions.catalogue import actions_within
from rbac_matrix.permissions.interface import Danger
from rbac_matrix.permissions.patterns import Budget, PatternSet, covers, fold, overlaps
from verdicts.documents import load_document
from verdicts.sections import Section

DATA = Path(__file__).resolve().parents[1] / "data" / "dangerous-actions.yml"
SCHEMA = "mlgate/rbac-dangerous-actions/v1"


@dataclass(frozen=True, slots=True)
class DangerousPattern:
    """One line of the data. `pattern` is folded; `reason` is a whole sentence; `by_name`: a guess by the name alone."""

    pattern: str
    written: str
    danger: Danger
    reason: str
    data: bool
    by_name: bool


READING = DangerousPattern("*/read", "*/read", Danger.READS, "It reads.", data=False, by_name=False)
"""What Reader has. The few keys that an action of reading gives out count where a pattern names their provider."""


def danger_of(pattern: str, *, data: bool) -> Danger:
    """The worst that an action or a pattern of actions can do: `*` counts as all that it covers."""
    return _worst(fold(pattern), data)


def reason_of(pattern: str, *, data: bool) -> str:
    """Why it has the danger that `danger_of` says; "" for what merely reads, or is of no known kind."""
    folded = fold(pattern)
    if "*" in folded:
        return next((one.reason for one in patterns_against(folded, data)), "")
    return next((one.reason for one in _lines(data) if covers(one.pattern, folded)), "")


@functools.cache
def dangerous_patterns(data: bool) -> tuple[DangerousPattern, ...]:
    """What a pattern of actions is held against, the worst first: in place of names, the known actions of that name."""
    found: dict[tuple[str, Danger], DangerousPattern] = {}
    for one in _lines(data):
        for each in _of_that_name(one) if one.by_name else (one,):
            found.setdefault((each.pattern, each.danger), each)
    return tuple(sorted(found.values(), key=lambda one: -one.danger))


def patterns_against(folded: str, data: bool) -> tuple[DangerousPattern, ...]:
    """Of `dangerous_patterns` those that have something in common with a folded pattern."""
    if folded == READING.pattern:
        return ()
    order, actions, wild = _index(data)
    head = folded.partition("*")[0]
    first = bisect.bisect_left(actions, head)
    within = itertools.takewhile(lambda action: action.startswith(head), itertools.islice(actions, first, None))
    found = [*(one for one in within if covers(folded, one)), *(one for one in wild if overlaps(one, folded))]
    return tuple(dangerous_patterns(data)[place] for place in sorted(place for one in found for place in order[one]))


@functools.cache
def _index(data: bool) -> tuple[Mapping[str, Sequence[int]], Sequence[str], Sequence[str]]:
    """Where each of `dangerous_patterns` stands; the single actions in the order of letters; and the wild ones."""
    order: dict[str, list[int]] = {}
    for place, one in enumerate(dangerous_patterns(data)):
        order.setdefault(one.pattern, []).append(place)
    return order, sorted(one for one in order if "*" not in one), [one for one in order if "*" in one]


def _of_that_name(line: DangerousPattern) -> Iterator[DangerousPattern]:
    for action in actions_within(line.pattern, line.data):
        yield replace(line, pattern=fold(action), written=action)


@functools.lru_cache(maxsize=50_000)
def _worst(folded: str, data: bool) -> Danger:
    if "*" in folded:
        found = next((one.danger for one in patterns_against(folded, data)), None)
    else:
        found = next((danger for danger, own in _by_danger(data) if own.covers(folded, Budget())), None)
    if found is not None:
        return found
    return Danger.READS if covers(READING.pattern, folded) else Danger.CHANGES


@functools.cache
def _by_danger(data: bool) -> tuple[tuple[Danger, PatternSet], ...]:
    return tuple(
        (danger, PatternSet(one.pattern for one in _lines(data) if one.danger is danger))
        for danger in sorted(Danger, reverse=True)
    )


@functools.cache
def _lines(data: bool) -> tuple[DangerousPattern, ...]:
    """The worst first; of one danger those for certain before those by name."""
    return tuple(sorted((one for one in _read() if one.data is data), key=lambda one: (-one.danger, one.by_name)))


@functools.cache
def _read() -> tuple[DangerousPattern, ...]:
    top = Section(load_document(DATA), str(DATA))
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    found = tuple(one for section in top.sections("dangers") for one in _entry(section))
    top.finish()
    return found


def _entry(section: Section) -> Iterator[DangerousPattern]:
    name = section.text("danger")
    if name.upper() not in Danger.__members__:
        raise section.error(f"there is no danger {name!r}", "danger")
    reason = section.text("reason")
    for key, data, by_name in (
        ("actions", False, False),
        ("data_actions", True, False),
        ("names", False, True),
        ("data_names", True, True),
    ):
        for written in section.texts(key, ()):
            yield DangerousPattern(fold(written), written, Danger[name.upper()], reason, data, by_name)
    section.finish()
