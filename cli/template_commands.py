"""`mlgate template`: what templates would create."""

from __future__ import annotations

from pathlib import Path

import click

from cli.exit_codes import ExitCode


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def template() -> None:
    """Show the resources that templates would create."""


@template.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--parameters", type=click.Path(path_type=Path), help="A parameter file for all of them.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_default="the working directory",
    help="Nothing outside of this folder is read.",
)
def expand(files: tuple[Path, ...], parameters: Path | None, root: Path) -> None:
    """Write one JSON object a line and file: file, kind, resources, not_read.

    A value that can't be known before the deployment is {"$unknown": reason}. Ends with 3 if anything was not read.
    """
    import json

    from resource_readers.interface import ReadRequest
    from resource_readers.project_files import shown_name
    from resource_readers.registry import read_resources
    from resource_readers.rendering import plain_result

    whole = True
    here = Path.cwd()
    values = here / parameters if parameters is not None else None
    for path in files:
        result = read_resources(ReadRequest(root=root.absolute(), path=here / path, parameters=values))
        whole = whole and not result.not_read
        # ASCII: a terminal escape or a lone surrogate in a template stays harmless.
        click.echo(json.dumps(plain_result(shown_name(root.absolute(), here / path), result), ensure_ascii=True))
    click.get_current_context().exit(ExitCode.ALLOWED if whole else ExitCode.COULD_NOT_CHECK)
