"""An estate against the persona matrix, as the outcomes of a check."""

from __future__ import annotations

import datetime as dt

from rbac_matrix.checks.interface import SCANNER
from rbac_matrix.estate.model import Estate
from rbac_matrix.organisation.model import Organisation
from verdicts import Completed, Evidence, NotCompleted, Outcome, Reason


def check_estate(
    estate: Estate, organisation: Organisation, environment: str, *, now: dt.datetime
) -> tuple[Outcome, ...]:
    """What the matrix that holds in the environment says of an estate.

    Everything in it is examined: assignments, definitions, resources and memberships. An estate without any of them is
    could-not-check, as nothing was looked at.

    Raises:
        ConfigurationError: no matrix holds in that environment.
    """
    from rbac_matrix.checks.judging import judge
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    judged = judge(estate, organisation, environment, RoleCatalogue.built_in(), now=now, list_cells=False)
    memberships = len(estate.memberships or ())
    completed = Completed(
        scanner=SCANNER,
        examined=len(estate.assignments) + len(estate.definitions) + len(estate.resources) + memberships,
        unit="role assignments, roles, resources and memberships",
        findings=judged.findings,
        evidence=Evidence(inputs=tuple(dict.fromkeys((*organisation.inputs, *estate.inputs)))),
        notes=(
            f"{len(estate.assignments)} role assignments",
            *judged.notes,
            *(f"not looked at: {one}" for one in judged.not_looked),
            *(f"differs from the built-in matrices: {one}" for one in organisation.deviations),
        ),
    )
    undecided = (
        NotCompleted(
            scanner=SCANNER, reason=Reason.INCOMPLETE, detail=one.text, remedy=one.remedy, location=one.location
        )
        for one in judged.undecided
    )
    if judged.elsewhere and judged.elsewhere == len(estate.assignments):
        return (completed, *undecided, all_elsewhere(judged.elsewhere, environment))
    return (completed, *undecided)


def all_elsewhere(number: int, environment: str) -> NotCompleted:
    """Nothing was looked at: as likely as not, the wrong environment was named."""
    return NotCompleted(
        scanner=SCANNER,
        reason=Reason.NOTHING_EXAMINED,
        detail=f"all {number} role assignments lie in other environments than {environment}",
        remedy="check the environment that they belong to, or give the sources of this one",
    )
