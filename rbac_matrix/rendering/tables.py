"""The matrix as a table."""

from __future__ import annotations

from collections.abc import Iterator

from rbac_matrix.matrix import Matrix
from verdicts import Severity

_WIDTH = 140
"""Columns where the output goes to a file."""
_STYLES = {Severity.CRITICAL: "bold red", Severity.HIGH: "yellow"}


def rows(matrix: Matrix) -> Iterator[tuple[str, ...]]:
    """The head, then one row for each persona: its name and the abbreviations of each cell."""
    yield ("Persona", *(service.name for service in matrix.services.values()))
    for persona in matrix.personas.values():
        cells = (matrix.cell(persona.id, service) for service in matrix.services)
        yield (persona.name, *(", ".join(role.label for role in cell) for cell in cells))


def legend(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Abbreviation and name of every role that stands in a cell, in the order of the roles file."""
    used = {label for labels in matrix.cells.values() for label in labels}
    return ((role.label, role.name) for role in matrix.roles.values() if role.label in used)


def markdown_table(matrix: Matrix) -> str:
    """A table for a document."""
    head, *body = rows(matrix)
    lines = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    lines += ["| " + " | ".join(row) + " |" for row in body]
    lines += ["", *(f"- {label}: {name}" for label, name in legend(matrix))]
    return "\n".join(lines) + "\n"


def print_table(matrix: Matrix) -> None:
    """A coloured table on the console: red gives everything, yellow changes something, the rest reads."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"The {matrix.name} matrix ({', '.join(matrix.environments)})", title_justify="left")
    for index, title in enumerate(next(rows(matrix))):
        table.add_column(title, overflow="fold", no_wrap=index == 0)
    for persona in matrix.personas.values():
        cells = []
        for service in matrix.services:
            cell = Text(", ").join(
                Text(role.label, style=_STYLES.get(role.excess, "green")) for role in matrix.cell(persona.id, service)
            )
            cells.append(cell)
        table.add_row(Text(persona.name), *cells)
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH)
    console.print(table)
    console.print(Text("; ".join(f"{label} = {name}" for label, name in legend(matrix)), style="dim"))
