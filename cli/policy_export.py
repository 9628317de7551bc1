"""`mlgate policy export`: our rules as custom definitions and initiatives of Azure, and what became of them there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.policy_inputs import FILE, alias_table, read_json
from cli.tables import print_table

if TYPE_CHECKING:
    from policies.export_comparison import ComparedRule
    from policies.policy_export import Export

SCHEMA = "mlgate/policy-comparison/v1"
_PROFILES = ("development", "test", "production")


@click.command("export")
@click.argument("folder", required=False, type=FILE)
@click.option("--profile", type=click.Choice(_PROFILES), help="Only the rules of one profile. Default: all three.")
@click.option("--packs", type=click.Path(path_type=Path, exists=True, file_okay=False), help="A folder of packs.")
@click.option("--scope", help="Id of the management group or subscription in which the definitions will stand.")
@click.option("--aliases", type=FILE, help="A table made by `mlgate policy aliases import`.")
@click.option(
    "--compare",
    type=FILE,
    multiple=True,
    metavar="FILE",
    help="Write nothing; show how the rules stand in what `az policy ... list` wrote. May repeat.",
)
@click.option("--json", "as_json", is_flag=True, help="With --compare: write one JSON document.")
def export(
    folder: Path | None,
    profile: str | None,
    packs: Path | None,
    scope: str | None,
    aliases: Path | None,
    compare: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write our rules into FOLDER as policy definitions, and an initiative for each profile, for Azure.

    Rules that Azure can't evaluate are named with the reason; that doesn't change the exit code. With --compare, ends
    with 1 if a rule isn't assigned as it would be exported, with 3 if that can't be told, else with 0.
    """
    from policies.policy_export import PLACEHOLDER_SCOPE, checked_scope, write_export
    from verdicts.text import clean_text

    if (folder is None) == (not compare):
        raise click.UsageError("name FOLDER or --compare")
    if as_json and not compare:
        raise click.UsageError("--json goes with --compare")
    chosen = profile or ("production" if compare else None)
    made = _make(packs, aliases, chosen, PLACEHOLDER_SCOPE if scope is None else checked_scope(scope))
    if folder is None:
        click.get_current_context().exit(_compare(made, compare, str(chosen), as_json))
    write_export(made, folder)
    for rule_id, reason in made.left_out.items():
        click.echo(clean_text(f"not exported: {rule_id}: {reason}"), err=True)
    if scope is None:
        click.echo(f"the initiatives name definitions below {PLACEHOLDER_SCOPE}: see --scope", err=True)
    click.echo(
        f"{folder}: {len(made.definitions)} definitions, {len(made.initiatives)} initiatives; "
        f"{len(made.left_out)} rules can't be evaluated in Azure"
    )


def _make(packs: Path | None, aliases: Path | None, profile: str | None, scope: str) -> Export:
    from mlgate import __version__
    from policies.export_conditions import AzureAliases
    from policies.pack_sources import PackSourceError
    from policies.policy_export import make_export
    from policies.rules import RuleError, load_rules
    from verdicts.errors import ConfigurationError

    try:
        rules = load_rules(packs)
    except (RuleError, PackSourceError) as error:
        raise ConfigurationError(str(error)) from None
    profiles = _PROFILES if profile is None else (profile,)
    known = AzureAliases(alias_table(aliases))
    return make_export(rules, known, profiles=profiles, scope=scope, version=__version__)


def _compare(made: Export, files: tuple[Path, ...], profile: str, as_json: bool) -> ExitCode:
    from policies.estate_files import read_estate
    from policies.export_comparison import Standing, compare_export
    from policies.pack_sources import from_values
    from verdicts.text import clean_text

    estate = read_estate(from_values((str(path), read_json(path)) for path in files))
    rules = compare_export(made, estate, profile)
    if as_json:
        click.echo(json.dumps(_document(rules, made, estate.errors, profile), indent=2))
    else:
        _show(rules)
        for error in estate.errors:
            click.echo(clean_text(f"not read: {error}"), err=True)
    if any(one.standing not in (Standing.ASSIGNED, Standing.UNKNOWN) for one in rules):
        return ExitCode.DENIED
    unknown = bool(estate.errors) or not rules or any(one.standing is Standing.UNKNOWN for one in rules)
    return ExitCode.COULD_NOT_CHECK if unknown else ExitCode.ALLOWED


def _show(rules: tuple[ComparedRule, ...]) -> None:
    from collections import Counter

    from verdicts.text import one_line

    rows = [
        [one_line(text) for text in (one.rule_id, one.standing.value, one.effect, "; ".join(one.details))]
        for one in rules
    ]
    print_table(["rule", "in Azure", "effect", "what differs"], rows)
    counts = Counter(one.standing.value for one in rules)
    click.echo(f"\n{len(rules)} rules: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))


def _document(rules: tuple[ComparedRule, ...], made: Export, errors: list[str], profile: str) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "profile": profile,
        "rules": [
            {
                "rule": one.rule_id,
                "standing": one.standing.value,
                "effect": one.effect or None,
                "assignments": list(one.assignments),
                "details": list(one.details),
            }
            for one in rules
        ],
        "not_exported": [{"rule": rule_id, "reason": reason} for rule_id, reason in made.left_out.items()],
        "not_read": errors,
    }
