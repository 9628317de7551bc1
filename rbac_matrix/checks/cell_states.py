"""What a persona holds on a resource, beside what its cell gives."""

from __future__ import annotations

from dataclasses import dataclass

from rbac_matrix.cells import CellState
from rbac_matrix.checks.holdings import Element, Holdings
from rbac_matrix.checks.places import PlaceClass, apart
from rbac_matrix.checks.roles import NOTHING, Allowance, compared, union, without
from rbac_matrix.checks.world import World
from rbac_matrix.matrix import Service
from rbac_matrix.permissions.effects import has_effect
from rbac_matrix.permissions.interface import Comparison, ExcessAction, PermissionBlock, Permissions, Relation
from verdicts import CouldNotCheckError

TOGETHER = 8
"""Roles, one of which is too much, that are compared as one; of more of them what each has too much is added up.

Then nothing is said of what may be lacking beside. In large estates that is done with any two.
"""


@dataclass(frozen=True, slots=True)
class State:
    """What became of a cell. See `CellResult`."""

    state: CellState
    held: tuple[str, ...] = ()
    comparison: Comparison | None = None
    detail: str = ""


@dataclass(slots=True)
class _Masks:
    """Elements that are too much in a cell, give all of it (and nothing else), aren't known, are for other setups."""

    beyond: int = 0
    gives: int = 0
    whole: int = 0
    unknown: int = 0
    foreign: int = 0
    seen: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Spot:
    """A cell on resources that are alike: same column, same owners, same deny assignments. One value for all of them.

    Attributes:
        applied: indices of the deny assignments that hold there, with what they take away.
    """

    persona: str
    service: Service
    place: PlaceClass
    applied: tuple[tuple[int, tuple[PermissionBlock, ...]], ...]


class CellJudge:
    """Judges cells. Answers are kept."""

    def __init__(self, world: World, holdings: Holdings, together: int = TOGETHER) -> None:
        self._world, self._holdings, self._together = world, holdings, together
        self._masks: dict[Spot, _Masks] = {}
        self._known: dict[tuple[Spot, int], State] = {}
        self._allowed: dict[tuple[str, str], Allowance] = {}

    def state(self, spot: Spot, held: int) -> CellState:
        """The state alone; `held` as `Holdings` has it, not 0."""
        masks = self._masks_of(spot, held)
        beyond = held & masks.beyond
        if beyond & masks.foreign or (beyond and (held & masks.gives or held.bit_count() > self._together)):
            return CellState.EXCESS
        if not beyond and held & masks.unknown:
            return CellState.UNKNOWN
        if not beyond and held & masks.whole:
            return CellState.EXACT
        return self.told(spot, held).state

    def told(self, spot: Spot, held: int) -> State:
        """The state with everything that can be told of it."""
        known = self._known.get((spot, held))
        if known is None:
            known = self._known[spot, held] = self._judge(spot, held)
        return known

    def _masks_of(self, spot: Spot, held: int) -> _Masks:
        masks = self._masks.get(spot)
        if masks is None:
            masks = self._masks[spot] = _Masks()
        new = held & ~masks.seen
        while new:
            bit = new & -new
            new ^= bit
            self._classify(spot, self._holdings.elements[bit.bit_length() - 1], bit, masks)
        return masks

    def _classify(self, spot: Spot, element: Element, bit: int, masks: _Masks) -> None:
        masks.seen |= bit
        allowed = self._allowance(spot)
        foreign = apart(element.setups, spot.place.setups)
        masks.foreign |= bit if foreign else 0
        if element.role is None or allowed.unknown:
            masks.unknown |= bit
            return
        limit = self._world.roles.nothing if foreign else allowed
        try:
            beyond, gives = self._world.roles.beyond_and_all(element.role, limit, self._denied(spot, element))
        except CouldNotCheckError:
            masks.unknown |= bit
            return
        masks.gives |= bit if gives else 0
        if beyond:
            masks.beyond |= bit
        elif element.role.unknown:
            masks.unknown |= bit
        elif gives and not element.part and not foreign:
            masks.whole |= bit

    def _allowance(self, spot: Spot) -> Allowance:
        key = (spot.persona, spot.service.id)
        known = self._allowed.get(key)
        if known is None:
            known = self._allowed[key] = self._world.roles.allowed(self._world.matrix.cell(*key))
        return known

    def _denied(self, spot: Spot, element: Element) -> tuple[PermissionBlock, ...]:
        return tuple(block for index, blocks in spot.applied if index in element.denials for block in blocks)

    def _judge(self, spot: Spot, held: int) -> State:
        masks = self._masks_of(spot, held)
        elements = tuple(self._holdings.elements_in(held))
        names = tuple(sorted({one.role.name if one.role else "an unknown role" for one in elements}))
        if held & masks.beyond and held.bit_count() > self._together:
            comparison = self._added_up(spot, elements)
        else:
            try:
                permitted = union(self._permitted(spot, one) for one in elements)
                comparison = compared(permitted, self._allowance(spot).permissions)
            except CouldNotCheckError as error:
                return State(CellState.UNKNOWN, names, detail=str(error))
        if held & masks.beyond & masks.foreign:
            return State(CellState.EXCESS, names, comparison, "a group of another setup holds it")
        if held & masks.unknown and not held & masks.beyond:
            return State(CellState.UNKNOWN, names, comparison, self._why(spot, elements))
        return _told(comparison, names, elements, spot.place)

    def _permitted(self, spot: Spot, element: Element) -> Permissions:
        known = element.role.permissions if element.role is not None else NOTHING
        return without(known, self._denied(spot, element))

    def _added_up(self, spot: Spot, elements: tuple[Element, ...]) -> Comparison:
        """Of many roles: what each of them has too much."""
        allowed = self._allowance(spot)
        excess: dict[ExcessAction, None] = {}
        for one in elements:
            if one.role is not None:
                limit = self._world.roles.nothing if apart(one.setups, spot.place.setups) else allowed
                excess.update(dict.fromkeys(self._world.roles.against(one.role, limit, self._denied(spot, one)).excess))
        return Comparison(Relation.EXCESS, tuple(sorted(excess, key=lambda one: (-one.danger, one.pattern.casefold()))))

    def _why(self, spot: Spot, elements: tuple[Element, ...]) -> str:
        reasons = [self._allowance(spot).unknown, *(one.role.unknown for one in elements if one.role is not None)]
        return next(filter(None, reasons), "a role is not known")


def _told(comparison: Comparison, names: tuple[str, ...], held: tuple[Element, ...], place: PlaceClass) -> State:
    match comparison.relation:
        case Relation.EQUAL if all(one.part for one in held):
            return State(CellState.SUBSET, names, comparison, "only on a part of it")
        case Relation.EQUAL:
            return State(CellState.EXACT, names, comparison)
        case Relation.SUBSET:
            return State(CellState.SUBSET, names, comparison)
        case Relation.EXCESS | Relation.DIFFERENT:
            state = CellState.EXCESS if comparison.relation is Relation.EXCESS else CellState.DIFFERENT
            effective = any(has_effect(one.pattern, place.resource_type) for one in comparison.excess)
            return State(state, names, comparison, "" if effective else "without an effect on this type of resource")
