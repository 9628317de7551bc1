"""`mlgate policy assess`: what all assignments together do with a deployment."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cli.exit_codes import ExitCode
from cli.policy_inputs import (
    FILE,
    known_resources,
    read_mapping,
    read_resource_file,
    shared_options,
    surroundings,
)
from cli.tables import print_table
from verdicts.text import one_line

if TYPE_CHECKING:
    from policies.assigned_policies import ResolvedAssignment
    from policies.compliance import Row
    from policies.estate_files import EstateFiles
    from policies.judging import Estate
    from policies.known_resources import KnownResources
    from policies.layering import Outcome
    from policies.resource_files import ResourceFile
    from policies.scope import Surroundings

SCHEMA = "mlgate/policy-assessment/v1"

C = TypeVar("C", bound=Callable[..., Any])


def _shared(command: C) -> C:
    for option in reversed(shared_options()):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Assessed:
    """One resource under all assignments."""

    resource: Mapping[str, Any]
    outcome: Outcome
    rows: tuple[Row, ...]


@click.command()
@click.argument("resources", type=FILE)
@click.option("--assignments", type=FILE, required=True, help="A folder of assignments, exemptions and policies.")
@click.option("--pack", type=FILE, help="Definitions and initiatives that the assignments name.")
@click.option("--hierarchy", type=FILE, help="JSON: subscription -> management groups above it, nearest first.")
@click.option("--existing", is_flag=True, help="The resources are there already: no request is made.")
@_shared
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "audit"]),
    default="deny",
    show_default=True,
    help="What ends with 1: a denied request only, or any non-compliance.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def assess(
    resources: Path,
    assignments: Path,
    pack: Path | None,
    hierarchy: Path | None,
    existing: bool,
    related: Path | None,
    aliases: Path | None,
    context: Path | None,
    deployed_to: str | None,
    fail_on: str,
    as_json: bool,
) -> None:
    """Say what Azure would do with RESOURCES under all assignments: which are denied, changed, or not compliant.

    Ends with 1 if a request is denied, with 3 if something is unknown, failed or was not read, else with 0.
    """
    from policies.layering import RequestDecision

    file = read_resource_file(resources, deployed_to)
    files = _estate_files(assignments, pack)
    around = surroundings(aliases, context)
    resolved = files.resolved()
    estate = _estate(files, hierarchy, deployed_to)
    known = known_resources(file, related)
    found = list(_assessed(file, resolved, around, estate, known, existing))
    problems = [*files.problems(resolved, around.now), *(f"not read: {line}" for line in file.not_read)]
    (_show_json if as_json else _show)(found, files.errors, problems)
    states = {row.state.value for one in found for row in one.rows}
    decisions = {one.outcome.decision for one in found}
    if RequestDecision.DENIED in decisions or (fail_on == "audit" and "NonCompliant" in states):
        code = ExitCode.DENIED
    elif (
        not any(one.outcome.examined for one in found)
        or files.errors
        or file.not_read
        or RequestDecision.UNKNOWN in decisions
        or states & {"Unknown", "Error", "Conflict"}
    ):
        code = ExitCode.COULD_NOT_CHECK
    else:
        code = ExitCode.ALLOWED
    click.get_current_context().exit(code)


def _estate_files(assignments: Path, pack: Path | None) -> EstateFiles:
    from policies.estate_files import read_estate
    from policies.pack_sources import PackSourceError, bodies_of, read_inputs
    from verdicts.errors import ConfigurationError

    try:
        bodies = list(bodies_of(read_inputs(assignments)))
        bodies += bodies_of(read_inputs(pack)) if pack is not None else ()
    except PackSourceError as error:
        raise ConfigurationError(str(error)) from None
    files = read_estate(bodies)
    if not files.assignments and not files.errors:
        raise ConfigurationError("there is no assignment in it", where=str(assignments))
    return files


def _estate(files: EstateFiles, hierarchy: Path | None, deployed_to: str | None) -> Estate:
    from policies.judging import Estate
    from policies.placement import read_hierarchy
    from policies.values import DefinitionError
    from verdicts.errors import ConfigurationError

    try:
        above = read_hierarchy(read_mapping(hierarchy))
    except DefinitionError as error:
        raise ConfigurationError(str(error), where=str(hierarchy)) from None
    return Estate(
        exemptions=tuple(files.exemptions),
        enrollments=tuple(files.enrollments) or None,
        hierarchy=above,
        deployed_to=deployed_to or "",
    )


def _assessed(
    file: ResourceFile,
    assignments: Sequence[ResolvedAssignment],
    around: Surroundings,
    estate: Estate,
    known: KnownResources,
    existing: bool,
) -> Iterator[Assessed]:
    from policies.evaluation import State
    from policies.layering import evaluate_existing, evaluate_request

    evaluate = evaluate_existing if existing else evaluate_request
    certain = known.certain(None)
    for resource in file.resources:
        if resource.get("$existing"):
            continue
        outcome = evaluate(assignments, resource, around, estate=estate, related=certain if known.whole else None)
        rows = outcome.rows
        if not known.whole and any(row.state is State.UNKNOWN for row in rows):
            # What is deployed together can satisfy an existence condition; that nothing does isn't known.
            best = evaluate(assignments, resource, around, estate=estate, related=certain)
            settled = {_key(row): row for row in best.rows if row.state is State.COMPLIANT}
            rows = tuple(settled.get(_key(row), row) if row.state is State.UNKNOWN else row for row in rows)
        yield Assessed(resource, outcome, rows)


def _key(row: Row) -> tuple[str, str, str]:
    return (row.assignment, row.reference, row.definition)


def _show(found: Sequence[Assessed], errors: Sequence[str], problems: Sequence[str]) -> None:
    from cli.policy_results import shown_resource
    from policies.compliance import NOT_OK, roll_up

    for one in found:
        decision = one.outcome.decision
        states = roll_up(row.state for row in one.rows)
        summary = ", ".join(f"{count} {state.value}" for state, count in states.counts.items()) or "no policy applies"
        click.echo(f"{shown_resource(one.resource)}: {f'request {decision.value}; ' if decision else ''}{summary}")
        for denial in one.outcome.denials:
            row = denial.row
            message = row.message or row.definition_name or row.definition
            click.echo(f"  denied by {_short(row.assignment)}: {one_line(message)}")
        for reason in one.outcome.undecided:
            click.echo(f"  not decided: {one_line(reason)}")
        for assignment, _, change in one.outcome.changes:
            shown = json.dumps(change.as_json())
            click.echo(f"  changed by {_short(assignment)}: {one_line(shown, maximum=160)}")
        rows = [
            [row.state.value, row.effect, *(one_line(text, maximum=90) for text in (row.definition_name, row.reason))]
            for row in one.rows
            if row.state in NOT_OK
        ]
        if rows:
            print_table(["  state", "effect", "definition", "reason"], [[f"  {row[0]}", *row[1:]] for row in rows])
    for title, lines in (("not read", errors), ("problem", problems)):
        for line in lines:
            click.echo(f"{title}: {one_line(line)}", err=True)


def _short(assignment: str) -> str:
    """The name in an assignment's id."""
    return one_line(assignment.rpartition("/")[2])


def _show_json(found: Sequence[Assessed], errors: Sequence[str], problems: Sequence[str]) -> None:
    from policies.explanations import plain

    document = {
        "schema": SCHEMA,
        "resources": [
            {
                "type": one.resource.get("type"),
                "name": one.resource.get("name"),
                "id": one.resource.get("id"),
                "decision": one.outcome.decision.value if one.outcome.decision else None,
                "denials": [
                    {"assignment": denial.row.assignment, "message": denial.row.message, "reason": denial.reason}
                    for denial in one.outcome.denials
                ],
                "undecided": list(one.outcome.undecided),
                "changes": [
                    {"assignment": assignment, "reference": reference, **change.as_json()}
                    for assignment, reference, change in one.outcome.changes
                ],
                "rows": [{**dataclasses.asdict(row), "state": row.state.value} for row in one.rows],
            }
            for one in found
        ],
        "not_read": list(errors),
        "problems": list(problems),
    }
    click.echo(json.dumps(plain(document), indent=2))
