"""`mlgate deploy`, and `approve`, `resume`, `status`, `rollback` beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

import click

from cli.exit_codes import ExitCode
from cli.reporting import ReportSelection, emit, make_report, report_options, write_report

if TYPE_CHECKING:
    from deploy_gate.path import Result, Step
    from deploy_gate.pipeline import Pipeline, RunReport
    from verdicts import Outcome

PROJECT = click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="A folder in the project (the nearest mlgate.yml at or above it counts). Default: here.",
)
TIMEOUT = click.option(
    "--timeout", default=600.0, type=click.FloatRange(1, 86_400), show_default=True, help="Seconds for each tool."
)


class StepPrinter:
    """Says on standard error what the path does, a line each."""

    def __init__(self) -> None:
        from cli.progress import ProgressBoard

        self._board = ProgressBoard()

    def step_begins(self, run: str, step: Step) -> None:
        """See Observer."""

    def step_done(self, run: str, step: Step, result: Result) -> None:
        """See Observer."""

    def step_recorded(self, run: str, step: Step, result: Result) -> None:
        """See Observer."""
        click.echo(f"  {step.value:<18} {result.value}", err=True)

    def scanner(self, scanner: str, outcomes: tuple[Outcome, ...] | None) -> None:
        """See Observer."""
        self._board(scanner, outcomes)


def _pipeline(directory: Path, timeout: float = 600.0) -> Pipeline:
    from cli.wiring import pipeline
    from deploy_gate.project import load_project

    return pipeline(load_project(directory), StepPrinter(), timeout_s=timeout)


@click.command()
@click.argument("release", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--environment", required=True, help="As named in mlgate.yml, for example production.")
@click.option("--approve-as", metavar="EMAIL", help="Approve as this person, if the checks allow the release.")
@TIMEOUT
@report_options
def deploy(release: Path, environment: str, approve_as: str | None, timeout: float, reports: ReportSelection) -> None:
    """Check RELEASE and, if it is allowed and approved, deploy it.

    A release that fails a security check is denied and its image deleted from the registry; the running deployment
    stays untouched. Where something could not be checked, nothing is deployed and nothing deleted.
    """
    path = _pipeline(release.parent, timeout)
    _finish(path, path.deploy(release, environment, approve_as), reports)


@click.command()
@click.argument("run")
@click.option("--approve-as", metavar="EMAIL", help="Approve as this person, if the run waits for it.")
@PROJECT
@TIMEOUT
@report_options
def resume(run: str, approve_as: str | None, project: Path, timeout: float, reports: ReportSelection) -> None:
    """Go on with RUN where it was interrupted, or after its approval."""
    path = _pipeline(project, timeout)
    _finish(path, path.resume(run, approve_as), reports)


@click.command()
@click.argument("run")
@click.option("--as", "approver", required=True, metavar="EMAIL", help="Who approves.")
@PROJECT
@report_options
def approve(run: str, approver: str, project: Path, reports: ReportSelection) -> None:
    """Approve RUN, which waits for it; `mlgate resume` then deploys it."""
    path = _pipeline(project)
    report = path.approve(run, approver)
    _write_report(path, report, reports)
    if report.waiting:
        click.echo(_refusal(report), err=True)
        click.get_current_context().exit(ExitCode.DENIED)
    click.echo(f"approved; type `mlgate resume {run}` to go on", err=True)
    click.get_current_context().exit(ExitCode.ALLOWED if report.ending is None else _code(report))


@click.command()
@click.argument("run", required=False)
@PROJECT
@click.option("--json", "as_json", is_flag=True, help="One JSON object a run.")
def status(run: str | None, project: Path, as_json: bool) -> None:
    """Show all runs, or RUN alone, and what they wait for."""
    store = _pipeline(project).store
    runs = [store.load(run)] if run else list(store.all())
    if not runs and not as_json:
        click.echo("no runs yet")
    for item in runs:
        waiting = item.state.next_step
        ending = item.state.ending
        if as_json:
            import json

            click.echo(
                json.dumps(
                    {
                        "run": item.id,
                        "release": item.facts.release,
                        "version": item.facts.version,
                        "environment": item.facts.environment,
                        "endpoint": item.facts.endpoint,
                        "ending": ending.value if ending else None,
                        "next": waiting.value if waiting else None,
                    }
                )
            )
        else:
            now = ending.value if ending else f"next: {waiting.value}" if waiting else ""
            click.echo(f"{item.id}  {item.facts.title} ({item.facts.endpoint})  {now}")


@click.command()
@click.argument("endpoint")
@click.option("--environment", required=True, help="As named in mlgate.yml.")
@PROJECT
def rollback(endpoint: str, environment: str, project: Path) -> None:
    """Give all traffic of ENDPOINT back to the deployment that had it before the last release."""
    came_from, to = _pipeline(project).rollback(endpoint, environment)
    click.echo(f"{endpoint}: all traffic went from {came_from} back to {to}")


def _finish(path: Pipeline, report: RunReport, reports: ReportSelection) -> None:
    _write_report(path, report, reports)
    click.echo(_closing_line(report), err=True)
    click.get_current_context().exit(_code(report))


def _write_report(path: Pipeline, report: RunReport, reports: ReportSelection) -> None:
    if report.verdict is None:
        return
    facts = report.run.facts
    shown: list[tuple[str, str]] = [
        ("run", report.run.id),
        ("commit", facts.commit + (" with uncommitted changes" if facts.dirty else "")),
        ("endpoint", facts.endpoint),
        ("image", f"{facts.repository}:{facts.tag} {facts.image_digest or '(not in the registry)'}"),
    ]
    made = make_report(f"Release {facts.title}", report.verdict, shown)
    from report_formats.registry import format_named

    write_report(path.store.report(report.run.id), format_named("json").render(made))
    emit(made, reports)


def _refusal(report: RunReport) -> str:
    from deploy_gate.path import Step

    data: Any = report.run.data.get(Step.APPROVE, {})
    if "refused" in data:
        return f"not approved: {data['refused']}"
    return (
        f"allowed so far; run {report.run.id} waits for the approval of {' or '.join(data.get('approvers', ()))}: "
        f"type `mlgate approve {report.run.id} --as EMAIL`, then `mlgate resume {report.run.id}`"
    )


def _why(report: RunReport) -> str:
    """Why the last step ended as it did, if it said so."""
    step, _ = report.run.state.history[-1]
    why = report.run.data.get(step, {}).get("why", "")
    return f": {why}" if why else ""


def _closing_line(report: RunReport) -> str:
    from deploy_gate.path import Ending, Result, Step

    run = report.run
    if report.waiting:
        return _refusal(report)
    if run.state.next_step is not None:
        return (
            f"{run.facts.title}: {run.state.next_step.value} could not be done{_why(report)}; "
            f"type `mlgate resume {run.id}` to go on"
        )
    ending = report.ending
    match ending:
        case Ending.DEPLOYED:
            return f"{run.facts.title}: ALLOWED and deployed as {run.deployment}"
        case Ending.DENIED:
            if run.state.result(Step.PROVE_REMOVAL) is Result.PASSED:
                removed = f"its image is gone from the registry ({run.data[Step.PROVE_REMOVAL]['gone']})"
            else:
                reasons = [run.data.get(step, {}).get("why") for step in Step]
                removed = next((why for why in reasons if why), "its image was not deleted")
            return f"{run.facts.title}: DENIED; {removed}; what was running still is"
        case Ending.COULD_NOT_CHECK:
            why = run.data.get(Step.APPROVE, {}).get("why")
            reason = f" ({why})" if why else ""
            return f"{run.facts.title}: COULD NOT CHECK{reason}; nothing was deployed and nothing deleted"
        case None:
            return f"{run.facts.title}: unfinished"
    assert_never(ending)


def _code(report: RunReport) -> ExitCode:
    from deploy_gate.path import Ending, Result, Step

    ending = report.ending
    if ending is None:
        refused = "refused" in report.run.data.get(Step.APPROVE, {})
        waiting = report.run.state.result(Step.APPROVE) is Result.WAITING
        return ExitCode.DENIED if waiting and refused else ExitCode.COULD_NOT_CHECK
    match ending:
        case Ending.DEPLOYED:
            return ExitCode.ALLOWED
        case Ending.DENIED:
            return ExitCode.DENIED
        case Ending.COULD_NOT_CHECK:
            return ExitCode.COULD_NOT_CHECK
    assert_never(ending)
