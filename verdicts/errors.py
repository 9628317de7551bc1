"""Errors that reach a person, by the exit code that they lead to.

Only the command line exits; everything else raises one of these. Each says what is wrong, where, and what to do.
"""

from __future__ import annotations

from verdicts.text import clean_text


class MlgateError(Exception):
    """Base of all errors that mlgate raises on purpose.

    Args:
        what: one sentence, what is wrong.
        where: "file:line" or another place that a person can open; empty if there is none.
        remedy: what to do about it; empty if nothing can be said.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        self.what = clean_text(what)
        self.where = clean_text(where)
        self.remedy = clean_text(remedy)
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" ({self.remedy})" if self.remedy else ""
        return f"{place}{self.what}{advice}"


class ConfigurationError(MlgateError):
    """The request or a file that steers the gate is wrong (exit code 2)."""


class CouldNotCheckError(MlgateError):
    """Something that has to be looked at could not be looked at (exit code 3)."""


class TamperedError(MlgateError):
    """Evidence is not what it was when it was written (exit code 4)."""
