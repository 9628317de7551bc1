"""Creates and deletes role assignments, and looks afterwards whether it is so."""

from __future__ import annotations

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from azure.mgmt.authorization.v2020_10_01 import models as schedule_models
from azure.mgmt.authorization.v2022_04_01 import models

from cloud_backends.azure.authorization import Authorization, scope_path
from cloud_backends.azure.connection import Connection, all_items
from cloud_backends.azure.conversions import guid_of, scope_in
from cloud_backends.azure.errors import AzureCallError, Failure, calling
from cloud_backends.azure.pipeline import LISTED
from deploy_gate.role_ports import Change, RoleGrant
from rbac_matrix.principals import GUID
from verdicts import ConfigurationError

_CONDITION_VERSION = "2.0"
_EXISTS = frozenset({"roleassignmentexists"})
_NOT_THERE = frozenset({"roleassignmentdoesnotexist", "roleassignmentnotfound"})
_REFUSALS = frozenset(
    {"denied", "admindenied", "failed", "failedasresourceislocked", "invalid", "canceled", "timedout"}
)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for what Azure takes time to know (seconds).

    A group that was just made is unknown to Resource Manager for a while (PrincipalNotFound), and a list doesn't have a
    new assignment at once. The n-th wait is `first * 2**n`, at most `longest`.
    """

    tries: int = 8
    first: float = 1.0
    longest: float = 20.0

    def waits(self) -> Iterator[float]:
        """One less than the tries."""
        return (min(self.first * 2**number, self.longest) for number in range(self.tries - 1))


class AzureRoleAssignments:
    """Implements `deploy_gate.role_ports.RoleAssignmentPort`."""

    def __init__(
        self, connection: Connection, *, patience: Patience | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._patience = patience or Patience()
        self._sleep = sleep

    @cached_property
    def _authorization(self) -> Authorization:
        return Authorization(self._connection)

    def list_assignments(self, scope: str) -> Sequence[RoleGrant]:
        """See the port."""
        path = scope_path(scope)
        return [grant for _, grant in self._found(path, "atScope()")]

    def create_assignment(self, grant: RoleGrant) -> Change:
        """See the port."""
        _check(grant)
        if self._existing(grant) is not None:
            return Change.ALREADY
        create = self._create_eligible if grant.eligible else self._create_active
        what = f"giving {grant.principal_id} the role {grant.role_id}"
        already = self._until_known(lambda: _tolerating(_EXISTS, lambda: create(grant), what, grant.scope))
        self._until(lambda: self._existing(grant) is not None, f"{what}: Azure took it, but it is not there", grant)
        return Change.ALREADY if already else Change.DONE

    def delete_assignment(self, grant: RoleGrant) -> Change:
        """See the port."""
        _check(grant)
        found = self._lookup(grant)
        if found is None:
            return Change.ALREADY
        what = f"taking the role {grant.role_id} from {grant.principal_id}"
        if grant.eligible:
            _tolerating(_NOT_THERE, lambda: self._request(grant, "AdminRemove"), what, grant.scope)
        else:
            roles = self._authorization.assignment_client.role_assignments
            _tolerating(_NOT_THERE, lambda: roles.delete_by_id(str(found[0]).lstrip("/")), what, grant.scope)
        self._until(lambda: self._lookup(grant) is None, f"{what}: Azure took it, but it is still there", grant)
        return Change.DONE

    def _existing(self, grant: RoleGrant) -> RoleGrant | None:
        """What stands there under the grant's key. Raises AzureCallError if its condition is another one."""
        found = self._lookup(grant)
        if found is None:
            return None
        if found[1].condition.strip() != grant.condition.strip():
            raise AzureCallError(
                f"{grant.principal_id} has the role {grant.role_id} there with another condition",
                failure=Failure.CONFLICT,
                where=grant.scope,
            )
        return found[1]

    def _lookup(self, grant: RoleGrant) -> tuple[str, RoleGrant] | None:
        condition = f"principalId eq '{grant.principal_id}'"
        found = self._found(scope_path(grant.scope), condition, eligible=grant.eligible)
        return next(((name, one) for name, one in found if one.key == grant.key), None)

    def _found(self, scope: str, condition: str, *, eligible: bool | None = None) -> list[tuple[str, RoleGrant]]:
        """Id and grant of what is made on the very scope."""
        path, found = scope.lstrip("/"), []
        if not eligible:
            listed = self._authorization.assignment_client.role_assignments.list_for_scope
            found += _grants(listed, path, condition, eligible=False)
        if eligible is not False:
            listed_eligible = self._authorization.schedule_client.role_eligibility_schedule_instances.list_for_scope
            found += _grants(listed_eligible, path, condition, eligible=True)
        folded = scope.rstrip("/").casefold()
        return [(name, grant) for name, grant in found if grant.key[0] == folded]

    def _create_active(self, grant: RoleGrant) -> None:
        # The model takes everybody for a user unless it is told something, be it None.
        kind: Any = grant.principal_type or None
        body = models.RoleAssignmentCreateParameters(
            role_definition_id=_role_path(grant),
            principal_id=grant.principal_id,
            principal_type=kind,
            description=grant.description or None,
            condition=grant.condition or None,
            condition_version=_CONDITION_VERSION if grant.condition else None,
        )
        roles = self._authorization.assignment_client.role_assignments
        roles.create(scope_path(grant.scope).lstrip("/"), grant.name, body)

    def _create_eligible(self, grant: RoleGrant) -> None:
        self._request(grant, "AdminAssign")

    def _request(self, grant: RoleGrant, kind: str) -> None:
        """Eligible assignments are made and removed by requests; each request is a new one."""
        info, expiration = None, schedule_models.RoleEligibilityScheduleRequestPropertiesScheduleInfoExpiration
        if kind == "AdminAssign":
            info = schedule_models.RoleEligibilityScheduleRequestPropertiesScheduleInfo(
                start_date_time=dt.datetime.now(dt.UTC),
                expiration=expiration(type="AfterDuration", duration=f"P{grant.eligible_days}D"),
            )
        body = schedule_models.RoleEligibilityScheduleRequest(
            role_definition_id=_role_path(grant),
            principal_id=grant.principal_id,
            request_type=kind,
            schedule_info=info,
            justification=grant.description or "mlgate rbac plan",
            condition=grant.condition or None,
            condition_version=_CONDITION_VERSION if grant.condition else None,
        )
        requests = self._authorization.schedule_client.role_eligibility_schedule_requests
        answer: Any = requests.create(scope_path(grant.scope).lstrip("/"), str(uuid.uuid4()), body)
        if str(answer.status or "").casefold() in _REFUSALS:
            detail = f"the request of Privileged Identity Management ended as {answer.status}"
            raise AzureCallError(detail, failure=Failure.FAILED, where=grant.scope)

    def _until_known(self, call: Callable[[], bool]) -> bool:
        """Tries again while Azure doesn't know the principal yet."""
        for wait in self._patience.waits():
            try:
                return call()
            except AzureCallError as error:
                if error.code.casefold() not in ("principalnotfound", "subjectnotfound"):
                    raise
            self._sleep(wait)
        return call()

    def _until(self, holds: Callable[[], bool], otherwise: str, grant: RoleGrant) -> None:
        for wait in self._patience.waits():
            if holds():
                return
            self._sleep(wait)
        if not holds():
            raise AzureCallError(otherwise, failure=Failure.FAILED, where=grant.scope)


def _grants(listed: Any, path: str, condition: str, *, eligible: bool) -> list[tuple[str, RoleGrant]]:
    what = f"reading what is assigned on /{path}"
    grants = []
    for one in all_items(listed(path, filter=condition, **LISTED), what, f"/{path}"):
        role = guid_of(one.role_definition_id)
        if not one.id or role is None or not one.principal_id:
            raise AzureCallError(f"{what}: an entry is not whole", failure=Failure.BAD_ANSWER, where=f"/{path}")
        kind = one.principal_type
        grant = RoleGrant(
            scope=scope_in(one.id, one.scope),
            role_id=role,
            principal_id=one.principal_id.casefold(),
            eligible=eligible,
            principal_type=str(getattr(kind, "value", kind) or ""),
            condition=one.condition or "",
            description=getattr(one, "description", None) or "",
        )
        grants.append((one.id, grant))
    return grants


def _tolerating(codes: frozenset[str], call: Callable[[], object], what: str, where: str) -> bool:
    """Whether the service said that it is so already."""
    try:
        with calling(what, where):
            call()
    except AzureCallError as error:
        if error.code.casefold() in codes:
            return True
        raise
    return False


def _role_path(grant: RoleGrant) -> str:
    """Roles of a subscription are named in it; those of a management group in none."""
    parts = scope_path(grant.scope).split("/")
    prefix = f"/subscriptions/{parts[2]}" if parts[1].casefold() == "subscriptions" else ""
    return f"{prefix}/providers/Microsoft.Authorization/roleDefinitions/{grant.role_id}"


def _check(grant: RoleGrant) -> None:
    if GUID.fullmatch(grant.principal_id) is None or GUID.fullmatch(grant.role_id) is None:
        raise ConfigurationError(
            f"{grant.principal_id!r} or {grant.role_id!r} is no id", remedy="both the principal and the role are GUIDs"
        )
