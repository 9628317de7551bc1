"""A finding: one rule broken at one place."""

from __future__ import annotations

import enum
import functools
import hashlib
import json
from dataclasses import dataclass
from typing import assert_never

from verdicts.text import clean_text, one_line


class Severity(enum.Enum):
    """How bad a finding is. The values are what configuration files and reports say."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATIONAL = "informational"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """Higher is worse. Unknown ranks with critical: what nobody rated can't be called harmless."""
        match self:
            case Severity.CRITICAL | Severity.UNKNOWN:
                return 4
            case Severity.HIGH:
                return 3
            case Severity.MEDIUM:
                return 2
            case Severity.LOW:
                return 1
            case Severity.INFORMATIONAL:
                return 0
        assert_never(self)

    def reaches(self, threshold: Severity) -> bool:
        """Whether a finding of this severity denies where `threshold` is the lowest severity that denies."""
        return self.rank >= threshold.rank


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file.

    Attributes:
        path: relative to the project's root, with forward slashes.
        line: 1-based, or None where only the file is known.
        column: 1-based, or None.
    """

    path: str
    line: int | None = None
    column: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", one_line(self.path, maximum=1_000))
        # Some tools write line 0 for "the whole file"; no format knows such a line.
        for name in ("line", "column"):
            number = getattr(self, name)
            if number is not None and number < 1:
                object.__setattr__(self, name, None)

    def __str__(self) -> str:
        parts = [self.path]
        if self.line is not None:
            parts.append(str(self.line))
            if self.column is not None:
                parts.append(str(self.column))
        return ":".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule broken at one place. Texts are cleaned when the value is made (see `verdicts.text`).

    Attributes:
        rule_id: stable identifier of the rule ("CKV_AZURE_144", "CVE-2024-5535", "MLG-ALLOWLIST-UNLISTED").
        scanner: id of the scanner that found it.
        severity: see Severity.
        message: what is wrong, in a sentence.
        remediation: what to do, in a sentence.
        resource: what breaks the rule: a resource id, a package URL, an image, a file.
        subject: what tells two findings of one rule at one resource apart (a property path, an installed version).
        location: where it stands, if it stands in a file.
        documentation: the page that explains the rule, or "".
        also: rules of other scanners that found the same here and are reported by this finding alone.
    """

    rule_id: str
    scanner: str
    severity: Severity
    message: str
    remediation: str
    resource: str
    subject: str = ""
    location: Location | None = None
    documentation: str = ""
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("rule_id", "scanner", "resource", "subject", "documentation"):
            object.__setattr__(self, name, one_line(getattr(self, name), maximum=1_000))
        if not self.rule_id or not self.scanner:
            raise ValueError("a finding needs a rule id and a scanner")
        for name in ("message", "remediation"):
            object.__setattr__(self, name, clean_text(getattr(self, name)))
        object.__setattr__(self, "also", tuple(one_line(one, maximum=1_000) for one in self.also))

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hexadecimal) over rule, path, resource and subject; neither line nor `also` is part of it."""
        return _fingerprint(self.rule_id, self.location.path if self.location else "", self.resource, self.subject)

    @property
    def sort_key(self) -> tuple[int, str, str, str, int, str, str]:
        """Worst first, then by scanner, rule and place: reports are the same from run to run."""
        place = self.location
        return (
            -self.severity.rank,
            self.scanner,
            self.rule_id,
            place.path if place else "",
            (place.line or 0) if place else 0,
            self.resource,
            self.subject,
        )


@functools.lru_cache(maxsize=16_384)  # merging, waivers and every format ask for it
def _fingerprint(rule_id: str, path: str, resource: str, subject: str) -> str:
    identity = json.dumps([rule_id, path, resource, subject], ensure_ascii=True)
    return hashlib.sha256(identity.encode()).hexdigest()
