"""What azure-mgmt-authorization lists: role assignments, definitions, denials and the schedules of PIM.

Every function reads one whole list or raises AzureCallError. The clients of single API versions are used, since the
combined client shares one api-version among its operations: a next page would be asked for in the version of whichever
was used last.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

from azure.mgmt.authorization.v2020_10_01 import AuthorizationManagementClient as ScheduleClient
from azure.mgmt.authorization.v2022_04_01 import AuthorizationManagementClient as AssignmentClient
from azure.mgmt.authorization.v2022_05_01_preview import AuthorizationManagementClient as DefinitionClient

from cloud_backends.azure.connection import Connection, all_items
from cloud_backends.azure.errors import AzureCallError, Failure, calling
from cloud_backends.azure.pipeline import LISTED
from verdicts import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from azure.mgmt.authorization.v2020_10_01.models import (
        RoleAssignmentScheduleInstance,
        RoleEligibilityScheduleInstance,
    )
    from azure.mgmt.authorization.v2022_04_01.models import DenyAssignment, RoleAssignment
    from azure.mgmt.authorization.v2022_05_01_preview.models import RoleDefinition

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SCOPE = re.compile(
    r"/subscriptions/[0-9a-fA-F-]{36}(/[^/?#%\\\x00-\x20][^/?#%\\\x00-\x1f]*)*"
    r"|/providers/microsoft\.management/managementgroups/[A-Za-z0-9_().-]{1,90}",
    re.IGNORECASE,
)
_NO_PIM = frozenset({"aadpremiumlicenserequired", "tenantnotonboarded"})
"""Error codes of tenants that have no Privileged Identity Management."""


def scope_path(text: str) -> str:
    """The id of a scope: a subscription's GUID alone, or an id that starts with a subscription or management group.

    Raises:
        ConfigurationError: it is neither.
    """
    scope = f"/subscriptions/{text}" if _GUID.fullmatch(text) else text.rstrip("/")
    if _SCOPE.fullmatch(scope) is None or any(part in (".", "..") for part in scope.split("/")):
        raise ConfigurationError(
            f"{text!r} is no scope",
            remedy="give a subscription's id, or an id like /subscriptions/<id>/resourceGroups/<name>",
        )
    return scope


class Authorization:
    """Reads below one connection. `scope` is an id as `scope_path` gives it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # The clients want a subscription for operations that aren't used here.
    @functools.cached_property
    def assignment_client(self) -> AssignmentClient:
        """Role and deny assignments."""
        return AssignmentClient(subscription_id="", **self._connection.management_options)

    @functools.cached_property
    def _definition_client(self) -> DefinitionClient:
        return DefinitionClient(subscription_id="", **self._connection.management_options)

    @functools.cached_property
    def schedule_client(self) -> ScheduleClient:
        """Eligible and time-bound assignments."""
        return ScheduleClient(**self._connection.management_options)

    def assignments(self, scope: str) -> list[RoleAssignment]:
        """All that hold on the scope or below it: made there, below or above."""
        listed = self.assignment_client.role_assignments.list_for_scope
        return self._around(listed, scope, "role assignments")

    def assignment(self, assignment_id: str) -> RoleAssignment | None:
        """One by its id; None if it isn't there."""
        what = "reading a role assignment"
        found = _if_there(
            lambda: self.assignment_client.role_assignments.get_by_id(assignment_id.lstrip("/")), what, assignment_id
        )
        if found is not None and not (found.id and found.principal_id and found.role_definition_id):
            raise AzureCallError(f"{what}: the answer is not one", failure=Failure.BAD_ANSWER, where=assignment_id)
        return found  # type: ignore[no-any-return]

    def denials(self, scope: str) -> list[DenyAssignment]:
        """All that hold on the scope or below it."""
        return self._around(self.assignment_client.deny_assignments.list_for_scope, scope, "deny assignments")

    def schedules(self, scope: str) -> list[RoleAssignmentScheduleInstance] | None:
        """What PIM says of active assignments, above all when they end; None without PIM."""
        listed = self.schedule_client.role_assignment_schedule_instances.list_for_scope
        return self._of_pim(listed, scope, "assignment schedules")

    def eligibilities(self, scope: str) -> list[RoleEligibilityScheduleInstance] | None:
        """Who may activate which role; None without PIM."""
        listed = self.schedule_client.role_eligibility_schedule_instances.list_for_scope
        return self._of_pim(listed, scope, "eligible assignments")

    def definitions(self, scope: str) -> list[RoleDefinition]:
        """All roles, built in and custom, that can be assigned on the scope or below it."""
        client = self._definition_client.role_definitions
        what = f"reading the role definitions of {scope}"
        return _by_id(
            all_items(client.list(scope.lstrip("/"), filter=condition, **LISTED), what, scope)
            for condition in (None, "atScopeAndBelow()")
        )

    def definition(self, scope: str, role_id: str) -> RoleDefinition | None:
        """One by its GUID; None if there is none."""
        what = f"reading the role definition {role_id}"
        found = _if_there(lambda: self._definition_client.role_definitions.get(scope.lstrip("/"), role_id), what, scope)
        if found is not None and not (found.id and found.permissions):
            raise AzureCallError(f"{what}: the answer is not one", failure=Failure.BAD_ANSWER, where=scope)
        return found  # type: ignore[no-any-return]

    def _around(self, listed: Any, scope: str, name: str) -> list[Any]:
        """With no filter comes what is at and below a scope, with atScope() what is at and above it."""
        what, path = f"reading the {name} of {scope}", scope.lstrip("/")
        return _by_id(
            all_items(listed(path, filter=condition, **LISTED), what, scope) for condition in (None, "atScope()")
        )

    def _of_pim(self, listed: Any, scope: str, name: str) -> list[Any] | None:
        try:
            return self._around(listed, scope, name)
        except AzureCallError as error:
            if error.code.casefold() in _NO_PIM:
                return None
            raise


def _if_there(call: Callable[[], Any], what: str, where: str) -> Any:
    """What the call gives; None if the service itself (and nothing before it) says that there is no such thing."""
    try:
        with calling(what, where):
            return call()
    except AzureCallError as error:
        if error.failure is Failure.ABSENT and error.code.casefold().endswith(("notfound", "doesnotexist")):
            return None
        raise


def _by_id(lists: Iterable[list[Any]]) -> list[Any]:
    """Each entry once. Raises AzureCallError for one without an id, since nobody could say what it is."""
    found: dict[str, Any] = {}
    for one in lists:
        for entry in one:
            if not entry.id:
                raise AzureCallError("an entry of the list has no id", failure=Failure.BAD_ANSWER, where="")
            found.setdefault(entry.id.casefold(), entry)
    return list(found.values())
