"""How long an assignment holds, and under which condition."""

from __future__ import annotations

from rbac_matrix.assignments import Timing
from rbac_matrix.checks.case import Case
from rbac_matrix.checks.roles import glob
from rbac_matrix.matrix import PersonaKind
from verdicts import Finding, Severity

PERMANENT = "MLG-RBAC-PERMANENT"
TIME = "MLG-RBAC-TIME"
CONDITION = "MLG-RBAC-CONDITION"


def permanent(case: Case) -> Finding | None:
    """For good, where only just-in-time is allowed."""
    if case.assignment.timing is not Timing.PERMANENT or not any(rules.just_in_time for rules in case.rules):
        return None
    return case.finding(
        PERMANENT,
        Severity.HIGH,
        f"{case.what} for good; this persona's access is just-in-time.",
        "Make the group eligible through Privileged Identity Management instead (a role eligibility schedule request).",
    )


def time(case: Case) -> Finding | None:
    """Longer than the persona's access may last, or in a way that nobody can use."""
    assignment = case.assignment
    if assignment.timing is Timing.TIME_BOUND:
        limits = [rules.maximum_hours for rules in case.rules if rules.maximum_hours is not None]
        if not limits or assignment.hours is None or assignment.hours <= max(limits):
            return None
        return case.finding(
            TIME,
            Severity.MEDIUM,
            f"{case.what} for {assignment.hours:g} hours; this persona's access lasts {max(limits)} hours at most.",
            "Shorten it, or make the group eligible, so that each activation ends by itself.",
        )
    if assignment.timing is not Timing.ELIGIBLE or not case.personas:
        return None
    processes = all(one.kind is PersonaKind.PROCESS for one in case.personas)
    kind = case.holder.alike.kind or assignment.principal_type.casefold()
    if not processes or kind != "serviceprincipal":
        return None
    return case.finding(
        TIME,
        Severity.LOW,
        f"{case.what} as eligible; a process can't activate it, so it has no access.",
        "Assign it, with an end if it shall have one.",
    )


def hours_unknown(case: Case) -> bool:
    """Whether it can't be said if it lasts too long."""
    assignment = case.assignment
    limited = any(rules.maximum_hours is not None for rules in case.rules)
    return assignment.timing is Timing.TIME_BOUND and assignment.hours is None and limited


def condition(case: Case) -> Finding | None:
    """A condition that nobody agreed to."""
    text = case.assignment.condition
    patterns = [pattern for rules in case.rules for pattern in rules.conditions]
    if not text or not patterns:
        return None
    words = " ".join(text.split()).casefold()
    if any(glob(" ".join(pattern.split()))(words) for pattern in patterns):
        return None
    return case.finding(
        CONDITION,
        Severity.MEDIUM,
        f"{case.what} under a condition that is not allowed for this persona ({' '.join(text.split())[:300]}).",
        "Use a condition that the organisation's file allows, or have this one added to it.",
    )
