"""`mlgate init`: a first mlgate.yml."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from deploy_gate.static_checks.first_configuration import FirstConfiguration


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def init(folder: Path, dry_run: bool) -> None:
    """Write a first mlgate.yml into FOLDER (by default the working directory), from what is found there.

    One that is there is never overwritten.
    """
    import os

    from deploy_gate.project import FILE_NAME
    from deploy_gate.static_checks.first_configuration import summary
    from verdicts import ConfigurationError

    if not folder.is_dir():
        raise ConfigurationError("there is no such folder", where=str(folder))
    path = folder / FILE_NAME
    if os.path.lexists(path) and not dry_run:
        raise ConfigurationError("it is there already", where=str(path), remedy="`mlgate init --dry-run` only shows")
    made = _made(folder.absolute())
    if dry_run:
        click.echo(made.text, nl=False)
    else:
        _write(path, made.text)
    for line in summary(made, dry_run=dry_run):
        click.echo(line, err=True)


def _made(root: Path) -> FirstConfiguration:
    from cli.bicep_tools import restored_modules
    from deploy_gate.static_checks.first_configuration import first_configuration
    from deploy_gate.static_checks.kept_readings import KeptReadings
    from deploy_gate.static_checks.project_readings import read_project
    from deploy_gate.static_checks.settings import CheckSettings
    from resource_readers.interface import ReadRequest

    request = ReadRequest(root=root, path=root, neighbours=True, bicep_modules=restored_modules())
    project = read_project(KeptReadings(request, None), request, [root], CheckSettings())
    return first_configuration(root, project.readings)


def _write(path: Path, text: str) -> None:
    """Raises ConfigurationError, also where somebody else wrote it meanwhile."""
    from verdicts import ConfigurationError

    try:
        with path.open("xb") as stream:
            stream.write(text.encode())
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(path)) from None
