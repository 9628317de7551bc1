"""The answers of `mlgate rbac who-can` and `mlgate rbac explain` for people, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rbac_matrix.assignments import Timing
from rbac_matrix.estate.answers import Explanation, Held, Subject, Through, Way, WhoCan
from rbac_matrix.estate.model import PrincipalKind
from rbac_matrix.scopes import in_words
from verdicts.text import one_line

_MOST_WAYS = 3
"""So many ways of one person are told; the others are counted."""


def who_can_lines(answer: WhoCan, limit: int | None) -> Iterator[str]:
    """The answer; at most `limit` people one by one, None for all."""
    where = f"on {answer.scope}" if answer.scope else "anywhere"
    what = f"{answer.action}{' (data)' if answer.data else ''}"
    groups = sum(1 for id in answer.holders if answer.subject(id).kind is PrincipalKind.GROUP)
    yield one_line(f"{what} {where}", maximum=1_000)
    yield f"{_count(len(answer.people), 'person or program', 'people and programs')} may do it, " + (
        f"by roles of {_count(len(answer.holders), 'holder', 'holders')}, {groups} of them groups:"
        if answer.holders
        else "since nobody has a role that permits it."
    )
    shown = answer.people if limit is None else answer.people[:limit]
    for id in shown:
        yield ""
        yield _who(answer.subject(id))
        yield from _ways(answer, id)
    if len(shown) < len(answer.people):
        yield ""
        yield f"and {len(answer.people) - len(shown):,} more (--limit 0 names all of them, so does --format json)"
    yield from _groups_alone(answer, limit)
    if answer.denied:
        yield ""
        yield f"Would be permitted, and is denied to {_count(len(answer.denied), 'one', 'more')}:"
        named = answer.denied if limit is None else answer.denied[:limit]
        yield from (f"  {_who(answer.subject(id))}" for id in named)
    yield from _open_ends(answer.undecided, answer.notes)


def _groups_alone(answer: WhoCan, limit: int | None) -> Iterator[str]:
    """Groups of which nobody is known to be a member."""
    alone = [id for id in answer.holders if id not in set(answer.people)] if not answer.people else []
    for id in alone if limit is None else alone[:limit]:
        yield ""
        yield _who(answer.subject(id))
        yield from (f"  {_way(way)}" for way in answer.ways(id)[:_MOST_WAYS])


def _ways(answer: WhoCan, id: str) -> Iterator[str]:
    ways = [(way, "") for way in answer.ways(id)]
    for one in answer.through(id):
        ways += [(way, _chain(one)) for way in answer.ways(one.holder.id)]
    for way, chain in ways[:_MOST_WAYS]:
        yield f"  {_way(way)}{chain}"
    if len(ways) > _MOST_WAYS:
        yield f"  and {len(ways) - _MOST_WAYS} more ways"


def _way(way: Way) -> str:
    provisos = "".join(f", {one}" for one in way.provisos)
    return one_line(f"{way.role} on {in_words(way.assignment.scope)}{provisos}", maximum=500)


def _chain(one: Through) -> str:
    return one_line(f", through {' in '.join(group.text for group in one.chain)}", maximum=500)


def _who(one: Subject) -> str:
    kind = {
        PrincipalKind.USER: "user",
        PrincipalKind.GROUP: "group",
        PrincipalKind.SERVICE_PRINCIPAL: "managed identity" if one.managed_identity else "service principal",
        PrincipalKind.DEVICE: "device",
        PrincipalKind.UNKNOWN: "of unknown kind",
    }[one.kind]
    marks = [kind, *(["guest"] if one.guest else []), *([] if one.enabled else ["switched off"])]
    mail = f" <{one.mail}>" if one.mail and one.mail != one.name else ""
    own = f" {one.id}" if one.text != one.id else ""
    return one_line(f"{one.text}{mail}{own} ({', '.join(marks)})", maximum=500)


def explanation_lines(answer: Explanation) -> Iterator[str]:
    """The answer."""
    yield _who(answer.subject)
    for persona, group in answer.personas.items():
        yield one_line(f"stands for the persona {persona}{f', by the group {group}' if group else ''}")
    yield ""
    yield f"In {_count(len(answer.groups), 'group', 'groups')}:"
    for inside, chain in answer.groups:
        way = f", through {' in '.join(one.text for one in chain[:-1])}" if len(chain) > 1 else ""
        yield "  " + one_line(f"{inside.text}{way}", maximum=500)
    yield from _roles("Has", answer.held)
    yield from _roles("Is eligible for", answer.eligible)
    if answer.denials:
        yield ""
        yield "Denied by:"
        yield from ("  " + one_line(f"{one.name} on {one.scope}", maximum=500) for one in answer.denials)
    if answer.memberships:
        yield ""
        yield "In Azure DevOps and Azure Artifacts:"
        yield from ("  " + one_line(f"{one.group} ({one.project or one.service})") for one in answer.memberships)
    yield from _open_ends(answer.undecided, answer.notes)


def _roles(heading: str, roles: Sequence[Held]) -> Iterator[str]:
    if not roles:
        if heading == "Has":
            yield ""
            yield "Has no role."
        return
    yield ""
    yield f"{heading} {_count(len(roles), 'role', 'roles')}, the most dangerous first:"
    for one in roles:
        chain = f", through {' in '.join(group.text for group in one.through)}" if one.through else ""
        yield "  " + one_line(f"{one.role} on {in_words(one.assignment.scope)}{chain}{_terms(one)}", maximum=600)
        if one.unknown:
            yield "    " + one_line(f"what it permits is not known: {one.unknown}")
        for peril in one.perils[:_MOST_WAYS]:
            yield "    " + one_line(f"{peril.danger.name.casefold()}: {peril.action}{' (data)' if peril.data else ''}")


def _terms(one: Held) -> str:
    assignment = one.assignment
    parts = []
    if assignment.timing is Timing.TIME_BOUND:
        parts.append(f"for {assignment.hours:g} hours" if assignment.hours is not None else "for a time")
    if assignment.condition is None:
        parts.append("under a condition that isn't known")
    elif assignment.condition:
        parts.append(f"if {assignment.condition}")
    if assignment.conditional:
        parts.append("if the deployment makes it")
    return "".join(f", {part}" for part in parts)


def _open_ends(undecided: Sequence[str], notes: Sequence[str]) -> Iterator[str]:
    if undecided:
        yield ""
        yield "The answer is not complete, since not everything is known:"
        yield from ("  " + one_line(f"{one}", maximum=500) for one in undecided)
    if notes:
        yield ""
        yield from (one_line(f"Note: {one}", maximum=500) for one in notes)


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
