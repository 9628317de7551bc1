"""Persona rules, toxic combinations, workload identities and the break-glass list of an organisation's file."""

from __future__ import annotations

from dataclasses import replace

from rbac_matrix.matrix import Access
from rbac_matrix.organisation.defaults import read_combination, read_rules, read_workload
from rbac_matrix.organisation.draft import Draft
from rbac_matrix.organisation.model import BreakGlass, PersonaRules
from rbac_matrix.organisation.reading import named_texts, place, unknown
from rbac_matrix.principals import GUID
from verdicts.sections import Section


def apply_rules(draft: Draft, section: Section | None) -> None:
    """`rules:`. Raises ConfigurationError."""
    for persona in section.keys() if section is not None else ():
        assert section is not None
        if persona not in draft.personas:
            raise unknown(section, "persona", persona, draft.personas, persona)
        mine = section.section(persona)
        old = draft.rules[persona]
        new = read_rules(mine, old)
        reason = mine.text("reason", "")
        mine.finish()
        opened = _opened(old, new)
        if draft.extends and opened and not reason:
            message = f"{persona}: {opened} is less strict than before, without a reason"
            raise section.error(message, persona, remedy="say why in 'reason'")
        draft.rules[persona] = new
        access = Access.JUST_IN_TIME if new.just_in_time else Access.PERMANENT
        draft.personas[persona] = replace(draft.personas[persona], access=access)
        if new != old:
            draft.note(section, f"the rules of {persona} differ", persona, widens=bool(opened), reason=reason)


def _opened(old: PersonaRules, new: PersonaRules) -> str:
    """What of the rules allows more than it did."""
    if not new.principal_types <= old.principal_types:
        return "'principal_types'"
    if old.just_in_time and not new.just_in_time:
        return "'just_in_time'"
    if old.maximum_hours is not None and (new.maximum_hours or 0) > old.maximum_hours:
        return "'maximum_hours'"
    if old.conditions and (not new.conditions or not set(new.conditions) <= set(old.conditions)):
        return "'conditions'"
    return ""


def apply_combinations(draft: Draft, section: Section | None) -> None:
    """`combinations:`. Raises ConfigurationError."""
    if section is None:
        return
    for removals, key, reason in named_texts(section, "remove", "combination", draft.combinations):
        del draft.combinations[key]
        draft.note(removals, f"the combination {key} is allowed", key, widens=True, reason=reason)
    for added in section.sections("add", ()):
        new = read_combination(added, draft.personas, draft.roles, draft.places)
        if new.id in draft.combinations:
            raise added.error(f"there is a combination {new.id!r} already", "id", remedy="remove that one first")
        draft.combinations[new.id] = new
        draft.note(added, f"the combination {new.id} is the organisation's own", widens=False)
    section.finish()


def apply_workloads(draft: Draft, section: Section | None) -> None:
    """`workloads:`: lines of the table are taken out, then others added. Raises ConfigurationError."""
    if section is None:
        return
    for removed in section.sections("remove", ()):
        line = read_workload(removed, draft.roles)
        reason = removed.text("reason", "")
        removed.finish()
        if line not in draft.workloads:
            message = f"{line.workload.value} has no {line.role} on {line.scope} in the table"
            raise removed.error(message, remedy="write workload, scope, role and condition as the table has them")
        del draft.workloads[line]
        text = f"the {line.workload.value}'s identity has no {line.role} on {line.scope}"
        draft.note(removed, text, widens=False, reason=reason)
    for added in section.sections("add", ()):
        line = read_workload(added, draft.roles)
        # Where there is no table of ours, there is nothing that is made wider.
        reason = added.text("reason") if draft.extends else added.text("reason", "")
        added.finish()
        if line in draft.workloads:
            raise added.error(f"{line.workload.value} has {line.role} on {line.scope} already")
        draft.workloads[line] = None
        text = f"the {line.workload.value}'s identity may have {line.role} on {line.scope}"
        draft.note(added, text, widens=True, reason=reason)
    section.finish()


def read_break_glass(section: Section, seen: set[str]) -> BreakGlass:
    """One entry of `break_glass:`. Raises ConfigurationError."""
    one = BreakGlass(
        object_id=section.text("object_id").casefold(),
        reason=section.text("reason"),
        expires=section.date("expires"),
        location=place(section),
    )
    section.finish()
    if GUID.fullmatch(one.object_id) is None:
        raise section.error("'object_id' must be the object id (a GUID) in Microsoft Entra", "object_id")
    if one.object_id in seen:
        raise section.error(f"{one.object_id} stands twice", "object_id")
    seen.add(one.object_id)
    return one
