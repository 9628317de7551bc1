"""Models of azure-mgmt-authorization as values of ours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.estate.model import DenyAssignment
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.principals import GUID
from rbac_matrix.scopes import scope_of
from verdicts import Location

if TYPE_CHECKING:
    from azure.mgmt.authorization.v2020_10_01.models import (
        RoleAssignmentScheduleInstance,
        RoleEligibilityScheduleInstance,
    )
    from azure.mgmt.authorization.v2022_04_01 import models as stable
    from azure.mgmt.authorization.v2022_05_01_preview import models as preview

EVERYBODY = "00000000-0000-0000-0000-000000000000"


def guid_of(text: str | None) -> str | None:
    """The GUID at the end of an id, in lower case; None if there is none."""
    last = (text or "").rstrip("/").rpartition("/")[2]
    return last.casefold() if GUID.fullmatch(last) else None


def scope_in(assignment_id: str, scope: str | None) -> str:
    """What an assignment is made on: what it says itself, or else what stands before its name."""
    if scope:
        return scope
    head, found, _ = assignment_id.casefold().rpartition("/providers/microsoft.authorization/")
    return (assignment_id[: len(head)] or "/") if found else ""


def held(one: stable.RoleAssignment, schedule: RoleAssignmentScheduleInstance | None) -> RoleAssignment:
    """An active assignment; `schedule` is what PIM says of it."""
    end = schedule.end_date_time if schedule is not None else None
    return _assignment(
        one,
        kind="roleAssignments",
        timing=Timing.PERMANENT if end is None else Timing.TIME_BOUND,
        hours=_hours(schedule.start_date_time if schedule is not None else None, end),
        name=_display_name(schedule),
        description=one.description or "",
        activated=end is not None
        and schedule is not None
        and _text(schedule.assignment_type).casefold() == "activated",
    )


def eligible(one: RoleEligibilityScheduleInstance) -> RoleAssignment:
    """An assignment that somebody may activate."""
    return _assignment(
        one,
        kind="roleEligibilityScheduleInstances",
        timing=Timing.ELIGIBLE,
        hours=_hours(one.start_date_time, one.end_date_time),
        name=_display_name(one),
        description="",
    )


def _text(value: Any) -> str:
    """The text of what may be one of the client's enumerations, or nothing."""
    return str(getattr(value, "value", value) or "")


def _assignment(
    one: Any, *, kind: str, timing: Timing, hours: float | None, name: str, description: str, activated: bool = False
) -> RoleAssignment:
    principal = one.principal_id or ""
    return RoleAssignment(
        name=f"Microsoft.Authorization/{kind} {one.name or one.id}",
        role_id=guid_of(one.role_definition_id),
        role_text=one.role_definition_id or "nothing",
        principal_id=principal.casefold() if GUID.fullmatch(principal) else None,
        principal_text=principal or "nothing",
        principal_type=_text(one.principal_type),
        scope=scope_of(scope_in(one.id, one.scope)),
        timing=timing,
        hours=hours,
        activated=activated,
        condition=one.condition or "",
        principal_name=name,
        description=description,
        location=Location(one.id),
    )


def _hours(start: dt.datetime | None, end: dt.datetime | None) -> float | None:
    return (end - start).total_seconds() / 3600 if start is not None and end is not None else None


def _display_name(one: Any) -> str:
    principal = getattr(getattr(one, "expanded_properties", None), "principal", None)
    return str(getattr(principal, "display_name", None) or "")


def schedules_by_assignment(
    found: Iterable[RoleAssignmentScheduleInstance],
) -> Mapping[str, RoleAssignmentScheduleInstance]:
    """What PIM says, by the id of the role assignment in lower case; members of a group have none of their own."""
    return {
        one.origin_role_assignment_id.casefold(): one
        for one in found
        if one.origin_role_assignment_id and (one.member_type or "").casefold() != "group"
    }


def without_members_of_groups(
    found: Iterable[RoleEligibilityScheduleInstance],
) -> list[RoleEligibilityScheduleInstance]:
    """Leaves out who is listed only as a member of a group that is listed itself for the same role and scope."""
    entries = list(found)
    groups = {_place(one) for one in entries if str(one.principal_type).casefold().endswith("group")}
    return [one for one in entries if (one.member_type or "").casefold() != "group" or _place(one) not in groups]


def _place(one: RoleEligibilityScheduleInstance) -> tuple[str | None, str]:
    return guid_of(one.role_definition_id), (one.scope or "").casefold()


def definition(one: preview.RoleDefinition) -> RoleDefinition:
    """A role, built in or custom."""
    return RoleDefinition(
        id=guid_of(one.id) or guid_of(one.name) or "",
        name=one.role_name or one.name or "",
        permissions=Permissions(tuple(_block(block) for block in one.permissions or ())),
        built_in=(one.role_type or "").casefold() == "builtinrole",
        assignable_scopes=tuple(one.assignable_scopes or ()),
        unknown="" if one.permissions else "the answer names no permissions",
        location=Location(one.id or ""),
    )


def permits_other_things(one: RoleDefinition, other: RoleDefinition) -> bool:
    """Whether two definitions of a role are written differently, order and case aside."""
    return _folded(one) != _folded(other)


def _folded(one: RoleDefinition) -> set[tuple[frozenset[str], ...]]:
    return {
        tuple(
            frozenset(pattern.casefold() for pattern in patterns)
            for patterns in (
                block.actions,
                block.not_actions,
                block.data_actions,
                block.not_data_actions,
                (block.condition,),
            )
        )
        for block in one.permissions.blocks
    }


def denial(one: Any) -> DenyAssignment:
    """A model `DenyAssignment`. Raises ValueError where the answer doesn't say what is denied, or to whom."""
    if not one.permissions or not one.principals or not one.id:
        raise ValueError("a deny assignment without permissions or principals")
    return DenyAssignment(
        name=one.deny_assignment_name or one.name or one.id,
        scope=scope_in(one.id, one.scope),
        permissions=tuple(_block(block) for block in one.permissions),
        principals=tuple(_principal(principal) for principal in one.principals),
        excluded=tuple(_principal(principal) for principal in one.exclude_principals or ()),
        own_scope_only=bool(one.do_not_apply_to_child_scopes),
        condition=one.condition or "",
        location=Location(one.id),
    )


def _principal(one: Any) -> str:
    return str(one.id or "").casefold()


def _block(one: Any) -> PermissionBlock:
    return PermissionBlock(
        actions=tuple(one.actions or ()),
        not_actions=tuple(one.not_actions or ()),
        data_actions=tuple(one.data_actions or ()),
        not_data_actions=tuple(one.not_data_actions or ()),
        condition=getattr(one, "condition", None) or "",
    )
