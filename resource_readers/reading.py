"""What one run of a reader collects: what was not read, which files were opened, what it may still cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from resource_readers.interface import NotRead
from resource_readers.template_language.evaluation import Budget
from verdicts import InputDigest


@dataclass(slots=True)
class Reading:
    """What one run over a file and its parts collects."""

    shown: str
    budget: Budget = field(default_factory=Budget)
    not_read: dict[tuple[str, int | None, str], NotRead] = field(default_factory=dict)
    files: dict[str, InputDigest] = field(default_factory=dict)
    at: int | None = None
    """Line of the statement at which it works."""

    def part(self, shown: str) -> Reading:
        """The same run in another file."""
        return Reading(shown, self.budget, self.not_read, self.files)

    def miss(self, line: int | None, reason: str, *, may_hold_resources: bool = True) -> None:
        """Names something that was not read, once."""
        key = (self.shown, line, reason)
        self.not_read.setdefault(key, NotRead(self.shown, line, reason, may_hold_resources))
