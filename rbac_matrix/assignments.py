"""A role assignment as the checks see it, wherever it was read: a template, an export, the live estate."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from verdicts import Location


class ScopeKind(enum.Enum):
    """How far an assignment reaches."""

    RESOURCE = "resource"
    RESOURCE_GROUP = "resource group"
    SUBSCRIPTION = "subscription"
    MANAGEMENT_GROUP = "management group"
    TENANT = "tenant"
    UNKNOWN = "unknown scope"


class Timing(enum.Enum):
    """How long an assignment holds."""

    PERMANENT = "permanent"
    TIME_BOUND = "time-bound"
    ELIGIBLE = "eligible"


@dataclass(frozen=True, slots=True)
class AssignmentScope:
    """What it is made on. `resource_type` is "" unless that is one resource; `text` is its id as far as known."""

    kind: ScopeKind
    resource_type: str
    text: str


@dataclass(frozen=True, slots=True)
class ManagedIdentity:
    """The identity of a resource, named before it exists. `name` may hold `{...}` for what isn't known."""

    resource_type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleAssignment:
    """Someone is given a role on something.

    Attributes:
        name: what the report calls the assignment.
        role_id: GUID of the role definition in lower case; None if it isn't known.
        role_text: what stands for the role in the source.
        custom_role: name of the custom role that it refers to, declared beside it; "" if it is none.
        principal_id: object id in lower case; None if it isn't known.
        identity: the resource whose managed identity it is; None if it is none, or isn't known.
        principal_text: what stands for the principal in the source.
        principal_type: "User", "Group", "ServicePrincipal" ...; "" if nothing is said or it isn't known.
        scope: see AssignmentScope.
        timing: see Timing.
        hours: how long a time-bound one holds; None if it has no end or it isn't known.
        condition: the assignment's own condition (attribute-based access control), as written; "" for none, None if it
            isn't known.
        activated: somebody activated what he (or a group of his) is eligible for; it ends by itself.
        conditional: the deployment makes it only under a condition that isn't known.
        principal_name: display name that the source has for the principal; "" for none.
        description: the assignment's own description.
        location: file and line.
    """

    name: str
    role_id: str | None
    role_text: str
    custom_role: str = ""
    principal_id: str | None
    identity: ManagedIdentity | None = None
    principal_text: str
    principal_type: str = ""
    scope: AssignmentScope
    timing: Timing = Timing.PERMANENT
    hours: float | None = None
    condition: str | None = ""
    activated: bool = False
    conditional: bool = False
    principal_name: str = ""
    description: str = ""
    location: Location
