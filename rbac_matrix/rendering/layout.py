"""Where everything of a grid stands in a picture, in pixels: rectangles and lines of text, each text in a rectangle.

No text is wider than its rectangle, no two cells overlap, nothing stands outside: tests hold this for hostile names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from rbac_matrix.rendering.grid import Grid, GridCell, Heading, Label, Tone
from rbac_matrix.rendering.text_width import longest_word, width, wrapped

BODY, SMALL, TITLE = 13.0, 11.0, 18.0
MARGIN = 20.0
_LEADING = 1.35
_PADDING = 8.0
_GAP = 5.0
_CHIP = 5.0
"""Room between a label's text and its edge, left and right."""
_COLUMN = (76.0, 168.0)
_ROW_HEADS = (110.0, 230.0)


@dataclass(frozen=True, slots=True)
class Rectangle:
    """Upper left corner and size."""

    x: float
    y: float
    width: float
    height: float

    def holds(self, other: Rectangle) -> bool:
        """Whether the other one lies wholly in this one (up to a thousandth of a pixel)."""
        return (
            other.x >= self.x - 0.001
            and other.y >= self.y - 0.001
            and other.x + other.width <= self.x + self.width + 0.001
            and other.y + other.height <= self.y + self.height + 0.001
        )

    def overlaps(self, other: Rectangle) -> bool:
        """Whether both have a surface in common; edges may touch."""
        return (
            self.x + 0.001 < other.x + other.width
            and other.x + 0.001 < self.x + self.width
            and self.y + 0.001 < other.y + other.height
            and other.y + 0.001 < self.y + self.height
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A rectangle with lines of text in it.

    Attributes:
        kind: "text" has no surface; "head", "cell" and "chip" have.
        lines: top to bottom, each of them fits.
        indent: room left of the lines.
        tone: what its colours are; None for those of the page.
    """

    kind: str
    place: Rectangle
    lines: tuple[str, ...] = ()
    size: float = BODY
    bold: bool = False
    dim: bool = False
    indent: float = 0.0
    tone: Tone | None = None
    tooltip: str = ""
    inside: tuple[Block, ...] = ()

    def moved(self, x: float, y: float) -> Block:
        """The same elsewhere."""
        place = replace(self.place, x=self.place.x + x, y=self.place.y + y)
        return replace(self, place=place, inside=tuple(one.moved(x, y) for one in self.inside))


@dataclass(frozen=True, slots=True)
class Layout:
    """A whole picture."""

    width: float
    height: float
    blocks: tuple[Block, ...] = field(default=())


def line_height(size: float) -> float:
    """From one line to the next."""
    return size * _LEADING


def lay_out(grids: Sequence[Grid]) -> Layout:
    """All grids, one below the other."""
    blocks: list[Block] = []
    y = MARGIN
    broad = 0.0
    for grid in grids:
        mine, across, bottom = _grid(grid, y)
        blocks += mine
        broad = max(broad, across)
        y = bottom + 2 * MARGIN
    return Layout(broad + 2 * MARGIN, y - MARGIN, tuple(blocks))


def _grid(grid: Grid, top: float) -> tuple[list[Block], float, float]:
    """Blocks, width, and the lower edge."""
    widths = _widths(grid)
    across = max(sum(widths), 320.0)
    blocks: list[Block] = []
    y = top

    def paragraph(text: str, size: float, **style: bool) -> None:
        nonlocal y
        block = _text(text, across, size, bold=style.get("bold", False), dim=style.get("dim", False)).moved(MARGIN, y)
        blocks.append(block)
        y += block.place.height

    paragraph(grid.title, TITLE, bold=True)
    if grid.subtitle:
        paragraph(grid.subtitle, BODY, dim=True)
    y += _PADDING
    heads = [_head(one, room) for one, room in zip((Heading(grid.corner), *grid.columns), widths, strict=True)]
    y = _place_row(heads, widths, y, blocks)
    for row in grid.rows:
        cells = [_head(row.heading, widths[0])]
        cells += [_cell(cell, room) for cell, room in zip(row.cells, widths[1:], strict=True)]
        y = _place_row(cells, widths, y, blocks)
    y += _PADDING
    keys = [_chip(Label(f"{tone.mark} {tone.meaning}".strip(), tone), across) for tone in grid.legend]
    flowed, height = _flow(keys, across)
    blocks += [one.moved(MARGIN, y) for one in flowed]
    y += height + (_PADDING if flowed else 0.0)
    if grid.abbreviations:
        paragraph("; ".join(f"{short} = {name}" for short, name in grid.abbreviations), SMALL, dim=True)
    for note in grid.notes:
        paragraph(f"• {note}", SMALL)
    return blocks, across, y


def _place_row(cells: Iterable[Block], widths: Sequence[float], y: float, blocks: list[Block]) -> float:
    """Puts the cells side by side, all as high as the highest one; returns the lower edge."""
    listed = list(cells)
    height = max(one.place.height for one in listed)
    x = MARGIN
    for cell, room in zip(listed, widths, strict=True):
        whole = replace(cell, place=Rectangle(0.0, 0.0, room, height))
        blocks.append(whole.moved(x, y))
        x += room
    return y + height


def _widths(grid: Grid) -> list[float]:
    """Of the column of heads, then of the others: as narrow as their words and labels allow."""
    heads = [grid.corner, *(row.heading.text for row in grid.rows)]
    first = max(width(text, BODY, bold=True) for text in heads) + 2 * _PADDING
    columns = [min(max(first, _ROW_HEADS[0]), _ROW_HEADS[1])]
    for index, heading in enumerate(grid.columns):
        cells = [row.cells[index] for row in grid.rows]
        needed = max([longest_word(heading.text, BODY, bold=True), *map(_wanted, cells)]) + 2 * _PADDING
        columns.append(min(max(needed, _COLUMN[0]), _COLUMN[1]))
    return columns


def _wanted(cell: GridCell) -> float:
    """What a cell needs for its labels on one line."""
    labels = [width(one.text, BODY) + 2 * _CHIP for one in cell.labels]
    if cell.tone.mark:
        labels.append(width(cell.tone.mark, BODY, bold=True))
    return max(sum(labels) + _GAP * max(len(labels) - 1, 0), width(cell.count_text, SMALL))


def _text(text: str, room: float, size: float, *, bold: bool = False, dim: bool = False) -> Block:
    lines = wrapped(text, room, size, bold=bold)
    place = Rectangle(0.0, 0.0, room, len(lines) * line_height(size))
    return Block(kind="text", place=place, lines=lines, size=size, bold=bold, dim=dim)


def _head(heading: Heading, room: float) -> Block:
    text = _text(heading.text, room - 2 * _PADDING, BODY, bold=True).moved(_PADDING, _PADDING)
    place = Rectangle(0.0, 0.0, room, text.place.height + 2 * _PADDING)
    return Block(kind="head", place=place, tooltip=heading.tooltip, inside=(text,))


def _cell(cell: GridCell, room: float) -> Block:
    inner = room - 2 * _PADDING
    mark = [_text(cell.tone.mark, width(cell.tone.mark, BODY, bold=True), BODY, bold=True)] if cell.tone.mark else []
    flowed, height = _flow([*mark, *(_chip(label, inner) for label in cell.labels)], inner)
    inside = [one.moved(_PADDING, _PADDING) for one in flowed]
    if cell.counts:
        counts = _text(cell.count_text, inner, SMALL)
        inside.append(counts.moved(_PADDING, _PADDING + height))
        height += counts.place.height
    place = Rectangle(0.0, 0.0, room, height + 2 * _PADDING)
    return Block(kind="cell", place=place, tone=cell.tone, tooltip=cell.tooltip, inside=tuple(inside))


def _chip(label: Label, room: float) -> Block:
    text = _text(label.text, room - 2 * _CHIP, BODY)
    broad = max(width(line, BODY) for line in text.lines)
    place = Rectangle(0.0, 0.0, broad + 2 * _CHIP, text.place.height + 2.0)
    inner = replace(text, place=replace(text.place, width=broad)).moved(_CHIP, 1.0)
    return Block(kind="chip", place=place, tone=label.tone, tooltip=label.tooltip, inside=(inner,))


def _flow(blocks: Iterable[Block], room: float) -> tuple[list[Block], float]:
    """Side by side, on a new line where there is no room left; with the height of all."""
    placed: list[Block] = []
    x = y = height = 0.0
    for block in blocks:
        if x and x + block.place.width > room + 0.001:
            x, y, height = 0.0, y + height + _GAP, 0.0
        placed.append(block.moved(x, y))
        x += block.place.width + _GAP
        height = max(height, block.place.height)
    return placed, y + height


def all_blocks(blocks: Iterable[Block]) -> Iterator[Block]:
    """Each with everything in it."""
    for block in blocks:
        yield block
        yield from all_blocks(block.inside)
