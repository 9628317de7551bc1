"""Findings by the thousand: all are counted, a bounded number is told one by one, and the rest as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from rbac_matrix.checks.interface import SCANNER, Undecided
from verdicts import Finding, Location, Severity

MAXIMUM_TOLD = 1_000
"""Findings of one rule and severity."""
MAXIMUM_UNDECIDED = 200


class Collector:
    """What was found so far."""

    def __init__(self) -> None:
        self._told: dict[Finding, None] = {}
        self._counts: Counter[tuple[str, Severity]] = Counter()
        self._undecided: dict[Undecided, None] = {}
        self._more_undecided = 0

    def wants(self, rule: str, severity: Severity) -> bool:
        """Whether the next finding of that kind is told by itself."""
        return self._counts[rule, severity] < MAXIMUM_TOLD

    def count(self, rule: str, severity: Severity) -> None:
        """One more that isn't told by itself."""
        self._counts[rule, severity] += 1

    def add(self, finding: Finding) -> None:
        """A finding; the same one again is the same."""
        if finding in self._told:
            return
        if self.wants(finding.rule_id, finding.severity):
            self._told[finding] = None
        self._counts[finding.rule_id, finding.severity] += 1

    def undecided(self, text: str, remedy: str, location: Location | None) -> None:
        """Something that could not be decided."""
        self.undecided_later(lambda: Undecided(text, remedy, location))

    def undecided_later(self, make: Callable[[], Undecided]) -> None:
        """The same, and the text is only made if it is told."""
        if len(self._undecided) < MAXIMUM_UNDECIDED:
            self._undecided[make()] = None
        else:
            self._more_undecided += 1

    @property
    def counts(self) -> dict[str, int]:
        """All findings by rule."""
        totals: Counter[str] = Counter()
        for (rule, _), count in self._counts.items():
            totals[rule] += count
        return dict(sorted(totals.items()))

    def findings(self) -> tuple[Finding, ...]:
        """Worst first, with one for each kind of which there are more."""
        rest = [
            Finding(
                rule_id=rule,
                scanner=SCANNER,
                severity=severity,
                message=f"{count - MAXIMUM_TOLD} more findings of this rule and severity are not told one by one.",
                remediation="Mend those that are told and check again, or check a part of the estate.",
                resource="the rest of the estate",
                subject=f"{severity.value}: all but {MAXIMUM_TOLD}",
                documentation=f"docs/rules/{rule}.md",
            )
            for (rule, severity), count in self._counts.items()
            if count > MAXIMUM_TOLD
        ]
        return tuple(sorted((*self._told, *rest), key=lambda one: one.sort_key))

    def all_undecided(self) -> tuple[Undecided, ...]:
        """Everything that could not be decided."""
        told = tuple(self._undecided)
        if not self._more_undecided:
            return told
        return (*told, Undecided(f"{self._more_undecided} more things could not be decided", told[0].remedy))
