"""`mlgate doctor`: what the gate needs on this machine, whether it is trusted and fresh, and what to type where not."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from deploy_gate.project import Project
    from scanners.interface import ToolUnavailableError
    from verdicts import ToolIdentity

GOOD = frozenset({"ok", "trusted", "not needed"})


@dataclass(frozen=True, slots=True)
class Checkup:
    """One line: what was looked for, its state, what was found, and what to type."""

    what: str
    state: str
    found: str
    remedy: str = ""


@click.command()
@click.option("--project", metavar="DIR", type=click.Path(path_type=Path), help="Default: the one around this folder.")
def doctor(project: Path | None) -> None:
    """Show which tools and databases are there, trusted and fresh.

    Exit code 3 if something that the gate needs is missing, untrusted or stale.
    """
    from cli.tables import print_table
    from verdicts.text import one_line

    checkups = [*_tools(), *_databases(project)]
    rows = [tuple(one_line(text) for text in (c.what, c.state, c.found, c.remedy)) for c in checkups]
    print_table(("WHAT", "STATE", "FOUND", "WHAT TO DO"), rows)
    if any(checkup.state not in GOOD for checkup in checkups):
        click.get_current_context().exit(ExitCode.COULD_NOT_CHECK)


def _tools() -> Iterator[Checkup]:
    import os

    from scanners.pip_audit import installed_pip_audit
    from scanners.program_search import find_uv, programs_on_path
    from scanners.toolbox import LocalToolbox
    from scanners.wrapped_tools import WRAPPED_TOOLS

    yield Checkup("python", "ok", f"{sys.version.split()[0]} {sys.executable}")
    toolbox = LocalToolbox()
    wrapped = [
        _tool(name, lambda name=name: toolbox.inspect(name, thorough=True).identity)  # type: ignore[misc]
        for name in sorted(WRAPPED_TOOLS)
    ]
    uv = find_uv(os.environ)
    if uv is not None:
        yield Checkup("uv", "ok", str(uv))
    elif all(checkup.state == "trusted" for checkup in wrapped):
        yield Checkup("uv", "not needed", "only `mlgate tools install` needs it")
    else:
        yield Checkup("uv", "missing", "`mlgate tools install` needs it", "pip install 'mlgate[tools]'")
    git = next((program for program, obstacle in programs_on_path("git", os.environ) if not obstacle), None)
    if git is not None:
        yield Checkup("git", "ok", str(git))
    else:
        yield Checkup("git", "missing", "tells authors from approvers", "install git from your distribution")
    yield from wrapped
    yield _tool("pip-audit", installed_pip_audit)


def _tool(name: str, look: Callable[[], ToolIdentity]) -> Checkup:
    from scanners.interface import ToolUnavailableError

    try:
        identity = look()
    except ToolUnavailableError as error:
        return _unavailable(name, error)
    return Checkup(name, "trusted", f"{identity.version} ({identity.origin}) {identity.digest}")


def _unavailable(name: str, error: ToolUnavailableError) -> Checkup:
    from verdicts import Reason

    state = "missing" if error.reason is Reason.MISSING_TOOL else "untrusted"
    return Checkup(name, state, error.detail, error.remedy)


def _databases(directory: Path | None) -> Iterator[Checkup]:
    from deploy_gate.project import find_project, load_project
    from verdicts import ConfigurationError

    try:
        root = find_project(directory or Path.cwd())
    except ConfigurationError:
        if directory is not None:
            raise
        yield Checkup("databases", "not needed", "no mlgate.yml here or above", "name a project with --project DIR")
        return
    project = load_project(root)
    now = dt.datetime.now(dt.UTC)
    yield _advisories(project, now)
    yield _trivy_database(project, now)


def _advisories(project: Project, now: dt.datetime) -> Checkup:
    from scanners.advisories import SnapshotError, load_snapshot
    from verdicts import Reason

    what = "advisories"
    try:
        header = load_snapshot(project.advisories.path).header
    except SnapshotError as error:
        state = "missing" if error.reason is Reason.MISSING_DATABASE else "untrusted"
        return Checkup(what, state, error.detail, error.remedy)
    obstacle = header.staleness(now, project.advisories.maximum_age_days)
    if obstacle is not None:
        return Checkup(what, "stale", obstacle, "import a fresh one: mlgate database import (docs/packages.md)")
    return Checkup(what, "ok", f"{header.count:,} of {header.retrieved_at:%Y-%m-%d}, {header.source}, {header.digest}")


def _trivy_database(project: Project, now: dt.datetime) -> Checkup:
    from scanners.trivy_database import TrivyDatabase, TrivyDatabaseError
    from verdicts import Reason

    what, remedy = "trivy database", "bring a fresh one into place (docs/scanners/trivy.md)"
    try:
        database = TrivyDatabase.read(project.trivy.path)
        age, digest = database.age(now), database.identity().digest
    except TrivyDatabaseError as error:
        return Checkup(what, "missing" if error.reason is Reason.MISSING_DATABASE else "stale", error.detail, remedy)
    except OSError as error:
        return Checkup(what, "missing", f"{project.trivy.path}: {error.strerror}", remedy)
    if age > dt.timedelta(days=project.trivy.maximum_age_days):
        found = f"{age.days} days old, at most {project.trivy.maximum_age_days} are allowed"
        return Checkup(what, "stale", found, remedy)
    return Checkup(what, "ok", f"of {database.updated_at:%Y-%m-%d}, {digest}")
