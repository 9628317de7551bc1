"""A grid as Markdown, for a document or a comment on a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rbac_matrix.rendering.grid import Grid, GridCell

_SPECIAL = re.compile(r"[\\`*_\[\]|~$]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "#": "&#35;"}
_LINKS = re.compile(r"(?i)(://|www\.)")


def markdown(grids: Iterable[Grid]) -> str:
    """All grids, each with its heading, legend and notes."""
    return "\n".join(line for grid in grids for line in (*_lines(grid), "")).rstrip("\n") + "\n"


def escaped(text: str) -> str:
    """Text that Markdown takes for nothing else: no table cell, link, mention or markup."""
    quoted = "".join(_ENTITIES.get(character, character) for character in text)
    quoted = _SPECIAL.sub(lambda match: "\\" + match.group(), quoted)
    return _LINKS.sub(lambda match: match.group().replace(":", "&#58;").replace(".", "&#46;"), quoted)


def _lines(grid: Grid) -> Iterator[str]:
    yield f"## {escaped(grid.title)}"
    yield ""
    if grid.subtitle:
        yield escaped(grid.subtitle)
        yield ""
    yield _row([grid.corner, *(one.text for one in grid.columns)])
    yield "| " + " | ".join("---" for _ in range(len(grid.columns) + 1)) + " |"
    for row in grid.rows:
        yield _row([row.heading.text, *(_cell(cell) for cell in row.cells)])
    marks = [f"{tone.mark} {tone.meaning}" for tone in grid.legend if tone.mark]
    if marks:
        yield ""
        yield escaped("; ".join(marks))
    for title, items in (("", [f"{short}: {name}" for short, name in grid.abbreviations]), ("Notes", grid.notes)):
        if items:
            yield ""
            yield from ([f"{title}:", ""] if title else [])
            yield from (f"- {escaped(item)}" for item in items)


def _row(texts: Iterable[str]) -> str:
    return "| " + " | ".join(map(escaped, texts)) + " |"


def _cell(cell: GridCell) -> str:
    labels = ", ".join(label.text for label in cell.labels)
    return " ".join(filter(None, [cell.tone.mark, labels, f"({cell.count_text})" if cell.counts else ""]))
