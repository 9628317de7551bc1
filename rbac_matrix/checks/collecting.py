"""Findings by the thousand: all are counted, a bounded number is told one by one, and the rest as one."""

from __future__ import annotations

from collections import Counter

from rbac_matrix.checks.interface import SCANNER, Undecided
from verdicts import Finding, Location, Severity

MAXIMUM_TOLD = 200
"""Findings of one rule and severity."""
MAXIMUM_UNDECIDED = 200


class Collector:
    """What was found so far."""

    def __init__(self) -> None:
        self._told: dict[Finding, None] = {}
        self._kinds: Counter[tuple[str, Severity]] = Counter()
        self._same: Counter[tuple[str, Severity]] = Counter()
        self._counts: Counter[tuple[str, Severity]] = Counter()
        self._undecided: dict[Undecided, None] = {}
        self._same_undecided = 0
        self._open = 0

    def wants(self, rule: str, severity: Severity) -> bool:
        """Whether the next finding of that kind is told by itself."""
        return self._kinds[rule, severity] < MAXIMUM_TOLD

    def count(self, rule: str, severity: Severity, number: int = 1) -> None:
        """So many were found; those that are wanted are told beside."""
        self._counts[rule, severity] += number

    def tell(self, finding: Finding) -> None:
        """One of those that are counted."""
        kind = (finding.rule_id, finding.severity)
        if finding in self._told:
            self._same[kind] += 1
        else:
            self._told[finding] = None
            self._kinds[kind] += 1

    def add(self, finding: Finding) -> None:
        """Counts a finding, and tells it if it is wanted."""
        self.count(finding.rule_id, finding.severity)
        if finding in self._told or self.wants(finding.rule_id, finding.severity):
            self.tell(finding)

    @property
    def wants_undecided(self) -> bool:
        """Whether the next thing that could not be decided is told by itself."""
        return len(self._undecided) < MAXIMUM_UNDECIDED

    def count_undecided(self, number: int) -> None:
        """So many things could not be decided."""
        self._open += number

    def tell_undecided(self, one: Undecided) -> None:
        """One of those that are counted."""
        if one in self._undecided:
            self._same_undecided += 1
        self._undecided[one] = None

    def undecided(self, text: str, remedy: str, location: Location | None) -> None:
        """Something that could not be decided."""
        self.count_undecided(1)
        if self.wants_undecided:
            self.tell_undecided(Undecided(text, remedy, location))

    @property
    def counts(self) -> dict[str, int]:
        """All findings by rule."""
        totals: Counter[str] = Counter()
        for (rule, severity), count in self._counts.items():
            totals[rule] += count - self._same[rule, severity]
        return dict(sorted(totals.items()))

    def findings(self) -> tuple[Finding, ...]:
        """Worst first, with one for each kind of which there are more."""
        rest = [
            Finding(
                rule_id=rule,
                scanner=SCANNER,
                severity=severity,
                message=f"{more} more findings of this rule and severity are not told one by one.",
                remediation="Mend those that are told and check again, or check a part of the estate.",
                resource="the rest of the estate",
                subject=f"{severity.value}: all but {self._kinds[rule, severity]}",
                documentation=f"docs/rules/{rule}.md",
            )
            for (rule, severity), count in self._counts.items()
            if (more := count - self._kinds[rule, severity] - self._same[rule, severity]) > 0
        ]
        return tuple(sorted((*self._told, *rest), key=lambda one: one.sort_key))

    def all_undecided(self) -> tuple[Undecided, ...]:
        """Everything that could not be decided."""
        told = tuple(self._undecided)
        more = self._open - len(told) - self._same_undecided
        return told if more <= 0 else (*told, Undecided(f"{more} more things could not be decided", told[0].remedy))
