"""What a project changes of rules; apart, so that reading a configuration loads nothing of the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from verdicts import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """What a project changes of a rule.

    Attributes:
        enabled: False switches it off, True on where the profile doesn't have it; None leaves it.
        severity: instead of the rule's; None leaves it.
        parameters: of its definition.
        reason: why, in words; demanded where less is found than without the change.
    """

    enabled: bool | None = None
    severity: Severity | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
