"""Personas and services that an organisation adds, removes or renames."""

from __future__ import annotations

from dataclasses import replace

from rbac_matrix.matrix import Service, read_persona, read_service
from rbac_matrix.organisation.defaults import usual_rules
from rbac_matrix.organisation.draft import Draft
from rbac_matrix.organisation.model import Combination, Side
from rbac_matrix.organisation.reading import named_texts
from verdicts.sections import Section


def apply_personas(draft: Draft, section: Section | None) -> None:
    """`personas:`. Raises ConfigurationError."""
    if section is None:
        return
    for removals, persona, reason in named_texts(section, "remove", "persona", draft.personas):
        del draft.personas[persona]
        draft.rules.pop(persona, None)
        _forget(draft, persona, None)
        draft.note(removals, f"the persona {persona} is gone", persona, widens=False, reason=reason)
        _without_persona(draft, removals, persona)
    for renamed, persona, name in named_texts(section, "rename", "persona", draft.personas):
        old = draft.personas[persona]
        draft.personas[persona] = replace(old, name=name, title=name)
        draft.note(renamed, f"the persona {persona} is called {name!r}, not {old.name!r}", persona, widens=False)
    for added in section.sections("add", ()):
        new = read_persona(added)
        if new.id in draft.personas:
            raise added.error(
                f"there is a persona {new.id!r} already", "id", remedy="change it by 'rename' and 'rules'"
            )
        draft.personas[new.id] = new
        draft.rules[new.id] = usual_rules(new)
        draft.note(added, f"the persona {new.id} is the organisation's own", widens=False)
    section.finish()


def apply_services(draft: Draft, section: Section | None) -> None:
    """`services:`. Raises ConfigurationError."""
    if section is None:
        return
    for removals, service, reason in named_texts(section, "remove", "service", draft.services):
        del draft.services[service]
        _forget(draft, None, service)
        draft.note(removals, f"the service {service} is gone", service, widens=True, reason=reason)
    for renamed, service, name in named_texts(section, "rename", "service", draft.services):
        old = draft.services[service]
        draft.services[service] = replace(old, name=name)
        draft.note(renamed, f"the service {service} is called {name!r}, not {old.name!r}", service, widens=False)
    for added in section.sections("add", ()):
        new = read_service(added)
        if new.id in draft.services:
            raise added.error(f"there is a service {new.id!r} already", "id")
        _refuse_shared_types(draft, new, added)
        draft.services[new.id] = new
        draft.note(added, f"the service {new.id} is the organisation's own", widens=False)
    section.finish()


def _refuse_shared_types(draft: Draft, new: Service, section: Section) -> None:
    for index, resource_type in enumerate(new.resource_types):
        for other in draft.services.values():
            if other.holds(resource_type) or any(new.holds(own) for own in other.resource_types):
                message = f"{resource_type} belongs to the service {other.id} already: a resource has one column"
                raise section.error(message, "resource_types", index)


def _forget(draft: Draft, persona: str | None, service: str | None) -> None:
    for matrix in draft.matrices.values():
        matrix.cells = {key: labels for key, labels in matrix.cells.items() if key[0] != persona and key[1] != service}


def _without_persona(draft: Draft, section: Section, persona: str) -> None:
    """Combinations lose a persona that is gone; one with an empty side can't be held by anybody."""
    for key, one in list(draft.combinations.items()):
        sides = [replace(side, personas=side.personas - {persona}) for side in (one.first, one.second)]
        lost = any(not (side.personas or side.roles or side.actions) for side in sides)
        keep_or_drop(draft, section, key, one, sides, lost, f"the persona {persona} is")


def keep_or_drop(
    draft: Draft, section: Section, key: str, one: Combination, sides: list[Side], lost: bool, why: str
) -> None:
    """Puts a changed combination in the place of the old one, or takes it out where nobody could hold it any more."""
    if lost:
        del draft.combinations[key]
        draft.note(section, f"the combination {key} is gone with it: {why} gone", widens=True)
    else:
        draft.combinations[key] = replace(one, first=sides[0], second=sides[1])
