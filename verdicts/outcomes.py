"""What a scanner says: it looked at so many things and found this, or it could not look.

"Could not look" is a type of its own and never an empty list of findings.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass, field

from verdicts.findings import Finding, Location
from verdicts.text import clean_text, one_line


def _clean(value: object, *names: str) -> None:
    """Makes single-line texts of a value that is being made safe to show."""
    for name in names:
        object.__setattr__(value, name, one_line(getattr(value, name), maximum=1_000))


class Reason(enum.Enum):
    """Why something could not be checked."""

    MISSING_TOOL = "missing-tool"
    UNTRUSTED_TOOL = "untrusted-tool"
    TIMED_OUT = "timed-out"
    CRASHED = "crashed"
    BAD_OUTPUT = "bad-output"
    TOO_LARGE = "too-large"
    NOTHING_EXAMINED = "nothing-examined"
    UNREADABLE_INPUT = "unreadable-input"
    DIGEST_MISMATCH = "digest-mismatch"
    MISSING_DATABASE = "missing-database"
    STALE_DATABASE = "stale-database"
    CANARY_MISSED = "canary-missed"
    UNSUPPORTED = "unsupported"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class InputDigest:
    """What was looked at: a name that a person knows, and "sha256:<64 hexadecimal digits>"."""

    name: str
    digest: str

    def __post_init__(self) -> None:
        _clean(self, "name", "digest")


@dataclass(frozen=True, slots=True)
class ToolIdentity:
    """Which program looked.

    Attributes:
        name: "trivy".
        version: as the program itself says.
        digest: "sha256:..." of the executable, or of the whole locked environment.
        origin: "path" (the user's own), "managed" (by `mlgate tools install`) or "built-in".
    """

    name: str
    version: str
    digest: str
    origin: str

    def __post_init__(self) -> None:
        _clean(self, "name", "version", "digest", "origin")


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """Which advisories it compared with: name, "sha256:..." and the moment of their last update (aware, UTC)."""

    name: str
    digest: str
    updated_at: dt.datetime

    def __post_init__(self) -> None:
        _clean(self, "name", "digest")
        if self.updated_at.tzinfo is None:
            raise ValueError("the moment of a database's update needs a time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What an outcome rests on."""

    inputs: tuple[InputDigest, ...] = ()
    tools: tuple[ToolIdentity, ...] = ()
    databases: tuple[DatabaseIdentity, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleAnswers:
    """What one rule said of the things that it was asked about, whatever became of its findings afterwards.

    Attributes:
        rule: its id.
        compliant, non_compliant, unknown, not_applicable: numbers of things by answer. Things that the rule is never
            asked about are in none of them, so a rule that met nothing has zeros.
    """

    rule: str
    compliant: int = 0
    non_compliant: int = 0
    unknown: int = 0
    not_applicable: int = 0

    def __post_init__(self) -> None:
        _clean(self, "rule")
        if min(self.compliant, self.non_compliant, self.unknown, self.not_applicable) < 0:
            raise ValueError("a count of answers can't be negative")

    @property
    def asked(self) -> int:
        """Things that the rule is about."""
        return self.compliant + self.non_compliant + self.unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A scanner looked at `examined` things (at least one, else the verdict is could-not-check).

    Attributes:
        scanner: its id.
        examined: number of things looked at, in the scanner's own unit.
        unit: what was counted, in the plural ("templates", "packages").
        findings: everything that it found, harmless or not.
        evidence: inputs, tools and databases.
        seconds: wall time.
        notes: what a reader of the report should know (never a reason to doubt the result).
        rules: every rule that held with its answers, by id; empty for a scanner that doesn't tell.
    """

    scanner: str
    examined: int
    unit: str
    findings: tuple[Finding, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    rules: tuple[RuleAnswers, ...] = ()

    def __post_init__(self) -> None:
        if self.examined < 0:
            raise ValueError("a count of examined things can't be negative")
        _clean(self, "scanner", "unit")
        object.__setattr__(self, "notes", tuple(clean_text(note) for note in self.notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCompleted:
    """A scanner could not look, or not at everything.

    Attributes:
        scanner: its id.
        reason: the kind of obstacle.
        detail: what happened, in a sentence.
        remedy: what to type or change.
        location: the file that was not looked at, if it is one.
        findings: what it had found before; these count.
        evidence: as far as known.
        seconds: wall time.
    """

    scanner: str
    reason: Reason
    detail: str
    remedy: str
    location: Location | None = None
    findings: tuple[Finding, ...] = ()
    evidence: Evidence = field(default_factory=Evidence)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        _clean(self, "scanner")
        object.__setattr__(self, "detail", clean_text(self.detail))
        object.__setattr__(self, "remedy", clean_text(self.remedy))


Outcome = Completed | NotCompleted
