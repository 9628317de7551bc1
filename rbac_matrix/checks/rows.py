"""Assignments one after the other, with what the rules say of each.

Rules run once for all assignments that are alike in everything that a rule may ask for; a million of them have a few
thousand verdicts. What is told of a single one is only made where it is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment, ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.cell_states import Element, elements_of
from rbac_matrix.checks.holders import Holder
from rbac_matrix.checks.interface import Undecided
from rbac_matrix.checks.places import Place
from rbac_matrix.checks.registry import FAMILIES, AssignmentRule
from rbac_matrix.checks.roles import HeldRole
from rbac_matrix.checks.terms import hours_unknown
from rbac_matrix.checks.workload_rules import portal_grant
from rbac_matrix.checks.world import World
from rbac_matrix.estate.table import AssignmentTable
from verdicts import CouldNotCheckError, Location, Severity

REMEDY = "give a parameter file with the values, or write them into the template"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What all assignments that are alike come to.

    Attributes:
        broken: rules that find something, each with its id and the severity.
        open: something that isn't known keeps rules from looking.
        elements: what it adds to the cells.
        elsewhere: it is made in an environment that isn't judged.
        break_glass: it is an emergency account's.
    """

    broken: tuple[tuple[AssignmentRule, str, Severity], ...] = ()
    open: bool = False
    elements: tuple[Element, ...] = ()
    elsewhere: bool = False
    break_glass: bool = False


class Row:
    """One assignment. Good for the moment in which it is given."""

    __slots__ = ("_number", "_rows", "holder", "place", "role", "verdict")

    def __init__(self, rows: Rows, number: int, holder: Holder, role: HeldRole | None, place: Place, verdict: Verdict):
        self._rows, self._number = rows, number
        self.holder, self.role, self.place, self.verdict = holder, role, place, verdict

    @property
    def location(self) -> Location:
        """File and line."""
        return self._rows.table.location(self._number)

    def case(self) -> Case:
        """As rules see it."""
        return self._rows.case(self._number)

    def undecided(self) -> Undecided:
        """What isn't known of it."""
        case = self.case()
        reasons = "; ".join(open_reasons(case))
        return Undecided(f"{case.assignment.name} can't be decided: {reasons}", REMEDY, case.assignment.location)


class Rows:
    """All assignments of an estate."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.table = table = AssignmentTable.of(world.estate.assignments)
        self._holders = [world.holders.of(one) for one in table.holders.values]
        self._roles = [world.roles.of(one) for one in table.roles.values]
        self._places = [world.places.of(one) for one in table.scopes.values]
        types = [one.principal_type.casefold() for one in table.holders.values]
        alike = [(holder.alike, kind) for holder, kind in zip(self._holders, types, strict=True)]
        self._holder_class = _numbered(alike)
        self._role_class = _numbered([one if one is not None else None for one in self._roles])
        self._place_class = _numbered([one.alike for one in self._places])
        terms = [(one.timing, one.hours, one.condition) for one in table.terms.values]
        self._term_class = _numbered(terms)
        # For these it counts which place it is, not only what kind of place.
        self._special = [bool(one.alike.workloads or one.alike.denials) for one in self._holders]
        self._verdicts: dict[object, Verdict] = {}

    def judged(self) -> Iterator[Row]:
        """All of them, in their order."""
        table, holders, roles, places = self.table, self._holders, self._roles, self._places
        for number, verdict in enumerate(self._all_verdicts()):
            yield Row(
                self,
                number,
                holders[table.holder[number]],
                roles[table.role[number]],
                places[table.scope[number]],
                verdict,
            )

    def _all_verdicts(self) -> Iterator[Verdict]:
        table, verdicts, special = self.table, self._verdicts, self._special
        holder_class, role_class = self._holder_class, self._role_class
        place_class, term_class = self._place_class, self._term_class
        columns = zip(table.holder, table.role, table.scope, table.term, strict=True)
        for number, (holder, role, scope, term) in enumerate(columns):
            place = -1 - scope if special[holder] else place_class[scope]
            key = (holder_class[holder], role_class[role], place, term_class[term])
            verdict = verdicts.get(key)
            if verdict is None:
                verdict = verdicts[key] = verdict_of(self.case(number))
            yield verdict

    def case(self, number: int) -> Case:
        """An assignment as rules see it."""
        table = self.table
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
            if place.alike.kind in (ScopeKind.MANAGEMENT_GROUP, ScopeKind.TENANT):
                scopes.append("")
            else:
                scope = place.root or place.folded
                scopes.append(scope if scope in wanted else None)
        if not any(one is not None for one in scopes):
            return
        for number, verdict in enumerate(self._all_verdicts()):
            scope_or_none = scopes[self.table.scope[number]]
            if verdict.elements and scope_or_none is not None:
                for persona in dict.fromkeys(element.persona for element in verdict.elements):
                    yield persona, scope_or_none, self.table[number]


def _numbered(values: Sequence[object]) -> list[int]:
    """For each value a number, the same for equal ones."""
    numbers: dict[object, int] = {}
    return [numbers.setdefault(value, len(numbers)) for value in values]


def verdict_of(case: Case) -> Verdict:
    """Runs the rules on one assignment; the verdict holds for all that are alike."""
    alike = case.holder.alike
    if alike.break_glass:
        return Verdict(break_glass=True)
    if case.place.alike.elsewhere:
        return Verdict(elsewhere=True)
    broken = []
    for family in FAMILIES:
        found = _first(family, case)
        if found is not None:
            broken.append(found)
    elements: tuple[Element, ...] = ()
    if case.place.alike.kind is not ScopeKind.UNKNOWN and not alike.workloads and portal_grant(case) is None:
        part = bool(case.place.root) and case.place.root != case.place.folded
        elements = elements_of(alike, case.role, part)
    return Verdict(tuple(broken), bool(open_reasons(case)), elements)


def _first(family: Sequence[AssignmentRule], case: Case) -> tuple[AssignmentRule, str, Severity] | None:
    for rule in family:
        try:
            finding = rule(case)
        except CouldNotCheckError:
            continue  # `open_reasons` tells it
        if finding is not None:
            return rule, finding.rule_id, finding.severity
    return None


def open_reasons(case: Case) -> list[str]:
    """What isn't known of an assignment and would have to be, each as half a sentence."""
    assignment, alike, role = case.assignment, case.holder.alike, case.role
    reasons = []
    if role is None:
        reasons.append(f"its role is not known ({assignment.role_text})")
    elif role.unknown and (alike.personas or alike.workloads or alike.undecidable) and not _is_certain(case):
        reasons.append(role.unknown)
    if assignment.scope.kind is ScopeKind.UNKNOWN:
        reasons.append(f"its scope is not known ({assignment.scope.text})")
    if alike.undecidable:
        reasons.append(f"its principal is not known ({assignment.principal_text})")
    if case.cell and role is not None:
        reasons += filter(None, [case.world.roles.allowed(case.cell)[1]])
    if hours_unknown(case):
        reasons.append("how long it lasts is not known")
    if assignment.condition is None and (any(one.conditions for one in case.rules) or _needs_condition(case)):
        reasons.append("its condition is not known")
    return [*reasons, *_errors(case)]


def _is_certain(case: Case) -> bool:
    """Whether the role is too much whatever of it isn't known."""
    return any(_found(rule, case) for rule in FAMILIES[1])


def _found(rule: AssignmentRule, case: Case) -> bool:
    try:
        return rule(case) is not None
    except CouldNotCheckError:
        return False


def _errors(case: Case) -> Iterator[str]:
    for rule in FAMILIES[1]:
        try:
            rule(case)
        except CouldNotCheckError as error:
            yield str(error)
            return


def _needs_condition(case: Case) -> bool:
    grant = portal_grant(case)
    return grant is not None and grant.condition
