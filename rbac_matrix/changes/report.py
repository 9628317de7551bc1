"""Differences as data and as text. The data's format is versioned: fields are only added within a version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rbac_matrix.changes.differences import AccessChange, Differences
from rbac_matrix.changes.wording import Names, places, sentence
from rbac_matrix.estate.model import DenyAssignment, Gap
from rbac_matrix.permissions.interface import Danger
from verdicts.text import clean_text, one_line

SCHEMA = "mlgate/rbac-diff/v1"
_LINE = 2_000


def as_json(found: Differences, names: Names, gaps: Sequence[Gap]) -> dict[str, Any]:
    """Everything, for programs."""
    return {
        "schema": SCHEMA,
        "changes": [_change(one, names) for one in found.changes],
        "denied": [_denial(one) for one in found.denied],
        "no_longer_denied": [_denial(one) for one in found.no_longer_denied],
        "could_not_tell": [
            {"assignment": one.name, "location": str(one.location), "why": why} for one, why in found.unclear
        ],
        "not_read": [{"what": one.detail, "location": str(one.location or "")} for one in gaps],
        "without_effect": found.without_effect,
        "memberships_compared": found.memberships,
    }


def _change(one: AccessChange, names: Names) -> dict[str, Any]:
    return {
        "direction": one.direction.value,
        "holder": one.holder,
        "persona": names.persona(one.assignments[0]),
        "persons": list(one.persons),
        "scope": one.scope.text,
        "timing": one.terms.timing.value,
        "condition": one.terms.condition,
        "danger": one.danger.name.lower(),
        "roles": list(one.roles),
        "actions": [
            {"pattern": act.pattern, "data": act.data, "danger": act.danger.name.lower(), "example": act.example}
            for act in one.actions
        ],
        "locations": places(one.assignments),
        "sentence": sentence(one, names),
    }


def _denial(one: DenyAssignment) -> dict[str, Any]:
    return {"name": one.name, "scope": one.scope, "principals": list(one.principals), "location": str(one.location)}


def as_markdown(found: Differences, names: Names, gaps: Sequence[Gap], title: str) -> str:
    """For a comment on a pull request."""
    lines = [f"# {_escaped(title)}", "", summary(found), ""]
    for danger in sorted({one.danger for one in found.changes}, reverse=True):
        lines += [f"## {_HEADS[danger]}", ""]
        for one in found.changes:
            if one.danger is danger:
                lines.append(f"- {_escaped(sentence(one, names))} ({_escaped(', '.join(places(one.assignments)))})")
        lines.append("")
    rest = list(remarks(found, gaps))
    if rest:
        lines += ["## Besides", "", *(f"- {_escaped(text)}" for text in rest), ""]
    return "\n".join(lines).rstrip() + "\n"


def as_text(found: Differences, names: Names, gaps: Sequence[Gap], title: str) -> str:
    """For a console; nothing in it moves a cursor."""
    lines = [clean_text(title), "  " + summary(found)]
    for danger in sorted({one.danger for one in found.changes}, reverse=True):
        lines += ["", _HEADS[danger]]
        for one in found.changes:
            if one.danger is danger:
                sign = "+" if one.direction.value == "gains" else "-"
                lines.append(f"  {sign} {one_line(sentence(one, names), maximum=_LINE)}")
                lines.append(f"      {one_line(', '.join(places(one.assignments)), maximum=_LINE)}")
    rest = list(remarks(found, gaps))
    if rest:
        lines += ["", "Besides", *(f"  {one_line(text, maximum=_LINE)}" for text in rest)]
    return "\n".join(lines) + "\n"


def summary(found: Differences) -> str:
    """One line with the counts."""
    gains = sum(one.direction.value == "gains" for one in found.changes)
    losses = len(found.changes) - gains
    if not (gains or losses or found.unclear or found.denied or found.no_longer_denied):
        return "Nobody may do more or less than before."
    text = f"{gains} {'gain' if gains == 1 else 'gains'}, {losses} {'loss' if losses == 1 else 'losses'}"
    if found.unclear:
        text += f", {len(found.unclear)} that can't be told"
    return text + "."


def remarks(found: Differences, gaps: Sequence[Gap]) -> Iterator[str]:
    """What has to be said beside gains and losses."""
    for gap in gaps:
        where = f" ({gap.location})" if gap.location else ""
        yield f"Could not be read: {gap.detail}{where}; {gap.remedy}."
    for one in found.denied:
        yield f"The deny assignment {one.name} comes, on {one.scope} ({one.location})."
    for one in found.no_longer_denied:
        yield f"The deny assignment {one.name} goes, on {one.scope} ({one.location})."
    for assignment, why in found.unclear:
        yield f"It can't be told what {assignment.name} changes: it {why} ({assignment.location})."
    if found.without_effect:
        places_text = "place has" if found.without_effect == 1 else "places have"
        yield f"{found.without_effect} {places_text} other assignments, by which nobody may do more or less."
    if not found.memberships:
        yield "Who is in which group was not compared: name an export of the groups on both sides."


_HEADS = {
    Danger.GRANTS: "Giving access to others",
    Danger.SECRETS: "Keys and secrets",
    Danger.DELETES: "Deleting",
    Danger.RUNS: "What runs",
    Danger.CHANGES: "Changing",
    Danger.READS: "Reading",
}


def _escaped(text: str) -> str:
    """Markdown of others stays text."""
    cleaned = one_line(text, maximum=_LINE)
    for sign in "\\`*_[]<>|#":
        cleaned = cleaned.replace(sign, "\\" + sign)
    return cleaned
