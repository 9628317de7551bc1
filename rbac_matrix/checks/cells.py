"""All cells of an estate, and the rules that need a whole one: MLG-RBAC-MISSING and MLG-RBAC-SUBSET.

Too much is found assignment by assignment (`excess`, `reach`); the cells show it with everything that is inherited.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rbac_matrix.assignments import RoleAssignment, ScopeKind
from rbac_matrix.cells import CellResult, CellState
from rbac_matrix.checks.cell_states import TOGETHER, CellJudge, Spot, State
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.holdings import Holdings
from rbac_matrix.checks.interface import SCANNER
from rbac_matrix.checks.places import Place, declared
from rbac_matrix.checks.world import World
from rbac_matrix.estate.model import Part
from rbac_matrix.matrix import Service
from rbac_matrix.scopes import lineage
from verdicts import Finding, Location, Severity

MISSING = "MLG-RBAC-MISSING"
SUBSET = "MLG-RBAC-SUBSET"
MAXIMUM_LISTED = 50_000
MAXIMUM_OF_LARGE = 5_000
_NAMED = 5

_ORDER = (CellState.EXCESS, CellState.DIFFERENT, CellState.UNKNOWN, CellState.MISSING, CellState.SUBSET)


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of an estate.

    Attributes:
        listed: gives all, or in a large estate those that aren't as the matrix says. Telling takes longer than judging.
        counts: all of them, by (persona, service) and state.
        shortened: how many aren't listed.
    """

    listed: Callable[[], Iterator[CellResult]]
    counts: dict[tuple[str, str], Counter[CellState]]
    shortened: int


@dataclass(slots=True)
class _Alike:
    """Resources of one column that are alike and on which every persona holds the same.

    Attributes:
        held: what each persona holds, as `Holdings` has it; a persona without an entry holds nothing.
    """

    service: Service
    spots: Mapping[str, Spot]
    held: Mapping[str, int]
    places: list[Place] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Open:
    """Cells of one persona and service of which the same is missing, to be told as one."""

    persona: str
    service: str
    setups: tuple[str, ...]
    state: State


def all_cells(world: World, holdings: Holdings, seen: Mapping[str, dict[str, Place]], collector: Collector) -> Cells:
    """Judges every persona on every resource that the estate, a setup or an assignment names.

    Args:
        world: see World.
        holdings: all of them.
        seen: the columns' resources on which something was assigned, by service and folded id.
        collector: takes the findings.
    """
    resources = {service: {**seen.get(service, {}), **places} for service, places in world.resources.items()}
    touched = frozenset(s for places in resources.values() for place in places.values() for s in place.alike.setups)
    _add_setups(world, resources)
    groups = _groups(world, holdings, resources)
    total = sum(len(group.places) for group in groups) * len(world.matrix.personas)
    large = total > MAXIMUM_LISTED
    judge = CellJudge(world, holdings, 1 if large else TOGETHER)
    nothing = functools.cache(functools.partial(_nothing, world))
    counts = {(persona, service): Counter[CellState]() for persona in world.matrix.personas for service in resources}
    worst = _Worst()
    open_cells: dict[_Open, list[str]] = {}
    not_asked: dict[str, None] = {}
    for group in groups:
        for persona, spot in group.spots.items():
            key = (persona, group.service.id)
            held = group.held.get(persona)
            state = judge.state(spot, held) if held else nothing(*key).state
            counts[key][state] += len(group.places)
            worst.note(state, persona, group)
            if state in (CellState.MISSING, CellState.SUBSET) and _is_demanded(world, group, touched):
                setups = tuple(sorted(name for name, _ in group.places[0].alike.setups))
                told = judge.told(spot, held) if held else nothing(*key)
                open_cells.setdefault(_Open(*key, setups, told), []).extend(place.text for place in group.places)
            elif state is CellState.UNKNOWN and not held and nothing(*key) is _NOT_ASKED:
                not_asked[persona] = None
    _note_not_asked(world, not_asked, collector)
    locations = {one.persona: one.location for one in world.organisation.principals.entries}
    for one, texts in open_cells.items():
        collector.add(_finding(world, one, texts, locations.get(one.persona)))
    listed = functools.partial(_listed, world, judge, groups, worst if large else None)
    return Cells(listed, counts, total - worst.listed if large else 0)


class _Worst:
    """In a large estate: the cells that are listed, by state."""

    def __init__(self) -> None:
        self.by_state: dict[CellState, list[tuple[_Alike, str]]] = {state: [] for state in _ORDER}
        self._counts = dict.fromkeys(_ORDER, 0)

    def note(self, state: CellState, persona: str, group: _Alike) -> None:
        """A persona's cells on alike resources, as far as they may be listed."""
        count = self._counts.get(state)
        if count is not None and count < MAXIMUM_OF_LARGE:
            self._counts[state] = count + len(group.places)
            self.by_state[state].append((group, persona))

    @property
    def listed(self) -> int:
        """How many are."""
        return min(sum(self._counts.values()), MAXIMUM_OF_LARGE)


def _note_not_asked(world: World, personas: Iterable[str], collector: Collector) -> None:
    for persona in personas:
        collector.undecided(
            f"{world.matrix.personas[persona].title} has nothing assigned where the {world.matrix.name} matrix gives "
            "something, and may be eligible for it",
            "export the eligible assignments, too (docs/rbac-sources.md)",
            None,
        )


def _add_setups(world: World, resources: dict[str, dict[str, Place]]) -> None:
    """What setups declare: resources, and groups in which no resource of the service is known."""
    for _, service, text in declared(world.places.setups):
        if service not in resources or not world.matrix.services[service].resource_types:
            continue
        place = world.places.of_id(text)
        if place.alike.kind is ScopeKind.RESOURCE or not _anything_in(place, resources[service]):
            resources[service].setdefault(place.folded, place)


def _anything_in(place: Place, resources: Mapping[str, Place]) -> bool:
    return any(one.startswith(place.folded + "/") for one in resources)


def _groups(world: World, holdings: Holdings, resources: Mapping[str, Mapping[str, Place]]) -> list[_Alike]:
    found: dict[tuple[object, ...], _Alike] = {}
    spots: dict[tuple[object, ...], Mapping[str, Spot]] = {}
    inherited: dict[tuple[str, ...], Mapping[str, int]] = {}
    for service_id, places in resources.items():
        service = world.matrix.services[service_id]
        for place in places.values():
            own, *above = lineage(place.text)
            known = inherited.get(tuple(above))
            if known is None:
                known = inherited[tuple(above)] = holdings.on(tuple(above))
            held = holdings.beside(own, known)
            applied = world.denials.applied(place)
            kind = (service_id, id(place.alike), applied)
            if kind not in spots:
                spots[kind] = {one: Spot(one, service, place.alike, applied) for one in world.matrix.personas}
            key = (kind, tuple(held.items()) if held is not known else id(known))
            group = found.get(key)
            if group is None:
                group = found[key] = _Alike(service, spots[kind], held)
            group.places.append(place)
    return list(found.values())


def _told(world: World, judge: CellJudge, persona: str, group: _Alike) -> State:
    held = group.held.get(persona)
    return judge.told(group.spots[persona], held) if held else _nothing(world, persona, group.service.id)


def _nothing(world: World, persona: str, service: str) -> State:
    """Of a cell in which nothing is held."""
    if not world.matrix.cell(persona, service):
        return _EMPTY
    if not world.estate.whole:
        return _NOT_HERE
    if not world.complete:
        return _UNREAD
    return _MISSING if may_be_missing(world, persona) else _NOT_ASKED


def may_be_missing(world: World, persona: str) -> bool:
    """Whether what a persona has was asked for: just in time, it may be eligible alone."""
    return not world.organisation.rules[persona].just_in_time or Part.ELIGIBILITY in world.estate.covers


_EMPTY = State(CellState.EMPTY)
_MISSING = State(CellState.MISSING)
_UNREAD = State(CellState.UNKNOWN, detail="the role assignments were not read whole")
_NOT_ASKED = State(CellState.UNKNOWN, detail="who is eligible was not asked for")
_NOT_HERE = State(CellState.MISSING, detail="not in what was read, which need not be everything")


def _is_demanded(world: World, group: _Alike, touched: frozenset[tuple[str, str]]) -> bool:
    """Whether what isn't there is missing: in a whole estate, or in a declared setup of which the source speaks."""
    if world.complete:
        return True
    unread = any(gap.part is Part.ASSIGNMENTS for gap in world.estate.gaps)
    return not (world.estate.whole or unread) and bool(group.places[0].alike.setups & touched)


def _listed(
    world: World,
    judge: CellJudge,
    groups: Sequence[_Alike],
    worst: _Worst | None,
) -> Iterator[CellResult]:
    """All cells, or of a large estate a bounded number of those that aren't as the matrix says, the worst first."""
    if worst is None:
        for group in groups:
            for place in group.places:
                for persona in world.matrix.personas:
                    yield _cell(world, persona, group, place, _told(world, judge, persona, group))
        return
    left = MAXIMUM_OF_LARGE
    for state in _ORDER:
        for group, persona in worst.by_state[state]:
            for place in group.places[:left]:
                left -= 1
                yield _cell(world, persona, group, place, _told(world, judge, persona, group))


def _cell(world: World, persona: str, group: _Alike, place: Place, found: State) -> CellResult:
    return CellResult(
        persona=persona,
        service=group.service.id,
        resource=place.text,
        state=found.state,
        allowed=tuple(role.label for role in world.matrix.cell(persona, group.service.id)),
        held=found.held,
        comparison=found.comparison,
        detail=found.detail,
    )


def _finding(world: World, one: _Open, resources: Sequence[str], location: Location | None) -> Finding:
    """Something that the matrix gives isn't there."""
    persona, service, state = world.matrix.personas[one.persona], world.matrix.services[one.service], one.state
    given = " and ".join(role.name for role in world.matrix.cell(one.persona, one.service))
    more = f" and {len(resources) - _NAMED} more" if len(resources) > _NAMED else ""
    where = ", ".join(resources[:_NAMED]) + more
    missing = state.state is CellState.MISSING
    if missing:
        nobody = "" if location is not None else " No group or identity is named for this persona."
        message = (
            f"The {world.matrix.name} matrix gives {given} on {service.name} to {persona.title}; nothing is assigned "
            f"on {where}.{nobody}"
        )
        remedy = "Assign the role, or leave the cell empty in the organisation's file."
    else:
        lacking = state.comparison.lacking[:_NAMED] if state.comparison else ()
        message = (
            f"{persona.title} has {' and '.join(state.held)} on {where}, less than the {world.matrix.name} matrix "
            f"gives on {service.name} ({given}). "
            + (f"What is lacking: {', '.join(lacking)}." if lacking else f"It is {state.detail}.")
        )
        remedy = "Assign the role of the cell, or have the cell say what is enough."
    rule = MISSING if missing else SUBSET
    return Finding(
        rule_id=rule,
        scanner=SCANNER,
        severity=Severity.MEDIUM if missing else Severity.LOW,
        message=message,
        remediation=remedy,
        resource=f"{one.persona} on {one.service}",
        subject=" ".join([*one.setups, *state.held, *resources[:_NAMED], str(len(resources))]),
        location=location,
        documentation=f"docs/rules/{rule}.md",
    )


def with_assignments(
    cells: Iterable[CellResult],
    held_on: Callable[[frozenset[str]], Iterator[tuple[str, str, RoleAssignment]]],
) -> tuple[CellResult, ...]:
    """The cells with the assignments that they come from.

    Args:
        cells: to complete.
        held_on: gives persona, folded scope ("" for everywhere) and assignment of whatever is held on scopes.
    """
    cells = tuple(cells)
    above = {one.resource: lineage(one.resource) for one in cells if one.held}
    found: dict[tuple[str, str], list[RoleAssignment]] = {}
    for persona, scope, one in held_on(frozenset(scope for scopes in above.values() for scope in scopes)):
        found.setdefault((persona, scope), []).append(one)
    return tuple(
        dataclasses.replace(
            cell,
            assignments=tuple(
                one for scope in (*above[cell.resource], "") for one in found.get((cell.persona, scope), ())
            ),
        )
        if cell.held
        else cell
        for cell in cells
    )
