"""How bad an excess is: by its most dangerous action that has an effect on the type of resource."""

from __future__ import annotations

from collections.abc import Sequence

from rbac_matrix.permissions.effects import has_effect
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
        f"{one.pattern} ({'data, ' if one.data else ''}{_WORDS[one.danger]}"
        + (f", for example {one.example})" if one.example.casefold() != one.pattern.casefold() else ")")
        for one in ordered[:_NAMED]
    ]
    more = len(ordered) - _NAMED
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")
