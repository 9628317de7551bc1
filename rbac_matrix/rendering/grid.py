"""A table of personas and services as a value: what the writers for console, Markdown, HTML and SVG all take.

The matrix itself and the difference between a matrix and reality have the same shape: a cell holds labels (roles), a
tone (what its colour means), and numbers of resources by tone. Colour is never the only sign: a tone of a difference
has a mark, too, and each cell a sentence.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from rbac_matrix.cells import CellState
from verdicts.text import one_line

_NAME, _SENTENCE = 120, 600


class Tone(enum.Enum):
    """What a colour means."""

    EMPTY = "empty"
    READS = "reads"
    CHANGES = "changes"
    CONTROLS = "controls"
    """Gives everything, or gives access to others."""
    EXACT = "exact"
    MISSING = "missing"
    SUBSET = "subset"
    EXCESS = "excess"
    DIFFERENT = "different"
    UNKNOWN = "unknown"

    @property
    def mark(self) -> str:
        """A sign for those who don't see the colour; "" for the tones of roles, whose labels say it."""
        return _MARKS.get(self, "")

    @property
    def meaning(self) -> str:
        """For the legend."""
        return _MEANINGS[self]


_MARKS = {
    Tone.EXACT: "=",
    Tone.MISSING: "−",
    Tone.SUBSET: "<",
    Tone.EXCESS: "+",
    Tone.DIFFERENT: "≠",
    Tone.UNKNOWN: "?",
}
_MEANINGS = {
    Tone.EMPTY: "nothing",
    Tone.READS: "reads",
    Tone.CHANGES: "changes, runs or reads secrets",
    Tone.CONTROLS: "everything, or access for others",
    Tone.EXACT: "as the matrix says",
    Tone.MISSING: "demanded, and missing",
    Tone.SUBSET: "less than allowed",
    Tone.EXCESS: "more than allowed",
    Tone.DIFFERENT: "more here and less there than allowed",
    Tone.UNKNOWN: "could not be decided",
}
_STATES = {
    CellState.EMPTY: Tone.EMPTY,
    CellState.EXACT: Tone.EXACT,
    CellState.MISSING: Tone.MISSING,
    CellState.SUBSET: Tone.SUBSET,
    CellState.EXCESS: Tone.EXCESS,
    CellState.DIFFERENT: Tone.DIFFERENT,
    CellState.UNKNOWN: Tone.UNKNOWN,
}


def tone_of(state: CellState) -> Tone:
    """The tone in which the state of a cell is shown."""
    return _STATES[state]


@dataclass(frozen=True, slots=True)
class Heading:
    """Head of a row or column; `tooltip` says more of it, or is ""."""

    text: str
    tooltip: str = ""

    def __post_init__(self) -> None:
        _clean(self, text=_NAME, tooltip=_SENTENCE)


@dataclass(frozen=True, slots=True)
class Label:
    """A role in a cell."""

    text: str
    tone: Tone = Tone.EMPTY
    tooltip: str = ""

    def __post_init__(self) -> None:
        _clean(self, text=_NAME, tooltip=_SENTENCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GridCell:
    """One cell.

    Attributes:
        labels: roles, in their order.
        tone: of the whole cell, with its mark; EMPTY where the labels' own tones say all.
        counts: how many resources are in which tone ("3 as the matrix says, 1 more than allowed"); may be empty.
        tooltip: a sentence that says all of the cell, for those who see no colour, too.
    """

    labels: tuple[Label, ...] = ()
    tone: Tone = Tone.EMPTY
    counts: tuple[tuple[Tone, int], ...] = ()
    tooltip: str = ""

    def __post_init__(self) -> None:
        _clean(self, tooltip=_SENTENCE)

    @property
    def count_text(self) -> str:
        """Numbers with their marks: "3= 1+"."""
        return " ".join(f"{number}{tone.mark}" for tone, number in self.counts)

    @property
    def count_sentence(self) -> str:
        """Numbers in words."""
        return ", ".join(f"{number} {tone.meaning}" for tone, number in self.counts)


@dataclass(frozen=True, slots=True)
class GridRow:
    """A persona."""

    heading: Heading
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A whole table. Texts are cleaned and on one line: names come from files that others wrote.

    Attributes:
        corner: head of the column of heads ("Persona").
        abbreviations: labels with the names that they stand for.
        notes: sentences below the table: deviations, what was not looked at.
    """

    title: str
    subtitle: str = ""
    corner: str
    columns: tuple[Heading, ...]
    rows: tuple[GridRow, ...]
    abbreviations: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _clean(self, title=_NAME, subtitle=_SENTENCE, corner=_NAME)
        pairs = tuple((one_line(a, maximum=_NAME), one_line(b, maximum=_NAME)) for a, b in self.abbreviations)
        object.__setattr__(self, "abbreviations", pairs)
        object.__setattr__(self, "notes", tuple(one_line(note, maximum=_SENTENCE) for note in self.notes))
        if any(len(row.cells) != len(self.columns) for row in self.rows):
            raise ValueError("a row has another number of cells than there are columns")

    @property
    def legend(self) -> tuple[Tone, ...]:
        """The tones that occur, in the order of `Tone`."""
        cells = [cell for row in self.rows for cell in row.cells]
        used = {cell.tone for cell in cells}
        used |= {label.tone for cell in cells for label in cell.labels}
        used |= {tone for cell in cells for tone, _ in cell.counts}
        return tuple(tone for tone in Tone if tone in used and tone is not Tone.EMPTY)

    def labels_in(self, tone: Tone) -> tuple[str, ...]:
        """The labels that have a tone, each once."""
        labels = (label for row in self.rows for cell in row.cells for label in cell.labels)
        return tuple(dict.fromkeys(label.text for label in labels if label.tone is tone))


def _clean(value: object, **maximum: int) -> None:
    for name, length in maximum.items():
        object.__setattr__(value, name, one_line(getattr(value, name), maximum=length))
