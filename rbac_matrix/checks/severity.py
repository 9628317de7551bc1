"""How bad an excess is: by its most dangerous action that has an effect on the type of resource."""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.permissions.interface import Danger, ExcessAction
from verdicts import Severity

_SEVERITY = {
    Danger.GRANTS: Severity.CRITICAL,
    Danger.SECRETS: Severity.HIGH,
    Danger.DELETES: Severity.HIGH,
    Danger.RUNS: Severity.HIGH,
    Danger.CHANGES: Severity.MEDIUM,
    Danger.READS: Severity.MEDIUM,
}
_WORDS = {
    Danger.GRANTS: "give roles",
    Danger.SECRETS: "read keys and secrets",
    Danger.DELETES: "delete",
    Danger.RUNS: "run and deploy",
    Danger.CHANGES: "change",
    Danger.READS: "read",
}
_NAMED = 5

_ON_EVERYTHING = frozenset(
    {
        "microsoft.advisor",
        "microsoft.alertsmanagement",
        "microsoft.authorization",
        "microsoft.eventgrid",
        "microsoft.guestconfiguration",
        "microsoft.insights",
        "microsoft.maintenance",
        "microsoft.policyinsights",
        "microsoft.resourcehealth",
        "microsoft.resources",
        "microsoft.security",
    }
)
"""Providers with extension resources: their actions count on resources of every other provider."""


def has_effect(pattern: str, resource_type: str) -> bool:
    """Whether an action of a pattern can mean a resource of that type, something below it or an extension of it.

    Where that isn't certain the answer is yes.
    """
    folded, own = pattern.casefold(), resource_type.casefold() + "/"
    namespace = folded.split("/", 1)[0]
    if "*" in namespace or namespace in _ON_EVERYTHING:
        return True
    literal, star, _ = folded.partition("*")
    return literal.startswith(own) or (bool(star) and own.startswith(literal))


def with_effect(excess: Sequence[ExcessAction], resource_type: str) -> tuple[ExcessAction, ...]:
    """Those of the actions that count on that type; all of them where the type is ""."""
    return tuple(one for one in excess if not resource_type or has_effect(one.pattern, resource_type))


def severity_of(excess: Sequence[ExcessAction]) -> Severity:
    """Of actions that have an effect; low where there is none."""
    return _SEVERITY[max(one.danger for one in excess)] if excess else Severity.LOW


def in_words(excess: Sequence[ExcessAction]) -> str:
    """The most dangerous ones for people, a handful of them, and how many more there are."""
    ordered = sorted(excess, key=lambda one: (-one.danger, "*" not in one.pattern, one.pattern.casefold()))
    told = [
        f"{one.pattern}{' (data)' if one.data else ''}: {_WORDS[one.danger]}"
        + (f", for example {one.example}" if one.example.casefold() != one.pattern.casefold() else "")
        for one in ordered[:_NAMED]
    ]
    more = len(ordered) - _NAMED
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")
