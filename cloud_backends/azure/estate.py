"""The live estate: role assignments, roles, denials, PIM, the directory and the resources of subscriptions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from cloud_backends.azure import conversions, resource_graph
from cloud_backends.azure.attempts import Attempts
from cloud_backends.azure.authorization import Authorization, scope_path
from cloud_backends.azure.connection import Connection
from cloud_backends.azure.errors import AzureCallError, Failure
from cloud_backends.azure.graph import SERVICE as GRAPH
from cloud_backends.azure.graph import DirectoryReader, tenant_of_directory
from cloud_backends.azure.subscriptions import subscriptions_below, tenant_of_subscription
from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.estate.model import DenyAssignment, Directory, Estate, EstateResource, IdentityUse, Part
from rbac_matrix.permissions.interface import RoleDefinition
from verdicts import ConfigurationError, InputDigest
from verdicts.digests import digest_bytes

ARM = "resource manager"
COVERS = frozenset({Part.ASSIGNMENTS, Part.ELIGIBILITY, Part.DEFINITIONS, Part.DENIALS, Part.DIRECTORY, Part.RESOURCES})
_FOREIGN = "foreigngroup"
"""The type of principals that are groups of another tenant."""
_PROBED = 200
"""How many assignments that only others tell of are asked for one by one."""

_Read = TypeVar("_Read")


def read_estate(
    connection: Connection, scopes: Sequence[str], *, also: Collection[str] = (), named: Collection[str] = ()
) -> Estate:
    """Everything that holds on the scopes and below them.

    What can't be read, or not to its end, is a gap of the estate; nothing is left out without one.

    Args:
        scopes: subscriptions (GUIDs) or ids of subscriptions, resource groups, resources or management groups; a
            management group stands for itself and every subscription in it.
        also: object ids whose directory entries and members are wanted although they may have no assignment (the
            groups of the personas).
        named: display names of groups for which the same holds. Every group of such a name is found: names aren't
            unique, and another's group of the same name must not be taken for the persona's.

    Raises:
        ConfigurationError: there is no scope, or one is none.
    """
    paths = list(dict.fromkeys(scope_path(scope).casefold() for scope in scopes))
    if not paths:
        raise ConfigurationError("no subscription is named", remedy="name one with --subscription")
    reader = _Reader(connection, Authorization(connection))
    reader.read_scopes(reader.with_subscriptions(paths))
    directory = reader.read_directory({one.casefold() for one in also}, named)
    gaps = reader.attempts.gaps
    return Estate(
        covers=COVERS,
        assignments=tuple(reader.assignments.values()),
        definitions=tuple(reader.definitions.values()),
        denials=tuple(reader.denials.values()),
        directory=directory,
        resources=tuple(reader.resources),
        identity_uses=tuple(reader.uses),
        gaps=tuple(gaps),
        inputs=reader.digests(directory),
        whole=not any(gap.part in (Part.ASSIGNMENTS, Part.ELIGIBILITY) for gap in gaps),
    )


@dataclass(slots=True)
class _Reader:
    """Everything is kept by its id in lower case: what is inherited comes with every scope below."""

    connection: Connection
    authorization: Authorization
    attempts: Attempts = field(default_factory=Attempts)
    assignments: dict[str, RoleAssignment] = field(default_factory=dict)
    definitions: dict[str, RoleDefinition] = field(default_factory=dict)
    denials: dict[str, DenyAssignment] = field(default_factory=dict)
    resources: list[EstateResource] = field(default_factory=list)
    uses: list[IdentityUse] = field(default_factory=list)
    subscriptions: list[str] = field(default_factory=list)

    def with_subscriptions(self, paths: Sequence[str]) -> list[str]:
        """The scopes, and the subscriptions in those of them that are management groups."""
        found = list(paths)
        for path in paths:
            if not path.startswith("/subscriptions/"):
                name = f"the subscriptions in {path}"
                call = partial(subscriptions_below, self.connection, path)
                found += [one.casefold() for one in self._read(Part.ASSIGNMENTS, name, call) or ()]
        return list(dict.fromkeys(found))

    def _read(self, part: Part, name: str, call: Callable[[], _Read]) -> _Read | None:
        return self.attempts.read(part, ARM, name, call)

    def read_scopes(self, scopes: Sequence[str]) -> None:
        """All that Resource Manager tells."""
        for scope in scopes:
            self._read_assignments(scope)
            self._read_eligibilities(scope)
            self._read_denials(scope)
        for scope in scopes:
            self._read_definitions(scope)
        self.subscriptions = sorted({scope.split("/")[2] for scope in scopes if scope.startswith("/subscriptions/")})
        self._read_resources(scopes)
        self._compare_with_resource_graph(scopes)

    def _read_assignments(self, scope: str) -> None:
        found = self._read(
            Part.ASSIGNMENTS, f"the role assignments of {scope}", partial(self.authorization.assignments, scope)
        )
        name = f"the assignment schedules of {scope}"
        schedules = self._read(Part.ELIGIBILITY, name, lambda: self.authorization.schedules(scope) or [])
        ends = conversions.schedules_by_assignment(schedules or ())
        for one in found or ():
            key = str(one.id).casefold()
            self.assignments[key] = conversions.held(one, ends.get(key))
        if found is not None:
            self._probe(ends, "PIM")

    def _probe(self, ids: Iterable[str], source: str) -> None:
        """Asks for assignments that others know and the list doesn't have: one that is there shows that it is cut."""
        unknown = [one for one in ids if one.casefold() not in self.assignments]
        for one in unknown[:_PROBED]:
            what = f"the role assignment {one}, which {source} knows and the list doesn't have,"
            if self._read(Part.ASSIGNMENTS, what, partial(self.authorization.assignment, one)) is not None:
                detail = f"the list of role assignments is not whole: {one} exists ({source} knows it) and is not in it"
                self.attempts.note(Part.ASSIGNMENTS, detail, "try again; if it stays, read the scopes one by one")
                return
        if len(unknown) > _PROBED:
            detail = f"{source} knows {len(unknown)} role assignments that the list doesn't have; {_PROBED} are gone"
            self.attempts.note(Part.ASSIGNMENTS, detail, "try again later")

    def _read_eligibilities(self, scope: str) -> None:
        name = f"the eligible assignments of {scope}"
        found = self._read(Part.ELIGIBILITY, name, lambda: self.authorization.eligibilities(scope) or [])
        for one in conversions.without_members_of_groups(found or ()):
            self.assignments[str(one.id).casefold()] = conversions.eligible(one)

    def _read_denials(self, scope: str) -> None:
        found = self._read(Part.DENIALS, f"the deny assignments of {scope}", partial(self.authorization.denials, scope))
        for one in found or ():
            try:
                self.denials[str(one.id).casefold()] = conversions.denial(one)
            except ValueError as error:
                self.attempts.note(Part.DENIALS, f"{one.id}: {error}", "look at it in the portal")

    def _read_definitions(self, scope: str) -> None:
        """Custom roles, and those of Microsoft's that are newer than what ships with mlgate, or have changed since."""
        from rbac_matrix.permissions.catalogue import RoleCatalogue

        name = f"the role definitions of {scope}"
        found = self._read(Part.DEFINITIONS, name, partial(self.authorization.definitions, scope))
        shipped = RoleCatalogue.built_in()
        for one in map(conversions.definition, found or ()):
            known = shipped.with_id(one.id) if one.built_in else None
            if known is None or conversions.permits_other_things(known, one):
                self.definitions[one.id] = one
        if found is None:
            return
        for role_id in {one.role_id for one in self.assignments.values() if one.role_id} - set(self.definitions):
            if shipped.with_id(role_id) is None:
                call = partial(self.authorization.definition, scope, role_id)
                role = self._read(Part.DEFINITIONS, f"the role definition {role_id}", call)
                if role is not None:
                    self.definitions[role_id] = conversions.definition(role)

    def _read_resources(self, scopes: Sequence[str]) -> None:
        if not self.subscriptions:
            return

        def read() -> tuple[list[EstateResource], list[IdentityUse]]:
            found = resource_graph.rows(
                self.connection, self.subscriptions, resource_graph.RESOURCES, "reading the resources"
            )
            inside = [row for row in found if _is_in(str(row.get("id")), scopes)]
            return list(resource_graph.resources(inside)), list(resource_graph.identity_uses(inside))

        self.resources, self.uses = self._read(Part.RESOURCES, "the resources", read) or ([], [])

    def _compare_with_resource_graph(self, scopes: Sequence[str]) -> None:
        if not self.subscriptions or any(gap.part is Part.ASSIGNMENTS for gap in self.attempts.gaps):
            return
        what = "comparing the role assignments with Resource Graph"
        query = resource_graph.ASSIGNMENTS
        call = partial(resource_graph.rows, self.connection, self.subscriptions, query, what)
        rows: list[dict[str, Any]] = self._read(Part.ASSIGNMENTS, "what Resource Graph knows of them", call) or []
        ids = [str(row.get("id")) for row in rows]
        self._probe([one for one in ids if _is_in(one, scopes)], "Resource Graph")

    def read_directory(self, also: Collection[str], named: Collection[str]) -> Directory:
        """Everybody who is named by an assignment or a denial, or asked for."""
        held = list(self.assignments.values())
        foreign = {one.principal_id for one in held if one.principal_type.casefold() == _FOREIGN and one.principal_id}
        groups = {one.principal_id for one in held if one.principal_type.casefold() == "group" and one.principal_id}
        ids = {one.principal_id for one in held if one.principal_id} | set(also)
        for denial in self.denials.values():
            ids |= {*denial.principals, *denial.excluded}
        ids -= {conversions.EVERYBODY, ""}
        reader = DirectoryReader(self.connection, self.attempts)
        own_tenant = self._is_own_tenant() if ids else True
        return reader.read(ids, named=named, groups=groups, foreign=foreign, own_tenant=own_tenant)

    def _is_own_tenant(self) -> bool:
        """Whether the directory is the one that the subscriptions trust; not sure is no."""

        def read() -> bool:
            directory = tenant_of_directory(self.connection)
            tenants = {tenant_of_subscription(self.connection, one) for one in self.subscriptions}
            if others := tenants - {directory}:
                detail = f"the directory is that of the tenant {directory}, a subscription trusts {min(others)}"
                raise AzureCallError(detail, failure=Failure.SIGN_IN, where=self.connection.settings.graph)
            return bool(tenants)

        return bool(self.attempts.read(Part.DIRECTORY, GRAPH, "which tenant the directory is", read))

    def digests(self, directory: Directory) -> tuple[InputDigest, ...]:
        """What was read, for the evidence: one digest for each part, whatever order it came in."""
        parts: dict[Part, Iterable[object]] = {
            Part.ASSIGNMENTS: self.assignments.values(),
            Part.DEFINITIONS: self.definitions.values(),
            Part.DENIALS: self.denials.values(),
            Part.RESOURCES: [*self.resources, *self.uses],
            Part.DIRECTORY: [*directory.objects.values(), *sorted(directory.members.items()), *sorted(directory.gone)],
        }
        host = self.connection.settings.resource_manager.removeprefix("https://")
        return tuple(
            InputDigest(f"{part.value} at {host}", digest_bytes("\n".join(sorted(map(repr, read))).encode()))
            for part, read in parts.items()
        )


def _is_in(resource_id: str, scopes: Sequence[str]) -> bool:
    """Whether it is one of the scopes (lower case) or below one."""
    folded = resource_id.casefold()
    return any(folded == scope or folded.startswith(f"{scope}/") for scope in scopes)
