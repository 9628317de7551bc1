"""Judges an estate against a matrix."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.cell_states import CellJudge, Holdings
from rbac_matrix.checks.cells import all_cells, with_assignments
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.devops import devops_cells
from rbac_matrix.checks.interface import Judged
from rbac_matrix.checks.registry import ESTATE_RULES
from rbac_matrix.checks.rows import Row, Rows
from rbac_matrix.checks.separation import Sides, separation
from rbac_matrix.checks.world import World, make_world
from rbac_matrix.estate.model import Estate, Part
from rbac_matrix.organisation.model import Organisation
from rbac_matrix.permissions.catalogue import RoleCatalogue


def judge(
    estate: Estate, organisation: Organisation, environment: str, catalogue: RoleCatalogue, *, now: dt.datetime
) -> Judged:
    """All rules on everything that was read.

    Args:
        estate: what was read.
        organisation: matrices and principals.
        environment: one of the organisation's environments, or the name of a matrix for all of its environments.
        catalogue: Microsoft's roles; those of estate and organisation are added.
        now: the moment that ends of exceptions are compared with.

    Raises:
        ConfigurationError: no matrix holds in that environment.
    """
    world = make_world(estate, organisation, environment, catalogue, now)
    return _Judging(world).judged()


class _Judging:
    """One run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._collector = Collector()
        self._holdings = Holdings()
        self._sides = Sides(world)
        self._rows = Rows(world)
        self._elsewhere = 0
        self._break_glass: dict[str, int] = {}

    def judged(self) -> Judged:
        """Everything."""
        world, collector = self._world, self._collector
        for gap in world.estate.gaps:
            collector.undecided(f"{gap.part.value}: {gap.detail}", gap.remedy, gap.location)
        for text in world.undecided_names:
            collector.undecided(text, "name the group by its object id", None)
        for row in self._rows.judged():
            self._take(row)
        for rule in ESTATE_RULES:
            rule(world, collector)
        separation(world, self._sides, collector)
        cells = all_cells(world, CellJudge(world, self._holdings), self._rows.resources(), collector)
        listed = with_assignments(cells.listed, self._rows.held_on)
        devops = devops_cells(world, collector, cells.counts)
        return Judged(
            findings=collector.findings(),
            counts=collector.counts,
            undecided=collector.all_undecided(),
            cells=(*listed, *devops),
            cell_counts=cells.counts,
            not_looked=tuple(self._not_looked()),
            notes=tuple(self._notes(cells.shortened)),
        )

    def _take(self, row: Row) -> None:
        verdict, collector = row.verdict, self._collector
        if verdict.break_glass:
            self._break_glass[row.holder.id] = self._break_glass.get(row.holder.id, 0) + 1
            return
        role, place = row.role, row.place
        numbers = self._sides.meant(role)
        if numbers and role is not None:
            self._sides.note(numbers, row.holder.id, role, place, row.location)
        if verdict.elsewhere:
            self._elsewhere += 1
            return
        if verdict.elements:
            everywhere = place.alike.kind in (ScopeKind.MANAGEMENT_GROUP, ScopeKind.TENANT)
            self._holdings.add(place.root or place.folded, verdict.elements, everywhere)
        for rule, rule_id, severity in verdict.broken:
            if not collector.wants(rule_id, severity):
                collector.count(rule_id, severity)
                continue
            finding = rule(row.case())
            assert finding is not None, f"{rule_id} depends on more than verdicts are kept by"
            collector.add(finding)
        if verdict.open:
            collector.undecided_later(row.undecided)

    def _not_looked(self) -> Iterator[str]:
        estate = self._world.estate
        told = {
            Part.DIRECTORY: (estate.directory is not None, "orphans, guests, members of groups, separation of duties"),
            Part.DENIALS: (bool(estate.denials), "what deny assignments take away"),
            Part.DEVOPS: (estate.memberships is not None, "the columns Azure DevOps and Azure Artifacts"),
            Part.ELIGIBILITY: (estate.whole is False, "who is eligible for a role without having it assigned"),
        }
        for part, (there, what) in told.items():
            if part not in estate.covers and not there:
                yield f"{part.value} were not asked for: {what}"
        if not estate.whole:
            yield "what was read need not be everything: what is missing is told for declared setups alone"
        if self._elsewhere:
            yield f"{self._elsewhere} role assignments in other environments than {self._world.environment}"

    def _notes(self, shortened: int) -> Iterator[str]:
        world = self._world
        for one in world.organisation.break_glass:
            if one.holds(world.day):
                count = self._break_glass.get(one.object_id, 0)
                until = f"until {one.expires}" if one.expires is not None else "without an end"
                name = world.holders.name_of(one.object_id)
                yield f"emergency access: {name}, {count} assignments, {until}: {one.reason}"
        yield from world.denials.notes()
        if shortened:
            yield f"{shortened} cells are only counted: those that are as the matrix says, and what is too many to list"
