"""`mlgate rbac`: templates against the persona matrix, and the matrix itself."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from cli.exit_codes import exit_code
from cli.rbac_organisation import OrganisationChoice, organisation_options
from cli.rbac_render import render, schema
from cli.reporting import ReportSelection, emit, make_report, report_options

SEVERITIES = click.Choice(["critical", "high", "medium", "low", "informational"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def rbac() -> None:
    """Check role assignments against the persona matrix; show the matrix."""


@rbac.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@organisation_options
@click.option("--parameters", type=click.Path(path_type=Path), help="A parameter file for the templates.")
@click.option("--fail-on", type=SEVERITIES, default="medium", show_default=True, help="Lowest severity that denies.")
@click.option(
    "--root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    default=Path(),
    show_default="the working directory",
    help="Nothing outside of this folder is read.",
)
@report_options
def check(
    paths: tuple[Path, ...],
    chosen: OrganisationChoice,
    parameters: Path | None,
    fail_on: str,
    root: Path,
    reports: ReportSelection,
) -> None:
    """Check the role assignments in templates against a persona matrix."""
    import datetime as dt
    import tempfile

    from deploy_gate.role_assignments import RbacMatrixScanner, TemplateInput
    from scanners.interface import ScanContext
    from scanners.running import run_scanner
    from verdicts import Severity, decide

    environment = chosen.one_environment()
    if chosen.principals is None and chosen.file is None:
        raise click.UsageError("say who stands for which persona: --principals FILE or --organisation FILE")
    chosen.load(with_principals=False)
    here = Path.cwd()
    values = here / parameters if parameters is not None else None
    scanner = RbacMatrixScanner(
        tuple(TemplateInput(here / path, values) for path in paths),
        environment,
        here / chosen.principals if chosen.principals is not None else None,
        organisation=here / chosen.file if chosen.file is not None else None,
    )
    now = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory(prefix="mlgate-rbac-") as workspace:
        context = ScanContext(root=root.absolute(), workspace=Path(workspace), now=now, tools=_NoTools())
        outcomes = run_scanner(scanner, context)
    verdict = decide(outcomes, required=frozenset({scanner.id}), fail_on=Severity(fail_on), at=now)
    emit(make_report("Role assignments against the matrix", verdict, facts=(("matrix", environment),)), reports)
    click.get_current_context().exit(exit_code(verdict.decision))


class _NoTools:
    """The matrix is checked without any other program."""

    def tool(self, name: str) -> NoReturn:
        """See scanners.interface.Toolbox."""
        raise LookupError(name)


rbac.add_command(render)
rbac.add_command(schema)
