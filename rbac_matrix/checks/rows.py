"""Goes through all assignments: verdicts, what they add to the cells, and who is on which side of a combination."""

from __future__ import annotations

import itertools
from array import array
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import add, mul

from rbac_matrix.assignments import RoleAssignment, ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.holders import Holder
from rbac_matrix.checks.holdings import Holdings, Part
from rbac_matrix.checks.interface import Undecided
from rbac_matrix.checks.places import Place
from rbac_matrix.checks.roles import HeldRole
from rbac_matrix.checks.separation import Sides
from rbac_matrix.checks.verdicts_of import (
    Verdict,
    kind_of,
    open_about_role,
    open_about_terms,
    terms_verdict,
    what_verdict,
)
from rbac_matrix.checks.world import World
from rbac_matrix.estate.table import AssignmentTable

REMEDY = "give a parameter file with the values, or write them into the template"
_EVERYWHERE = (ScopeKind.MANAGEMENT_GROUP, ScopeKind.TENANT)


@dataclass(slots=True)
class _Giving:
    """Assignments of which holder, place and terms are alike, and whether the role grants.

    Attributes:
        kind: number of what the rules on what is given see of holder and place; 0 for emergency accounts.
        in_cells: the holder's assignments there count in cells.
        verdict: on everything but what is given, as long as something of it is told one by one.
    """

    kind: int = 0
    in_cells: bool = False
    verdict: Verdict | None = None


@dataclass(slots=True)
class _Given:
    """Assignments of a kind, of which the roles are alike, too.

    Attributes:
        in_cells: they count in cells.
        verdict: on what is given, as long as something of it is told one by one.
        sides: numbers of the sides of combinations on which their holders are.
    """

    in_cells: bool = False
    verdict: Verdict | None = None
    sides: tuple[int, ...] = ()


class Rows:
    """All assignments of an estate.

    Attributes:
        elsewhere: how many lie in environments that aren't judged.
        break_glass: how many emergency accounts have, by object id.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._table = table = AssignmentTable.of(world.estate.assignments)
        self._holders = [world.holders.of(one) for one in table.holders.values]
        self._roles = [world.roles.of(one) for one in table.roles.values]
        self._places = [world.places.of(one) for one in table.scopes.values]
        # What decides a verdict, as small numbers.
        types = [one.principal_type.casefold() for one in table.holders.values]
        self._holder = _numbered([(one.alike, kind) for one, kind in zip(self._holders, types, strict=True)])
        self._role = _numbered(self._roles)
        self._grants = [one is not None and one.grants for one in self._roles]
        self._place = _numbered([one.alike for one in self._places])
        self._kind = _numbered([one.alike.kind for one in self._places])
        self._term = _numbered([(one.timing, one.hours, one.condition, one.activated) for one in table.terms.values])
        conditions = [one.condition for one in table.terms.values]
        self._condition = _numbered([one if one is None else bool(one) for one in conditions])
        # For these it counts which place it is, not only what kind of place.
        self._special = [bool(one.alike.workloads or one.alike.denials) for one in self._holders]
        self._what: dict[Hashable, Verdict] = {}
        self._terms: dict[Hashable, Verdict] = {}
        self._kinds: dict[tuple[int, int], int] = {}
        self._kind_numbers: dict[Hashable, int] = {}
        self.elsewhere = 0
        self.break_glass: dict[str, int] = {}

    def judge(self, collector: Collector, holdings: Holdings, sides: Sides) -> None:
        """Everything, once.

        There may be a million assignments: those that are alike are judged once. One by one only those are looked at
        that are told, that count in cells, or that put somebody on a side of a combination.
        """
        table = self._table
        by_giving = _Column(self._giving_keys())
        examples = by_giving.examples()
        givings = [self._giving(*one) for one in examples]
        conditions, roles = _size(self._condition), _size(self._role)
        kinds = [
            (one.kind * conditions + self._condition[table.term[number]]) * roles
            for one, (number, _) in zip(givings, examples, strict=True)
        ]
        role = map(self._role.__getitem__, table.role)
        by_given = _Column(map(add, map(kinds.__getitem__, by_giving.numbers), role))
        givens = [self._given(number, count, sides) for number, count in by_given.examples()]
        self._look_at(by_giving.numbers, givings, by_given.numbers, givens, collector, holdings, sides)
        self._count(collector)

    def _giving_keys(self) -> Iterator[int]:
        """For each assignment a number, the same for those that are alike but for their role."""
        table = self._table
        terms = _size(self._term)
        places = _size(self._place) * 2 * terms
        holder = [number * places for number in self._holder]
        place = [number * 2 * terms for number in self._place]
        grants = [grants * terms for grants in self._grants]
        whom = map(add, map(holder.__getitem__, table.holder), map(place.__getitem__, table.scope))
        how = map(add, map(grants.__getitem__, table.role), map(self._term.__getitem__, table.term))
        keys = map(add, whom, how)
        if not any(self._special):
            return keys
        special = [one * _size(self._holder) * places for one in self._special]
        return map(add, keys, map(mul, map(special.__getitem__, table.holder), table.scope))

    def _giving(self, number: int, count: int) -> _Giving:
        """Judges everything but what is given, by one of so many assignments."""
        table = self._table
        holder, scope = table.holder[number], table.scope[number]
        alike = self._holders[holder].alike
        if alike.break_glass:
            return _Giving()
        found = _Giving(self._kind_of(holder, scope))
        if not self._places[scope].alike.elsewhere:
            verdict = self._terms_of(number, holder, table.role[number], scope, table.term[number])
            verdict.count += count
            found.verdict = verdict if verdict.broken or verdict.open else None
            found.in_cells = bool(alike.in_cells)
        return found

    def _given(self, number: int, count: int, sides: Sides) -> _Given:
        """Judges what is given, by one of so many assignments."""
        table = self._table
        holder, role, scope = table.holder[number], table.role[number], table.scope[number]
        if self._holders[holder].alike.break_glass:
            return _Given()
        place = self._places[scope]
        found = _Given(sides=sides.meant(self._roles[role], place))
        if place.alike.elsewhere:
            self.elsewhere += count
            return found
        verdict = self._what_of(number, holder, role, scope, table.term[number])
        verdict.count += count
        found.verdict = verdict if verdict.broken or verdict.open else None
        found.in_cells = verdict.in_cells
        return found

    def _look_at(
        self,
        by_giving: Sequence[int],
        givings: Sequence[_Giving],
        by_given: Sequence[int],
        givens: Sequence[_Given],
        collector: Collector,
        holdings: Holdings,
        sides: Sides,
    ) -> None:
        """Those assignments for which it counts which one it is, in their order."""
        table, holders, places = self._table, self._holders, self._places
        adding = _Adding(holders, self._roles, places)
        wanted = [one if one.verdict or one.in_cells or not one.kind else None for one in givings]
        watched = [one if one.verdict or one.sides else None for one in givens]
        pairs = zip(map(wanted.__getitem__, by_giving), map(watched.__getitem__, by_given), strict=True)
        for number, (giving, given) in enumerate(pairs):
            if giving is None and given is None:
                continue
            holder, scope = table.holder[number], table.scope[number]
            if giving is not None and not giving.kind:
                object_id = holders[holder].id
                self.break_glass[object_id] = self.break_glass.get(object_id, 0) + 1
                continue
            if given is not None:
                role = self._roles[table.role[number]]
                if given.sides and role is not None:
                    sides.note(given.sides, holders[holder].id, role, places[scope], table.location, number)
                if given.verdict is not None and not self._tell(given.verdict, number, collector):
                    given.verdict = None
                    watched[by_given[number]] = given if given.sides else None
            if giving is not None:
                if giving.verdict is not None and not self._tell(giving.verdict, number, collector):
                    giving.verdict = None
                    wanted[by_giving[number]] = giving if giving.in_cells else None
                if giving.in_cells and givens[by_given[number]].in_cells:
                    adding.add(holdings, holder, table.role[number], scope)

    def _what_of(self, number: int, holder: int, role: int, scope: int, term: int) -> Verdict:
        key = (self._kind_of(holder, scope), self._role[role], self._condition[term])
        verdict = self._what.get(key)
        if verdict is None:
            verdict = self._what[key] = what_verdict(self.case(number))
        return verdict

    def _terms_of(self, number: int, holder: int, role: int, scope: int, term: int) -> Verdict:
        key = (self._holder[holder], self._kind[scope], self._grants[role], self._term[term])
        verdict = self._terms.get(key)
        if verdict is None:
            verdict = self._terms[key] = terms_verdict(self.case(number))
        return verdict

    def _kind_of(self, holder: int, scope: int) -> int:
        """Number of what the rules on what is given see of holder and place; never 0."""
        place = -1 - scope if self._special[holder] else self._place[scope]
        pair = (self._holder[holder], place)
        kind = self._kinds.get(pair)
        if kind is None:
            key = (
                *kind_of(self._world, self._holders[holder].alike, self._places[scope].alike),
                self._places[scope] if self._special[holder] else None,
                self._holders[holder].alike.denials,
            )
            kind = self._kinds[pair] = self._kind_numbers.setdefault(key, len(self._kind_numbers) + 1)
        return kind

    def _tell(self, verdict: Verdict, number: int, collector: Collector) -> bool:
        """Findings and open questions one by one; False where there are too many by now."""
        if not verdict.telling:
            return False
        case = None
        for rule, rule_id, severity in verdict.broken:
            if collector.wants(rule_id, severity):
                case = case or self.case(number)
                finding = rule(case)
                assert finding is not None, f"{rule_id} depends on more than verdicts are kept by"
                collector.tell(finding)
        if verdict.open and collector.wants_undecided:
            case = case or self.case(number)
            collector.tell_undecided(self._undecided(case))
        verdict.telling = case is not None
        return verdict.telling

    def _undecided(self, case: Case) -> Undecided:
        reasons = "; ".join(dict.fromkeys([*open_about_role(case), *open_about_terms(case)]))
        return Undecided(f"{case.assignment.name} can't be decided: {reasons}", REMEDY, case.assignment.location)

    def _count(self, collector: Collector) -> None:
        for verdict in (*self._what.values(), *self._terms.values()):
            for _, rule_id, severity in verdict.broken:
                collector.count(rule_id, severity, verdict.count)
            if verdict.open:
                collector.count_undecided(verdict.count)

    def case(self, number: int) -> Case:
        """An assignment as rules see it."""
        table = self._table
        return Case(
            self._world,
            table[number],
            self._holders[table.holder[number]],
            self._roles[table.role[number]],
            self._places[table.scope[number]],
        )

    def resources(self) -> dict[str, dict[str, Place]]:
        """The columns' resources on which (or below which) something is assigned, by service and folded id."""
        found: dict[str, dict[str, Place]] = {service: {} for service in self._world.matrix.services}
        for place in self._places:
            service = place.alike.service
            if service is not None and not place.alike.elsewhere and place.root not in found[service.id]:
                root = place if place.root == place.folded else self._world.places.root_of(place)
                if not root.alike.elsewhere:
                    found[service.id][place.root] = root
        return found

    def held_on(self, wanted: frozenset[str]) -> Iterator[tuple[str, str, RoleAssignment]]:
        """Persona, folded scope ("" for management groups and the tenant) and assignment, for scopes of cells."""
        scopes: list[str | None] = []
        for place in self._places:
            scope = "" if place.alike.kind in _EVERYWHERE else place.root or place.folded
            scopes.append(scope if not scope or scope in wanted else None)
        table = self._table
        for number, (holder, role, scope_number, term) in enumerate(
            zip(table.holder, table.role, table.scope, table.term, strict=True)
        ):
            at, alike = scopes[scope_number], self._holders[holder].alike
            if at is None or not alike.in_cells or alike.break_glass or self._places[scope_number].alike.elsewhere:
                continue
            if self._what_of(number, holder, role, scope_number, term).in_cells:
                for persona in dict.fromkeys(persona for persona, _, _ in alike.in_cells):
                    yield persona, at, table[number]


class _Adding:
    """Adds assignments to what is held."""

    def __init__(self, holders: Sequence[Holder], roles: Sequence[HeldRole | None], places: Sequence[Place]) -> None:
        self._holders, self._roles, self._places = holders, roles, places
        self._scopes = [one.root or one.folded for one in places]
        self._below = [bool(one.root) and one.root != one.folded for one in places]
        self._everywhere = [one.alike.kind in _EVERYWHERE for one in places]
        self._cells = _numbered([one.alike.in_cells for one in holders])
        self._parts: dict[tuple[int, HeldRole | None, bool], tuple[Part, ...]] = {}

    def add(self, holdings: Holdings, holder: int, role: int, scope: int) -> None:
        """An assignment, by the numbers of its values."""
        given, below = self._roles[role], self._below[scope]
        key = (self._cells[holder], given, below)
        parts = self._parts.get(key)
        if parts is None:
            parts = self._parts[key] = holdings.parts_of(self._holders[holder].alike, given, below)
        holdings.add(self._scopes[scope], parts, self._everywhere[scope])


class _Column:
    """Keys of assignments as small numbers, in the order in which they are met. Few calls for each of a million."""

    def __init__(self, keys: Iterable[int]) -> None:
        known = defaultdict[int, int](itertools.count().__next__)
        self.numbers = array("I", map(known.__getitem__, keys))

    def examples(self) -> list[tuple[int, int]]:
        """For each number the first assignment that has it, and how many have it."""
        first = dict(zip(reversed(self.numbers), reversed(range(len(self.numbers))), strict=True))
        return [(first[number], count) for number, count in Counter(self.numbers).items()]


def _size(numbers: Sequence[int]) -> int:
    """How many different numbers `_numbered` gave."""
    return max(numbers, default=0) + 1


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """For each value a number, the same for equal ones."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]
