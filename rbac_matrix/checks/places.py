"""Where assignments are made: which column, whose setup, and what lies below."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import AssignmentScope, ScopeKind
from rbac_matrix.estate.model import EstateResource
from rbac_matrix.matrix import Matrix, Service
from rbac_matrix.organisation.model import Organisation, Setup
from rbac_matrix.scopes import lineage, scope_of

Setups = frozenset[tuple[str, str]]
"""Names and environments of setups."""


@dataclass(frozen=True, slots=True, eq=False)
class PlaceClass:
    """What rules may ask of a place, without its name. One value for all places that are alike.

    Attributes:
        kind: see ScopeKind.
        resource_type: as written where it was first met; "" unless it is one resource.
        service: the column; None for a type without one, and for all but resources.
        setups: those that own it.
        elsewhere: it belongs to environments that aren't judged.
    """

    kind: ScopeKind
    resource_type: str
    service: Service | None
    setups: Setups
    elsewhere: bool


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One scope.

    Attributes:
        text: as written. folded: in lower case, without a slash at the end.
        root: the column's resource that it is or lies in, folded; "" if it is in no column.
    """

    text: str
    folded: str
    root: str
    alike: PlaceClass


class Environments:
    """Which names of environments are judged together."""

    def __init__(self, organisation: Organisation, matrix: Matrix, environment: str) -> None:
        own = {environment.casefold()}
        if environment == matrix.name:
            own.update(name.casefold() for name in matrix.environments)
        elif environment in matrix.environments and len(matrix.environments) == 1:
            own.add(matrix.name.casefold())
        self.judged = frozenset(own)
        self._organisation = organisation

    def are_meant(self, names: Iterable[str], by: Iterable[str]) -> bool:
        """Whether one of the environments `names` is among `by` (environments or matrices); empty means all."""
        wanted = {name.casefold() for name in by}
        if not wanted:
            return True
        return any(name.casefold() in wanted or self._matrix_of(name) in wanted for name in names)

    def _matrix_of(self, name: str) -> str:
        matrix = self._organisation.matrix_for(name)
        return matrix.name.casefold() if matrix is not None else ""


class Places:
    """All scopes that were met."""

    def __init__(
        self,
        organisation: Organisation,
        matrix: Matrix,
        environments: Environments,
        resources: Sequence[EstateResource],
    ) -> None:
        self._matrix = matrix
        self._judged = environments.judged
        self._places: dict[str, Place] = {}
        self._classes: dict[tuple[object, ...], PlaceClass] = {}
        self._services: dict[str, Service | None] = {}
        self._setups: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for setup in organisation.setups:
            for service, ids in setup.resources.items():
                for one in ids:
                    self._setups.setdefault((service, fold(one)), set()).add((setup.name, setup.environment))
        self.setups = tuple(one for one in organisation.setups if one.environment.casefold() in self._judged)
        self._elsewhere = {
            fold(one.id) for one in resources if one.environment and one.environment.casefold() not in self._judged
        }

    def of(self, scope: AssignmentScope) -> Place:
        """The place of a scope."""
        known = self._places.get(scope.text)
        if known is None:
            known = self._make(scope)
            self._places[scope.text] = known
        return known

    def of_id(self, resource_id: str) -> Place:
        """The place of an id."""
        known = self._places.get(resource_id)
        return known if known is not None else self.of(scope_of(resource_id))

    def root_of(self, place: Place) -> Place:
        """The column's own resource that a place lies in."""
        known = self._places.get(place.root)
        return known if known is not None else self.of_id(self._as_written(place))

    @staticmethod
    def _as_written(place: Place) -> str:
        """The id of the root as the place's id has it: lower and upper case as written."""
        text = place.text if place.text.startswith("/") else f"/{place.text}"
        return text[: len(place.root)]

    def service_of(self, resource_type: str) -> Service | None:
        """The column of a type."""
        folded = resource_type.casefold()
        if folded not in self._services:
            self._services[folded] = self._matrix.service_of(resource_type)
        return self._services[folded]

    def _make(self, scope: AssignmentScope) -> Place:
        folded = fold(scope.text)
        service = self.service_of(scope.resource_type) if scope.kind is ScopeKind.RESOURCE else None
        root = root_of(folded, scope.resource_type, service) if service is not None else ""
        setups = self._owners(folded, scope.kind, service)
        elsewhere = bool(setups) and not any(environment.casefold() in self._judged for _, environment in setups)
        elsewhere = elsewhere or folded in self._elsewhere or root in self._elsewhere
        key = (scope.kind, scope.resource_type.casefold(), setups, elsewhere)
        alike = self._classes.get(key)
        if alike is None:
            alike = PlaceClass(scope.kind, scope.resource_type, service, setups, elsewhere)
            self._classes[key] = alike
        return Place(scope.text, folded, root, alike)

    def _owners(self, folded: str, kind: ScopeKind, service: Service | None) -> Setups:
        if not self._setups or kind in (ScopeKind.UNKNOWN, ScopeKind.TENANT, ScopeKind.MANAGEMENT_GROUP):
            return frozenset()
        above = lineage(folded)
        if service is not None:
            found = [self._setups.get((service.id, one), ()) for one in above]
        else:
            # A group or subscription belongs to whoever has it, or one around it, for some service.
            services = self._matrix.services
            found = [self._setups.get((one_service, one), ()) for one_service in services for one in above]
        return frozenset(owner for owners in found for owner in owners)


def apart(own: Setups, there: Setups) -> bool:
    """Whether what is for some setups lies in others. What is for all, or belongs to none, never does."""
    return bool(own) and bool(there) and not own & there


def fold(text: str) -> str:
    """An id in the form in which ids are compared."""
    stripped = text.strip().rstrip("/").casefold()
    return stripped if stripped.startswith("/") else f"/{stripped}"


def root_of(folded: str, resource_type: str, service: Service) -> str:
    """The column's own resource in an id that is it or lies below it."""
    own = max((one for one in service.resource_types if _is_below(resource_type, one)), key=len, default=resource_type)
    # A column that is a whole name space has every top-level resource of it.
    wanted = max(own.count("/"), 1)
    surplus = resource_type.count("/") - wanted
    found = folded
    for _ in range(surplus):
        found = lineage(found)[1]
    return found


def _is_below(resource_type: str, own: str) -> bool:
    folded, outer = resource_type.casefold(), own.casefold()
    return folded == outer or folded.startswith(outer + "/")


def declared(setups: Sequence[Setup]) -> Iterator[tuple[Setup, str, str]]:
    """Every setup with a service and an id that it has for it."""
    for setup in setups:
        for service, ids in setup.resources.items():
            for one in ids:
                yield setup, service, one


def by_service(places: Places, matrix: Matrix, resources: Iterable[EstateResource]) -> Mapping[str, dict[str, Place]]:
    """The columns' own resources that are judged here, by service and folded id."""
    found: dict[str, dict[str, Place]] = {service: {} for service in matrix.services}
    for one in resources:
        service = places.service_of(one.type)
        if service is None:
            continue
        place = places.of(AssignmentScope(ScopeKind.RESOURCE, one.type, one.id))
        if not place.alike.elsewhere and place.root == place.folded:
            found[service.id].setdefault(place.folded, place)
    return found
