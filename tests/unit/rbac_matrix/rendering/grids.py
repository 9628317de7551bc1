"""Grids for the tests of every writer."""

from __future__ import annotations

from rbac_matrix.cells import CellState
from rbac_matrix.rendering.grid import Grid, GridCell, GridRow, Heading, Label, Tone, tone_of

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "a|b | `c` *d* _e_ [f](http://example.com) @team #1 ~~g~~ $x$",
    "\x1b[2J\x1b]8;;http://example.com\x07",
    "\u202eright to left\u2066",
    "line one\nline two\r\n| --- |\n::error::x",
    "W" * 300,
    "Wort " * 80,
    "数据科学家" * 20,
    "]]> --> ]]&gt; &amp; </title></style></svg>",
    "\ud800 lone",
    "[bold red]markup[/] {0} %s",
    "",
)


def difference() -> Grid:
    """A difference between a matrix and reality: every state, with numbers."""
    cells = [
        GridCell(
            labels=(Label("R", tooltip="Reader"), Label("KVR")),
            tone=tone_of(state),
            counts=((tone_of(state), 12), (Tone.EXACT, 3)) if state is not CellState.EMPTY else (),
            tooltip=f"it is {state.value}",
        )
        for state in CellState
    ]
    return Grid(
        title="The production matrix and reality",
        corner="Persona",
        columns=tuple(Heading(state.value) for state in CellState),
        rows=(GridRow(Heading("Data scientist"), tuple(cells)),),
        notes=("Azure DevOps was not looked at",),
    )


def hostile(text: str) -> Grid:
    """The text in every place that has one."""
    cell = GridCell(
        labels=(Label(text, Tone.READS, text), Label(text, Tone.CONTROLS, text)),
        tone=Tone.EXCESS,
        counts=((Tone.EXCESS, 10**9),),
        tooltip=text,
    )
    heading = Heading(text, text)
    return Grid(
        title=text,
        subtitle=text,
        corner=text,
        columns=(heading, heading, Heading("b")),
        rows=(GridRow(heading, (cell, GridCell(), cell)), GridRow(Heading("r"), (GridCell(),) * 3)),
        abbreviations=((text, text),),
        notes=(text, text),
    )
