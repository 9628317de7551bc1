"""`mlgate trail`: verify and show the audit trail (docs/trail.md)."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from verdicts.errors import ConfigurationError, CouldNotCheckError

if TYPE_CHECKING:
    from deploy_gate.evidence.records import TrailRecord
    from deploy_gate.evidence.verification import TrailVerification

_project_option = click.option(
    "--project",
    type=click.Path(file_okay=False, path_type=Path),
    default=".",
    help="The project's folder, or one below it. Default: here.",
)
_state_option = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="The state folder itself, or a copy of it, instead of a project's.",
)


@click.group()
def trail() -> None:
    """Verify and show the audit trail."""


@trail.command()
@_project_option
@_state_option
def verify(project: Path, state: Path | None) -> None:
    """Check every byte of the trail against its chain and its head.

    Exit codes: 0 the trail is what was written, 3 there is none or its last write was interrupted, 4 it was tampered
    with (the record is named).
    """
    verification = _verified(_paths(project, state))
    click.echo(f"{verification.count} records, last {verification.last_digest}")
    if verification.interrupted:
        raise CouldNotCheckError(
            "the last write to the trail was interrupted; all before it is as written",
            remedy="run `mlgate resume`, which puts it in order",
        )


@trail.command()
@_project_option
@_state_option
@click.option("--run", metavar="RUN", help="Only the records of this run.")
@click.option("--json", "as_json", is_flag=True, help="One record a line, as it stands in the trail.")
def show(project: Path, state: Path | None, run: str | None, as_json: bool) -> None:
    """Show the records, after verifying the whole trail."""
    from deploy_gate.evidence.trail import Trail

    records, head = _paths(project, state)
    verification = _verified((records, head))
    found = Trail(records, head).records(run)
    if as_json:
        shown = _show_json(found)
    elif sys.stdout.isatty():
        shown = _show_table(found)
    else:
        shown = _show_plain(found)
    if verification.interrupted:
        click.echo("The last write to the trail was interrupted: run `mlgate resume`.", err=True)
    if run is not None and not shown:
        raise ConfigurationError(f"the trail has no run {run!r}", remedy="`mlgate status` lists the runs")


def _paths(project: Path, state: Path | None) -> tuple[Path, Path]:
    from deploy_gate.evidence.trail import trail_paths

    if state is None:
        from deploy_gate.project import load_project

        state = load_project(project).state
    return trail_paths(state)


def _verified(paths: tuple[Path, Path]) -> TrailVerification:
    """The whole trail's verification; a trail without records can't vouch for anything."""
    from deploy_gate.evidence.verification import verify as verify_trail

    verification = verify_trail(*paths)
    if verification.count == 0:
        raise CouldNotCheckError(
            "there is no trail",
            where=str(paths[0]),
            remedy="if a release was ever deployed from here, its evidence was deleted; otherwise run `mlgate deploy`",
        )
    return verification


def _show_json(records: Iterable[TrailRecord]) -> int:
    from deploy_gate.evidence.records import encode

    count = 0
    for count, record in enumerate(records, 1):  # noqa: B007 - the number of records is wanted
        click.echo(encode(record), nl=False)
    return count


def _show_plain(records: Iterable[TrailRecord]) -> int:
    count = 0
    for count, record in enumerate(records, 1):  # noqa: B007
        click.echo("\t".join(_cells(record)))
    return count


def _show_table(records: Iterable[TrailRecord]) -> int:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("#", "at", "run", "event", "data", title="Audit trail")
    for record in records:
        # Text, not markup: a record quotes what came from outside.
        table.add_row(*(Text(cell, overflow="fold") for cell in _cells(record)))
    if table.row_count:
        Console().print(table)
    return table.row_count


def _cells(record: TrailRecord) -> tuple[str, str, str, str, str]:
    """Safe on a terminal: run and event are printable by format, canonical JSON is plain ASCII."""
    from verdicts.digests import canonical_json

    data = canonical_json(record.data).decode()
    return str(record.sequence), f"{record.at:%Y-%m-%d %H:%M:%S}Z", record.run, record.event, data
