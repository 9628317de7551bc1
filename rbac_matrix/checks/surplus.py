"""What a role permits beyond what the matrix or the table of workloads gives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.roles import too_much
from rbac_matrix.checks.severity import in_words, severity_of, with_effect
from rbac_matrix.matrix import Role, Service
from rbac_matrix.permissions.interface import ExcessAction
from verdicts import Severity


@dataclass(frozen=True, slots=True)
class Surplus:
    """Too much.

    Attributes:
        actions: all that is too much; empty where only the role's name is known and nothing is allowed.
        effective: those that have an effect on the type of resource.
    """

    actions: tuple[ExcessAction, ...]
    effective: tuple[ExcessAction, ...]

    @property
    def severity(self) -> Severity:
        """How bad it is; a role that nobody can look into is as bad as one that deletes."""
        return severity_of(self.effective) if self.actions else Severity.HIGH

    @property
    def text(self) -> str:
        """A sentence for people, with a blank before it."""
        if not self.actions:
            return " What it permits is not known."
        if not self.effective:
            return f" Nothing of what is too much has an effect on this type of resource ({in_words(self.actions)})."
        return f" Too much: {in_words(self.effective)}."


def beyond(case: Case, allowed: Sequence[Role]) -> Surplus | None:
    """What the case's role permits beyond these roles; None if nothing is, or it can't be said."""
    role = case.role
    if role is None:
        return None
    allowance = case.world.roles.allowed(tuple(allowed))
    if allowance.unknown:
        return None
    if role.unknown and not role.permissions.blocks:
        return None if allowance.permissions.blocks else Surplus((), ())
    comparison = case.world.roles.against(role, allowance, case.denied)
    if not too_much(comparison):
        return None
    place = case.place.alike
    resource_type = place.resource_type if place.kind is ScopeKind.RESOURCE else ""
    return Surplus(comparison.excess, with_effect(comparison.excess, resource_type))


def columns_exceeded(case: Case) -> tuple[Service, ...]:
    """The columns in which a wide assignment has an effect that the personas' cells don't give."""
    return tuple(one for one in case.world.matrix.services.values() if one.resource_types and _is_exceeded(case, one))


def within_columns(case: Case) -> tuple[Service, ...]:
    """The columns in which a wide assignment has all of its effect, each within its cell; none where it has others."""
    role, services = case.role, case.world.matrix.services.values()
    if role is None or role.unknown or not role.permissions.blocks:
        return ()
    found, elsewhere = case.world.roles.columns_of(role, services)
    return () if elsewhere or any(_is_exceeded(case, one) for one in found) else found


def _is_exceeded(case: Case, service: Service) -> bool:
    book, role = case.world.roles, case.role
    if role is None:
        return False
    return book.exceeds_in(role, book.allowed_to(case.holder.alike.personas, case.world.matrix, service), service)


def everything(case: Case) -> Surplus:
    """All that the role permits, as if nothing was allowed."""
    if case.role is None or not case.role.permissions.blocks:
        return Surplus((), ())
    comparison = case.world.roles.against(case.role, case.world.roles.nothing)
    return Surplus(comparison.excess, comparison.excess)


def names(roles: Iterable[Role]) -> str:
    """Roles for people."""
    return " and ".join(role.name for role in roles) or "no role"
