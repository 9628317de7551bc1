"""`mlgate rbac diff`: what a change gives to whom, and what it takes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.rbac_organisation import OrganisationChoice, organisation_options

if TYPE_CHECKING:
    from rbac_matrix.changes.holdings import Holdings
    from rbac_matrix.estate.model import Estate
    from rbac_matrix.organisation.model import Organisation

FORMATS = ("console", "json", "markdown")
DANGERS = ("grants", "secrets", "deletes", "runs", "changes", "reads")
_REVISION = "git:"


@click.command()
@click.argument("old")
@click.argument("new")
@organisation_options
@click.option(
    "--directory",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    help="An export of groups and users that holds on both sides.",
)
@click.option("--parameters", type=click.Path(path_type=Path), help="A parameter file for the templates of both sides.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_default="the working directory",
    help="The project's folder.",
)
@click.option("--format", "text_format", type=click.Choice(FORMATS), default="console", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead.")
@click.option("--deny", type=click.Choice(DANGERS), help="End with 1 if somebody gains something as bad as this.")
def diff(
    old: str,
    new: str,
    chosen: OrganisationChoice,
    directory: tuple[Path, ...],
    parameters: Path | None,
    root: Path,
    text_format: str,
    output: Path | None,
    deny: str | None,
) -> None:
    """Show what changes in effective access from OLD to NEW, per persona and person.

    Each of them is a file or folder of templates or exports, or git:REVISION for the project as it is there.
    """
    import json

    from rbac_matrix.changes import report
    from rbac_matrix.changes.differences import Direction, danger_of_freed, differences
    from rbac_matrix.changes.names import names_of
    from rbac_matrix.permissions.comparison import compare
    from rbac_matrix.permissions.interface import Danger

    organisation = chosen.load()
    before = _estate(old, root, directory, parameters)
    after = _estate(new, root, directory, parameters)
    found = differences(_holdings(before, organisation), _holdings(after, organisation), compare)
    names = names_of(organisation, after, before)
    gaps = [*before.gaps, *after.gaps]
    title = f"Access from {old} to {new}"
    match text_format:
        case "json":
            text = json.dumps(report.as_json(found, names, gaps), indent=2, ensure_ascii=False) + "\n"
        case "markdown":
            text = report.as_markdown(found, names, gaps, title)
        case _:
            text = report.as_text(found, names, gaps, title)
    write_text(text, output)
    gained = [one.danger for one in found.changes if one.direction is Direction.GAINS]
    freed = danger_of_freed(found, compare)
    gained += [freed] if freed is not None else []
    context = click.get_current_context()
    if deny is not None and any(danger >= Danger[deny.upper()] for danger in gained):
        context.exit(ExitCode.DENIED)
    context.exit(ExitCode.COULD_NOT_CHECK if gaps or found.unclear else ExitCode.ALLOWED)


def _estate(text: str, root: Path, directory: tuple[Path, ...], parameters: Path | None) -> Estate:
    from cli.rbac_sources import SourceChoice, load_estate

    with _folder(text, root) as (path, top):
        return load_estate(SourceChoice((path, *(Path.cwd() / one for one in directory)), parameters, top))


@contextlib.contextmanager
def _folder(text: str, root: Path) -> Iterator[tuple[Path, Path]]:
    """What a side names, and the folder outside of which nothing of it is read."""
    if not text.startswith(_REVISION):
        path = Path.cwd() / text
        yield path, root
        return
    from cloud_backends.local.revisions import revision_folder

    with revision_folder(root, text.removeprefix(_REVISION)) as folder:
        yield folder, folder


def _holdings(estate: Estate, organisation: Organisation) -> Holdings:
    from rbac_matrix.changes.holdings import holdings
    from rbac_matrix.estate.directory import Memberships
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    groups = None if estate.directory is None else Memberships(estate.directory)
    roles = RoleCatalogue.built_in().with_custom([*organisation.custom_roles, *estate.definitions])
    return holdings(estate, roles, groups)


def write_text(text: str, output: Path | None) -> None:
    """To a file, whole or not at all, or to standard output. Raises ConfigurationError."""
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    from verdicts.errors import ConfigurationError
    from verdicts.files import write_atomically

    try:
        write_atomically(output, text.encode())
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(output)) from None
