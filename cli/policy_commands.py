"""`mlgate policy`: evaluate Azure Policy definitions over resources, and explain what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from cli.exit_codes import ExitCode
from cli.policy_assess import assess
from cli.policy_export import export
from cli.policy_inputs import (
    FILE,
    Given,
    OneDefinition,
    alias_table,
    input_options,
    known_resources,
    load_definition,
    open_pack,
    read_parameter_values,
    read_resource_file,
    surroundings,
)
from cli.policy_pack_commands import aliases, import_, list_, test

if TYPE_CHECKING:
    from cli.policy_results import Judged, Judgement
    from policies.resource_files import ResourceFile

_SETTINGS = {"help_option_names": ["-h", "--help"]}


@click.group(context_settings=_SETTINGS)
def policy() -> None:
    """Evaluate Azure Policy definitions offline: over resources, over cases, or one step by step."""


for command in (aliases, assess, export, import_, list_, test):
    policy.add_command(command)


@policy.command()
@click.argument("resources", required=False, type=FILE)
@click.option("--cases", type=FILE, help="Answer one case a line (JSON), each with its own policy; - for stdin.")
@input_options
@click.option(
    "--fail-on",
    type=click.Choice(["deny", "audit"]),
    default="deny",
    show_default=True,
    help="What ends with 1: non-compliance with deny only, or any.",
)
@click.option("--all", "everything", is_flag=True, help="Show compliant resources as well.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def evaluate(
    resources: Path | None,
    cases: Path | None,
    fail_on: str,
    everything: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Evaluate policies over RESOURCES: a resource, a list, or what `mlgate template expand` writes; - for stdin.

    Ends with 1 if a resource is denied, with 3 if something is unknown, failed or was not read, else with 0. With
    --cases: 0 if every line got an answer, 3 if a line held no JSON.
    """
    from cli.policy_results import show_json, show_table

    given = Given(**options)
    if cases is not None:
        _refuse_with_cases(resources, given)
        click.get_current_context().exit(_answer_cases(cases, given.aliases))
    if resources is None or (given.definition is None) == (given.pack is None):
        raise click.UsageError("name RESOURCES and one of --definition and --pack, or --cases")
    judgement = _judge(read_resource_file(resources, given.deployed_to), given)
    (show_json if as_json else show_table)(judgement, everything)
    click.get_current_context().exit(judgement.exit_code(fail_on))


def _refuse_with_cases(resources: Path | None, given: Given) -> None:
    if (
        resources
        or given.definition
        or given.pack
        or given.parameters
        or given.related
        or given.context
        or given.deployed_to
    ):
        raise click.UsageError("with --cases, everything but --aliases stands in the cases")


def _answer_cases(path: Path, table: Path | None) -> ExitCode:
    import datetime as dt
    import sys

    from policies.case_stream import case_answers
    from verdicts.errors import ConfigurationError, CouldNotCheckError

    known = alias_table(table) if table is not None else None
    answered = 0
    code = ExitCode.ALLOWED
    try:
        with click.open_file(str(path), "rb") as stream:
            for answer in case_answers(cast(BinaryIO, stream), dt.datetime.now(dt.UTC), known):
                click.echo(answer.text)
                sys.stdout.flush()
                answered += 1
                if answer.failed:
                    code = ExitCode.INTERNAL
                elif not answer.read and code is ExitCode.ALLOWED:
                    code = ExitCode.COULD_NOT_CHECK
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"can't be read: {error}", where=str(path)) from None
    if not answered:
        raise CouldNotCheckError("there are no cases in it", where=str(path))
    return code


def _judge(file: ResourceFile, given: Given) -> Judgement:
    from cli.policy_results import Judgement

    around = surroundings(given.aliases, given.context)
    known = known_resources(file, given.related)
    if given.definition is not None:
        one = load_definition(given.definition, read_parameter_values(given.parameters))
        return Judgement.of_definition(one, file, around, known)
    assert given.pack is not None
    return Judgement.of_pack(open_pack(given.pack, given.parameters), file, around, known)


@policy.command()
@click.argument("resources", type=FILE)
@input_options
@click.option("--policy", "name", help="Which definition of the pack: name, id, display name or file.")
@click.option("--resource", "which", help="Which of several resources: name, id, or number from 1.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def explain(resources: Path, name: str | None, which: str | None, as_json: bool, **options: Any) -> None:
    """Show why a definition judges a resource as it does: each condition asked, its line, and the value it saw.

    For modify and append it shows the resource as it would become. Ends as evaluate does.
    """
    from cli.policy_results import Judged, describe
    from policies.explanations import explain as explain_one
    from policies.explanations import explanation_json, explanation_text

    given = Given(**options)
    if (given.definition is None) == (given.pack is None) or (given.pack is None) != (name is None):
        raise click.UsageError("name --definition, or --pack with --policy")
    one = _one_of_pack(given, name or "") if given.pack else _one_definition(given)
    file = read_resource_file(resources, given.deployed_to)
    resource = _chosen(file.resources, which)
    explanation = explain_one(
        one.policy,
        resource,
        surroundings(given.aliases, given.context),
        known=known_resources(file, given.related),
        lines=one.lines(),
    )
    judged = Judged(resource, one.policy.definition, explanation.answer)
    if as_json:
        click.echo(json.dumps({**describe(judged), **explanation_json(explanation)}, indent=2))
    else:
        for line in _heading(judged, one.source):
            click.echo(line)
        for line in explanation_text(explanation, one.source):
            click.echo(line)
    click.get_current_context().exit(judged.exit_code("deny"))


def _heading(judged: Judged, source: str) -> Iterator[str]:
    from cli.policy_results import shown_resource
    from verdicts.text import one_line

    definition = judged.definition
    yield f"{one_line(definition.display_name or definition.name or source)}"
    yield f"over {shown_resource(judged.resource)}"


def _one_definition(given: Given) -> OneDefinition:
    assert given.definition is not None
    return load_definition(given.definition, read_parameter_values(given.parameters))


def _one_of_pack(given: Given, name: str) -> OneDefinition:
    """A definition of a pack by what people call it. Raises ConfigurationError where none or several fit."""
    from verdicts.errors import ConfigurationError

    assert given.pack is not None
    pack = open_pack(given.pack, given.parameters)
    lower = name.lower()
    fitting = [
        member
        for member in pack.members
        if lower in (member.facts.name, member.facts.id, member.source.lower())
        or member.definition.display_name.lower() == lower
    ]
    if len(fitting) != 1:
        shown = ", ".join(member.source for member in fitting[:5])
        what = f"{len(fitting)} definitions are called {name!r}: {shown}" if fitting else f"no definition is {name!r}"
        raise ConfigurationError(what, where=str(given.pack), remedy="see `mlgate policy list`")
    member = fitting[0]
    if given.pack.is_dir():
        path = given.pack / member.source
        return OneDefinition(member.policy, str(path), path.read_bytes())
    return OneDefinition(member.policy, member.source, b"{}")


def _chosen(resources: tuple[dict[str, Any], ...], which: str | None) -> dict[str, Any]:
    """One of the resources. Raises ConfigurationError where none or several fit."""
    from cli.policy_results import shown_resource
    from verdicts.errors import ConfigurationError

    if which is None:
        fitting = list(resources)
    elif which.isdecimal():
        fitting = list(resources[int(which) - 1 : int(which)]) if int(which) else []
    else:
        lower = which.lower()
        fitting = [one for one in resources if lower in (str(one.get(key)).lower() for key in ("name", "id", "type"))]
    if len(fitting) != 1:
        names = "; ".join(f"{number} {shown_resource(one)}" for number, one in enumerate(resources[:10], 1))
        raise ConfigurationError(f"{len(fitting)} resources fit: choose one with --resource ({names})")
    return fitting[0]
