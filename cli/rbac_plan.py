"""`mlgate rbac generate`, `plan` and `apply`: from the matrix to the estate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.rbac_diff import write_text
from cli.rbac_organisation import OrganisationChoice, organisation_options
from cli.rbac_sources import SourceChoice, source_options

if TYPE_CHECKING:
    from deploy_gate.role_plans import PlanDocument
    from rbac_matrix.changes.plan import Plan
    from rbac_matrix.estate.model import Estate

_OUTPUT = click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead.")
_MAXIMUM_AGE_DAYS = 7


@click.command()
@organisation_options
@click.option("--setup", metavar="NAME", help="Only this workspace setup.")
@click.option("--format", "language", type=click.Choice(["bicep", "terraform"]), required=True)
@_OUTPUT
def generate(chosen: OrganisationChoice, setup: str | None, language: str, output: Path | None) -> None:
    """Write the groups and role assignments that the matrix demands as Bicep or Terraform."""
    from rbac_matrix.changes.generation import bicep, terraform
    from rbac_matrix.changes.plan import Wanted, wanted_assignments

    organisation = chosen.load()
    wanted = wanted_assignments(organisation, chosen.one_environment())
    if setup is not None:
        known = sorted({one.name for one in organisation.setups})
        if setup not in known:
            raise click.UsageError(f"there is no setup {setup!r}: there are {', '.join(known) or 'none'}")
        wanted = Wanted(tuple(one for one in wanted.assignments if one.setup == setup), wanted.obstacles)
    write_text((bicep if language == "bicep" else terraform)(wanted.assignments), output)
    _say_obstacles(wanted.obstacles)
    context = click.get_current_context()
    context.exit(ExitCode.COULD_NOT_CHECK if not wanted.assignments else ExitCode.ALLOWED)


@click.command()
@organisation_options
@source_options
@click.option("--remove-unmanaged", is_flag=True, help="Also delete what no plan made and the matrix doesn't want.")
@_OUTPUT
def plan(chosen: OrganisationChoice, sources: SourceChoice, remove_unmanaged: bool, output: Path | None) -> None:
    """Work out what to create and delete so that the estate is as the matrix says; nothing is changed.

    With --output the plan goes to a file for `mlgate rbac apply`.
    """
    import datetime as dt
    import json

    from cli.rbac_sources import load_estate
    from deploy_gate.role_plans import document_of
    from rbac_matrix.changes.plan import plan as make_plan
    from rbac_matrix.changes.plan import wanted_assignments

    organisation, environment = chosen.load(), chosen.one_environment()
    estate = load_estate(sources, organisation=organisation)
    made = make_plan(
        wanted_assignments(organisation, environment),
        estate,
        organisation,
        environment,
        group_ids=_group_ids(estate),
        remove_unmanaged=remove_unmanaged,
    )
    document = document_of(made, removes_unmanaged=remove_unmanaged, now=dt.datetime.now(dt.UTC))
    _show(document, made)
    if output is not None:
        write_text(json.dumps(document.to_json(), indent=2, ensure_ascii=False) + "\n", output)
    context = click.get_current_context()
    context.exit(ExitCode.COULD_NOT_CHECK if estate.gaps or not estate.whole else ExitCode.ALLOWED)


def _group_ids(estate: Estate) -> dict[str, str]:
    """Ids of groups by folded name; a name that two groups have stands for none of them."""
    from rbac_matrix.estate.model import PrincipalKind

    found: dict[str, str] = {}
    twice: set[str] = set()
    for known in estate.directory.objects.values() if estate.directory is not None else ():
        if known.kind is PrincipalKind.GROUP and known.name:
            name = known.name.casefold()
            if found.setdefault(name, known.id) != known.id:
                twice.add(name)
    return {name: id_ for name, id_ in found.items() if name not in twice}


def _show(document: PlanDocument, made: Plan) -> None:
    from deploy_gate.role_plans import Act
    from verdicts.text import one_line

    for change in document.changes:
        sign = "+" if change.act is Act.CREATE else "-"
        click.echo(f"{sign} {change.act.value} {one_line(change.title, maximum=1_000)}")
    for kept in made.kept:
        who = kept.assignment.principal_name or kept.assignment.principal_text
        title = f"{kept.assignment.role_text} of {who} on {kept.assignment.scope.text}"
        click.echo(f"  keep {one_line(title, maximum=1_000)}: {kept.reason}")
    creations = len(made.creations)
    click.echo(f"{creations} to create, {len(made.deletions)} to delete, {made.unchanged} as they should be")
    _say_obstacles(document.obstacles)


def _say_obstacles(obstacles: tuple[str, ...]) -> None:
    from verdicts.text import one_line

    for text in obstacles:
        click.echo(f"not planned: {one_line(text, maximum=1_000)}", err=True)


@click.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--organisation",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="The organisation's file: its break-glass accounts lose nothing.",
)
@click.option("--as", "by", metavar="EMAIL", required=True, help="Who applies it; stands in the trail.")
@click.option("--confirm", metavar="DIGEST", help="The plan's digest, instead of the question.")
@click.option("--tenant", default="", metavar="ID", help="Tenant of the estate.")
@click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="The project in whose trail it is recorded. Default: here.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for the trail, instead of a project's.",
)
def apply(
    plan_file: Path,
    organisation: Path,
    by: str,
    confirm: str | None,
    tenant: str,
    project: Path,
    state: Path | None,
) -> None:
    """Carry out PLAN in Azure, after asking. What is so already is left; a second run goes on where one stopped."""
    import datetime as dt

    from cli.wiring import live_role_assignments
    from deploy_gate.evidence.trail import Trail, trail_paths
    from deploy_gate.project import load_project
    from deploy_gate.role_plans import carry_out, load_plan
    from rbac_matrix.organisation.loading import load_organisation
    from verdicts import ConfigurationError
    from verdicts.text import one_line

    document = load_plan(plan_file)
    now = dt.datetime.now(dt.UTC)
    if not dt.timedelta(0) <= now - document.made_at <= dt.timedelta(days=_MAXIMUM_AGE_DAYS):
        raise ConfigurationError(
            f"the plan was made {document.made_at:%Y-%m-%d %H:%M} UTC; one holds for {_MAXIMUM_AGE_DAYS} days",
            where=str(plan_file),
            remedy="make it again: `mlgate rbac plan`",
        )
    never = [one.object_id for one in load_organisation(organisation).break_glass]
    if not document.changes:
        click.echo("the plan has nothing to do", err=True)
        return
    trail = Trail(*trail_paths(state if state is not None else load_project(project).state))
    trail.recover()
    _ask(document, confirm)
    with live_role_assignments(tenant=tenant) as port:
        run = f"rbac-{now:%Y%m%dT%H%M%S}-{document.digest[-8:]}"
        for change, result in carry_out(document, port, trail, run=run, by=by, never=never):
            click.echo(f"{change.act.value} {one_line(change.title, maximum=1_000)}: {result.value}")
    click.echo(f"applied; `mlgate trail show --run {run}` tells what was done", err=True)


def _ask(document: PlanDocument, confirm: str | None) -> None:
    from deploy_gate.role_plans import Act
    from verdicts import ConfigurationError
    from verdicts.text import one_line

    if confirm is not None:
        if confirm != document.digest:
            raise ConfigurationError(
                "--confirm is not this plan's digest", remedy=f"look at the plan; its digest is {document.digest}"
            )
        return
    deletions = sum(one.act is Act.DELETE for one in document.changes)
    for change in document.changes:
        click.echo(f"{change.act.value} {one_line(change.title, maximum=1_000)}", err=True)
    if not sys.stdin.isatty():
        raise ConfigurationError(
            "nobody can be asked here", remedy=f"look at the plan, then pass --confirm {document.digest}"
        )
    question = f"Create {len(document.changes) - deletions} and delete {deletions} role assignments in Azure?"
    click.confirm(question, abort=True, err=True)
