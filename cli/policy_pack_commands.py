"""`mlgate policy list`, `test`, `import` and `aliases`: what concerns packs of definitions, not resources."""

from __future__ import annotations

import json
from pathlib import Path

import click

from cli.exit_codes import ExitCode
from cli.policy_inputs import FILE, alias_table, open_pack
from cli.tables import print_table


@click.command("list")
@click.argument("pack", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def list_(pack: Path, as_json: bool) -> None:
    """List the definitions of PACK: a folder, or a file of lines. Ends with 3 if one can't be loaded."""
    from policies.pack_listing import listed
    from verdicts.text import one_line

    opened = open_pack(pack)
    entries = listed(opened)
    if as_json:
        document = {
            "definitions": [entry.as_json() for entry in entries],
            "initiatives": list(opened.skipped),
            "not_loaded": [str(error) for error in opened.errors],
        }
        click.echo(json.dumps(document, indent=2))
    else:
        rows = [
            [one_line(text) for text in (one.name, one.mode, one.effect, one.category, one.display_name)]
            for one in entries
        ]
        print_table(["name", "mode", "effect", "category", "display name"], rows)
        for error in opened.errors:
            click.echo(f"not loaded: {one_line(str(error))}", err=True)
    click.get_current_context().exit(ExitCode.COULD_NOT_CHECK if opened.errors else ExitCode.ALLOWED)


@click.command("test")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--aliases", type=FILE, help="A table made by `mlgate policy aliases import`.")
def test(folder: Path, aliases: Path | None) -> None:
    """Run the cases beside the definitions of FOLDER: NAME.cases.jsonl beside NAME.json, each line with `expect`.

    A definition needs a case in which it takes hold and one in which it doesn't. Ends with 1 if a case fails or a
    definition is not tested.
    """
    import datetime as dt

    from policies.pack_sources import PackSourceError
    from policies.pack_tests import run_pack_tests
    from verdicts.errors import CouldNotCheckError
    from verdicts.text import clean_text

    try:
        results = run_pack_tests(folder, dt.datetime.now(dt.UTC), alias_table(aliases))
    except PackSourceError as error:
        raise CouldNotCheckError(str(error)) from None
    if not results:
        raise CouldNotCheckError("there is no definition in it", where=str(folder))
    failed = False
    for result in results:
        for failure in result.failures:
            click.echo(clean_text(f"failed     {failure}"))
        if result.missing:
            click.echo(clean_text(f"untested   {result.source}: {result.missing}"))
        if not result.evaluated:
            click.echo(clean_text(f"not tested {result.source}: its mode is evaluated elsewhere"))
        failed = failed or bool(result.failures or result.missing)
    passed = sum(result.passed for result in results)
    broken = sum(len(result.failures) for result in results)
    untested = sum(bool(result.missing) for result in results)
    click.echo(f"{len(results)} definitions: {passed} cases passed, {broken} failed, {untested} definitions not tested")
    click.get_current_context().exit(ExitCode.DENIED if failed else ExitCode.ALLOWED)


@click.command("import")
@click.argument("source", type=FILE)
@click.argument("destination", type=FILE)
def import_(source: Path, destination: Path) -> None:
    """Make a pack folder DESTINATION of the definitions and initiatives in SOURCE.

    SOURCE is a folder, a clone of a definitions repository, or a .jsonl(.gz) file. Everything is checked; what can't be
    taken over is named, and the command ends with 3.
    """
    from policies.policy_import import import_policies
    from verdicts.text import clean_text

    report = import_policies(source, destination)
    for one in report.unread:
        click.echo(clean_text(f"not taken over: {one.source}: {one.what}"), err=True)
    click.echo(
        f"{destination}: {len(report.definitions):,} definitions, {len(report.initiatives):,} initiatives; "
        f"{len(report.unread):,} files not taken over"
    )
    if not report.licences:
        click.echo("no licence file came with them", err=True)
    click.get_current_context().exit(ExitCode.COULD_NOT_CHECK if report.unread else ExitCode.ALLOWED)


@click.group()
def aliases() -> None:
    """Tables of aliases: which property of a resource a policy's alias means."""


@aliases.command("import")
@click.argument("source", type=FILE)
@click.option("--output", type=FILE, default=Path("aliases.json.gz"), show_default=True, help="The table to write.")
def import_aliases(source: Path, output: Path) -> None:
    """Make a table from SOURCE, for --aliases of the other commands.

    SOURCE is what `az provider list --expand "resourceTypes/aliases"` writes, or a JSON object alias -> path.
    """
    from policies.alias_import import collect, read_source, table_bytes, table_json
    from verdicts.errors import ConfigurationError
    from verdicts.files import write_atomically
    from verdicts.text import one_line

    found = collect(read_source(source), source.name)
    data = table_bytes(table_json(found, {"source": source.name}), compressed=output.suffix == ".gz")
    try:
        write_atomically(output, data)
    except OSError as error:
        raise ConfigurationError(f"can't be written: {error.strerror or error}", where=str(output)) from None
    for line in found.without_path[:20]:
        click.echo(f"no path: {one_line(line)}", err=True)
    if len(found.without_path) > 20:
        click.echo(f"no path: {len(found.without_path) - 20:,} more", err=True)
    click.echo(f"{output}: {len(found.paths):,} aliases; all are known of {len(found.types):,} types")


@aliases.command("show")
@click.argument("alias")
@click.option("--aliases", "table", type=FILE, help="A table made by `mlgate policy aliases import`.")
def show_alias(alias: str, table: Path | None) -> None:
    """Show the path of ALIAS for each type that has it. Ends with 3 if it isn't in the table."""
    from verdicts.text import one_line

    known = alias_table(table)
    types = known.types_of(alias.lower())
    for type_, path in types.items():
        click.echo(one_line(f"{type_}: {path}"))
    if not types:
        what = "there is no such alias" if known.covers_alias(alias.lower()) else "the table doesn't have it"
        click.echo(f"{one_line(alias)}: {what}", err=True)
    click.get_current_context().exit(ExitCode.ALLOWED if types else ExitCode.COULD_NOT_CHECK)
