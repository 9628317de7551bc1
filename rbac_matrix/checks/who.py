"""To whom a role is given: somebody who exists, whom the principals file names, and of a type that may have it."""

from __future__ import annotations

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.case import Case
from verdicts import Finding, Severity

ORPHAN = "MLG-RBAC-ORPHAN"
GUEST = "MLG-RBAC-GUEST"
UNKNOWN_PRINCIPAL = "MLG-RBAC-UNKNOWN-PRINCIPAL"
USER = "MLG-RBAC-USER"
PRINCIPAL_TYPE = "MLG-RBAC-PRINCIPAL-TYPE"
_NAMED = 5


def orphan(case: Case) -> Finding | None:
    """The principal was deleted, or its account is switched off."""
    alike = case.holder.alike
    if alike.orphan:
        state = "no object of the directory has that id"
    elif alike.disabled:
        state = "that account is switched off"
    else:
        return None
    grants = case.role is not None and case.role.grants
    return case.finding(
        ORPHAN,
        Severity.MEDIUM if grants else Severity.LOW,
        f"{case.what}; {state}.",
        "Remove the assignment: it hides what is meant, and counts again when the account is restored.",
    )


def guest(case: Case) -> Finding | None:
    """The principal is a user of another organisation."""
    if not case.holder.alike.guest:
        return None
    grants = case.role is not None and case.role.grants
    return case.finding(
        GUEST,
        Severity.HIGH if grants else Severity.MEDIUM,
        f"{case.what}, which is a guest of another organisation and a single user.",
        "Remove the assignment. A guest who has to work here belongs into the persona's group, reviewed, with an end.",
    )


def unknown_principal(case: Case) -> Finding | None:
    """Nobody said for which persona the principal stands."""
    alike = case.holder.alike
    if alike.undecidable or alike.personas or alike.workloads:
        return None
    critical = case.role is not None and case.role.grants and case.place.alike.kind is ScopeKind.RESOURCE
    also = ""
    if _is_user(case):
        also = " It is a single user."
    inner = case.holder.inner
    if inner:
        names = ", ".join(f"{one.name or one.object_id} ({one.persona})" for one in inner[:_NAMED])
        more = f" and {len(inner) - _NAMED} more" if len(inner) > _NAMED else ""
        also += f" Groups of personas lie in it, which have all that it has: {names}{more}."
    return case.finding(
        UNKNOWN_PRINCIPAL,
        Severity.CRITICAL if critical else Severity.HIGH,
        f"{case.what}, which is no known principal.{also}",
        "Name the group or identity and its persona in the principals file, or remove the assignment.",
    )


def user(case: Case) -> Finding | None:
    """A single user instead of the persona's group."""
    if not _is_user(case) or any("User" in rules.principal_types for rules in case.rules) or _activated(case):
        return None
    return case.finding(
        USER,
        Severity.MEDIUM,
        f"{case.what}, a single user.",
        "Give it to the Microsoft Entra group of the persona, and make the person a member.",
    )


def principal_type(case: Case) -> Finding | None:
    """A type of principal that the persona's assignments may not be made to."""
    kind = case.holder.alike.kind or case.assignment.principal_type.casefold()
    allowed = {name for rules in case.rules for name in rules.principal_types}
    if not kind or not allowed or kind in map(str.casefold, allowed) or _activated(case):
        return None
    return case.finding(
        PRINCIPAL_TYPE,
        Severity.MEDIUM,
        f"{case.what}, which is of the type {kind}; this persona's access is given to {' or '.join(sorted(allowed))}.",
        "Give people access by their persona's group, and processes by an identity of their own.",
    )


def _activated(case: Case) -> bool:
    """A member of the persona's group activated what the group is eligible for: that is given to the person."""
    return case.assignment.activated and not case.holder.alike.listed and any(one.just_in_time for one in case.rules)


def _is_user(case: Case) -> bool:
    return case.assignment.principal_type.casefold() == "user" or case.holder.alike.kind == "user"
