"""Findings counted and grouped, the same way in every format for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from report_formats import wording
from verdicts import Finding, Severity, Verdict


@dataclass(slots=True)
class Tally:
    """What there is of one rule, or in one file.

    Attributes:
        name: the rule's id, or the file (the resource where there is none).
        denying, tolerated, waived: numbers of findings.
        severities: numbers of standing findings by rank, worst first.
        worst: of the standing findings, or of the waived ones where none stands.
    """

    name: str
    denying: int = 0
    tolerated: int = 0
    waived: int = 0
    severities: list[int] = field(default_factory=lambda: [0] * 5)
    worst: Severity = Severity.INFORMATIONAL

    def add(self, finding: Finding, column: str) -> None:
        """Counts one finding in the column of that name."""
        setattr(self, column, getattr(self, column) + 1)
        if column != "waived":
            self.severities[4 - finding.severity.rank] += 1
        if self.total == 1 or finding.severity.rank > self.worst.rank:
            self.worst = finding.severity

    @property
    def total(self) -> int:
        """Standing and waived ones."""
        return self.denying + self.tolerated + self.waived

    @property
    def cells(self) -> tuple[str, str, str, str, str]:
        """A row of a table; see HEADINGS."""
        return self.name, self.worst.value, f"{self.denying:,}", f"{self.tolerated:,}", f"{self.waived:,}"


HEADINGS = ("Worst", "Denying", "Below the threshold", "Waived")


def by_rule(verdict: Verdict) -> tuple[Tally, ...]:
    """One row for each rule that found something, worst first."""
    return _tallies(verdict, by_file=False)


def by_file(verdict: Verdict) -> tuple[Tally, ...]:
    """One row for each file (or resource) with findings, worst first."""
    return _tallies(verdict, by_file=True)


def _tallies(verdict: Verdict, *, by_file: bool) -> tuple[Tally, ...]:
    rows: dict[str, Tally] = {}
    columns: tuple[tuple[str, Iterable[Finding]], ...] = (
        ("denying", verdict.denying),
        ("tolerated", verdict.tolerated),
        ("waived", (item.finding for item in verdict.waived)),
    )
    for column, findings in columns:
        for finding in findings:
            name = wording.place_of(finding) if by_file else finding.rule_id
            rows.setdefault(name, Tally(name)).add(finding, column)
    return tuple(sorted(rows.values(), key=_badness))


def _badness(row: Tally) -> tuple[list[int], int, str]:
    """Smaller is worse: first by how many of the worst there are, then by name."""
    return [-count for count in row.severities], -row.waived, row.name


def grouped(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings by file, or by resource where there is no file; the worst place first, and its worst findings."""
    places: dict[str, list[Finding]] = {}
    for finding in findings:
        places.setdefault(wording.place_of(finding), []).append(finding)

    def badness(place: str) -> tuple[list[int], str]:
        counts = [0] * 5
        for finding in places[place]:
            counts[4 - finding.severity.rank] -= 1
        return counts, place

    return {place: sorted(places[place], key=lambda finding: finding.sort_key) for place in sorted(places, key=badness)}


def severity_counts(findings: Iterable[Finding]) -> str:
    """ "1 critical, 4 high"."""
    counts: dict[Severity, int] = {}
    for finding in findings:
        counts[finding.severity] = counts.get(finding.severity, 0) + 1
    ordered = sorted(counts, key=lambda severity: (-severity.rank, severity.value))
    return ", ".join(f"{counts[severity]:,} {severity.value}" for severity in ordered)
