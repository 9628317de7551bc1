"""The difference between a matrix and reality, in the shape of the matrix."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rbac_matrix.cells import CellResult, CellState
from rbac_matrix.checks.interface import Judged
from rbac_matrix.matrix import Matrix, Persona, Service
from rbac_matrix.rendering.grid import Grid, GridCell, GridRow, Label, tone_of
from rbac_matrix.rendering.matrices import abbreviations, column_headings, role_label, row_heading

# The worst state of its resources is a cell's own.
_WORST = (
    CellState.EXCESS,
    CellState.DIFFERENT,
    CellState.UNKNOWN,
    CellState.MISSING,
    CellState.SUBSET,
    CellState.EXACT,
    CellState.EMPTY,
)
_NAMED = 3


def difference_grid(matrix: Matrix, judged: Judged) -> Grid:
    """One cell for each of the matrix's: what it allows, how many resources are in which state, and the worst in words.

    A cell of which nothing was looked at (no resource of that service is known) has no colour and says so.
    """
    by_cell: dict[tuple[str, str], list[CellResult]] = {}
    for one in judged.cells:
        by_cell.setdefault((one.persona, one.service), []).append(one)
    return Grid(
        title=f"The {matrix.name} matrix and what is assigned",
        subtitle="numbers are resources; an empty cell without a number was not looked at",
        corner="Persona",
        columns=column_headings(matrix),
        rows=tuple(
            GridRow(
                row_heading(persona),
                tuple(
                    _cell(
                        matrix,
                        persona,
                        service,
                        judged.cell_counts.get((persona.id, service.id), {}),
                        by_cell.get((persona.id, service.id), ()),
                    )
                    for service in matrix.services.values()
                ),
            )
            for persona in matrix.personas.values()
        ),
        abbreviations=abbreviations(matrix),
        notes=tuple(_notes(judged)),
    )


def _cell(
    matrix: Matrix,
    persona: Persona,
    service: Service,
    counts: Mapping[CellState, int],
    results: Sequence[CellResult],
) -> GridCell:
    allowed = matrix.cell(persona.id, service.id)
    worst = next((state for state in _WORST if counts.get(state)), None)
    labels = tuple(map(role_label, allowed)) if allowed else _held_labels(results)
    names = " and ".join(role.name for role in allowed) or "nothing"
    head = f"{persona.name} on {service.name}, allowed: {names}"
    if worst is None:
        return GridCell(labels=labels, tooltip=f"{head}; not looked at")
    shown = tuple(
        (tone_of(state), counts[state]) for state in _WORST if counts.get(state) and state is not CellState.EMPTY
    )
    return GridCell(
        labels=labels, tone=tone_of(worst), counts=shown, tooltip="; ".join([head, *_in_words(worst, results)])
    )


def _held_labels(results: Iterable[CellResult]) -> tuple[Label, ...]:
    """What is held where nothing is allowed, so that the cell says what is too much."""
    names = dict.fromkeys(name for one in results if one.state is CellState.EXCESS for name in one.held)
    return tuple(Label(name, tone_of(CellState.EXCESS)) for name in list(names)[:_NAMED])


def _in_words(worst: CellState, results: Sequence[CellResult]) -> list[str]:
    """The worst resources by name."""
    if worst in (CellState.EXACT, CellState.EMPTY):
        return [tone_of(worst).meaning]
    named = [one for one in results if one.state is worst]
    texts = [
        f"{tone_of(worst).meaning}: {' and '.join(one.held) or 'nothing'} on {one.resource or 'no resource'}"
        + (f" ({one.detail})" if one.detail else "")
        for one in named[:_NAMED]
    ]
    if len(named) > _NAMED:
        texts.append(f"and {len(named) - _NAMED} more")
    return texts or [tone_of(worst).meaning]


def _notes(judged: Judged) -> Iterable[str]:
    yield from judged.notes
    for one in judged.not_looked:
        yield f"Not looked at: {one}."
    for undecided in judged.undecided:
        yield f"Could not be decided: {undecided.text}."
