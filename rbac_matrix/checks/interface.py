"""What judging an estate comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rbac_matrix.cells import CellResult, CellState
from verdicts import Finding, Location

SCANNER = "rbac-matrix"


@dataclass(frozen=True, slots=True)
class Undecided:
    """Something that could not be decided; whoever reports it says could-not-check."""

    text: str
    remedy: str
    location: Location | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An estate against one matrix.

    Attributes:
        findings: worst first. Of one rule and severity a bounded number is told one by one; one more finding stands for
            the rest and says how many they are.
        counts: all findings by rule, told one by one or not.
        undecided: what could not be decided; bounded in the same way.
        cells: every (persona, service) on every resource; in a large estate only those that aren't as the matrix says,
            worst first, and a note says so. Empty where nobody asked for them.
        cell_counts: all cells by (persona, service) and state, listed or not.
        not_looked: half sentences for the parts that were not asked for.
        notes: what a reader should know (break-glass accounts, deny assignments that take something away).
        elsewhere: how many role assignments lie in other environments, and were left to these.
    """

    findings: tuple[Finding, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    undecided: tuple[Undecided, ...] = ()
    cells: tuple[CellResult, ...] = ()
    cell_counts: Mapping[tuple[str, str], Mapping[CellState, int]] = field(default_factory=dict)
    not_looked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    elsewhere: int = 0
