"""What a walk over a pickle means: findings by rule, and why it could not be followed to its end."""

from __future__ import annotations

from typing import assert_never

from scanners.artifact_formats import Format
from scanners.pickle_imports import ImportRules, Standing
from scanners.pickle_results import Import, Problem, ProblemKind, Unread, UnreadKind, Walk
from verdicts import Finding, Location, Reason, Severity

SCANNER = "model-artifact"

DANGEROUS = "MLG-MODEL-DANGEROUS-IMPORT"
UNLISTED = "MLG-MODEL-UNLISTED-IMPORT"
HIDDEN = "MLG-MODEL-HIDDEN-IMPORT"
NESTED = "MLG-MODEL-NESTED-PICKLE"
TRAILING = "MLG-MODEL-TRAILING-DATA"
CONTRADICTION = "MLG-MODEL-NAME-CONTENT"

_OBSTACLES = (ProblemKind.PERSISTENT_ID, ProblemKind.OUT_OF_BAND_BUFFER, ProblemKind.BAD_FRAME)

_PREFER = "save the model with skops, or as ONNX or safetensors, which run nothing when they are loaded"
_DO_NOT_LOAD = "Don't load it. Find out who made it, train it again from trusted code, and " + _PREFER + "."


def _finding(rule: str, severity: Severity, shown: str, message: str, remediation: str, subject: str) -> Finding:
    return Finding(
        rule_id=rule,
        scanner=SCANNER,
        severity=severity,
        message=message,
        remediation=remediation,
        resource=shown,
        subject=subject,
        location=Location(shown),
        documentation=f"docs/rules/{rule}.md",
    )


def contradiction_finding(shown: str, kind: Format) -> Finding:
    """The name claims another format than the content has."""
    return _finding(
        CONTRADICTION,
        Severity.HIGH,
        shown,
        f"The name says otherwise, but the content is {kind.value}.",
        "Give it the ending of its format; if nobody knows why it had another one, don't load it.",
        kind.name.lower(),
    )


def walk_findings(walk: Walk, rules: ImportRules, shown: str) -> tuple[Finding, ...]:
    """Findings about imports first, then about the stream."""
    imports = [_import_finding(item, rules, shown) for item in walk.imports]
    problems = [_problem_finding(problem, shown) for problem in walk.problems]
    return tuple(finding for finding in [*imports, *problems] if finding is not None)


def _import_finding(item: Import, rules: ImportRules, shown: str) -> Finding | None:
    verb = "imports and calls" if item.called else "imports"
    where = " in a pickle within it" if item.nested else ""
    what = f"Loading it {verb} {item}{where} (byte {item.offset})"
    standing = rules.standing(item)
    match standing:
        case Standing.LISTED:
            return None
        case Standing.DANGEROUS:
            message = f"{what}, which can run commands or reach anything in the process."
            return _finding(DANGEROUS, Severity.CRITICAL, shown, message, _DO_NOT_LOAD, str(item))
        case Standing.UNLISTED:
            message = f"{what}, which models of the flavour {rules.flavour} don't need."
            remediation = f"Take it out of the model; better, {_PREFER}."
            return _finding(UNLISTED, Severity.HIGH, shown, message, remediation, str(item))
    assert_never(standing)


def _problem_finding(problem: Problem, shown: str) -> Finding | None:
    detail = f" ({problem.detail})" if problem.detail else ""
    place = f"(byte {problem.offset})"
    if problem.kind.hides:
        message = f"Loading it does what no ordinary pickler writes: {problem.kind.value}{detail} {place}."
        return _finding(HIDDEN, Severity.CRITICAL, shown, message, _DO_NOT_LOAD, problem.kind.name.lower())
    if problem.kind is ProblemKind.NESTED_PICKLE:
        message = f"It holds {problem.kind.value} {place}; something is meant to load them."
        return _finding(NESTED, Severity.HIGH, shown, message, _DO_NOT_LOAD, "")
    if problem.kind is ProblemKind.TRAILING_DATA:
        message = f"It goes on behind the end of the pickle with {problem.detail} {place}."
        remediation = f"Save the model again, alone in its file; better, {_PREFER}."
        return _finding(TRAILING, Severity.HIGH, shown, message, remediation, "")
    assert problem.kind in _OBSTACLES  # what `walk_obstacle` reports
    return None


def walk_obstacle(walk: Walk) -> tuple[Reason, str, str] | None:
    """Reason, detail and remedy where the pickle could not be followed to its end, else None."""
    remedy = f"save the model again in one piece; better, {_PREFER}"
    if walk.unread is not None:
        return _unread(walk.unread, remedy)
    problem = next((problem for problem in walk.problems if problem.kind in _OBSTACLES), None)
    if problem is not None:
        return Reason.UNSUPPORTED, f"the pickle has {problem.kind.value} (byte {problem.offset})", remedy
    return None


def _unread(unread: Unread, remedy: str) -> tuple[Reason, str, str]:
    place = f"at byte {unread.offset}: {unread.detail}"
    match unread.kind:
        case UnreadKind.TRUNCATED:
            return Reason.UNREADABLE_INPUT, f"the pickle is truncated {place}", remedy
        case UnreadKind.MALFORMED:
            return Reason.UNREADABLE_INPUT, f"the pickle is malformed {place}", remedy
        case UnreadKind.LIMIT:
            return Reason.TOO_LARGE, f"the pickle exceeds a bound of the scanner {place}", remedy
        case UnreadKind.UNSUPPORTED:
            return Reason.UNSUPPORTED, f"the joblib dump can't be followed {place}", remedy
    assert_never(unread.kind)
