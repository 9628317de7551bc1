"""`mlgate rbac`: templates, exports and the live estate against the persona matrix, and the matrix itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from cli.collection import rare_collection
from cli.exit_codes import exit_code
from cli.rbac_access import explain, who_can
from cli.rbac_diff import diff
from cli.rbac_difference import difference
from cli.rbac_organisation import OrganisationChoice, organisation_options
from cli.rbac_plan import apply, generate, plan
from cli.rbac_render import render, schema
from cli.rbac_sources import (
    SortedSources,
    SourceChoice,
    load_estate,
    read_templates,
    sort_sources,
    source_options,
)
from cli.reporting import ReportSelection, emit, make_report, report_options

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from verdicts import Outcome

SEVERITIES = click.Choice(["critical", "high", "medium", "low", "informational"])


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def rbac() -> None:
    """Check role assignments against the persona matrix; show the matrix; answer who may do what."""


@rbac.command()
@source_options
@organisation_options
@click.option("--fail-on", type=SEVERITIES, default="medium", show_default=True, help="Lowest severity that denies.")
@report_options
def check(sources: SourceChoice, chosen: OrganisationChoice, fail_on: str, reports: ReportSelection) -> None:
    """Check role assignments against a persona matrix: those of templates, of exported files and of the live estate.

    PATHS are templates, exported files (`az role assignment list`, Resource Graph, Microsoft Graph, PIM, Azure DevOps;
    docs/rbac-sources.md) and folders of both.
    """
    import datetime as dt

    from rbac_matrix.checks.interface import SCANNER
    from verdicts import Severity, decide

    environment = chosen.one_environment()
    if chosen.principals is None and chosen.file is None:
        raise click.UsageError("say who stands for which persona: --principals FILE or --organisation FILE")
    chosen.load(with_principals=False)
    now = dt.datetime.now(dt.UTC)
    found = sort_sources(sources)
    templates_only = not (found.exports or sources.subscriptions or any(path.is_dir() for path in found.templates))
    if templates_only:
        outcomes = _templates(found, sources, chosen, environment, now)
    else:
        outcomes = _estate(sources, chosen, environment, now)
    verdict = decide(outcomes, required=frozenset({SCANNER}), fail_on=Severity(fail_on), at=now)
    emit(make_report("Role assignments against the matrix", verdict, facts=(("matrix", environment),)), reports)
    click.get_current_context().exit(exit_code(verdict.decision))


def _templates(
    found: SortedSources, sources: SourceChoice, chosen: OrganisationChoice, environment: str, now: dt.datetime
) -> Sequence[Outcome]:
    """Templates alone, as the release gate looks at them."""
    import tempfile

    from deploy_gate.role_assignments import RbacMatrixScanner
    from scanners.interface import ScanContext
    from scanners.running import run_scanner

    here = Path.cwd()
    scanner = RbacMatrixScanner(
        (),
        environment,
        here / chosen.principals if chosen.principals is not None else None,
        read=read_templates(sources, found),
        organisation=here / chosen.file if chosen.file is not None else None,
    )
    with tempfile.TemporaryDirectory(prefix="mlgate-rbac-") as workspace:
        context = ScanContext(root=sources.root.absolute(), workspace=Path(workspace), now=now, tools=_NoTools())
        return run_scanner(scanner, context)


def _estate(sources: SourceChoice, chosen: OrganisationChoice, environment: str, now: dt.datetime) -> Sequence[Outcome]:
    """Exports and the live estate, with templates beside them."""
    from deploy_gate.estate_check import check_estate

    organisation = chosen.load()
    with rare_collection():
        return check_estate(load_estate(sources, organisation=organisation), organisation, environment, now=now)


class _NoTools:
    """The matrix is checked without any other program."""

    def tool(self, name: str) -> NoReturn:
        """See scanners.interface.Toolbox."""
        raise LookupError(name)


rbac.add_command(render)
rbac.add_command(schema)
rbac.add_command(who_can)
rbac.add_command(explain)
rbac.add_command(difference)
rbac.add_command(diff)
rbac.add_command(generate)
rbac.add_command(plan)
rbac.add_command(apply)
