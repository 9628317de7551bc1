"""`mlgate packages`: the pinned closure of a solution against advisories and allowlist."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import exit_code
from cli.reporting import ReportSelection, emit, make_report, report_options

if TYPE_CHECKING:
    from deploy_gate.project import Project
    from scanners.interface import Scanner
    from verdicts import Severity, Verdict, Waiver

_SEVERITIES = ("critical", "high", "medium", "low", "informational")
_A_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("requirements", type=_A_PATH)
@click.option("--conda", type=_A_PATH, metavar="FILE", help="The conda environment file around it.")
@click.option("--allowlist", type=_A_PATH, metavar="FILE", help="Default: the project's.")
@click.option("--advisories", type=_A_PATH, metavar="DIR", help="The advisory snapshot. Default: the project's.")
@click.option("--maximum-age-days", type=click.IntRange(0, 3650), help="Default: the project's, else 7.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), default="medium", show_default=True)
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds for pip-audit.")
@report_options
def packages(
    requirements: Path,
    conda: Path | None,
    allowlist: Path | None,
    advisories: Path | None,
    maximum_age_days: int | None,
    fail_on: str,
    timeout: float,
    reports: ReportSelection,
) -> None:
    """Check every package of the pinned file REQUIREMENTS.

    Known vulnerabilities come from the offline advisory snapshot, the allowlist tells what may be used. What isn't
    given is taken from the mlgate.yml at or above REQUIREMENTS. Nothing is resolved, downloaded or run.
    """
    from scanners.allowlist import ID as ALLOWLIST
    from scanners.allowlist import AllowlistScanner, load_allowlist
    from scanners.closures import shown_path
    from scanners.pip_audit import ID as PIP_AUDIT
    from scanners.pip_audit import PipAuditScanner
    from verdicts import ConfigurationError, Severity

    if not requirements.is_file():
        raise ConfigurationError("there is no such file", where=str(requirements))
    project = _project_of(requirements)
    if allowlist is None and project is not None:
        allowlist = project.allowlist
    if advisories is None and project is not None:
        advisories = project.advisories.path
    if allowlist is None or advisories is None:
        raise click.UsageError("give --allowlist and --advisories: there is no mlgate.yml that names them")
    if maximum_age_days is None:
        maximum_age_days = project.advisories.maximum_age_days if project is not None else 7
    root = project.root if project is not None else _root_of(requirements)
    # Read here as well, so that a mistake in it is a configuration error before anything runs.
    load_allowlist(allowlist, shown_as=shown_path(allowlist, root))
    scanners = (
        PipAuditScanner(requirements, conda, advisories, maximum_age_days),
        AllowlistScanner(allowlist, requirements, conda),
    )
    verdict = _verdict(scanners, root, frozenset({ALLOWLIST, PIP_AUDIT}), _waivers(project), Severity(fail_on), timeout)
    emit(make_report(f"Packages of {shown_path(requirements, root)}", verdict), reports)
    click.get_current_context().exit(exit_code(verdict.decision))


def _verdict(
    scanners: tuple[Scanner, ...],
    root: Path,
    required: frozenset[str],
    waivers: tuple[Waiver, ...],
    fail_on: Severity,
    timeout: float,
) -> Verdict:
    import datetime as dt
    import tempfile

    from cli.progress import ProgressBoard
    from scanners.interface import ScanContext
    from scanners.running import run_scanners
    from scanners.toolbox import LocalToolbox
    from verdicts import decide

    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory(prefix="mlgate-packages-") as folder, ProgressBoard() as board:
        context = ScanContext(root=root, workspace=Path(folder), now=now, tools=LocalToolbox(), timeout_s=timeout)
        by_scanner = run_scanners(scanners, context, progress=board)
    outcomes = [outcome for said in by_scanner.values() for outcome in said]
    findings = [finding for outcome in outcomes for finding in outcome.findings]
    # Only the waivers for what was found: those for other scanners' findings are not "unused" here.
    fitting = [waiver for waiver in waivers if any(waiver.covers(finding) for finding in findings)]
    return decide(outcomes, required=required, waivers=fitting, fail_on=fail_on, at=now)


def _project_of(requirements: Path) -> Project | None:
    from deploy_gate.project import find_project, load_project
    from verdicts import ConfigurationError

    try:
        root = find_project(requirements.parent)
    except ConfigurationError:
        return None
    return load_project(root)


def _root_of(requirements: Path) -> Path:
    here = Path.cwd()
    return here if requirements.resolve().is_relative_to(here.resolve()) else requirements.absolute().parent


def _waivers(project: Project | None) -> tuple[Waiver, ...]:
    from scanners.closures import shown_path
    from verdicts.waiver_file import load_waivers

    if project is None or project.waivers is None:
        return ()
    return load_waivers(project.waivers, shown_as=shown_path(project.waivers, project.root))
