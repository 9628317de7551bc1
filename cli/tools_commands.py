"""`mlgate tools`: the wrapped tools, each in an environment of its own."""

from __future__ import annotations

import click

from cli.exit_codes import ExitCode


@click.group()
def tools() -> None:
    """Install and list the wrapped tools."""


@tools.command()
@click.argument("names", metavar="[NAME ...]", nargs=-1)
def install(names: tuple[str, ...]) -> None:
    """Make a locked, hashed environment for each NAME (all by default).

    What is there and intact is left as it is. A tool of your own on PATH is used before these.
    """
    import time

    from scanners.tool_environments import ToolEnvironments, mlgate_home
    from scanners.wrapped_tools import WRAPPED_TOOLS

    environments = ToolEnvironments(mlgate_home())
    for name in dict.fromkeys(names or sorted(WRAPPED_TOOLS)):
        started = time.monotonic()
        record, made = environments.install(name)
        how = f"installed in {time.monotonic() - started:.1f} s" if made else "already there"
        click.echo(f"{name} {record.version}: {how}, {record.environment}")


@tools.command("list")
def list_tools() -> None:
    """Show which copy of each tool would run, its version and digest; every file is read.

    Exit code 3 if one of them is missing or not trusted.
    """
    from cli.tables import print_table
    from scanners.interface import ToolUnavailableError
    from scanners.toolbox import LocalToolbox
    from scanners.wrapped_tools import WRAPPED_TOOLS
    from verdicts import Reason
    from verdicts.text import one_line

    toolbox = LocalToolbox()
    rows: list[tuple[str, ...]] = []
    complete = True
    for name in sorted(WRAPPED_TOOLS):
        try:
            found = toolbox.inspect(name, thorough=True)
        except ToolUnavailableError as error:
            complete = False
            state = "missing" if error.reason is Reason.MISSING_TOOL else "untrusted"
            rows.append((name, state, "-", "-", f"{one_line(error.detail)}; {one_line(error.remedy)}"))
        else:
            identity = found.identity
            rows.append((name, "trusted", identity.version, identity.origin, f"{found.argv[0]} {identity.digest}"))
    print_table(("TOOL", "STATE", "VERSION", "ORIGIN", "WHERE AND DIGEST"), rows)
    if not complete:
        click.get_current_context().exit(ExitCode.COULD_NOT_CHECK)
