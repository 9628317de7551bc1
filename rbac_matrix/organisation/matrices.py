"""Matrices and environments that an organisation adds, removes or renames."""

from __future__ import annotations

from dataclasses import replace

from rbac_matrix.matrix import IDENTIFIER
from rbac_matrix.organisation.draft import Draft, MatrixDraft
from rbac_matrix.organisation.model import Side
from rbac_matrix.organisation.reading import identifier, named_texts, unknown
from rbac_matrix.organisation.structure import keep_or_drop
from verdicts.sections import Section


def apply_matrices(draft: Draft, section: Section | None) -> None:
    """`matrices:`. Raises ConfigurationError."""
    if section is None:
        return
    built_in = {name: matrix.environments for name, matrix in draft.matrices.items()}
    copies = {name: dict(matrix.cells) for name, matrix in draft.matrices.items()}
    for removals, name, reason in named_texts(section, "remove", "matrix", draft.matrices):
        del draft.matrices[name]
        draft.note(removals, f"the matrix {name} is gone", name, widens=True, reason=reason)
    for renamed, name, _ in named_texts(section, "rename", "matrix", draft.matrices):
        new = identifier(renamed, name)
        if new in draft.matrices:
            raise renamed.error(f"there is a matrix {new!r} already", name)
        draft.matrices = {new if key == name else key: matrix for key, matrix in draft.matrices.items()}
        _rename_place(draft, name, new)
        built_in[new] = built_in.pop(name)
        draft.note(renamed, f"the matrix {name} is called {new!r}", name, widens=False)
    for added in section.sections("add", ()):
        _add_matrix(draft, added, copies)
    _change_environments(draft, section.optional_section("environments"), built_in)
    _refuse_shared_environments(draft, section)
    section.finish()
    _without_places(draft, section)


def _add_matrix(draft: Draft, section: Section, copies: dict[str, dict[tuple[str, str], tuple[str, ...]]]) -> None:
    name = identifier(section, "name")
    if name in draft.matrices:
        raise section.error(f"there is a matrix {name!r} already", "name")
    like = section.text("like", "")
    if like and like not in copies:
        raise unknown(section, "built-in matrix", like, copies, "like")
    cells = dict(copies[like]) if like else {}
    environments = _environments(section, "environments")
    draft.matrices[name] = MatrixDraft(environments, cells, dict(cells) if like else None)
    copied = f", a copy of {like}" if like else ""
    section.finish()
    draft.note(section, f"the matrix {name} is the organisation's own{copied}", widens=False)


def _environments(section: Section, key: str) -> tuple[str, ...]:
    names = section.texts(key)
    for index, name in enumerate(names):
        if IDENTIFIER.fullmatch(name) is None:
            raise section.error(
                f"{name!r} is no name here", key, index, remedy="small letters, digits and single hyphens"
            )
        if name in names[:index]:
            raise section.error(f"the environment {name!r} stands twice", key, index)
    return names


def _change_environments(draft: Draft, section: Section | None, built_in: dict[str, tuple[str, ...]]) -> None:
    """An environment that leaves its matrix needs a reason: what was forbidden there may be allowed now."""
    if section is None:
        return
    given: dict[str, str] = {}
    for name in section.keys():  # noqa: SIM118 - a Section is no dict
        if name not in draft.matrices:
            raise unknown(section, "matrix", name, draft.matrices, name)
        reason = ""
        if isinstance(section.value(name), dict):
            inner = section.section(name)
            draft.matrices[name].environments = _environments(inner, "names")
            reason = inner.text("reason")
            inner.finish()
        else:
            draft.matrices[name].environments = _environments(section, name)
        given[name] = reason
    for name, reason in given.items():
        new = draft.matrices[name].environments
        left = [one for one in built_in.get(name, ()) if one not in new]
        taken = [one for one in new for other, old in built_in.items() if other != name and one in old]
        if draft.extends and (left or taken) and not reason:
            moved = ", ".join(left or taken)
            raise section.error(
                f"{moved} {'leaves' if left else 'comes to'} the matrix {name} without a reason",
                name,
                remedy="write {names: [...], reason: ...}",
            )
        text = f"the matrix {name} holds in {', '.join(new) or 'no environment'}"
        draft.note(section, text, name, widens=bool(left or taken), reason=reason)
    section.finish()


def _refuse_shared_environments(draft: Draft, section: Section) -> None:
    seen: dict[str, str] = {}
    for name, matrix in draft.matrices.items():
        for environment in matrix.environments:
            other = seen.setdefault(environment, name)
            if other != name:
                raise section.error(f"the environment {environment!r} has two matrices, {other} and {name}")
            if environment in draft.matrices and environment != name:
                raise section.error(f"{environment!r} is a matrix, and an environment of the matrix {name}")


def _rename_place(draft: Draft, old: str, new: str) -> None:
    def renamed(side: Side) -> Side:
        return replace(side, environments=frozenset(new if one == old else one for one in side.environments))

    draft.combinations = {
        key: replace(one, first=renamed(one.first), second=renamed(one.second))
        for key, one in draft.combinations.items()
    }


def _without_places(draft: Draft, section: Section) -> None:
    """Combinations lose environments that are gone; one without any left would count everywhere, so it goes."""
    known = set(draft.places)
    for key, one in list(draft.combinations.items()):
        sides = [replace(side, environments=side.environments & known) for side in (one.first, one.second)]
        lost = any(
            side.environments and not kept.environments
            for side, kept in zip((one.first, one.second), sides, strict=True)
        )
        keep_or_drop(draft, section, key, one, sides, lost, "its environments are")
