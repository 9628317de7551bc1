"""A matrix as a grid."""

from __future__ import annotations

from collections.abc import Iterable

from rbac_matrix.matrix import Matrix, Persona, Role, Service
from rbac_matrix.rendering.grid import Grid, GridCell, GridRow, Heading, Label, Tone
from verdicts import Severity

_TONES = {Severity.CRITICAL: Tone.CONTROLS, Severity.UNKNOWN: Tone.CONTROLS, Severity.HIGH: Tone.CHANGES}


def matrix_grid(matrix: Matrix, notes: Iterable[str] = ()) -> Grid:
    """The matrix as it is; `notes` are sentences to show below it."""
    return Grid(
        title=f"The {matrix.name} matrix",
        subtitle=f"holds in: {', '.join(matrix.environments)}" if matrix.environments else "",
        corner="Persona",
        columns=column_headings(matrix),
        rows=tuple(
            GridRow(row_heading(persona), tuple(_cell(matrix, persona, one) for one in matrix.services.values()))
            for persona in matrix.personas.values()
        ),
        abbreviations=abbreviations(matrix),
        notes=tuple(notes),
    )


def column_headings(matrix: Matrix) -> tuple[Heading, ...]:
    """The services."""
    return tuple(Heading(one.name, ", ".join(one.resource_types)) for one in matrix.services.values())


def row_heading(persona: Persona) -> Heading:
    """A persona."""
    return Heading(persona.name, f"{persona.title}: {persona.purpose}; access {persona.access.value}")


def role_label(role: Role) -> Label:
    """A role with the colour of what it gives."""
    return Label(role.label, _TONES.get(role.excess, Tone.READS), role.name)


def abbreviations(matrix: Matrix) -> tuple[tuple[str, str], ...]:
    """Label and name of every role that stands in a cell, in the order of the roles."""
    used = {label for labels in matrix.cells.values() for label in labels}
    return tuple(
        (role.label, role.name) for role in matrix.roles.values() if role.label in used and role.label != role.name
    )


def _cell(matrix: Matrix, persona: Persona, service: Service) -> GridCell:
    roles = matrix.cell(persona.id, service.id)
    names = " and ".join(role.name for role in roles) or "nothing"
    return GridCell(labels=tuple(map(role_label, roles)), tooltip=f"{persona.name} on {service.name}: {names}")
