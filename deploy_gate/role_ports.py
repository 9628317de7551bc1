"""What it takes to change role assignments. Backends implement it; a fake of it lives in `tests/fakes`."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rbac_matrix.changes.plan import assignment_name


class Change(enum.Enum):
    """What became of a request."""

    DONE = "done"
    ALREADY = "already so"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleGrant:
    """Somebody has, or shall have, a role on a scope. Azure holds at most one for the first three and `eligible`.

    Attributes:
        scope: id of a resource, resource group, subscription or management group.
        role_id: GUID of the role definition; made lower case.
        principal_id: object id; made lower case.
        eligible: to be activated through Privileged Identity Management, instead of held for good.
        principal_type: "Group", "ServicePrincipal", "User"; says to Azure that a new principal is no mistake.
        condition: the assignment's own condition; "" for none.
        description: what the assignment says of itself.
        eligible_days: how long an eligible one holds.
    """

    scope: str
    role_id: str
    principal_id: str
    eligible: bool = False
    principal_type: str = ""
    condition: str = ""
    description: str = ""
    eligible_days: int = 365

    def __post_init__(self) -> None:
        for name in ("role_id", "principal_id"):
            object.__setattr__(self, name, getattr(self, name).casefold())

    @property
    def key(self) -> tuple[str, str, str, bool]:
        """What tells two of them apart."""
        return self.scope.rstrip("/").casefold(), self.role_id, self.principal_id, self.eligible

    @property
    def name(self) -> str:
        """The assignment's own GUID, the same in every run, so that a second request is not a second assignment."""
        return assignment_name(self.scope, self.role_id, self.principal_id, eligible=self.eligible)


class RoleAssignmentPort(Protocol):
    """Role assignments that can be changed. Every method may be repeated without harm.

    All raise CouldNotCheckError where the service doesn't answer as it should: then it isn't known what is there.
    """

    def list_assignments(self, scope: str) -> Sequence[RoleGrant]:
        """Those that are made on the very scope; neither inherited ones nor those below."""

    def create_assignment(self, grant: RoleGrant) -> Change:
        """Makes one and looks whether it is there.

        Raises CouldNotCheckError also if there is one with another condition.
        """

    def delete_assignment(self, grant: RoleGrant) -> Change:
        """Deletes the one with the grant's key, whatever its name, and looks whether it is gone."""
