"""Role assignments in columns.

An estate of a million assignments has few principals, roles, scopes and conditions beside it: each of them is kept
once, an assignment is a row of numbers, and a `RoleAssignment` is made when somebody asks for one.
"""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import starmap
from typing import Any, Generic, NamedTuple, TypeVar, overload

from rbac_matrix.assignments import AssignmentScope, ManagedIdentity, RoleAssignment, Timing
from verdicts import Location

_T = TypeVar("_T", bound=Hashable)
_NO_LINE = 0

LISTED = "Microsoft.Authorization/roleAssignments "
ELIGIBLE = "Microsoft.Authorization/roleEligibilityScheduleInstances "
"""What stands before the GUID in the names of assignments that were exported, or read from Azure."""


class Holder(NamedTuple):
    """Who is given the role; see RoleAssignment."""

    principal_id: str | None
    principal_text: str
    principal_type: str = ""
    principal_name: str = ""
    identity: ManagedIdentity | None = None


class GivenRole(NamedTuple):
    """Which role it is; see RoleAssignment."""

    role_id: str | None
    role_text: str
    custom_role: str = ""


class Terms(NamedTuple):
    """How it is given; see RoleAssignment."""

    timing: Timing = Timing.PERMANENT
    hours: float | None = None
    condition: str | None = ""
    conditional: bool = False
    description: str = ""
    activated: bool = False


class Source(NamedTuple):
    """The file that it stands in, the column if the source tells one, and what stands before all names there."""

    path: str
    column: int | None = None
    kind: str = ""


class Pool(Generic[_T]):
    """Values that are kept once, by number."""

    def __init__(self, values: Iterable[_T] = ()) -> None:
        self.values: list[_T] = []
        self._numbers: dict[_T, int] = {}
        for value in values:
            self.number(value)

    def number(self, value: _T) -> int:
        """Its number; it gets one if it has none yet."""
        number = self._numbers.get(value)
        if number is None:
            number = self._numbers[value] = len(self.values)
            self.values.append(value)
        return number


class AssignmentTable(Sequence[RoleAssignment]):
    """A sequence of role assignments that costs little for each.

    Attributes:
        holders, roles, scopes, terms, sources: the values that columns refer to.
        names: name of each assignment, without the kind that its source has.
        holder, role, scope, term, source: for each assignment the number of its value.
        lines: 1-based line of each assignment, 0 where it isn't known.
    """

    def __init__(self) -> None:
        self.holders: Pool[Holder] = Pool()
        self.roles: Pool[GivenRole] = Pool()
        self.scopes: Pool[AssignmentScope] = Pool()
        self.terms: Pool[Terms] = Pool()
        self.sources: Pool[Source] = Pool()
        self.names: list[str] = []
        self.holder, self.role, self.scope = array("I"), array("I"), array("I")
        self.term, self.source, self.lines = array("I"), array("I"), array("I")

    @classmethod
    def of(cls, assignments: Iterable[RoleAssignment]) -> AssignmentTable:
        """The same assignments as a table; a table is given back as it is."""
        if isinstance(assignments, AssignmentTable):
            return assignments
        table = cls()
        for one in assignments:
            table.append(one)
        return table

    def append(self, one: RoleAssignment) -> None:
        """Adds an assignment."""
        holder = Holder(one.principal_id, one.principal_text, one.principal_type, one.principal_name, one.identity)
        kind = next((kind for kind in (LISTED, ELIGIBLE) if one.name.startswith(kind)), "")
        self.names.append(one.name.removeprefix(kind))
        self.holder.append(self.holders.number(holder))
        self.role.append(self.roles.number(GivenRole(one.role_id, one.role_text, one.custom_role)))
        self.scope.append(self.scopes.number(one.scope))
        terms = Terms(one.timing, one.hours, one.condition, one.conditional, one.description, one.activated)
        self.term.append(self.terms.number(terms))
        self.source.append(self.sources.number(Source(one.location.path, one.location.column, kind)))
        self.lines.append(one.location.line or _NO_LINE)

    def extend(self, other: AssignmentTable) -> None:
        """Adds all assignments of another table."""
        self.names += other.names
        self.lines += other.lines
        self.holder += _renumbered(other.holder, self.holders, other.holders)
        self.role += _renumbered(other.role, self.roles, other.roles)
        self.scope += _renumbered(other.scope, self.scopes, other.scopes)
        self.term += _renumbered(other.term, self.terms, other.terms)
        self.source += _renumbered(other.source, self.sources, other.sources)

    def without(self, rows: frozenset[int] | set[int]) -> AssignmentTable:
        """The same without some rows."""
        kept = [row for row in range(len(self)) if row not in rows]
        table = AssignmentTable()
        table.holders, table.roles, table.scopes = self.holders, self.roles, self.scopes
        table.terms, table.sources = self.terms, self.sources
        table.names = [self.names[row] for row in kept]
        for column in ("holder", "role", "scope", "term", "source", "lines"):
            own = getattr(self, column)
            setattr(table, column, array("I", [own[row] for row in kept]))
        return table

    def location(self, row: int) -> Location:
        """File and line of a row."""
        source = self.sources.values[self.source[row]]
        return Location(source.path, self.lines[row] or None, source.column)

    def __getstate__(self) -> tuple[object, ...]:
        """Plain values: a table goes from one process to another, and those are fast to pickle."""
        names: object = self.names if any("\n" in one for one in self.names) else "\n".join(self.names)
        pools = (self.holders, self.roles, self.terms, self.sources)
        scopes = [(one.kind, one.resource_type, one.text) for one in self.scopes.values]
        columns = (self.holder, self.role, self.scope, self.term, self.source, self.lines)
        return len(self.names), names, scopes, [[tuple(one) for one in pool.values] for pool in pools], columns

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        count, names, scopes, (holders, roles, terms, sources), columns = state
        self.names = names if isinstance(names, list) else names.split("\n") if count else []
        self.scopes = Pool(starmap(AssignmentScope, scopes))
        self.holders, self.roles = Pool(map(Holder._make, holders)), Pool(map(GivenRole._make, roles))
        self.terms, self.sources = Pool(map(Terms._make, terms)), Pool(map(Source._make, sources))
        self.holder, self.role, self.scope, self.term, self.source, self.lines = columns

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> RoleAssignment: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[RoleAssignment]: ...

    def __getitem__(self, index: int | slice) -> RoleAssignment | Sequence[RoleAssignment]:
        if isinstance(index, slice):
            return [self._made(row) for row in range(*index.indices(len(self)))]
        return self._made(range(len(self))[index])

    def __iter__(self) -> Iterator[RoleAssignment]:
        return map(self._made, range(len(self)))

    def _made(self, row: int) -> RoleAssignment:
        holder = self.holders.values[self.holder[row]]
        role = self.roles.values[self.role[row]]
        terms = self.terms.values[self.term[row]]
        return RoleAssignment(
            name=self.sources.values[self.source[row]].kind + self.names[row],
            role_id=role.role_id,
            role_text=role.role_text,
            custom_role=role.custom_role,
            principal_id=holder.principal_id,
            identity=holder.identity,
            principal_text=holder.principal_text,
            principal_type=holder.principal_type,
            scope=self.scopes.values[self.scope[row]],
            timing=terms.timing,
            hours=terms.hours,
            condition=terms.condition,
            activated=terms.activated,
            conditional=terms.conditional,
            principal_name=holder.principal_name,
            description=terms.description,
            location=self.location(row),
        )


def _renumbered(column: array[int], own: Pool[_T], other: Pool[_T]) -> array[int]:
    numbers = list(map(own.number, other.values))
    return array("I", map(numbers.__getitem__, column))
