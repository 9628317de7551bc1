"""`mlgate rbac render` and `mlgate rbac schema`: the matrix as a table or picture, and the formats of the files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.rbac_organisation import OrganisationChoice, organisation_options
from verdicts.errors import ConfigurationError

if TYPE_CHECKING:
    from rbac_matrix.rendering.grid import Grid

RENDER_FORMATS = ("console", "markdown", "html", "svg")
SCHEMAS = ("matrix", "organisation", "personas", "principals", "roles")


@click.command()
@organisation_options
@click.option("--format", "table_format", type=click.Choice(RENDER_FORMATS), default="console", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of the console."
)
def render(chosen: OrganisationChoice, table_format: str, output: Path | None) -> None:
    """Show the persona matrices, or one of them, as a coloured table, a page or a picture."""
    from rbac_matrix.rendering.matrices import matrix_grid

    loaded = chosen.load()
    grids = [matrix_grid(matrix) for matrix in chosen.matrices(loaded)]
    write_grids(grids, table_format, output, notes=[str(one) for one in loaded.deviations])


def write_grids(grids: Sequence[Grid], table_format: str, output: Path | None, *, notes: Sequence[str] = ()) -> None:
    """Grids in one of RENDER_FORMATS to a file, whole or not at all, or to standard output.

    `notes` are sentences that concern all of them, and stand below the last one. Raises ConfigurationError.
    """
    from dataclasses import replace

    if notes and grids:
        grids = [*grids[:-1], replace(grids[-1], notes=(*grids[-1].notes, *notes))]
    if table_format == "console" and output is None:
        from rbac_matrix.rendering.console import print_grids

        print_grids(grids)
        return
    text = _text(grids, table_format)
    if output is None:
        click.echo(text, nl=False)
        return
    from verdicts.files import write_atomically

    try:
        write_atomically(output, text.encode())
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(output)) from None


def _text(grids: Sequence[Grid], table_format: str) -> str:
    if table_format == "markdown":
        from rbac_matrix.rendering.markdown import markdown

        return markdown(grids)
    if table_format == "html":
        from rbac_matrix.rendering.html import page

        return page(grids, "; ".join(grid.title for grid in grids))
    if table_format == "svg":
        from rbac_matrix.rendering.svg import picture

        return picture(grids)
    from rbac_matrix.rendering.console import plain_text

    return plain_text(grids)


@click.command()
@click.argument("name", type=click.Choice(SCHEMAS))
def schema(name: str) -> None:
    """Print the JSON schema (draft 2020-12) of a file: for an editor, or a check of one's own."""
    from rbac_matrix.organisation.schemas import schema_text

    click.echo(schema_text(name), nl=False)
