"""The shared language: findings, outcomes, waivers and the verdict."""

from verdicts.decisions import Decision, Verdict, decide
from verdicts.errors import ConfigurationError, CouldNotCheckError, MlgateError, TamperedError
from verdicts.findings import Finding, Location, Severity
from verdicts.outcomes import (
    Completed,
    DatabaseIdentity,
    Evidence,
    InputDigest,
    NotCompleted,
    Outcome,
    Reason,
    RuleAnswers,
    ToolIdentity,
)
from verdicts.waivers import WaivedFinding, Waiver

__all__ = [
    "Completed",
    "ConfigurationError",
    "CouldNotCheckError",
    "DatabaseIdentity",
    "Decision",
    "Evidence",
    "Finding",
    "InputDigest",
    "Location",
    "MlgateError",
    "NotCompleted",
    "Outcome",
    "Reason",
    "RuleAnswers",
    "Severity",
    "TamperedError",
    "ToolIdentity",
    "Verdict",
    "WaivedFinding",
    "Waiver",
    "decide",
]
