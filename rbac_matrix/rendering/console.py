"""A grid on the console."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rbac_matrix.rendering.grid import Grid, GridCell, Tone

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_WIDTH = 140
"""Columns where the output goes to a file."""
_STYLES = {
    Tone.EMPTY: "",
    Tone.READS: "green",
    Tone.CHANGES: "yellow",
    Tone.CONTROLS: "bold red",
    Tone.EXACT: "green",
    Tone.MISSING: "bold blue",
    Tone.SUBSET: "cyan",
    Tone.EXCESS: "bold red",
    Tone.DIFFERENT: "bold magenta",
    Tone.UNKNOWN: "reverse",
}


def print_grids(grids: Iterable[Grid], console: Console | None = None) -> None:
    """Prints all of them; without a terminal there is no colour, and room for a whole matrix."""
    from rich.console import Console

    if console is None:
        console = Console()
        if not console.is_terminal:
            console = Console(width=_WIDTH)
    for grid in grids:
        _print(grid, console)


def plain_text(grids: Iterable[Grid]) -> str:
    """What `print_grids` prints where there is no terminal."""
    import io

    from rich.console import Console

    stream = io.StringIO()
    print_grids(grids, Console(file=stream, width=_WIDTH, color_system=None))
    return stream.getvalue()


def _print(grid: Grid, console: Console) -> None:
    from rich.table import Table
    from rich.text import Text

    title = f"{grid.title} ({grid.subtitle})" if grid.subtitle else grid.title
    table = Table(title=Text(title), title_justify="left")
    for index, text in enumerate([grid.corner, *(one.text for one in grid.columns)]):
        table.add_column(Text(text), overflow="fold", no_wrap=index == 0)
    for row in grid.rows:
        table.add_row(Text(row.heading.text), *(_cell(cell) for cell in row.cells))
    console.print(table)
    keys = [Text(_key(grid, tone), style=_STYLES[tone]) for tone in grid.legend]
    if keys:
        console.print(Text("; ").join(keys))
    if grid.abbreviations:
        console.print(Text("; ".join(f"{short} = {name}" for short, name in grid.abbreviations), style="dim"))
    for note in grid.notes:
        console.print(Text(f"- {note}"))


def _key(grid: Grid, tone: Tone) -> str:
    """A tone's mark and meaning; the roles themselves where it has no mark, since not every console has colours."""
    if tone.mark:
        return f"{tone.mark} {tone.meaning}"
    return f"{', '.join(grid.labels_in(tone))}: {tone.meaning}"


def _cell(cell: GridCell) -> Text:
    from rich.text import Text

    whole = _STYLES[cell.tone]
    parts = [Text(cell.tone.mark, style=whole)] if cell.tone.mark else []
    if cell.labels:
        parts.append(Text(", ").join(Text(one.text, style=whole or _STYLES[one.tone]) for one in cell.labels))
    if cell.counts:
        counted = Text(" ").join(Text(f"{number}{tone.mark}", style=_STYLES[tone]) for tone, number in cell.counts)
        parts.append(Text("(") + counted + Text(")"))
    return Text(" ").join(parts)
