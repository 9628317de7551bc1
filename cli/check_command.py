"""`mlgate check`: everything static, in one verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import exit_code
from cli.reporting import ReportSelection, emit, make_report, report_options

if TYPE_CHECKING:
    from deploy_gate.static_checks.settings import CheckSettings
    from verdicts import Verdict

_PROFILES = ("development", "test", "production")
_SEVERITIES = ("critical", "high", "medium", "low", "informational")
_A_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, type=_A_PATH)
@click.option("--profile", type=click.Choice(_PROFILES), help="Which rules hold. Default: mlgate.yml, else production.")
@click.option("--parameters", type=_A_PATH, metavar="FILE", help="A file with parameter values, for all templates.")
@click.option("--skip", type=click.Choice(("checkov",)), multiple=True, help="A check that is not to run.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Lowest severity that denies. Default: medium.")
@click.option(
    "--write-baseline",
    type=_A_PATH,
    metavar="FILE",
    help="Accept what is found now, for a time: write it there, to be approved by somebody else. See docs/check.md.",
)
@click.option("--owner", metavar="ADDRESS", help="With --write-baseline: who answers for what is accepted.")
@click.option("--reason", metavar="TEXT", help="With --write-baseline: why it is accepted for now.")
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds for each tool.")
@report_options
def check(
    paths: tuple[Path, ...],
    profile: str | None,
    parameters: Path | None,
    skip: tuple[str, ...],
    fail_on: str | None,
    write_baseline: Path | None,
    owner: str | None,
    reason: str | None,
    timeout: float,
    reports: ReportSelection,
) -> None:
    """Check every template, asset and workflow in PATHS (by default the whole project).

    The project is the folder with mlgate.yml at or above the working directory, else the working directory itself.
    """
    import datetime as dt
    import tempfile

    from cli.bicep_tools import bicep_compiler, restored_modules
    from cli.progress import ProgressBoard
    from deploy_gate.static_checks.pipeline import check_project
    from resource_readers.interface import ReadRequest
    from scanners.interface import ScanContext
    from scanners.toolbox import LocalToolbox
    from verdicts import decide

    if write_baseline is not None and not (owner and reason):
        raise click.UsageError("--write-baseline needs --owner and --reason")
    here = Path.cwd()
    root = _root(here)
    settings = _settings(root, profile, skip, fail_on)
    request = ReadRequest(
        root=root,
        path=root,
        parameters=here / parameters if parameters is not None else None,
        neighbours=parameters is None,
        bicep=bicep_compiler(),
        bicep_modules=restored_modules(),
    )
    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory(prefix="mlgate-check-") as folder, ProgressBoard() as board:
        context = ScanContext(root=root, workspace=Path(folder), now=now, tools=LocalToolbox(), timeout_s=timeout)
        checked = check_project(request, [here / path for path in paths or (root,)], settings, context, progress=board)
    required = frozenset(settings.checks) & {"policy"}
    waivers = () if write_baseline is not None else checked.waivers
    verdict = decide(checked.outcomes, required=required, waivers=waivers, fail_on=settings.fail_on, at=now)
    if write_baseline is not None:
        _accept(here / write_baseline, verdict, str(owner), str(reason))
    facts = [
        ("profile", settings.profile),
        ("files read", str(len(checked.read))),
        *(("note", n) for n in checked.notes),
    ]
    emit(make_report("Check of the project", verdict, facts), reports)
    click.get_current_context().exit(exit_code(verdict.decision))


def _accept(path: Path, verdict: Verdict, owner: str, reason: str) -> None:
    from deploy_gate.static_checks.baseline import write_baseline
    from verdicts import ConfigurationError

    try:
        count = write_baseline(path, verdict.findings, owner=owner, reason=reason, today=verdict.at.date())
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(path)) from None
    click.echo(f"{path}: {count} findings; it holds once somebody other than {owner} signs as approver", err=True)


def _root(here: Path) -> Path:
    from deploy_gate.project import find_project
    from verdicts import ConfigurationError

    try:
        return find_project(here)
    except ConfigurationError:
        return here.resolve()


def _settings(root: Path, profile: str | None, skip: tuple[str, ...], fail_on: str | None) -> CheckSettings:
    import dataclasses

    from deploy_gate.static_checks.settings import load_settings
    from verdicts import Severity

    settings = load_settings(root)
    return dataclasses.replace(
        settings,
        profile=profile or settings.profile,
        fail_on=Severity(fail_on) if fail_on else settings.fail_on,
        checks=tuple(name for name in settings.checks if name not in skip),
    )
