"""`mlgate rule`: the rules that `mlgate check` and the gate hold resources against."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.exit_codes import ExitCode
from cli.pages import print_page
from cli.tables import print_table

if TYPE_CHECKING:
    from policies.rules import Rule

_PACKS = click.option(
    "--packs",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of packs. Default: the built-in ones.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def rule() -> None:
    """List and explain the rules."""


@rule.command(name="list")
@click.option("--family", help="Only those of a family.")
@click.option("--profile", type=click.Choice(("development", "test", "production")), help="Only those on in a profile.")
@_PACKS
def list_rules(family: str | None, profile: str | None, packs: Path | None) -> None:
    """List all rules, a line each."""
    chosen = [
        one
        for one in _load(packs)
        if (family is None or one.family == family) and (profile is None or profile in one.profiles)
    ]
    rows = [(one.id, one.family, one.severity.value, one.synopsis) for one in chosen]
    print_table(("RULE", "FAMILY", "SEVERITY", "WHAT MUST HOLD"), rows)


@rule.command()
@click.argument("rule_id")
@_PACKS
def show(rule_id: str, packs: Path | None) -> None:
    """Explain one rule: why, how to mend it, an example that is allowed and one that is denied."""
    from verdicts import ConfigurationError

    rules = {one.id: one for one in _load(packs)}
    found = rules.get(rule_id.upper())
    if found is None:
        import difflib

        near = difflib.get_close_matches(rule_id.upper(), rules, n=3)
        remedy = f"did you mean {', '.join(near)}?" if near else "see `mlgate rule list`"
        raise ConfigurationError(f"there is no rule {rule_id!r}", remedy=remedy)
    print_page(_page(found, packs))


@rule.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--check", is_flag=True, help="Write nothing; end with 1 if a page isn't as it would be written.")
@_PACKS
def pages(folder: Path, check: bool, packs: Path | None) -> None:
    """Write the page of every rule into FOLDER."""
    from verdicts.files import write_atomically

    stale = []
    for one in _load(packs):
        page, path = _page(one, packs).encode(), folder / f"{one.id}.md"
        if path.is_file() and path.read_bytes() == page:
            continue
        stale.append(one.id)
        if not check:
            write_atomically(path, page)
    for rule_id in stale:
        click.echo(f"{rule_id}: {'not as it should be' if check else 'written'}")
    click.get_current_context().exit(ExitCode.DENIED if check and stale else ExitCode.ALLOWED)


def _load(packs: Path | None) -> tuple[Rule, ...]:
    from policies.pack_sources import PackSourceError
    from policies.rules import RuleError, load_rules
    from verdicts import ConfigurationError

    try:
        return load_rules(packs)
    except (RuleError, PackSourceError) as error:
        raise ConfigurationError(str(error)) from None


def _page(found: Rule, packs: Path | None) -> str:
    from policies.pack_tests import read_cases
    from policies.rule_pages import page_of
    from policies.rules import built_in_folder

    return page_of(found, read_cases((packs or built_in_folder()) / found.source))
