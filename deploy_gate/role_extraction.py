"""Role assignments and role definitions among the resources of a template."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import (
    ManagedIdentity,
    RoleAssignment,
    Timing,
)
from rbac_matrix.permissions.interface import PermissionBlock, Permissions, RoleDefinition
from rbac_matrix.principals import GUID
from rbac_matrix.scopes import scope_of, segments, type_and_name
from resource_readers.interface import Resource, Unknown, Value
from verdicts import Location

_ASSIGNMENTS = {
    "microsoft.authorization/roleassignments": Timing.PERMANENT,
    "microsoft.authorization/roleassignmentschedulerequests": Timing.TIME_BOUND,
    "microsoft.authorization/roleeligibilityschedulerequests": Timing.ELIGIBLE,
}
_DEFINITIONS = "microsoft.authorization/roledefinitions"
_UNSUPPORTED = frozenset(
    {
        "microsoft.managedservices/registrationdefinitions",  # Azure Lighthouse: roles for another tenant
        "microsoft.blueprint/blueprints/artifacts",
        "microsoft.blueprint/blueprintassignments",
        "microsoft.resources/deploymentstacks",
    }
)
_SHOWN = 80
_NUMBER = r"(\d{1,9}(?:\.\d{1,9})?)"
_DURATION = re.compile(
    f"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_USER_ASSIGNED = "microsoft.managedidentity/userassignedidentities"


@dataclass(frozen=True, slots=True)
class UnsupportedGrant:
    """A resource that gives access by other means than a role assignment."""

    what: str
    location: Location


@dataclass(frozen=True, slots=True)
class Extracted:
    """What concerns roles in a template."""

    assignments: tuple[RoleAssignment, ...]
    definitions: tuple[RoleDefinition, ...]
    unsupported: tuple[UnsupportedGrant, ...]


def extract(resources: Sequence[Resource]) -> Extracted:
    """Everything that gives someone a role, or defines one."""
    made = [resource for resource in resources if not resource.existing]
    custom = {_last(one.id): _role_name(one) for one in made if one.type.casefold() == _DEFINITIONS}
    return Extracted(
        tuple(_assignment(one, custom) for one in made if one.type.casefold() in _ASSIGNMENTS),
        tuple(_definition(one) for one in made if one.type.casefold() == _DEFINITIONS),
        tuple(
            UnsupportedGrant(f"{one.type} {_text(one.name)}", one.location)
            for one in made
            if one.type.casefold() in _UNSUPPORTED
        ),
    )


def _text(value: Value) -> str:
    if isinstance(value, Unknown):
        return value.text or value.reason
    return value or "an empty text" if isinstance(value, str) else "nothing" if value is None else type(value).__name__


def _short(value: Value) -> str:
    """A name for reports: the names of role assignments are mostly long guid() calls."""
    text = _text(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _last(text: str) -> str:
    return (segments(text) or [""])[-1].casefold()


def _property(resource: Resource, name: str) -> Value:
    """A property whatever its case; an Unknown also where all properties are."""
    properties = resource.properties
    if isinstance(properties, Unknown):
        return properties
    if not isinstance(properties, dict):
        return None
    values = [value for key, value in properties.items() if key.casefold() == name.casefold()]
    if len(values) > 1:
        return Unknown(f"{name} stands twice in different case")
    return values[0] if values else None


def _assignment(resource: Resource, custom: dict[str, str]) -> RoleAssignment:
    role = _property(resource, "roleDefinitionId")
    principal = _property(resource, "principalId")
    kind = _property(resource, "principalType")
    role_text, principal_text = _text(role), _text(principal)
    last = _last(role_text)
    role_id = last if GUID.fullmatch(last) else None
    principal_id = (
        principal.strip().casefold() if isinstance(principal, str) and GUID.fullmatch(principal.strip()) else None
    )
    identity = _identity(principal)
    if identity is not None:
        principal_text = f"the identity of {identity.resource_type} {identity.name}"
    return RoleAssignment(
        name=f"{resource.type} {_short(resource.name)}",
        role_id=role_id,
        role_text=role_text,
        custom_role=custom.get(last, ""),
        principal_id=principal_id,
        identity=identity,
        principal_text=principal_text,
        principal_type=kind if isinstance(kind, str) else "",
        scope=scope_of(resource.scope),
        timing=_timing(resource),
        hours=_hours(resource),
        condition=_condition(resource),
        conditional=resource.condition is not True,
        location=Location(resource.location.path, resource.line("properties", "roleDefinitionId")),
    )


def _timing(resource: Resource) -> Timing:
    timing = _ASSIGNMENTS[resource.type.casefold()]
    if timing is not Timing.TIME_BOUND:
        return timing
    kind = _member(_expiration(resource), "type")
    bounded = isinstance(kind, str) and kind.casefold() in ("afterduration", "afterdatetime")
    return Timing.TIME_BOUND if bounded else Timing.PERMANENT


def _expiration(resource: Resource) -> Value:
    return _member(_property(resource, "scheduleInfo"), "expiration")


def _member(value: Value, name: str) -> Value:
    """A member of an object, whatever its case; None where there is none, or nothing is known."""
    if not isinstance(value, dict):
        return None
    return next((one for key, one in value.items() if key.casefold() == name.casefold()), None)


def _hours(resource: Resource) -> float | None:
    """How long a schedule lasts, where it says so as a duration, or by its two moments."""
    expiration = _expiration(resource)
    duration = _member(expiration, "duration")
    if isinstance(duration, str):
        return hours_of(duration)
    start = _member(_property(resource, "scheduleInfo"), "startDateTime")
    end = _member(expiration, "endDateTime")
    if not isinstance(start, str) or not isinstance(end, str):
        return None
    try:
        seconds = (dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return None
    return seconds / 3600 if seconds > 0 else None


def hours_of(duration: str) -> float | None:
    """Hours of an ISO 8601 duration; a month counts as 31 days and a year as 366. None for another text."""
    match = _DURATION.fullmatch(duration.strip().upper())
    if match is None or not any(match.groups()):
        return None
    hours = (366 * 24, 31 * 24, 7 * 24, 24, 1, 1 / 60, 1 / 3600)
    return sum(float(number) * each for number, each in zip(match.groups(default="0"), hours, strict=True))


def _condition(resource: Resource) -> str | None:
    condition = _property(resource, "condition")
    if isinstance(resource.properties, Unknown):
        return None
    return condition.strip() if isinstance(condition, str) else "" if condition is None else None


def _identity(principal: Value) -> ManagedIdentity | None:
    """The resource whose managed identity the expression reads."""
    if not isinstance(principal, Unknown) or not principal.resource:
        return None
    resource_type, name = type_and_name(principal.resource)
    path = tuple(part.casefold() for part in principal.path)
    own = ("properties", "principalid") if resource_type.casefold() == _USER_ASSIGNED else ("identity", "principalid")
    if path != own or not resource_type or "{" in resource_type:
        return None
    return ManagedIdentity(resource_type, name)


def _role_name(resource: Resource) -> str:
    """What the definition is called, and what assignments in the same template call it."""
    shown = _property(resource, "roleName")
    return shown if isinstance(shown, str) and shown else _text(resource.name)


def _definition(resource: Resource) -> RoleDefinition:
    permissions = _property(resource, "permissions")
    unknown = "" if isinstance(permissions, list) else _text(permissions)
    blocks: list[PermissionBlock] = []
    for permission in permissions if isinstance(permissions, list) else []:
        if not isinstance(permission, dict):
            unknown = _text(permission)
            continue
        lists = [_actions(permission, key) for key in ("actions", "notactions", "dataactions", "notdataactions")]
        unknown = next((reason for _, reason in lists if reason), unknown)
        (actions, _), (withheld, _), (data, _), (withheld_data, _) = lists
        blocks.append(
            PermissionBlock(actions=actions, not_actions=withheld, data_actions=data, not_data_actions=withheld_data)
        )
    last = _last(resource.id)
    return RoleDefinition(
        id=last if GUID.fullmatch(last) else "",
        name=_role_name(resource),
        permissions=Permissions(tuple(blocks)),
        unknown=unknown,
        location=Location(resource.location.path, resource.line("properties", "permissions")),
    )


def _actions(permission: dict[str, Value], key: str) -> tuple[tuple[str, ...], str]:
    """The known actions of a list, and what of it isn't known."""
    listed: Value = next((value for name, value in permission.items() if name.casefold() == key), [])
    if listed is None:
        return (), ""
    if not isinstance(listed, list):
        return (), _text(listed)
    known = tuple(one for one in listed if isinstance(one, str))
    return known, "" if len(known) == len(listed) else "an action is not known"
