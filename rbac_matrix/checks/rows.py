"""Goes through all assignments: verdicts, what they add to the cells, and who is on which side of a combination."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from rbac_matrix.assignments import RoleAssignment, ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.holdings import Holdings, Part
from rbac_matrix.checks.interface import Undecided
from rbac_matrix.checks.places import Place
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
        self._cells = _numbered([one.alike.in_cells for one in self._holders])
        self._what: dict[Hashable, Verdict] = {}
        self._terms: dict[Hashable, Verdict] = {}
        self._kinds: dict[tuple[int, int], int] = {}
        self._kind_numbers: dict[Hashable, int] = {}
        self.elsewhere = 0
        self.break_glass: dict[str, int] = {}

    def judge(self, collector: Collector, holdings: Holdings, sides: Sides) -> None:
        """Everything, once."""
        table, holders, places = self._table, self._holders, self._places
        meant = [sides.meant(role) for role in self._roles]
        parts: dict[tuple[int, int, bool], tuple[Part, ...]] = {}
        below = [bool(one.root) and one.root != one.folded for one in places]
        scopes = [one.root or one.folded for one in places]
        everywhere = [one.alike.kind in _EVERYWHERE for one in places]
        emergency = [one.alike.break_glass for one in holders]
        elsewhere = [one.alike.elsewhere for one in places]
        in_cells = [bool(one.alike.in_cells) for one in holders]
        special, holder_class, role_class, grants = self._special, self._holder, self._role, self._grants
        place_class, scope_kind, term_class, condition = self._place, self._kind, self._term, self._condition
        kinds, whats, known_terms = self._kinds, self._what, self._terms
        columns = zip(table.holder, table.role, table.scope, table.term, strict=True)
        for number, (holder, role, scope, term) in enumerate(columns):
            if emergency[holder]:
                self.break_glass[holders[holder].id] = self.break_glass.get(holders[holder].id, 0) + 1
                continue
            given = self._roles[role]
            if meant[role] and given is not None:
                sides.note(meant[role], holders[holder].id, given, places[scope], table.location, number)
            if elsewhere[scope]:
                self.elsewhere += 1
                continue
            # The three look-ups of `_what_of` and `_terms_of`, without a call for each of a million rows.
            kind = None if special[holder] else kinds.get((holder_class[holder], place_class[scope]))
            what = None if kind is None else whats.get((kind, role_class[role], condition[term]))
            if what is None:
                what = self._what_of(number, holder, role, scope, term)
            terms = known_terms.get((holder_class[holder], scope_kind[scope], grants[role], term_class[term]))
            if terms is None:
                terms = self._terms_of(number, holder, role, scope, term)
            what.count += 1
            terms.count += 1
            if what.telling and (what.broken or what.open):
                self._tell(what, number, collector)
            if terms.telling and (terms.broken or terms.open):
                self._tell(terms, number, collector)
            if what.in_cells and in_cells[holder]:
                key = (self._cells[holder], self._role[role], below[scope])
                added = parts.get(key)
                if added is None:
                    added = parts[key] = holdings.parts_of(holders[holder].alike, given, below[scope])
                holdings.add(scopes[scope], added, everywhere[scope])
        self._count(collector)

    def _what_of(self, number: int, holder: int, role: int, scope: int, term: int) -> Verdict:
        place = -1 - scope if self._special[holder] else self._place[scope]
        pair = (self._holder[holder], place)
        kind = self._kinds.get(pair)
        if kind is None:
            kind = self._kinds[pair] = self._number_of_kind(holder, scope)
        key = (kind, self._role[role], self._condition[term])
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

    def _number_of_kind(self, holder: int, scope: int) -> int:
        key = (
            *kind_of(self._world, self._holders[holder].alike, self._places[scope].alike),
            self._places[scope] if self._special[holder] else None,
            self._holders[holder].alike.denials,
        )
        return self._kind_numbers.setdefault(key, len(self._kind_numbers))

    def _tell(self, verdict: Verdict, number: int, collector: Collector) -> None:
        """Findings and open questions one by one, as long as there aren't too many."""
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


def _numbered(values: Sequence[Hashable]) -> list[int]:
    """For each value a number, the same for equal ones."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]
