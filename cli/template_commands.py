"""`mlgate template`: what templates would create."""

from __future__ import annotations

from pathlib import Path

import click

from cli.exit_codes import ExitCode


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def template() -> None:
    """Show the resources that templates would create."""


@template.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--parameters", type=click.Path(path_type=Path), help="A file with parameter values, for all templates.")
@click.option(
    "--neighbours/--no-neighbours",
    default=True,
    show_default=True,
    help="Take values from the parameter file beside a template that is named after it.",
)
@click.option(
    "--bicep-cli/--no-bicep-cli",
    default=True,
    show_default=True,
    help="Compile Bicep files by the bicep CLI where there is one that works.",
)
@click.option("--positions", is_flag=True, help="Add line and column of every property.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_default="the working directory",
    help="Nothing outside of this folder is read.",
)
def expand(
    paths: tuple[Path, ...],
    parameters: Path | None,
    neighbours: bool,
    bicep_cli: bool,
    positions: bool,
    root: Path,
) -> None:
    """Write one JSON object a line and file: file, kind, resources, not_read.

    PATHS are files and folders; of a folder every file is read that is of a known kind. A value that can't be known
    before the deployment is {"$unknown": reason}. Ends with 3 if anything was not read, or nothing was found.
    """
    import json

    from cli.bicep_tools import bicep_compiler, restored_modules
    from resource_readers.interface import ReadRequest
    from resource_readers.projects import read_paths
    from resource_readers.rendering import plain_result

    here = Path.cwd()
    base = root.absolute()
    values = here / parameters if parameters is not None else None
    request = ReadRequest(
        root=base,
        path=base,
        parameters=values,
        neighbours=neighbours,
        bicep=bicep_compiler() if bicep_cli else None,
        bicep_modules=restored_modules(),
    )
    read = whole = 0
    for shown, result in read_paths(request, [here / path for path in paths]):
        read += 1
        whole += not result.not_read
        # ASCII: a terminal escape or a lone surrogate in a template stays harmless.
        click.echo(json.dumps(plain_result(shown, result, positions=positions), ensure_ascii=True))
    if not read:
        click.echo("nothing was read: there is no file of a known kind", err=True)
    click.get_current_context().exit(ExitCode.ALLOWED if 0 < read == whole else ExitCode.COULD_NOT_CHECK)
