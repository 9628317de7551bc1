"""Grids on the console, as Markdown, as a page and as a picture."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from rbac_matrix.cells import CellState
from rbac_matrix.matrix import MATRIX_NAMES, load_matrix
from rbac_matrix.rendering.console import plain_text, print_grids
from rbac_matrix.rendering.grid import Grid, GridCell, GridRow, Heading, Tone, tone_of
from rbac_matrix.rendering.html import page
from rbac_matrix.rendering.markdown import markdown
from rbac_matrix.rendering.matrices import matrix_grid
from rbac_matrix.rendering.palette import DARK, LIGHT, Theme, contrast
from rbac_matrix.rendering.svg import picture
from tests.unit.rbac_matrix.rendering.grids import HOSTILE, difference, hostile

GOLDEN = Path(__file__).parents[3] / "golden/rbac"
MATRICES = [matrix_grid(load_matrix(name)) for name in MATRIX_NAMES]
WRITERS = {
    "md": markdown,
    "html": lambda grids: page(grids, "; ".join(grid.title for grid in grids)),
    "svg": picture,
    "txt": plain_text,
}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize(("name", "grids"), [("matrices", MATRICES), ("difference", [difference()])])
def test_the_same_grid_gives_the_same_bytes(name: str, grids: list[Grid], ending: str) -> None:
    golden = GOLDEN / f"{name}.{ending}"
    # To renew one after a change that is meant: delete it, run the tests, read what differs.
    if not golden.exists():
        golden.write_text(WRITERS[ending](grids))
        pytest.fail(f"{golden} was missing and has been written: read it")
    assert WRITERS[ending](grids) == golden.read_text()


class Parsed(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_becomes_html(text: str) -> None:
    plain = Parsed(page([hostile("x")], "x"))
    parsed = Parsed(page([hostile(text)], text))
    # An empty name leaves out the paragraphs that only a name makes.
    assert parsed.tags == plain.tags or not text
    assert parsed.open == []
    assert {name for name, _ in parsed.attributes} <= {name for name, _ in plain.attributes}
    assert "script" not in parsed.tags


def test_the_page_loads_nothing_and_is_accessible() -> None:
    text = page([*MATRICES, difference()], "Matrices")
    assert "default-src &#x27;none&#x27;" in text
    assert not re.search(r"(?i)<(script|link|img|iframe)|url\(|@import|https?:", text)
    assert text.count('scope="col"') == 9 + 9 + 8
    assert text.count('scope="row"') == 25
    parsed = Parsed(text)
    ids = [value for name, value in parsed.attributes if name == "id"]
    assert len(ids) == len(set(ids)) == 3
    assert {value for name, value in parsed.attributes if name == "aria-labelledby"} == set(ids)
    # Whoever hears the page hears what the mark says.
    assert "more than allowed: " in parsed.texts


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_becomes_svg(text: str) -> None:
    def shape(grid: Grid) -> list[str]:
        root = ElementTree.fromstring(picture([grid]))  # noqa: S314 - our own picture
        return [one.tag for one in root.iter() if one.tag not in (f"{SVG}text", f"{SVG}g")]

    found = shape(hostile(text))
    assert set(found) == {f"{SVG}{tag}" for tag in ("svg", "title", "style", "rect")}
    assert found == shape(hostile("x")) or not text
    assert not re.search(r"(?i)<script|href|url\(|@import", re.sub(r">[^<]*<", "><", picture([hostile(text)])))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_name_becomes_markdown_or_a_terminals_command(text: str) -> None:
    written = markdown([hostile(text)])
    assert written.count("\n") == markdown([hostile("x")]).count("\n") or not text
    rows = [line for line in written.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}
    assert not re.search(r"(?<!\\)[`*_\[]|[<>@]|://", written)
    for output in (written, plain_text([hostile(text)])):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", output)


def test_markup_of_rich_is_text() -> None:
    assert "[bold red]markup[/]" in plain_text([hostile("[bold red]markup[/]")])


def test_a_terminal_gets_colours_and_a_file_none() -> None:
    stream = io.StringIO()
    print_grids(MATRICES, Console(file=stream, force_terminal=True, color_system="standard", width=140))
    assert "\x1b[1;31mO\x1b[0m" in stream.getvalue()
    assert "\x1b" not in plain_text(MATRICES)


@pytest.mark.parametrize("writer", WRITERS.values(), ids=WRITERS)
def test_every_state_of_a_difference_is_told_without_colour(writer: object) -> None:
    assert callable(writer)
    text = " ".join(writer([difference()]).split())
    for state in CellState:
        tone = tone_of(state)
        if tone is not Tone.EMPTY:
            assert tone.mark in text or tone.mark.replace("<", "&lt;") in text
            assert tone.meaning in text
    assert "Azure DevOps was not looked at" in text


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_every_text_has_contrast(theme: Theme) -> None:
    assert set(theme.tones) == set(Tone)
    for colours in theme.tones.values():
        assert contrast(colours.text, colours.fill) >= 4.5
    for text in (theme.page.text, theme.dim):
        assert contrast(text, theme.page.fill) >= 4.5
    assert contrast(theme.page.text, theme.head) >= 4.5
    # Text of a cell without a tone of its own label: the cell's colours.
    assert len({colours.fill for tone, colours in theme.tones.items() if tone.mark}) == 6


def test_a_grid_whose_rows_do_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="another number of cells"):
        Grid(title="t", corner="c", columns=(Heading("a"),), rows=(GridRow(Heading("r"), (GridCell(), GridCell())),))
