"""A grid as a picture (SVG): for a review, a document, a slide.

Plain SVG 1.1 with a style sheet and nothing else: no script, no link, no font that has to be loaded. Dark where the
viewer prefers dark. A PNG is made of it by whatever shows it (browsers, rsvg-convert, resvg): no library for that is
worth its weight here.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from rbac_matrix.rendering.grid import Grid, Tone
from rbac_matrix.rendering.layout import Block, Layout, lay_out, line_height
from rbac_matrix.rendering.palette import DARK, LIGHT, Theme

_FONTS = "system-ui, 'Segoe UI', Helvetica, Arial, sans-serif"
_ROUNDED = {"chip": ' rx="4"'}


def picture(grids: Sequence[Grid]) -> str:
    """The picture of all grids, one below the other."""
    return "\n".join(_picture(grids, lay_out(grids))) + "\n"


def escaped(text: str) -> str:
    """Text, as content or as the value of an attribute."""
    return html.escape(text, quote=True)


def _picture(grids: Sequence[Grid], layout: Layout) -> Iterator[str]:
    across, down = _number(layout.width), _number(layout.height)
    title = "; ".join(grid.title for grid in grids)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{across}" height="{down}" viewBox="0 0 {across} {down}" '
        f'role="img" aria-label="{escaped(title)}" font-family="{_FONTS}">'
    )
    yield f"<title>{escaped(title)}</title>"
    yield f"<style>\n{_theme(LIGHT)}@media (prefers-color-scheme: dark) {{\n{_theme(DARK)}}}\n</style>"
    yield f'<rect class="page" width="{across}" height="{down}"/>'
    for block in layout.blocks:
        yield from _block(block, Tone.EMPTY)
    yield "</svg>"


def _theme(theme: Theme) -> str:
    lines = [
        f".page {{ fill: {theme.page.fill}; }} .text {{ fill: {theme.page.text}; }} .dim {{ fill: {theme.dim}; }}",
        f".head {{ fill: {theme.head}; stroke: {theme.line}; }} .line {{ stroke: {theme.line}; }}",
    ]
    lines += [
        f".on-{tone.value} {{ fill: {colours.fill}; }} .in-{tone.value} {{ fill: {colours.text}; }}"
        for tone, colours in theme.tones.items()
    ]
    return "\n".join(lines) + "\n"


def _block(block: Block, around: Tone) -> Iterator[str]:
    tone = around if block.tone in (None, Tone.EMPTY) else block.tone
    assert tone is not None
    if block.kind == "text":
        yield from _lines(block, tone)
        return
    yield "<g>"
    if block.tooltip:
        yield f"<title>{escaped(block.tooltip)}</title>"
    yield from _surface(block, tone)
    for inner in block.inside:
        yield from _block(inner, tone)
    yield "</g>"


def _surface(block: Block, tone: Tone) -> Iterator[str]:
    if block.kind == "chip" and block.tone is Tone.EMPTY:
        return  # a label without a colour of its own stands on the cell's
    shape = "head" if block.kind == "head" else f"on-{tone.value}{' line' if block.kind == 'cell' else ''}"
    place = block.place
    yield (
        f'<rect class="{shape}" x="{_number(place.x)}" y="{_number(place.y)}" width="{_number(place.width)}" '
        f'height="{_number(place.height)}"{_ROUNDED.get(block.kind, "")}/>'
    )


def _lines(block: Block, tone: Tone) -> Iterator[str]:
    colour = "dim" if block.dim else "text" if tone is Tone.EMPTY else f"in-{tone.value}"
    weight = ' font-weight="700"' if block.bold else ""
    for number, line in enumerate(block.lines):
        # The base line: what is above it takes four fifths of a font's height.
        y = block.place.y + number * line_height(block.size) + block.size * 1.02
        yield (
            f'<text class="{colour}" x="{_number(block.place.x)}" y="{_number(y)}" '
            f'font-size="{_number(block.size)}"{weight}>{escaped(line)}</text>'
        )


def _number(value: float) -> str:
    """At most two decimals, so that the same grid gives the same bytes everywhere."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
