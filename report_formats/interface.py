"""What every report format is: the one page to read before writing another.

A format turns a `Report` into text and does nothing else: no clock, no file, no environment, so the same report gives
the same bytes. Whatever is in the report is shown: no format leaves out a waiver, something that could not be checked,
or the tools; one that must be short says how much it left out. The decision is never worked out again: it is
`verdict.decision`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from verdicts import Finding, Verdict
from verdicts.text import clean_text, one_line

KINDS = ("report", "check")
"""What a report may be; "check" is that of `mlgate check`, where findings stand in files."""

_LONGEST_PAGE = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Excerpt:
    """The lines of a file around a finding, safe to show (see `report_formats.excerpts`).

    Attributes:
        first: 1-based number of the first line.
        lines: without line breaks; secrets and what a terminal obeys are replaced.
        marked: number of the line that the finding is about.
        column: 1-based, in the line as it stands here; None where it is not known.
    """

    first: int
    lines: tuple[str, ...]
    marked: int
    column: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(clean_text(line.replace("\n", " ")) for line in self.lines))
        if self.first < 1 or not self.first <= self.marked < self.first + len(self.lines):
            raise ValueError("the marked line of an excerpt is one of its lines")


@dataclass(frozen=True, slots=True)
class Lines:
    """What to write in the file's own language ("arm", "bicep", "terraform", "yaml"), as the rule's page has it."""

    language: str
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "language", one_line(self.language))
        object.__setattr__(self, "text", clean_text(self.text.strip("\n")))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleText:
    """What a rule says of itself.

    Attributes:
        id: as in findings.
        synopsis: what must hold, in a sentence without full stop.
        help: why, and what to do, as plain text.
        markdown: its page; "" if it has none.
        family: what it is about, for grouping.
    """

    id: str
    synopsis: str
    help: str
    markdown: str = ""
    family: str = ""

    def __post_init__(self) -> None:
        for name in ("id", "synopsis", "family"):
            object.__setattr__(self, name, one_line(getattr(self, name), maximum=1_000))
        object.__setattr__(self, "help", clean_text(self.help))
        object.__setattr__(self, "markdown", clean_text(self.markdown, maximum=_LONGEST_PAGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verdict and what surrounds it.

    Attributes:
        title: what was judged, in a few words ("Release credit-risk 1.4.0 to production").
        verdict: see `verdicts.decide`.
        mlgate_version: the version of mlgate that judged.
        facts: (name, value) pairs that a reader should know, in the order to show: run id, commit, environment.
        created_at: the moment of the report (aware, UTC).
        kind: see KINDS.
        left_out: what was not looked at because somebody wanted it so, and why, a sentence each.
        excerpts: where findings stand, by fingerprint.
        fixes: what to write instead, by fingerprint.
        rules: what is known of rules, by id; findings of other rules may be in the report as well.
    """

    title: str
    verdict: Verdict
    mlgate_version: str
    facts: tuple[tuple[str, str], ...] = ()
    created_at: dt.datetime
    kind: str = "report"
    left_out: tuple[str, ...] = ()
    excerpts: Mapping[str, Excerpt] = field(default_factory=dict)
    fixes: Mapping[str, Lines] = field(default_factory=dict)
    rules: Mapping[str, RuleText] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.created_at.utcoffset() != dt.timedelta(0):
            raise ValueError("the moment of a report is given in UTC")
        if self.kind not in KINDS:
            raise ValueError(f"there is no kind of report {self.kind!r}")
        object.__setattr__(self, "title", one_line(self.title))
        facts = tuple((one_line(name), one_line(value, maximum=1_000)) for name, value in self.facts)
        object.__setattr__(self, "facts", facts)
        object.__setattr__(self, "left_out", tuple(one_line(one, maximum=1_000) for one in self.left_out))

    def excerpt(self, finding: Finding) -> Excerpt | None:
        """Where it stands, if that is known."""
        return self.excerpts.get(finding.fingerprint)

    def fix(self, finding: Finding) -> Lines | None:
        """What to write instead, if that is known."""
        return self.fixes.get(finding.fingerprint)


class ReportFormat(Protocol):
    """One way to write a report."""

    @property
    def name(self) -> str:
        """As `--format` names it."""

    def render(self, report: Report) -> str:
        """The whole report as text that ends with a line break; to be written as UTF-8."""
