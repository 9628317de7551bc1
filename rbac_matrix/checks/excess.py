"""More on one resource than the persona's cell gives.

One assignment that gives too much is one finding: on an empty cell of a production matrix MLG-RBAC-PRODUCTION, else
MLG-RBAC-EXCESS.
"""

from __future__ import annotations

from rbac_matrix.assignments import ScopeKind
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.surplus import Surplus, beyond, names
from rbac_matrix.checks.workload_rules import portal_grant
from verdicts import Finding

EXCESS = "MLG-RBAC-EXCESS"
PRODUCTION = "MLG-RBAC-PRODUCTION"


def production(case: Case) -> Finding | None:
    """A persona in production with rights that the matrix leaves empty."""
    service = case.place.alike.service
    if not case.world.production or service is None or case.cell or not case.personas:
        return None
    found = _too_much(case)
    if found is None:
        return None
    return case.finding(
        PRODUCTION,
        found.severity,
        f"{case.what}; the {case.world.matrix.name} matrix leaves this persona's cell on {service.name} empty."
        + found.text,
        "Remove the assignment. What has to be done in production is done by the CI/CD processes.",
    )


def excess(case: Case) -> Finding | None:
    """A role that isn't within the persona's cell."""
    found = _for_nobody(case) if case.holder.alike.undecidable else _too_much(case)
    if found is None:
        return None
    return case.finding(
        EXCESS,
        found.severity,
        f"{case.what}; {_allowed(case)}.{found.text}",
        "Remove the assignment, or give the role that the matrix has in that cell.",
    )


def _too_much(case: Case) -> Surplus | None:
    alike = case.holder.alike
    if case.place.alike.kind is not ScopeKind.RESOURCE or not case.personas or alike.workloads:
        return None
    if portal_grant(case) is not None:
        return None
    return beyond(case, () if case.foreign else case.cell)


def _for_nobody(case: Case) -> Surplus | None:
    """Whoever the principal is: what no persona at all may have there."""
    place = case.place.alike
    if place.kind is not ScopeKind.RESOURCE:
        return None
    matrix = case.world.matrix
    cells = [matrix.cell(one, place.service.id) if place.service is not None else () for one in matrix.personas]
    found = [beyond(case, cell) for cell in dict.fromkeys(cells)]
    if any(one is None for one in found):
        return None
    # The mildest reading: the persona that may do most.
    return min((one for one in found if one is not None), key=lambda one: len(one.effective), default=None)


def _allowed(case: Case) -> str:
    name, place = case.world.matrix.name, case.place.alike
    if case.foreign:
        owners = " and ".join(sorted(setup for setup, _ in place.setups))
        return f"it belongs to {owners}, and the principals file has that group for another setup"
    if place.service is None:
        return f"the {name} matrix has no column for {place.resource_type}"
    if not case.personas:
        return f"the {name} matrix gives it to no persona there"
    return f"the {name} matrix gives {names(case.cell)} on {place.service.name}"
