"""What the readers of an organisation's file share: names that must be known, reasons that must be given."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator

from rbac_matrix.matrix import IDENTIFIER, Role
from verdicts import ConfigurationError, Location
from verdicts.sections import Section

_SHOWN = 20


def unknown(
    section: Section, what: str, value: str, known: Iterable[str], *keys: str | int, remedy: str = ""
) -> ConfigurationError:
    """The error for a name that doesn't exist, with the one that was probably meant."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(value.casefold(), folded, n=1)
    if near:
        hint = f"did you mean {folded[near[0]]!r}?"
    else:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        hint = f"known: {', '.join(names[:_SHOWN])}{more}" if names else "there are none"
    return section.error(f"there is no {what} {value!r}", *keys, remedy=remedy or hint)


def known_names(section: Section, what: str, key: str, known: Collection[str]) -> frozenset[str]:
    """A list of names that all exist; an absent one is empty."""
    names = section.texts(key, ())
    for index, name in enumerate(names):
        if name not in known:
            raise unknown(section, what, name, known, key, index)
    return frozenset(names)


def identifier(section: Section, key: str) -> str:
    """A name that becomes a part of other names."""
    text = section.text(key)
    if IDENTIFIER.fullmatch(text) is None:
        raise section.error(f"{text!r} is no name here", key, remedy="small letters, digits and single hyphens")
    return text


def children(section: Section | None) -> Iterator[tuple[str, Section]]:
    """Every key of a mapping of mappings; none where the mapping is absent."""
    if section is not None:
        for key in section.keys():  # noqa: SIM118 - a Section is no dict
            yield key, section.section(key)


def named_texts(section: Section, key: str, what: str, known: Collection[str]) -> Iterator[tuple[Section, str, str]]:
    """A mapping of names that must exist to texts (reasons, new names): the mapping, a name, its text."""
    mapping = section.optional_section(key)
    for name in mapping.keys() if mapping is not None else ():
        assert mapping is not None
        if name not in known:
            raise unknown(mapping, what, name, known, name)
        yield mapping, name, mapping.text(name)


def place(section: Section, *keys: str | int) -> Location:
    """Where something stands in the file."""
    return Location(section.name, section.line(*keys))


def role_labels(roles: Iterable[Role]) -> dict[str, str]:
    """Labels by everything that a role may be called: its label, and its name where no label is the same."""
    listed = list(roles)
    return {**{role.name: role.label for role in listed}, **{role.label: role.label for role in listed}}


def in_words(labels: Iterable[str]) -> str:
    """Roles of a cell."""
    return " and ".join(labels) or "nothing"
