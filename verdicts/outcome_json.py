"""Outcomes as JSON and back: what a run keeps of its checks between two processes. Not a report format."""

from __future__ import annotations

import datetime as dt
from typing import Any, assert_never

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


def outcome_to_json(outcome: Outcome) -> dict[str, Any]:
    """A JSON mapping that `outcome_from_json` turns back into an equal outcome."""
    common = {
        "scanner": outcome.scanner,
        "findings": [_finding(finding) for finding in outcome.findings],
        "evidence": _evidence(outcome.evidence),
        "seconds": outcome.seconds,
    }
    match outcome:
        case Completed():
            extra = {"examined": outcome.examined, "unit": outcome.unit, "notes": list(outcome.notes)}
            # Only where there are some, so that what older releases wrote and read stays as it was.
            rules = {"rules": [_answers(one) for one in outcome.rules]} if outcome.rules else {}
            return {"kind": "completed", **common, **extra, **rules}
        case NotCompleted():
            place = _location(outcome.location)
            extra = {"reason": outcome.reason.value, "detail": outcome.detail, "remedy": outcome.remedy}
            return {"kind": "not-completed", **common, **extra, "location": place}
    assert_never(outcome)


def outcome_from_json(value: Any) -> Outcome:
    """Raises ValueError (also KeyError, TypeError) for anything that `outcome_to_json` doesn't write."""
    common: dict[str, Any] = {
        "scanner": value["scanner"],
        "findings": tuple(_finding_from(item) for item in value["findings"]),
        "evidence": _evidence_from(value["evidence"]),
        "seconds": value["seconds"],
    }
    if value["kind"] == "completed":
        rules = tuple(RuleAnswers(*one) for one in value.get("rules", ()))
        notes = tuple(value["notes"])
        return Completed(**common, examined=value["examined"], unit=value["unit"], notes=notes, rules=rules)
    if value["kind"] == "not-completed":
        return NotCompleted(
            **common,
            reason=Reason(value["reason"]),
            detail=value["detail"],
            remedy=value["remedy"],
            location=_location_from(value["location"]),
        )
    raise ValueError(f"an outcome of kind {value['kind']!r}")


def _answers(one: RuleAnswers) -> list[Any]:
    return [one.rule, one.compliant, one.non_compliant, one.unknown, one.not_applicable]


def _location(place: Location | None) -> list[Any] | None:
    return None if place is None else [place.path, place.line, place.column]


def _location_from(value: Any) -> Location | None:
    return None if value is None else Location(*value)


def _finding(finding: Finding) -> dict[str, Any]:
    # Only where there is one, so that what older releases wrote and read stays as it was.
    also = {"also": list(finding.also)} if finding.also else {}
    return {
        "rule_id": finding.rule_id,
        "scanner": finding.scanner,
        "severity": finding.severity.value,
        "message": finding.message,
        "remediation": finding.remediation,
        "resource": finding.resource,
        "subject": finding.subject,
        "location": _location(finding.location),
        "documentation": finding.documentation,
        **also,
    }


def _finding_from(value: Any) -> Finding:
    place = _location_from(value["location"])
    also = tuple(value.get("also", ()))
    return Finding(**{**value, "severity": Severity(value["severity"]), "location": place, "also": also})


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "inputs": [[item.name, item.digest] for item in evidence.inputs],
        "tools": [[tool.name, tool.version, tool.digest, tool.origin] for tool in evidence.tools],
        "databases": [[base.name, base.digest, base.updated_at.isoformat()] for base in evidence.databases],
    }


def _evidence_from(value: Any) -> Evidence:
    return Evidence(
        inputs=tuple(InputDigest(*item) for item in value["inputs"]),
        tools=tuple(ToolIdentity(*item) for item in value["tools"]),
        databases=tuple(
            DatabaseIdentity(name, digest, dt.datetime.fromisoformat(at)) for name, digest, at in value["databases"]
        ),
    )
