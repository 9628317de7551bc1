"""What every report format is: the one page to read before writing another.

A format turns a `Report` into text and does nothing else: no clock, no file, no environment, so the same report gives
the same bytes. Whatever is in the report is shown: no format leaves out a waiver, something that could not be checked,
or the tools; one that must be short says how much it left out. The decision is never worked out again: it is
`verdict.decision`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from verdicts import Verdict
from verdicts.text import one_line


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A verdict and what surrounds it.

    Attributes:
        title: what was judged, in a few words ("Release credit-risk 1.4.0 to production").
        verdict: see `verdicts.decide`.
        mlgate_version: the version of mlgate that judged.
        facts: (name, value) pairs that a reader should know, in the order to show: run id, commit, environment.
        created_at: the moment of the report (aware, UTC).
    """

    title: str
    verdict: Verdict
    mlgate_version: str
    facts: tuple[tuple[str, str], ...] = ()
    created_at: dt.datetime

    def __post_init__(self) -> None:
        if self.created_at.utcoffset() != dt.timedelta(0):
            raise ValueError("the moment of a report is given in UTC")
        object.__setattr__(self, "title", one_line(self.title))
        facts = tuple((one_line(name), one_line(value, maximum=1_000)) for name, value in self.facts)
        object.__setattr__(self, "facts", facts)


class ReportFormat(Protocol):
    """One way to write a report."""

    @property
    def name(self) -> str:
        """As `--format` names it."""

    def render(self, report: Report) -> str:
        """The whole report as text that ends with a line break; to be written as UTF-8."""
