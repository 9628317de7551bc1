"""Several estates as one: what is known of the same thing is one thing, and what contradicts itself is a gap."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TypeVar

from rbac_matrix.assignments import Timing
from rbac_matrix.estate.merging import kinds_differ, merged_object
from rbac_matrix.estate.model import Directory, DirectoryObject, Estate, Gap, Part
from rbac_matrix.estate.table import ELIGIBLE, AssignmentTable, Terms
from rbac_matrix.principals import GUID

_NAMED = 20
_T = TypeVar("_T")


def join(*estates: Estate) -> Estate:
    """All of them. Parts that one of them has are there; gaps of each stay."""
    if len(estates) == 1:
        return estates[0]
    table = AssignmentTable()
    for estate in estates:
        table.extend(AssignmentTable.of(estate.assignments))
    table, gaps = without_duplicates(table)
    directory, conflicts = _directories([one.directory for one in estates if one.directory is not None])
    memberships = [one.memberships for one in estates if one.memberships is not None]
    return Estate(
        covers=frozenset().union(*(one.covers for one in estates)),
        assignments=table,
        definitions=_unique(definition for one in estates for definition in one.definitions),
        denials=tuple(
            {(denial.scope.casefold(), denial.name): denial for e in estates for denial in e.denials}.values()
        ),
        directory=directory,
        memberships=_unique(one for some in memberships for one in some) if memberships else None,
        resources=tuple({one.id.casefold(): one for estate in estates for one in estate.resources}.values()),
        identity_uses=_unique(use for one in estates for use in one.identity_uses),
        gaps=_unique([*(gap for one in estates for gap in one.gaps), *gaps, *conflicts]),
        inputs=_unique(digest for one in estates for digest in one.inputs),
        whole=any(one.whole for one in estates),
    )


def _unique(values: Iterable[_T]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(values))


def _directories(directories: list[Directory]) -> tuple[Directory | None, list[Gap]]:
    if not directories:
        return None, []
    objects: dict[str, DirectoryObject] = {}
    members: dict[str, tuple[str, ...]] = {}
    conflicts: list[str] = []
    for directory in directories:
        for id, one in directory.objects.items():
            known = objects.get(id)
            objects[id] = one if known is None else merged_object(known, one)
            if known is not None and kinds_differ(known, one):
                conflicts.append(id)
        for group, ids in directory.members.items():
            members[group] = tuple(dict.fromkeys((*members[group], *ids))) if group in members else ids
    gone = frozenset().union(*(one.gone for one in directories)) - objects.keys()
    whole = any(one.whole for one in directories)
    gaps = [
        Gap(part=Part.DIRECTORY, detail=f"two sources disagree on what {id} is", remedy="export both anew")
        for id in conflicts[:_NAMED]
    ]
    return Directory(objects=objects, members=members, whole=whole, gone=gone), gaps


def without_duplicates(table: AssignmentTable) -> tuple[AssignmentTable, list[Gap]]:
    """Each assignment once, with what any of its descriptions tells of its end; contradictions are gaps.

    The schedules of Privileged Identity Management name the assignment that they are of, and only they know its end.
    """
    removed, gaps = _same_names(table)
    removed |= _same_eligibilities(table, removed)
    return (table.without(removed) if removed else table), gaps


def _same_names(table: AssignmentTable) -> tuple[set[int], list[Gap]]:
    # Names are GUIDs: mostly none is there twice, and that is seen at once.
    if len(set(table.names)) == len(table):
        return set(), []
    first: dict[tuple[str, str], int] = {}
    counts: dict[str, int] = {}
    for name in table.names:
        counts[name] = counts.get(name, 0) + 1
    twice = {name for name, count in counts.items() if count > 1}
    removed: set[int] = set()
    gaps: list[Gap] = []
    for row, name in enumerate(table.names):
        if name not in twice:
            continue
        kind = table.sources.values[table.source[row]].kind
        key = (kind + name.casefold(), table.scopes.values[table.scope[row]].text.casefold())
        known = first.setdefault(key, row)
        if known == row or not kind or GUID.fullmatch(name) is None:  # names of templates are no identity
            continue
        if _alike(table, known, row):
            _unite(table, known, row)
            removed.add(row)
        elif len(gaps) < _NAMED:
            gaps.append(
                Gap(
                    part=Part.ASSIGNMENTS,
                    detail=f"{kind}{name} stands twice, with different roles or principals",
                    remedy="export it anew",
                    location=table.location(row),
                )
            )
    return removed, gaps


def _alike(table: AssignmentTable, one: int, other: int) -> bool:
    holders, roles = table.holders.values, table.roles.values
    return (
        holders[table.holder[one]].principal_id == holders[table.holder[other]].principal_id
        and roles[table.role[one]].role_id == roles[table.role[other]].role_id
    )


def _unite(table: AssignmentTable, kept: int, other: int) -> None:
    """What the other one knows better."""
    own, its = table.terms.values[table.term[kept]], table.terms.values[table.term[other]]
    timed = its if own.timing is Timing.PERMANENT else own
    terms = Terms(
        timing=timed.timing,
        hours=timed.hours,
        condition=own.condition or its.condition,
        conditional=own.conditional and its.conditional,
        description=own.description or its.description,
        activated=own.activated or its.activated,
    )
    table.term[kept] = table.terms.number(terms)
    holder, its_holder = table.holders.values[table.holder[kept]], table.holders.values[table.holder[other]]
    table.holder[kept] = table.holders.number(
        holder._replace(
            principal_type=holder.principal_type or its_holder.principal_type,
            principal_name=holder.principal_name or its_holder.principal_name,
        )
    )


def _same_eligibilities(table: AssignmentTable, removed: set[int]) -> set[int]:
    """A schedule and its instance have different names, and are the same."""
    sources = {number for number, one in enumerate(table.sources.values) if one.kind == ELIGIBLE}
    if not sources:
        return set()
    seen: set[tuple[str | None, str | None, str]] = set()
    twice: set[int] = set()
    for row in _rows_of(table.source, sources):
        key = (
            table.holders.values[table.holder[row]].principal_id,
            table.roles.values[table.role[row]].role_id,
            table.scopes.values[table.scope[row]].text.casefold(),
        )
        if row in removed or None in key:
            continue
        if key in seen:
            twice.add(row)
        seen.add(key)
    return twice


def _rows_of(column: array[int], wanted: set[int]) -> list[int]:
    return [row for row, number in enumerate(column) if number in wanted]
