"""Groups whose members could make an answer longer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from rbac_matrix.estate.model import PrincipalKind

if TYPE_CHECKING:
    from rbac_matrix.estate.access import AccessIndex

NAMED = 20
"""How many gaps or groups of one kind are named one by one."""


def unknown_members(index: AccessIndex, ids: Iterable[str]) -> Iterator[str]:
    """Half sentences on groups among the ids of which not all members are known."""
    groups = index.memberships
    without: list[str] = []
    unclear: list[str] = []
    for id in ids:
        if groups.is_group(id) and groups.unknown_below(id):
            unclear.append(id)
        elif not groups.is_group(id) and _may_have_members(index, id):
            without.append(id)
    name = _name_of(index)
    yield from bounded((f"not all members of the group {name(id)} are known" for id in unclear), len(unclear))
    if index.estate.directory is None and without:
        groups_text = f"{len(without)} groups" if len(without) > 1 else f"the group {name(without[0])}"
        yield f"no directory was given: the members of {groups_text} are not known"
        return
    yield from bounded((f"the members of the group {name(id)} are not known" for id in without), len(without))


def _may_have_members(index: AccessIndex, id: str) -> bool:
    kind = index.kind_of(id)
    return kind in (PrincipalKind.GROUP, PrincipalKind.UNKNOWN) and not index.directory.is_orphan(id)


def _name_of(index: AccessIndex) -> Callable[[str], str]:
    def name(id: str) -> str:
        shown = index.subject(id).text
        return shown if shown == id else f"{shown} ({id})"

    return name


def bounded(texts: Iterator[str], count: int) -> Iterator[str]:
    yield from itertools.islice(texts, NAMED)
    if count > NAMED:
        yield f"and {count - NAMED} more like it"
