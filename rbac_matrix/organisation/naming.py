"""Groups by their names: patterns of an organisation's file, and the objects of a directory that have those names.

A pattern never matches by itself: it is written out for every setup, environment and persona that the file declares, so
each name belongs to exactly one persona, and a name that two would have is refused when the file is read. Display names
aren't unique in Microsoft Entra, and whoever may make a group may give it any name: a name that several groups have is
therefore nobody's, and whatever depends on it could not be checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rbac_matrix.organisation.draft import Draft
from rbac_matrix.organisation.model import Setup
from rbac_matrix.organisation.reading import known_names, place, unknown
from rbac_matrix.principals import Principal, Principals
from verdicts.sections import Section

PLACEHOLDERS = ("setup", "environment", "persona")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def groups_by_pattern(
    draft: Draft, section: Section, setups: Sequence[Setup], named: frozenset[tuple[str, str, str]]
) -> Iterator[Principal]:
    """One entry of `groups:`, written out.

    Args:
        draft: personas and environments.
        section: the entry.
        setups: all that the file declares.
        named: setup, environment and persona of groups that a setup itself names: the pattern isn't asked there.

    Raises:
        ConfigurationError: with file and line.
    """
    pattern, personas, names = _read(draft, section)
    used = set(_PLACEHOLDER.findall(pattern))
    if "setup" in used and not setups:
        raise section.error("'{setup}' needs setups, and the file declares none", "pattern")
    places = {(one.name, one.environment) for one in setups}
    if "setup" not in used and not setups:
        places = {("", environment) for environment in draft.environments}
    found: dict[tuple[str, str], Principal] = {}
    for setup, environment in sorted(places):
        for persona in personas:
            if (setup, environment, persona) in named:
                continue
            name = _written_out(pattern, setup, environment, names.get(persona, persona))
            where = frozenset({(setup, environment)}) if used & {"setup", "environment"} else frozenset()
            other = found.get((name, persona))
            found[name, persona] = Principal(
                persona=persona,
                object_id="",
                identity="",
                resource_type="",
                type="Group",
                name=name,
                location=place(section, "pattern"),
                group=name,
                setups=where | other.setups if other is not None else where,
            )
    yield from found.values()


def _written_out(pattern: str, setup: str, environment: str, persona: str) -> str:
    values = {"setup": setup, "environment": environment, "persona": persona}
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], pattern)


def _read(draft: Draft, section: Section) -> tuple[str, tuple[str, ...], Mapping[str, str]]:
    pattern = section.text("pattern")
    for name in _PLACEHOLDER.findall(pattern):
        if name not in PLACEHOLDERS:
            raise unknown(section, "placeholder", name, PLACEHOLDERS, "pattern")
    if set(_PLACEHOLDER.sub("", pattern)) & set("{}"):
        raise section.error("a brace in 'pattern' belongs to no placeholder", "pattern")
    chosen = known_names(section, "persona", "personas", draft.personas)
    if section.has("personas") and not chosen:
        raise section.error("'personas' is empty: the pattern would be nobody's", "personas")
    personas = tuple(one for one in draft.personas if not chosen or one in chosen)
    if "{persona}" not in pattern and len(personas) != 1:
        raise section.error("without '{persona}' every persona would have the same group", "pattern")
    listed = section.optional_section("names")
    names: dict[str, str] = {}
    for persona in listed.keys() if listed is not None else ():
        assert listed is not None
        if persona not in draft.personas:
            raise unknown(listed, "persona", persona, draft.personas, persona)
        names[persona] = listed.text(persona)
    section.finish()
    return pattern, personas, names


@dataclass(frozen=True, slots=True)
class ResolvedNames:
    """Principals with the object ids that a directory has for their groups.

    Attributes:
        principals: a group whose object was found has its id, the others keep their name alone; those that can't be
            told apart are left out.
        undecided: half sentences about names that can't be told: whatever hangs on them could not be checked.
        ambiguous: object ids that such a name could mean.
        absent: lines whose group doesn't exist.
    """

    principals: Principals
    undecided: tuple[str, ...] = ()
    ambiguous: frozenset[str] = frozenset()
    absent: tuple[Principal, ...] = ()


def resolve_names(principals: Principals, groups: Iterable[tuple[str, str]]) -> ResolvedNames:
    """Finds the groups that are known by name.

    Args:
        principals: lines of which some have only the name of a group.
        groups: object id and display name of the directory's groups.
    """
    ids: dict[str, list[str]] = {}
    for object_id, name in groups:
        if principals.with_group_name(name) is not None:
            ids.setdefault(name.casefold(), []).append(object_id.casefold())
    resolved: list[Principal] = []
    undecided: list[str] = []
    ambiguous: set[str] = set()
    absent: list[Principal] = []
    taken: dict[str, Principal] = {}
    for entry in principals.entries:
        if not entry.group:
            resolved.append(entry)
            continue
        found = sorted(set(ids.get(entry.group.casefold(), ())))
        if len(found) > 1:
            undecided.append(f"{len(found)} groups are called {entry.group} ({', '.join(found[:5])})")
            ambiguous.update(found)
            resolved.append(entry)
            continue
        if not found:
            absent.append(entry)
            resolved.append(entry)
            continue
        claimed = principals.with_object_id(found[0]) or taken.setdefault(found[0], entry)
        if claimed.persona != entry.persona:
            undecided.append(
                f"the group {entry.group} ({found[0]}) is {entry.persona} by its name, and {claimed.persona} by "
                f"{'another name' if claimed.group else 'its object id'}, see {claimed.location}"
            )
            ambiguous.add(found[0])
        elif claimed is entry:
            resolved.append(replace(entry, object_id=found[0]))
    known = [one for one in resolved if one.object_id not in ambiguous]
    return ResolvedNames(Principals(tuple(known)), tuple(undecided), frozenset(ambiguous), tuple(absent))
