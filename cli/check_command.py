"""`mlgate check`: everything static, in one verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.collection import rare_collection
from cli.exit_codes import exit_code
from cli.reporting import ReportSelection, emit, report_options

if TYPE_CHECKING:
    from deploy_gate.static_checks.pipeline import CheckedProject, CheckRequest
    from deploy_gate.static_checks.selection import ChangedFiles
    from deploy_gate.static_checks.settings import CheckSettings
    from policies.rules import Rule
    from resource_readers.interface import ReadRequest
    from verdicts import Verdict

_PROFILES = ("development", "test", "production")
_SEVERITIES = ("critical", "high", "medium", "low", "informational")
_SKIPPABLE = ("checkov", "rbac-matrix", "packages")
_A_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("paths", nargs=-1, type=_A_PATH)
@click.option("--profile", type=click.Choice(_PROFILES), help="Which rules hold. Default: mlgate.yml, else production.")
@click.option("--parameters", type=_A_PATH, metavar="FILE", help="A file with parameter values, for all templates.")
@click.option("--skip", type=click.Choice(_SKIPPABLE), multiple=True, help="A check that is not to run this time.")
@click.option("--fail-on", type=click.Choice(_SEVERITIES), help="Lowest severity that denies. Default: medium.")
@click.option(
    "--changed-since",
    metavar="REVISION",
    help="Only what differs from where HEAD left this branch, tag or commit, and what takes in such a file.",
)
@click.option("--no-cache", is_flag=True, help="Work out everything anew, and keep nothing.")
@click.option(
    "--write-baseline",
    type=_A_PATH,
    metavar="FILE",
    help="Accept what is found now, for a time: write it there, to be approved by somebody else. See docs/check.md.",
)
@click.option("--owner", metavar="ADDRESS", help="With --write-baseline: who answers for what is accepted.")
@click.option("--reason", metavar="TEXT", help="With --write-baseline: why it is accepted for now.")
@click.option("--fix", is_flag=True, help="Show as a diff what mends findings by setting one value. See docs/fixes.md.")
@click.option("--write", is_flag=True, help="With --fix: write it, judge the files again, take back what doesn't hold.")
@click.option("--timeout", type=click.FloatRange(1), default=600.0, show_default=True, help="Seconds for each tool.")
@report_options
@rare_collection()
def check(
    paths: tuple[Path, ...],
    profile: str | None,
    parameters: Path | None,
    skip: tuple[str, ...],
    fail_on: str | None,
    changed_since: str | None,
    no_cache: bool,
    write_baseline: Path | None,
    owner: str | None,
    reason: str | None,
    fix: bool,
    write: bool,
    timeout: float,
    reports: ReportSelection,
) -> None:
    """Check every template, asset, workflow and package of PATHS (by default of the whole project).

    The project is the folder with mlgate.yml at or above the working directory, else the working directory itself.
    """
    from deploy_gate.static_checks.pipeline import CheckRequest

    here = Path.cwd()
    root = _root(here)
    if (write and not fix) or (fix and write_baseline is not None):
        raise click.UsageError("--write goes with --fix, and --fix not with --write-baseline")
    if write_baseline is not None:
        _refuse_partial_baseline(owner, reason, paths, changed_since)
        _refuse_folder_of(here / write_baseline, write_baseline)
    elif owner is not None or reason is not None:
        raise click.UsageError("--owner and --reason go with --write-baseline")
    for path in paths:
        _refuse_missing(here / path, path)
    if parameters is not None:
        _refuse_no_file(here / parameters, parameters)
    settings = _settings(root, profile, fail_on)
    request = CheckRequest(
        read=_read_request(root, here / parameters if parameters is not None else None),
        paths=[here / path for path in paths] or [root],
        settings=settings,
        skipped=frozenset(skip),
        changed=_changes(root, changed_since) if changed_since is not None else None,
    )
    checked, verdict = _checked(request, timeout, keep=not no_cache, with_waivers=write_baseline is None)
    if write_baseline is not None:
        _accept(here / write_baseline, verdict, str(owner), str(reason))
    if fix and _mended(request, checked, verdict, reports, write=write):
        checked, verdict = _checked(request, timeout, keep=not no_cache, with_waivers=True)
    _report(root, settings, checked, verdict, reports)
    click.get_current_context().exit(exit_code(verdict.decision))


def _refuse_partial_baseline(owner: str | None, reason: str | None, paths: tuple[Path, ...], since: str | None) -> None:
    if not (owner and reason):
        raise click.UsageError("--write-baseline needs --owner and --reason")
    if paths or since is not None:
        raise click.UsageError("--write-baseline is for the whole project: give neither paths nor --changed-since")


def _refuse_folder_of(path: Path, given: Path) -> None:
    from verdicts import ConfigurationError

    if not path.parent.is_dir():
        raise ConfigurationError("the folder of the baseline does not exist", where=str(given), remedy="make it first")


def _refuse_missing(path: Path, given: Path) -> None:
    from verdicts import ConfigurationError
    from verdicts.text import one_line

    try:
        path.lstat()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(f"can't be checked: {why}", where=one_line(str(given))) from None


def _refuse_no_file(path: Path, given: Path) -> None:
    """Values that aren't there would leave every template unread: that is a mistake in the command."""
    from verdicts import ConfigurationError
    from verdicts.text import one_line

    _refuse_missing(path, given)
    if not path.is_file():
        raise ConfigurationError("is no file with values of parameters", where=one_line(str(given)))


def _read_request(root: Path, parameters: Path | None) -> ReadRequest:
    from cli.bicep_tools import bicep_compiler, restored_modules
    from resource_readers.interface import ReadRequest

    return ReadRequest(
        root=root,
        path=root,
        parameters=parameters,
        neighbours=parameters is None,
        bicep=bicep_compiler(),
        bicep_modules=restored_modules(),
    )


def _changes(root: Path, revision: str) -> ChangedFiles:
    from cloud_backends.local.changed_files import changed_since

    return changed_since(root, revision)


def _checked(
    request: CheckRequest, timeout: float, *, keep: bool, with_waivers: bool
) -> tuple[CheckedProject, Verdict]:
    """What every check said, and the verdict."""
    import dataclasses
    import datetime as dt
    import tempfile

    from cli.check_report import merged_outcomes
    from cli.progress import ProgressBoard
    from deploy_gate.static_checks.own_digest import own_digest
    from deploy_gate.static_checks.pipeline import check_project
    from deploy_gate.static_checks.result_store import open_store
    from scanners.interface import ScanContext
    from scanners.toolbox import LocalToolbox
    from verdicts import decide

    now = dt.datetime.now(dt.UTC)
    store = open_store(own_digest(), str(request.read.root.resolve())) if keep else None
    request = dataclasses.replace(request, keeper=store)
    with tempfile.TemporaryDirectory(prefix="mlgate-check-") as folder, ProgressBoard() as board:
        context = ScanContext(
            root=request.read.root, workspace=Path(folder), now=now, tools=LocalToolbox(), timeout_s=timeout
        )
        checked = check_project(request, context, progress=board)
    if store is not None:
        store.tidy()
    waivers = checked.waivers if with_waivers else ()
    outcomes = checked.outcomes
    # A baseline names what every tool found: a waiver for ours would leave what was merged into it standing.
    if with_waivers:
        outcomes = merged_outcomes(request.read.root, outcomes, checked.read.readings, _rules(), waivers, now)
    verdict = decide(outcomes, required=checked.required, waivers=waivers, fail_on=request.settings.fail_on, at=now)
    return checked, verdict


def _mended(
    request: CheckRequest, checked: CheckedProject, verdict: Verdict, reports: ReportSelection, *, write: bool
) -> bool:
    """Shows or writes what mends findings; whether a file was changed."""
    from cli.check_fixes import mend

    return mend(request.read, request.settings, checked.read.readings, verdict, write=write, reports=reports)


def _report(
    root: Path, settings: CheckSettings, checked: CheckedProject, verdict: Verdict, reports: ReportSelection
) -> None:
    from cli.check_report import check_report

    report = check_report(
        root,
        verdict,
        checked.read.readings,
        _rules(),
        facts=[("profile", settings.profile), *checked.facts],
        left_out=checked.notes,
        reports=reports,
    )
    emit(report, reports)


def _rules() -> tuple[Rule, ...]:
    from policies.rules import built_in_rules

    return built_in_rules()


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


def _settings(root: Path, profile: str | None, fail_on: str | None) -> CheckSettings:
    import dataclasses

    from deploy_gate.static_checks.settings import load_settings
    from verdicts import Severity

    settings = load_settings(root)
    return dataclasses.replace(
        settings,
        profile=profile or settings.profile,
        fail_on=Severity(fail_on) if fail_on else settings.fail_on,
    )
