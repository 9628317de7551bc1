"""Markdown pages: with headings and coloured code on a terminal, as they are elsewhere."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

_MAXIMUM = 200_000


def print_page(page: str, console: Console | None = None) -> None:
    """Prints a page; `console` stands for the terminal."""
    if console is None and not sys.stdout.isatty():
        click.echo(page, nl=False)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    from verdicts.text import clean_text

    # No links: a terminal that follows them would show another text than it goes to.
    shown = Markdown(clean_text(page, maximum=_MAXIMUM), code_theme="ansi_dark", hyperlinks=False, justify="left")
    (console or Console()).print(shown)
