"""What became of one cell of a matrix on one resource."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from rbac_matrix.assignments import RoleAssignment
from rbac_matrix.permissions.interface import Comparison


class CellState(enum.Enum):
    """How reality compares with a cell."""

    EMPTY = "empty"
    """Nothing is allowed and nothing is held."""
    EXACT = "exact"
    MISSING = "missing"
    """Something is allowed, nothing is held."""
    SUBSET = "subset"
    EXCESS = "excess"
    DIFFERENT = "different"
    """Too much in one place and too little in another."""
    UNKNOWN = "unknown"
    """It could not be decided; `detail` says why."""

    # Cells are counted by state in hundreds of thousands, and Enum's own computes the hash of a name each time.
    __hash__ = object.__hash__


@dataclass(frozen=True, slots=True, kw_only=True)
class CellResult:
    """One cell (persona and service) on one resource.

    Attributes:
        resource: id of the resource, group or subscription; "" where the source names none (nothing was assigned).
        allowed: labels of the cell.
        held: names of the roles that are assigned there or above, in the order of the assignments.
        assignments: those of `held`.
        comparison: of all that is held with all that is allowed, None where there is nothing to compare.
        detail: half a sentence for people; "" where the state says all.
    """

    persona: str
    service: str
    resource: str
    state: CellState
    allowed: tuple[str, ...]
    held: tuple[str, ...]
    assignments: tuple[RoleAssignment, ...] = ()
    comparison: Comparison | None = None
    detail: str = ""
