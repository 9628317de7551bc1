"""`mlgate rbac who-can` and `mlgate rbac explain`: questions about access."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.collection import rare_collection
from cli.exit_codes import ExitCode
from cli.rbac_sources import SourceChoice, load_estate, source_options

if TYPE_CHECKING:
    from rbac_matrix.estate.access import AccessIndex

FORMATS = click.Choice(["console", "json"])
_SHOWN = 50


@click.command("who-can")
@click.argument("action")
@source_options
@click.option("--scope", default="", metavar="ID", help="Id of a resource, group or subscription. Default: anywhere.")
@click.option("--data", is_flag=True, help="It is a data action.")
@click.option("--limit", type=click.IntRange(min=0), default=_SHOWN, show_default=True, help="People named; 0 for all.")
@click.option("--format", "answer_format", type=FORMATS, default="console", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the answer there.")
def who_can(
    action: str,
    sources: SourceChoice,
    scope: str,
    data: bool,
    limit: int,
    answer_format: str,
    output: Path | None,
) -> None:
    """Say who may do ACTION, and how. A pattern ("Microsoft.KeyVault/*/delete") asks for anything of it.

    Ends with 3 where something that isn't known could make the answer longer.
    """
    from rbac_matrix.rendering.access_json import who_can_json
    from rbac_matrix.rendering.access_text import who_can_lines

    _check_action(action)
    if scope and not scope.startswith("/"):
        raise click.UsageError("--scope is a whole id: /subscriptions/<id>/resourceGroups/<name>/providers/...")
    with rare_collection():
        answer = _index(sources).who_can(action, scope.rstrip("/") or scope, data=data)
        if answer_format == "json":
            _write(who_can_json(answer), output)
        else:
            _write(_joined(who_can_lines(answer, limit or None)), output)
    click.get_current_context().exit(ExitCode.COULD_NOT_CHECK if answer.undecided else ExitCode.ALLOWED)


@click.command()
@click.argument("principal")
@source_options
@click.option("--principals", type=click.Path(path_type=Path), help="Who stands for which persona.")
@click.option("--organisation", type=click.Path(path_type=Path), help="The organisation's own file.")
@click.option("--format", "answer_format", type=FORMATS, default="console", show_default=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write the answer there.")
def explain(
    principal: str,
    sources: SourceChoice,
    principals: Path | None,
    organisation: Path | None,
    answer_format: str,
    output: Path | None,
) -> None:
    """Say what PRINCIPAL (object id, name or mail address) may do, the most dangerous first, and why.

    Ends with 3 where something that isn't known could make the answer longer.
    """
    from rbac_matrix.estate.explaining import explain as explained
    from rbac_matrix.estate.explaining import find, resolved
    from rbac_matrix.organisation.loading import load_organisation
    from rbac_matrix.rendering.access_json import explanation_json
    from rbac_matrix.rendering.access_text import explanation_lines

    known = None
    if principals is not None or organisation is not None:
        known = load_organisation(organisation, principals=principals).principals
    with rare_collection():
        index = _index(sources)
        answer = explained(index, find(index, principal), resolved(index, known) if known is not None else None)
    _write(explanation_json(answer) if answer_format == "json" else _joined(explanation_lines(answer)), output)
    click.get_current_context().exit(ExitCode.COULD_NOT_CHECK if answer.undecided else ExitCode.ALLOWED)


def _check_action(action: str) -> None:
    """A text without a slash is nobody's action, and the answer "nobody" would be taken for one."""
    if "/" not in action and action != "*":
        raise click.UsageError(f"{action!r} is no action: they look like Microsoft.KeyVault/vaults/delete")


def _index(sources: SourceChoice) -> AccessIndex:
    from rbac_matrix.estate.access import AccessIndex
    from rbac_matrix.permissions.catalogue import RoleCatalogue

    return AccessIndex(load_estate(sources), RoleCatalogue.built_in())


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    from verdicts import ConfigurationError
    from verdicts.files import write_atomically

    try:
        write_atomically(output, text.encode())
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(output)) from None
