"""A grid as a page that needs nothing else: to be kept with a review, or sent to somebody without mlgate.

No script, nothing that it loads; a content security policy says so to the browser. Every text is escaped.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from rbac_matrix.rendering.grid import Grid, GridCell, GridRow, Heading, Tone
from rbac_matrix.rendering.palette import DARK, LIGHT, Theme

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
body { font: 15px/1.45 system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; margin: 1.5rem; }
main { max-width: 90rem; margin: 0 auto; }
h1 { font-size: 1.3rem; margin: 2rem 0 .2rem; } .wide { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; }
td, th { border: 1px solid var(--line); padding: .35rem .5rem; }
td, th { text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th, tbody th { background: var(--head); }
tbody th { min-width: 9rem; } td { min-width: 4.5rem; }
.label, .key { display: inline-block; border-radius: .3rem; padding: 0 .35rem; margin: .05rem .1rem; }
abbr { text-decoration: none; } .mark { font-weight: 700; } .counts { display: block; font-size: .85em; }
.dim { color: var(--dim); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
""".strip()


def page(grids: Sequence[Grid], title: str) -> str:
    """The page with all grids."""
    return "\n".join(_page(grids, title)) + "\n"


def escaped(text: str) -> str:
    """Text, as content or as the value of an attribute."""
    return html.escape(text, quote=True)


def _page(grids: Sequence[Grid], title: str) -> Iterator[str]:
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{escaped(_POLICY)}">'
    yield '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">'
    yield f"<title>{escaped(title)}</title>"
    yield f"<style>\n:root {{ color-scheme: light dark; }}\n{_theme(LIGHT)}"
    yield f"@media (prefers-color-scheme: dark) {{\n{_theme(DARK)}}}\n{_STYLE}</style></head><body><main>"
    for number, grid in enumerate(grids, start=1):
        yield from _grid(grid, f"grid-{number}")
    yield "</main></body></html>"


def _theme(theme: Theme) -> str:
    lines = [f":root {{ --line: {theme.line}; --dim: {theme.dim}; --head: {theme.head}; }}"]
    lines.append(f"body {{ color: {theme.page.text}; background: {theme.page.fill}; }}")
    lines += [
        f".{tone.value} {{ color: {colours.text}; background: {colours.fill}; }}"
        for tone, colours in theme.tones.items()
        if tone is not Tone.EMPTY
    ]
    return "\n".join(lines) + "\n"


def _grid(grid: Grid, name: str) -> Iterator[str]:
    yield f'<h1 id="{name}">{escaped(grid.title)}</h1>'
    if grid.subtitle:
        yield f'<p class="dim">{escaped(grid.subtitle)}</p>'
    # A table that is wider than the window scrolls by itself, so it has to be reached by keyboard.
    yield f'<div class="wide" tabindex="0" role="region" aria-labelledby="{name}"><table aria-labelledby="{name}">'
    heads = "".join(_head(one, "col") for one in (Heading(grid.corner), *grid.columns))
    yield f"<thead><tr>{heads}</tr></thead><tbody>"
    yield from (_row(row) for row in grid.rows)
    yield "</tbody></table></div>"
    if grid.legend:
        keys = " ".join(
            f'<span class="key {tone.value}">{escaped(f"{tone.mark} {tone.meaning}".strip())}</span>'
            for tone in grid.legend
        )
        yield f"<p>{keys}</p>"
    if grid.abbreviations:
        pairs = "; ".join(f"{short} = {name}" for short, name in grid.abbreviations)
        yield f'<p class="dim">{escaped(pairs)}</p>'
    if grid.notes:
        yield "<ul>"
        yield from (f"<li>{escaped(note)}</li>" for note in grid.notes)
        yield "</ul>"


def _head(heading: Heading, scope: str) -> str:
    tooltip = f' title="{escaped(heading.tooltip)}"' if heading.tooltip else ""
    return f'<th scope="{scope}"{tooltip}>{escaped(heading.text)}</th>'


def _row(row: GridRow) -> str:
    return f"<tr>{_head(row.heading, 'row')}{''.join(map(_cell, row.cells))}</tr>"


def _cell(cell: GridCell) -> str:
    return f'<td class="{cell.tone.value}" title="{escaped(cell.tooltip)}">{"".join(_content(cell))}</td>'


def _content(cell: GridCell) -> Iterable[str]:
    if cell.tone.mark:
        yield f'<span class="mark" aria-hidden="true">{escaped(cell.tone.mark)}</span> '
        yield f'<span class="hidden">{escaped(cell.tone.meaning)}: </span>'
    for label in cell.labels:
        text = escaped(label.text)
        inner = f'<abbr title="{escaped(label.tooltip)}">{text}</abbr>' if label.tooltip else text
        yield f'<span class="label {label.tone.value}">{inner}</span> '
    if cell.counts:
        shown, said = escaped(cell.count_text), escaped(cell.count_sentence)
        yield f'<span class="counts" aria-hidden="true">{shown}</span><span class="hidden">{said}</span>'
