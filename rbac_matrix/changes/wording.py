"""Changes in access, in words that a reviewer can say yes or no to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, assert_never

from rbac_matrix.assignments import RoleAssignment, Timing
from rbac_matrix.changes.differences import AccessChange, Direction
from rbac_matrix.changes.holdings import Terms
from rbac_matrix.permissions.interface import Danger, ExcessAction
from rbac_matrix.scopes import in_words

_ACTIONS = 4
"""Actions of one kind that are named one by one."""
_PERSONS = 5


class Names(Protocol):
    """Who is who."""

    def person(self, object_id: str) -> str:
        """A name for an object id; the id itself where there is none."""

    def persona(self, assignment: RoleAssignment) -> str:
        """Title of the persona that holds an assignment; "" if none is known."""


def holder_in_words(change: AccessChange, names: Names) -> str:
    """ "Data scientist (grp-scientists)", "3 persons who join grp-scientists: ..."."""
    assignment = change.assignments[0]
    text = assignment.principal_name or (
        names.person(assignment.principal_id) if assignment.principal_id else assignment.principal_text
    )
    persona = names.persona(assignment)
    group = f"{persona} ({text})" if persona else text
    if not change.persons:
        return group
    count = len(change.persons)
    shown = ", ".join(names.person(one) for one in change.persons[:_PERSONS])
    rest = f" and {count - _PERSONS} more" if count > _PERSONS else ""
    verb = "by joining" if change.direction is Direction.GAINS else "by leaving"
    return f"{shown}{rest}, {verb} {group},"


def sentence(change: AccessChange, names: Names) -> str:
    """One change as one sentence."""
    verb = {Direction.GAINS: ("gains", "gain"), Direction.LOSES: ("loses", "lose")}[change.direction]
    many = len(change.persons) > 1
    roles = " and ".join(change.roles)
    return (
        f"{holder_in_words(change, names)} {verb[many]} on {in_words(change.scope)}{terms_in_words(change.terms)}: "
        f"{'; '.join(actions_in_words(change.actions))} (through {roles})."
    )


def terms_in_words(terms: Terms) -> str:
    """ "" for what holds for good and without a condition."""
    match terms.timing:
        case Timing.PERMANENT:
            text = ""
        case Timing.TIME_BOUND:
            text = ", for a limited time"
        case Timing.ELIGIBLE:
            text = ", after activating it (just-in-time)"
        case _:
            assert_never(terms.timing)
    return text + (f", under the condition {terms.condition}" if terms.condition else "")


def actions_in_words(actions: Sequence[ExcessAction]) -> Iterator[str]:
    """A half sentence for each kind of action, the most dangerous first."""
    for danger in sorted({action.danger for action in actions}, reverse=True):
        patterns = list(dict.fromkeys(one.pattern for one in actions if one.danger is danger))
        shown = ", ".join(patterns[:_ACTIONS])
        rest = f" and {len(patterns) - _ACTIONS} more" if len(patterns) > _ACTIONS else ""
        yield f"{danger_in_words(danger)} ({shown}{rest})"


def danger_in_words(danger: Danger) -> str:
    """What somebody can do with such an action."""
    match danger:
        case Danger.GRANTS:
            return "give and take access"
        case Danger.SECRETS:
            return "read keys and secrets"
        case Danger.DELETES:
            return "delete"
        case Danger.RUNS:
            return "change what runs"
        case Danger.CHANGES:
            return "change"
        case Danger.READS:
            return "read"
        case _:
            assert_never(danger)


def places(assignments: Iterable[RoleAssignment]) -> list[str]:
    """Where the assignments stand: file:line, each once."""
    return list(dict.fromkeys(str(one.location) for one in assignments))
