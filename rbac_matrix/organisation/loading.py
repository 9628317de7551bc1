"""An organisation's file: what it changes of the built-in personas, services and matrices, and who is who.

The format is described by example in docs/rbac-organisation.md, and by the schema that `mlgate rbac schema
organisation` prints. Every mistake is told with file and line.
"""

from __future__ import annotations

import enum
from pathlib import Path

from rbac_matrix.organisation.cells import apply_cells
from rbac_matrix.organisation.draft import Draft, built_in, nothing
from rbac_matrix.organisation.matrices import apply_matrices
from rbac_matrix.organisation.model import BreakGlass, Organisation, Setup
from rbac_matrix.organisation.naming import groups_by_pattern
from rbac_matrix.organisation.people import apply_combinations, apply_rules, apply_workloads, read_break_glass
from rbac_matrix.organisation.roles import apply_roles
from rbac_matrix.organisation.setups import read_setup
from rbac_matrix.organisation.structure import apply_personas, apply_services
from rbac_matrix.principals import Principal, Principals, load_principals, merged, read_listed
from verdicts import InputDigest
from verdicts.digests import digest_file
from verdicts.documents import load_document
from verdicts.sections import Section

SCHEMA = "mlgate/rbac-organisation/v1"


class _Base(enum.Enum):
    """What a file can extend."""

    MLGATE = "mlgate"


def load_organisation(
    path: Path | None, *, shown_as: str = "", principals: Path | None = None, principals_shown_as: str = ""
) -> Organisation:
    """The built-in matrices as an organisation's file changes them, with its groups and those of a principals file.

    Args:
        path: the organisation's file; None for the built-in matrices.
        shown_as: its name in errors and reports.
        principals: a principals file; None for none.
        principals_shown_as: its name in errors and reports.

    Raises:
        ConfigurationError: with file and line, and what to do.
    """
    draft = built_in()
    setups: list[Setup] = []
    entries: list[Principal] = []
    break_glass: list[BreakGlass] = []
    if path is not None:
        name = shown_as or str(path)
        draft, setups, entries, break_glass = _read(path, name)
        draft.inputs.append(InputDigest(name, digest_file(path)))
    if principals is not None:
        name = principals_shown_as or str(principals)
        entries += load_principals(principals, shown_as=name, personas=tuple(draft.personas)).entries
        draft.inputs.append(InputDigest(name, digest_file(principals)))
    return Organisation(
        matrices={name: draft.matrix(name) for name in draft.matrices},
        rules=draft.rules,
        principals=merged(entries) if entries else Principals(),
        setups=tuple(setups),
        combinations=tuple(draft.combinations.values()),
        workloads=tuple(draft.workloads),
        custom_roles=tuple(draft.custom_roles),
        break_glass=tuple(break_glass),
        inputs=tuple(draft.inputs),
        deviations=tuple(draft.deviations),
    )


def _read(path: Path, name: str) -> tuple[Draft, list[Setup], list[Principal], list[BreakGlass]]:
    top = Section(load_document(path, shown_as=name), name)
    if top.text("schema") != SCHEMA:
        raise top.error(f"'schema' must be {SCHEMA}", "schema")
    draft = built_in() if top.has("extends") and top.choice("extends", _Base) is _Base.MLGATE else nothing()
    apply_personas(draft, top.optional_section("personas"))
    apply_services(draft, top.optional_section("services"))
    apply_matrices(draft, top.optional_section("matrices"))
    for what, there in (("personas", draft.personas), ("services", draft.services), ("matrices", draft.matrices)):
        if not there:
            raise top.error(f"there are no {what}", remedy=f"write 'extends: mlgate', or add {what} of your own")
    for role in top.sections("roles", ()):
        apply_roles(draft, role)
    apply_cells(draft, top.optional_section("cells"))
    apply_rules(draft, top.optional_section("rules"))
    apply_combinations(draft, top.optional_section("combinations"))
    apply_workloads(draft, top.optional_section("workloads"))
    seen: dict[tuple[str, str], Setup] = {}
    entries: list[Principal] = []
    for section in top.sections("setups", ()):
        entries += read_setup(draft, section, seen)[1]
    named = frozenset((*setup, one.persona) for one in entries for setup in one.setups)
    for section in top.sections("groups", ()):
        entries += groups_by_pattern(draft, section, tuple(seen.values()), named)
    entries += read_listed(top, tuple(draft.personas), required=False)
    known: set[str] = set()
    break_glass = [read_break_glass(section, known) for section in top.sections("break_glass", ())]
    top.finish()
    return draft, list(seen.values()), entries, break_glass
