"""Judges an estate against a matrix."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from rbac_matrix.checks.cells import all_cells, with_assignments
from rbac_matrix.checks.collecting import Collector
from rbac_matrix.checks.devops import devops_cells, note_memberships
from rbac_matrix.checks.holdings import Holdings
from rbac_matrix.checks.interface import Judged
from rbac_matrix.checks.registry import ESTATE_RULES
from rbac_matrix.checks.rows import Rows
from rbac_matrix.checks.separation import Sides, separation
from rbac_matrix.checks.world import World, make_world
from rbac_matrix.estate.model import Estate, Part
from rbac_matrix.organisation.model import Organisation
from rbac_matrix.permissions.catalogue import RoleCatalogue


def judge(
    estate: Estate,
    organisation: Organisation,
    environment: str,
    catalogue: RoleCatalogue,
    *,
    now: dt.datetime,
    list_cells: bool = True,
) -> Judged:
    """All rules on everything that was read.

    Args:
        estate: what was read.
        organisation: matrices and principals.
        environment: one of the organisation's environments, or the name of a matrix for all of its environments.
        catalogue: Microsoft's roles; those of estate and organisation are added.
        now: the moment that ends of exceptions are compared with.
        list_cells: give the cells one by one. Findings are the same without, and come sooner.

    Raises:
        ConfigurationError: no matrix holds in that environment.
    """
    world = make_world(estate, organisation, environment, catalogue, now)
    return _Judging(world).judged(list_cells=list_cells)


class _Judging:
    """One run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._collector = Collector()
        self._holdings = Holdings()
        self._sides = Sides(world)
        self._rows = Rows(world)

    def judged(self, *, list_cells: bool) -> Judged:
        """Everything."""
        world, collector = self._world, self._collector
        for gap in world.estate.gaps:
            collector.undecided(f"{gap.part.value}: {gap.detail}", gap.remedy, gap.location)
        for text in world.undecided_names:
            collector.undecided(text, "name the group by its object id", None)
        self._rows.judge(collector, self._holdings, self._sides)
        for rule in ESTATE_RULES:
            rule(world, collector)
        note_memberships(world, self._sides)
        separation(world, self._sides, collector)
        cells = all_cells(world, self._holdings, self._rows.resources(), collector)
        listed = with_assignments(cells.listed(), self._rows.held_on) if list_cells else ()
        devops = devops_cells(world, collector, cells.counts)
        return Judged(
            findings=collector.findings(),
            counts=collector.counts,
            undecided=collector.all_undecided(),
            cells=(*listed, *devops) if list_cells else (),
            cell_counts=cells.counts,
            not_looked=tuple(self._not_looked()),
            notes=tuple(self._notes(cells.shortened)),
            elsewhere=self._rows.elsewhere,
        )

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
            unplaced = sum("{" in one.id for one in estate.resources)
            if unplaced and self._world.organisation.setups:
                yield (
                    f"{unplaced} resources of templates whose resource group nobody knows before the deployment: "
                    "to which setup they belong, and so what is missing on them"
                )
        if self._rows.elsewhere:
            yield f"{self._rows.elsewhere} role assignments in other environments than {self._world.environment}"

    def _notes(self, shortened: int) -> Iterator[str]:
        world = self._world
        for one in world.organisation.break_glass:
            if one.holds(world.day):
                count = self._rows.break_glass.get(one.object_id, 0)
                until = f"until {one.expires}" if one.expires is not None else "without an end"
                name = world.holders.name_of(one.object_id)
                yield f"emergency access: {name}, {count} assignments, {until}: {one.reason}"
        yield from world.denials.notes()
        if shortened:
            yield f"{shortened} cells are only counted: those that are as the matrix says, and what is too many to list"
