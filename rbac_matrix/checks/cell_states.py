"""What personas hold on each resource, beside what the cells give.

What is held on a scope is kept as a number: few different things are held, however many scopes there are. Resources
above and on which the same is held are judged once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rbac_matrix.cells import CellState
from rbac_matrix.checks.holders import HolderClass
from rbac_matrix.checks.places import Place, PlaceClass, Setups
from rbac_matrix.checks.roles import NOTHING, HeldRole, compared, too_much, union, without
from rbac_matrix.checks.severity import with_effect
from rbac_matrix.checks.world import World
from rbac_matrix.matrix import Service
from rbac_matrix.permissions.interface import Comparison, Permissions, Relation
from rbac_matrix.scopes import lineage
from verdicts import CouldNotCheckError


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that a persona holds somewhere.

    Attributes:
        role: None where it isn't known.
        setups: those that its group is for.
        denials: indices of the deny assignments for its group.
        part: only on a part of the resource (a container, an endpoint).
    """

    persona: str
    role: HeldRole | None
    setups: Setups
    denials: tuple[int, ...]
    part: bool


@dataclass(frozen=True, slots=True)
class State:
    """What became of a cell. See `CellResult`."""

    state: CellState
    held: tuple[str, ...] = ()
    comparison: Comparison | None = None
    detail: str = ""


def elements_of(holder: HolderClass, role: HeldRole | None, part: bool) -> tuple[Element, ...]:
    """What an assignment adds: for the principal's own persona, and for those whose groups lie in it."""
    own = [Element(one, role, holder.setups, holder.denials, part) for one in holder.personas if holder.listed]
    inner = [Element(one.persona, role, one.setups, holder.denials, part) for one in holder.through]
    return (*own, *inner)


class Holdings:
    """What is held on each scope."""

    def __init__(self) -> None:
        self._bundles: list[frozenset[Element]] = [frozenset()]
        self._numbers: dict[frozenset[Element], int] = {frozenset(): 0}
        self._steps: dict[tuple[int, tuple[Element, ...]], int] = {}
        self._by_scope: dict[str, int] = {}
        self._everywhere = 0

    def add(self, scope: str, elements: tuple[Element, ...], everywhere: bool) -> None:
        """Something is held on a folded scope; `everywhere`: on a management group or the tenant."""
        if everywhere:
            self._everywhere = self._step(self._everywhere, elements)
        else:
            self._by_scope[scope] = self._step(self._by_scope.get(scope, 0), elements)

    def _step(self, bundle: int, elements: tuple[Element, ...]) -> int:
        key = (bundle, elements)
        known = self._steps.get(key)
        if known is None:
            together = self._bundles[bundle].union(elements)
            known = self._numbers.get(together)
            if known is None:
                known = self._numbers[together] = len(self._bundles)
                self._bundles.append(together)
            self._steps[key] = known
        return known

    def on(self, above: tuple[str, ...]) -> tuple[int, ...]:
        """Numbers of what is held on any of the scopes."""
        found = [number for number in map(self._by_scope.get, above) if number]
        if self._everywhere:
            found.append(self._everywhere)
        return tuple(found)

    def elements(self, numbers: tuple[int, ...]) -> Iterator[Element]:
        """What the numbers stand for."""
        return (element for number in numbers for element in self._bundles[number])


_NOTHING_HELD: Mapping[str, State] = {}


class CellJudge:
    """Judges the cells of one resource after the other."""

    def __init__(self, world: World, holdings: Holdings) -> None:
        self._world, self._holdings = world, holdings
        self._known: dict[tuple[object, ...], Mapping[str, State]] = {}

    def row(self, place: Place, service: Service) -> Mapping[str, State]:
        """States by persona; a persona without an entry holds nothing there. Equal rows are the same value."""
        above = lineage(place.text)
        numbers = self._holdings.on(above)
        if not numbers:
            return _NOTHING_HELD
        # Deny assignments are made on scopes of their own.
        denied = place.folded if len(self._world.denials) else ""
        key = (service.id, numbers, place.alike, denied)
        known = self._known.get(key)
        if known is None:
            known = self._judge(place, service, numbers)
            self._known[key] = known
        return known

    def _judge(self, place: Place, service: Service, numbers: tuple[int, ...]) -> Mapping[str, State]:
        by_persona: dict[str, dict[Element, None]] = {}
        for element in self._holdings.elements(numbers):
            by_persona.setdefault(element.persona, {})[element] = None
        return {persona: self._state(persona, tuple(held), place, service) for persona, held in by_persona.items()}

    def _state(self, persona: str, held: tuple[Element, ...], place: Place, service: Service) -> State:
        world = self._world
        allowed, unknown = world.roles.allowed(world.matrix.cell(persona, service.id))
        names = tuple(sorted({one.role.name if one.role else "an unknown role" for one in held}))
        open_ends = [one.role.unknown for one in held if one.role is not None and one.role.unknown]
        open_ends += ["a role is not known" for one in held if one.role is None]
        try:
            permitted = union(self._permitted(one, place) for one in held if one.role is not None)
            foreign = union(self._permitted(one, place) for one in held if one.role and _foreign(one, place.alike))
            comparison = compared(permitted, allowed)
            beyond = compared(foreign, NOTHING)
        except CouldNotCheckError as error:
            return State(CellState.UNKNOWN, names, detail=str(error))
        if too_much(beyond):
            return State(CellState.EXCESS, names, beyond, "a group of another setup holds it")
        if unknown or (open_ends and not too_much(comparison)):
            return State(CellState.UNKNOWN, names, comparison, unknown or open_ends[0])
        return _told(comparison, names, held, place)

    def _permitted(self, element: Element, place: Place) -> Permissions:
        assert element.role is not None
        return without(element.role.permissions, self._world.denials.blocks(element.denials, place))


def _told(comparison: Comparison, names: tuple[str, ...], held: tuple[Element, ...], place: Place) -> State:
    match comparison.relation:
        case Relation.EQUAL if all(one.part for one in held):
            return State(CellState.SUBSET, names, comparison, "only on a part of it")
        case Relation.EQUAL:
            return State(CellState.EXACT, names, comparison)
        case Relation.SUBSET:
            return State(CellState.SUBSET, names, comparison)
        case Relation.EXCESS | Relation.DIFFERENT:
            state = CellState.EXCESS if comparison.relation is Relation.EXCESS else CellState.DIFFERENT
            effective = with_effect(comparison.excess, place.alike.resource_type)
            return State(state, names, comparison, "" if effective else "without an effect on this type of resource")


def _foreign(element: Element, place: PlaceClass) -> bool:
    return bool(element.setups) and bool(place.setups) and not element.setups & place.setups
