"""Assignments on more than one resource, and roles that give roles.

Whoever has a role on a resource group, a subscription or a management group has it on everything inside. That is one
finding, for all cells that it breaks below: MLG-RBAC-PRIVILEGED where the role lets its holder give roles, else
MLG-RBAC-WIDE-SCOPE.
"""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.roles import GRANT, HeldRole, without
from rbac_matrix.checks.surplus import beyond, columns_exceeded, everything, within_columns
from rbac_matrix.matrix import Service
from rbac_matrix.permissions.interface import PermissionBlock
from verdicts import Finding, Severity

WIDE_SCOPE = "MLG-RBAC-WIDE-SCOPE"
PRIVILEGED = "MLG-RBAC-PRIVILEGED"


def privileged(case: Case) -> Finding | None:
    """A role that gives roles, where the matrix has no such thing, or without a condition."""
    role, place = case.role, case.place.alike
    if role is None or not role.grants or place.kind is ScopeKind.UNKNOWN or case.holder.alike.workloads:
        return None
    if case.denied and not _grants_all_the_same(role, case.denied):
        return None
    conditioned = bool(case.assignment.condition)
    severity = Severity.HIGH if conditioned else Severity.CRITICAL
    if place.kind is not ScopeKind.RESOURCE:
        return case.finding(
            PRIVILEGED,
            severity,
            f"{case.what}; it can give itself and others every role there{_but(case)}, and a cell of the matrix means "
            f"one resource.{_below(case)}",
            "Assign it on the resource that the matrix means, or remove it.",
        )
    if not case.personas:
        return None
    if place.service is None:
        return case.finding(
            PRIVILEGED,
            severity,
            f"{case.what}; it can give itself and others every role there{_but(case)}, and the "
            f"{case.world.matrix.name} matrix has no column for {place.resource_type}.",
            "Remove the assignment.",
        )
    own = any(cell.id == role.key for cell in case.cell)
    if own or conditioned or case.foreign or beyond(case, case.cell) is not None:
        return None
    return case.finding(
        PRIVILEGED,
        Severity.MEDIUM,
        f"{case.what} without a condition; it can give every role, and the matrix does not name it.",
        "Add a condition that says which roles it may give, and to whom.",
    )


def wide_scope(case: Case) -> Finding | None:
    """More than one resource."""
    kind = case.place.alike.kind
    if kind in (ScopeKind.RESOURCE, ScopeKind.UNKNOWN) or case.holder.alike.workloads:
        return None
    columns = within_columns(case) if kind is ScopeKind.RESOURCE_GROUP and case.personas and not case.foreign else ()
    if columns:
        return case.finding(
            WIDE_SCOPE,
            Severity.LOW,
            f"{case.what}; a cell of the matrix means one resource. Inside, it has an effect on {_named(columns)} "
            f"alone, where the {case.world.matrix.name} matrix gives as much.",
            "Assign it on the resource that the persona works with.",
        )
    return case.finding(
        WIDE_SCOPE,
        everything(case).severity,
        f"{case.what}; a cell of the matrix means one resource.{_below(case)}",
        "Assign it on the resource that the persona works with.",
    )


def _grants_all_the_same(role: HeldRole, denied: tuple[PermissionBlock, ...]) -> bool:
    """Whether it lets its holder give roles although something is denied. Raises CouldNotCheckError."""
    from rbac_matrix.permissions.comparison import permits

    return bool(role.unknown) or permits(without(role.permissions, denied), GRANT, data=False)


def _but(case: Case) -> str:
    return " as far as its condition lets it" if case.assignment.condition else ""


def _below(case: Case) -> str:
    """Which cells it breaks."""
    if not case.personas or case.role is None or case.role.unknown:
        return ""
    columns = columns_exceeded(case)
    if not columns:
        return " What lies inside and has no column, it reaches as well."
    return f" Inside, that is more than the {case.world.matrix.name} matrix gives on {_named(columns)}."


def _named(columns: Sequence[Service]) -> str:
    return ", ".join(one.name for one in columns)
