"""`mlgate rbac difference`: the matrix and what is assigned, in one table."""

from __future__ import annotations

from pathlib import Path

import click

from cli.exit_codes import ExitCode
from cli.rbac_organisation import OrganisationChoice, organisation_options
from cli.rbac_render import RENDER_FORMATS, write_grids
from cli.rbac_sources import SourceChoice, load_estate, source_options


@click.command()
@source_options
@organisation_options
@click.option("--format", "table_format", type=click.Choice(RENDER_FORMATS), default="console", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead.")
def difference(sources: SourceChoice, chosen: OrganisationChoice, table_format: str, output: Path | None) -> None:
    """Show the difference between the matrix and what is assigned, cell by cell, as a table, a page or a picture.

    It ends with 3 where something could not be read or decided; whether it is allowed says `mlgate rbac check`.
    """
    import datetime as dt

    from rbac_matrix.checks.judging import judge
    from rbac_matrix.permissions.catalogue import RoleCatalogue
    from rbac_matrix.rendering.differences import difference_grid

    organisation, environment = chosen.load(), chosen.one_environment()
    estate = load_estate(sources, organisation=organisation)
    judged = judge(estate, organisation, environment, RoleCatalogue.built_in(), now=dt.datetime.now(dt.UTC))
    (matrix,) = chosen.matrices(organisation)
    write_grids([difference_grid(matrix, judged)], table_format, output)
    context = click.get_current_context()
    context.exit(ExitCode.COULD_NOT_CHECK if judged.undecided else ExitCode.ALLOWED)
