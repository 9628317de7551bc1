"""What an organisation says of its personas, beside the cells of the matrices."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from rbac_matrix.matrix import Matrix
from rbac_matrix.permissions.interface import RoleDefinition
from rbac_matrix.principals import Principals
from verdicts import InputDigest, Location, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A workspace setup: one project, team or department in one environment, with the resources that it owns.

    Attributes:
        environment: name of an environment of one of the matrices.
        resources: ids of resources, resource groups or subscriptions by service id; a group or subscription means every
            resource of the service's types in it.
    """

    name: str
    environment: str
    resources: Mapping[str, tuple[str, ...]]
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Half of a combination. It is held by whoever has one of its entries.

    Attributes:
        personas: ids; belonging to one of them is enough.
        roles: labels or names of roles.
        actions: an action (or data action) that some role permits.
        environments: names of environments or matrices in which the side counts; empty means all of them.
    """

    personas: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    actions: tuple[str, ...] = ()
    environments: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """Personas, roles or actions that one person must not have together.

    It is a finding for everybody who holds both sides. `source` says where the rule comes from, "" if nothing does.
    """

    id: str
    reason: str
    severity: Severity
    first: Side
    second: Side
    source: str = ""


class Workload(enum.Enum):
    """Whose managed identity it is."""

    HUB = "hub"
    PROJECT = "project"
    ENDPOINT = "online-endpoint"
    APP_SERVICE = "app-service"
    PORTAL_USER = "portal-user"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadGrant:
    """One line of the table of workload identities.

    Attributes:
        scope: type of the resource, "hub" and "project" (both workspaces), or "resource-group".
        role: label or name of a role in the roles file.
        condition: the assignment must carry a condition.
    """

    workload: Workload
    scope: str
    role: str
    condition: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaRules:
    """What holds for a persona's assignments beside their roles.

    Attributes:
        principal_types: "Group", "ServicePrincipal", "User": what may hold them.
        just_in_time: only eligible or time-bound assignments.
        maximum_hours: longest time-bound assignment; None for no limit.
        conditions: texts of conditions (`*` stands for anything) that its assignments may carry; empty allows all.
    """

    principal_types: frozenset[str]
    just_in_time: bool
    maximum_hours: int | None = None
    conditions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlass:
    """A principal that is never reported as excess and never removed. Reason and end are shown in every report.

    Attributes:
        object_id: in lower case.
        expires: the last day on which it holds; None for one without an end, which no file can say.
    """

    object_id: str
    reason: str
    location: Location
    expires: dt.date | None = None

    def holds(self, day: dt.date) -> bool:
        """Whether it still counts on that day."""
        return self.expires is None or day <= self.expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that an organisation's file says differently than the built-in data. Every report names them.

    Attributes:
        text: half a sentence ("production: data-scientist on ml-workspace has R instead of nothing").
        widens: somebody may do more, or less is looked at, than the built-in data says; then there is a reason.
    """

    text: str
    widens: bool
    location: Location
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.text}{f' ({self.reason})' if self.reason else ''}, {self.location}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Everything of it.

    Attributes:
        matrices: by name ("production", "pre-production", or the organisation's own).
        rules: by persona id; every persona has them.
        principals: groups and identities by object id, managed identity or naming pattern.
        custom_roles: definitions that the organisation's file declares.
        inputs: digests of every file that it was read from.
        deviations: from the built-in data, in the file's order; empty where the file doesn't extend it.
    """

    matrices: Mapping[str, Matrix]
    rules: Mapping[str, PersonaRules]
    principals: Principals
    setups: tuple[Setup, ...] = ()
    combinations: tuple[Combination, ...] = ()
    workloads: tuple[WorkloadGrant, ...] = ()
    custom_roles: tuple[RoleDefinition, ...] = ()
    break_glass: tuple[BreakGlass, ...] = ()
    inputs: tuple[InputDigest, ...] = field(default=())
    deviations: tuple[Deviation, ...] = ()

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of all environments, and of matrices without any."""
        return tuple(name for matrix in self.matrices.values() for name in (matrix.environments or (matrix.name,)))

    def matrix_for(self, environment: str) -> Matrix | None:
        """The matrix that holds in an environment; a matrix's own name counts as one, too."""
        named = self.matrices.get(environment)
        if named is not None:
            return named
        return next((one for one in self.matrices.values() if environment in one.environments), None)
