"""The geometry of the picture."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rbac_matrix.matrix import MATRIX_NAMES, load_matrix
from rbac_matrix.rendering.grid import Grid, GridCell, GridRow, Heading, Label, Tone
from rbac_matrix.rendering.layout import Block, Rectangle, all_blocks, lay_out, line_height
from rbac_matrix.rendering.matrices import matrix_grid
from rbac_matrix.rendering.text_width import width, wrapped
from tests.unit.rbac_matrix.rendering.grids import HOSTILE, difference, hostile

MATRICES = [matrix_grid(load_matrix(name)) for name in MATRIX_NAMES]


def check(grids: list[Grid]) -> None:
    """Nothing overlaps, every text fits its rectangle, everything is inside of what holds it and of the picture."""
    layout = lay_out(grids)
    whole = Rectangle(0.0, 0.0, layout.width, layout.height)
    assert_apart(layout.blocks, limit=400)
    for block in all_blocks(layout.blocks):
        assert whole.holds(block.place)
        assert len(block.lines) * line_height(block.size) <= block.place.height + 0.001
        for line in block.lines:
            assert width(line, block.size, bold=block.bold) <= block.place.width + 0.001 or len(line) == 1
        for inner in block.inside:
            assert block.place.holds(inner.place)
        assert_apart(block.inside, limit=400)
    cells = sum(len(grid.rows) * len(grid.columns) for grid in grids)
    assert sum(block.kind == "cell" for block in layout.blocks) == cells


def assert_apart(blocks: tuple[Block, ...], *, limit: int) -> None:
    for one, other in combinations(blocks[:limit], 2):
        assert not one.place.overlaps(other.place), (one, other)


def test_both_matrices_and_a_difference_are_laid_out() -> None:
    check([*MATRICES, difference()])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_in_their_cells(text: str) -> None:
    check([hostile(text)])


NAMES = st.text(max_size=40)
CELLS = st.builds(
    lambda labels, tone, counts: GridCell(
        labels=tuple(Label(one, Tone.READS) for one in labels),
        tone=tone,
        counts=((Tone.EXCESS, counts),) if counts else (),
    ),
    st.lists(NAMES, max_size=4),
    st.sampled_from(Tone),
    st.integers(0, 10**12),
)


@given(st.data())
def test_any_names_stay_in_their_cells(data: st.DataObject) -> None:
    columns = data.draw(st.lists(NAMES, min_size=1, max_size=4))
    rows = data.draw(st.lists(NAMES, min_size=1, max_size=4))
    grid = Grid(
        title=data.draw(NAMES),
        corner=data.draw(NAMES),
        columns=tuple(map(Heading, columns)),
        rows=tuple(GridRow(Heading(row), tuple(data.draw(CELLS) for _ in columns)) for row in rows),
        notes=(data.draw(NAMES),),
    )
    check([grid])


def test_columns_stand_in_line_and_rows_have_one_height() -> None:
    layout = lay_out(MATRICES[:1])
    cells = [block.place for block in layout.blocks if block.kind in ("head", "cell")]
    rows = [cells[at : at + 9] for at in range(0, len(cells), 9)]
    assert len(rows) == 13
    for row in rows:
        assert len({place.y for place in row}) == len({place.height for place in row}) == 1
        for left, right in pairwise(row):
            assert left.x + left.width == pytest.approx(right.x)
    for column in zip(*rows, strict=True):
        assert len({round(place.x, 6) for place in column}) == 1


@given(st.text(max_size=200), st.floats(20, 300))
def test_wrapping_loses_no_character(text: str, room: float) -> None:
    lines = wrapped(text, room, 13.0)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(width(line, 13.0) <= room for line in lines)


def test_widths_are_never_less_than_those_of_a_wide_font() -> None:
    # Advance widths of DejaVu Sans and its bold face, in units of 2048 to the em.
    for letter, regular, bold in (
        ("m", 1995, 2134),
        ("W", 2025, 2259),
        ("i", 569, 702),
        ("O", 1612, 1741),
        ("#", 1716, 1716),
    ):
        assert width(letter, 2048) >= regular
        assert width(letter, 2048, bold=True) >= bold
    assert width("数", 10) >= 10
