"""Everything that the rules look things up in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rbac_matrix.checks.denials import Denials
from rbac_matrix.checks.holders import Groups, Holders
from rbac_matrix.checks.places import Environments, Place, Places, by_service
from rbac_matrix.checks.roles import RoleBook
from rbac_matrix.checks.workloads import uses_by_identity
from rbac_matrix.estate.model import Directory, Estate, Part, PrincipalKind
from rbac_matrix.matrix import Matrix
from rbac_matrix.organisation.model import Organisation
from rbac_matrix.organisation.naming import resolve_names
from rbac_matrix.permissions.catalogue import RoleCatalogue
from rbac_matrix.principals import Principal, Principals
from verdicts import ConfigurationError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class World:
    """An estate, an organisation and an environment. `groups` is None where no directory was read.

    Attributes:
        resources: the columns' own resources that the estate names, by service and folded id.
        production: the matrix holds in production.
        undecided_names: half sentences about names of groups that can't be told.
    """

    estate: Estate
    organisation: Organisation
    matrix: Matrix
    environment: str
    environments: Environments
    day: dt.date
    groups: Groups | None
    holders: Holders
    roles: RoleBook
    places: Places
    denials: Denials
    resources: Mapping[str, dict[str, Place]]
    production: bool
    undecided_names: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """What isn't among the assignments isn't assigned."""
        unread = {Part.ASSIGNMENTS, Part.ELIGIBILITY}
        return self.estate.whole and not any(gap.part in unread for gap in self.estate.gaps)


def make_world(
    estate: Estate, organisation: Organisation, environment: str, catalogue: RoleCatalogue, now: dt.datetime
) -> World:
    """Everything looked up once. Raises ConfigurationError for an environment without a matrix."""
    matrix = organisation.matrix_for(environment)
    if matrix is None:
        known = sorted(
            {*organisation.matrices, *(e for one in organisation.matrices.values() for e in one.environments)}
        )
        raise ConfigurationError(f"there is no environment {environment!r}", remedy=f"known: {', '.join(known)}")
    groups: Groups | None = None
    if estate.directory is not None:
        from rbac_matrix.estate.directory import Memberships

        groups = Memberships(estate.directory)
    environments = Environments(organisation, matrix, environment)
    places = Places(organisation, matrix, environments, estate.resources)
    denials = Denials(estate.denials, groups, estate.directory)
    day = now.date()
    resolved = resolve_names(organisation.principals, _groups(estate.directory))
    holders = Holders(
        Principals(tuple(one for one in resolved.principals.entries if _counts(one, environments))),
        resolved.ambiguous,
        estate.directory,
        groups,
        uses_by_identity(estate.identity_uses, organisation.workloads),
        frozenset(one.object_id for one in organisation.break_glass if one.holds(day)),
        denials,
    )
    return World(
        estate=estate,
        organisation=organisation,
        matrix=matrix,
        environment=environment,
        environments=environments,
        day=day,
        groups=groups,
        holders=holders,
        roles=RoleBook(catalogue.with_custom([*organisation.custom_roles, *estate.definitions])),
        places=places,
        denials=denials,
        resources=by_service(places, matrix, estate.resources),
        production="production" in (matrix.name, *matrix.environments),
        undecided_names=resolved.undecided,
    )


def _counts(entry: Principal, environments: Environments) -> bool:
    """Whether a line is for the environment. One for a setup is told from others by the place; see `places.apart`."""
    if not entry.setups or any(setup for setup, _ in entry.setups):
        return True
    return any(environment.casefold() in environments.judged for _, environment in entry.setups)


def _groups(directory: Directory | None) -> Iterator[tuple[str, str]]:
    objects = directory.objects.values() if directory is not None else ()
    return ((one.id, one.name) for one in objects if one.kind is PrincipalKind.GROUP)
