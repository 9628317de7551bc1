"""The estate as a value. Every source (templates, exports, the live estate) gives one; several can be joined.

Nothing here reads a file or the network. A part that was not asked for is None; a part that was asked for and
could not be read whole is a gap, and whatever depends on it is could-not-check.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rbac_matrix.assignments import ManagedIdentity, RoleAssignment
from rbac_matrix.permissions.interface import PermissionBlock, RoleDefinition
from verdicts import InputDigest, Location


class Part(enum.Enum):
    """What can be known of an estate."""

    ASSIGNMENTS = "role assignments"
    ELIGIBILITY = "eligible assignments"
    DEFINITIONS = "role definitions"
    DENIALS = "deny assignments"
    DIRECTORY = "groups and principals"
    DEVOPS = "Azure DevOps memberships"
    RESOURCES = "resources"


class PrincipalKind(enum.Enum):
    """What an object of Microsoft Entra is."""

    USER = "User"
    GROUP = "Group"
    SERVICE_PRINCIPAL = "ServicePrincipal"
    DEVICE = "Device"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryObject:
    """A user, group or service principal. `id` in lower case; `name` is a display name or user principal name.

    Attributes:
        mail: user principal name or mail address, where the source has it beside the name.
        guest: a user of another tenant (userType Guest).
        managed_identity: resource id of the resource whose identity a service principal is; "" for others.
        enabled: False for an account that was switched off.
    """

    id: str
    kind: PrincipalKind
    name: str = ""
    mail: str = ""
    guest: bool = False
    managed_identity: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """Objects by id, and who is directly in which group (groups in groups, and cycles, included).

    Attributes:
        objects: what is known of each object.
        members: ids of the direct members by group id; a group that is absent here has members that aren't known.
        whole: everything of the tenant was read, so an id that isn't in `objects` belongs to nobody.
        gone: ids that the directory itself was asked for and doesn't have: they belong to nobody, too.
    """

    objects: Mapping[str, DirectoryObject] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    whole: bool = False
    gone: frozenset[str] = frozenset()

    def is_orphan(self, object_id: str) -> bool:
        """Whether it is certain that the id (lower case) belongs to nobody (any more)."""
        return object_id in self.gone or (self.whole and object_id not in self.objects)


@dataclass(frozen=True, slots=True, kw_only=True)
class DenyAssignment:
    """Takes actions away from principals, whatever roles they have.

    Attributes:
        scope: id of what it holds on, and of everything below unless `own_scope_only`.
        principals, excluded: object ids in lower case; the all-zero GUID stands for everybody.
    """

    name: str
    scope: str
    permissions: tuple[PermissionBlock, ...]
    principals: tuple[str, ...]
    excluded: tuple[str, ...] = ()
    own_scope_only: bool = False
    condition: str = ""
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DevOpsMembership:
    """Who is in which group of Azure DevOps or holds which role on a feed of Azure Artifacts.

    Attributes:
        service: id of the matrix's column, "azure-devops" or "azure-artifacts".
        role: the matrix's abbreviation for the group or feed role (DOPCA, DOPA, R, C, O); "" if it has none.
        group: the group or feed role as exported.
        member: object id in Entra in lower case, or the mail address where the export has no id.
    """

    service: str
    role: str
    group: str
    member: str
    project: str = ""
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class EstateResource:
    """A resource that somebody can have a role on. `id` as written; `environment` is "" where nothing says it."""

    id: str
    type: str
    environment: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityUse:
    """A resource runs as a user-assigned identity.

    Attributes:
        identity: id of the identity's resource, as far as known.
        resource_id, resource_type, resource_kind: who uses it (kind: "Hub", "Project", "" ...).
    """

    identity: str
    resource_id: str
    resource_type: str
    resource_kind: str = ""
    location: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that was asked for and could not be read (whole). `part` is what it would have told."""

    part: Part
    detail: str
    remedy: str
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """All that was read.

    Attributes:
        covers: the parts that were asked for; the rules that need another part say that they did not look.
        assignments: permanent, time-bound and eligible ones (`timing`).
        definitions: custom roles (those of templates and of the estate).
        whole: the assignments are all that there are (an export or the live estate), so that one which the matrix
            demands and which isn't among them is missing. Templates never are.
    """

    covers: frozenset[Part] = frozenset()
    assignments: Sequence[RoleAssignment] = ()
    definitions: Sequence[RoleDefinition] = ()
    denials: Sequence[DenyAssignment] = ()
    directory: Directory | None = None
    memberships: Sequence[DevOpsMembership] | None = None
    resources: Sequence[EstateResource] = ()
    identity_uses: Sequence[IdentityUse] = ()
    gaps: Sequence[Gap] = ()
    inputs: Sequence[InputDigest] = ()
    whole: bool = False


__all__ = [
    "DenyAssignment",
    "DevOpsMembership",
    "Directory",
    "DirectoryObject",
    "Estate",
    "EstateResource",
    "Gap",
    "IdentityUse",
    "ManagedIdentity",
    "Part",
    "PrincipalKind",
]
