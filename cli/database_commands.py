"""`mlgate database`: advisory snapshots, and how old the databases are."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from cli.exit_codes import ExitCode

_A_PATH = click.Path(path_type=Path)


@click.group()
def database() -> None:
    """Import advisory snapshots and show how old they are."""


@database.command("import")
@click.argument("source", type=_A_PATH)
@click.argument("destination", type=_A_PATH)
@click.option("--source", "source_name", required=True, metavar="NAME", help='For example "PyPA advisory database".')
@click.option("--licence", required=True, metavar="L", help="For example CC-BY-4.0.")
@click.option("--retrieved-at", required=True, metavar="DATE", help="When SOURCE was downloaded: 2026-11-20.")
def import_advisories(source: Path, destination: Path, source_name: str, licence: str, retrieved_at: str) -> None:
    """Make the snapshot folder DESTINATION from SOURCE, an OSV dump.

    SOURCE is a folder with .json files, a .zip of them, a .json, a .jsonl or a .jsonl.gz. A snapshot that stands at
    DESTINATION is replaced.
    """
    from scanners.advisories import parse_moment
    from scanners.advisory_import import import_snapshot

    try:
        moment = parse_moment(retrieved_at)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--retrieved-at") from None
    result = import_snapshot(
        source,
        destination,
        source_name=source_name,
        licence=licence,
        retrieved_at=moment,
        now=dt.datetime.now(dt.UTC),
    )
    header = result.header
    click.echo(f"{destination}: {header.count:,} advisories, {header.digest}")
    click.echo(f"canary: {header.canary.name} {header.canary.version} ({header.canary.id})")
    if result.other_ecosystems:
        click.echo(f"left out: {result.other_ecosystems:,} advisories about other ecosystems than PyPI")


@database.command()
@click.argument("folders", metavar="[DIR ...]", type=_A_PATH, nargs=-1)
@click.option("--maximum-age-days", type=click.IntRange(0, 3650), help="Default: the project's, else 7.")
def status(folders: tuple[Path, ...], maximum_age_days: int | None) -> None:
    """Show kind, age, size and digest of each database; the project's own if no DIR is given.

    A DIR is an advisory snapshot or a Trivy cache folder. Exit code 3 if one is missing, broken or too old.
    """
    from cli.tables import print_table
    from verdicts.text import one_line

    limits = [(folder, 7) for folder in folders] or _of_the_project()
    now = dt.datetime.now(dt.UTC)
    rows = []
    for folder, limit in limits:
        state, *rest = _row(folder, maximum_age_days if maximum_age_days is not None else limit, now)
        rows.append((one_line(str(folder)), state, *rest))
    print_table(("DATABASE", "STATE", "KIND", "AGE", "COUNT", "DIGEST"), rows)
    if any(row[1] != "ok" for row in rows):
        click.get_current_context().exit(ExitCode.COULD_NOT_CHECK)


def _of_the_project() -> list[tuple[Path, int]]:
    from deploy_gate.project import load_project

    project = load_project(Path.cwd())
    return [(settings.path, settings.maximum_age_days) for settings in (project.advisories, project.trivy)]


def _row(folder: Path, limit: int, now: dt.datetime) -> tuple[str, ...]:
    """State, kind, age, count and digest."""
    from scanners.advisories import HEADER

    if (folder / HEADER).is_file():
        return _advisories(folder, limit, now)
    if (folder / "db").is_dir():
        return _trivy(folder, limit, now)
    return "missing", "-", "-", "-", "neither an advisory snapshot nor a Trivy cache folder"


def _advisories(folder: Path, limit: int, now: dt.datetime) -> tuple[str, ...]:
    from scanners.advisories import SnapshotError, load_snapshot
    from verdicts.text import one_line

    kind = "advisories"
    try:
        header = load_snapshot(folder).header
    except SnapshotError as error:
        return "broken", kind, "-", "-", one_line(error.detail)
    state = "ok" if header.staleness(now, limit) is None else "stale"
    return state, kind, _age(now - header.retrieved_at), f"{header.count:,}", header.digest


def _trivy(folder: Path, limit: int, now: dt.datetime) -> tuple[str, ...]:
    from scanners.trivy_database import TrivyDatabase, TrivyDatabaseError
    from verdicts.text import one_line

    kind = "trivy"
    try:
        found = TrivyDatabase.read(folder)
        age = found.age(now)
        digest = found.identity().digest
    except (TrivyDatabaseError, OSError) as error:
        return "broken", kind, "-", "-", one_line(str(error))
    return "ok" if age <= dt.timedelta(days=limit) else "stale", kind, _age(age), "-", digest


def _age(age: dt.timedelta) -> str:
    return f"{age.days} d" if age.days else f"{age.seconds // 3600} h"
