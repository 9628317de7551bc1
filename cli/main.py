"""The command line's top: which commands there are, and how every error ends.

Commands are loaded when they are called, so that `mlgate --help` imports none of them; their one-line help stands here.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from cli.exit_codes import ExitCode

# name: (module, attribute, one line of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "approve": ("cli.deploy_commands", "approve", "Approve a run that waits for it."),
    "check": ("cli.check_command", "check", "Check everything static: templates, assets, workflows, roles, packages."),
    "database": ("cli.database_commands", "database", "Import advisory snapshots and show how old they are."),
    "deploy": ("cli.deploy_commands", "deploy", "Check a release and, if it is allowed and approved, deploy it."),
    "doctor": ("cli.doctor_command", "doctor", "Show which tools and databases are there, trusted and fresh."),
    "endpoint": ("cli.endpoint_commands", "endpoint", "List, call, start and stop local endpoints."),
    "image": ("cli.image_commands", "image", "Scan a container image, or remove it from its registry."),
    "init": ("cli.init_command", "init", "Write a first mlgate.yml from what a project holds."),
    "model": ("cli.model_command", "model", "Scan a model artefact without loading it."),
    "packages": ("cli.packages_command", "packages", "Check a pinned closure against advisories and allowlist."),
    "policy": ("cli.policy_commands", "policy", "Evaluate, explain, test and import Azure Policy definitions."),
    "rbac": ("cli.rbac_commands", "rbac", "Check role assignments against the persona matrix; show the matrix."),
    "resume": ("cli.deploy_commands", "resume", "Go on with a run that was interrupted or approved."),
    "rollback": ("cli.deploy_commands", "rollback", "Give the traffic back to the deployment before."),
    "rule": ("cli.rule_commands", "rule", "List and explain the rules that resources are held against."),
    "status": ("cli.deploy_commands", "status", "Show runs and what they wait for."),
    "template": ("cli.template_commands", "template", "Show the resources that templates would create."),
    "tools": ("cli.tools_commands", "tools", "Install and list the wrapped tools."),
    "trail": ("cli.trail_commands", "trail", "Verify and show the audit trail."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in sorted(COMMANDS.items())])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def mlgate() -> None:
    """The gatekeeper of machine-learning deployments on Azure.

    Exit codes: 0 allowed, 1 denied, 2 usage or configuration, 3 could not check, 4 internal error or tampered evidence.
    """


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit code; no traceback reaches a person unless MLGATE_DEBUG is set."""
    from verdicts.errors import ConfigurationError, CouldNotCheckError, MlgateError, TamperedError

    try:
        result = mlgate.main(args=list(arguments), prog_name="mlgate", standalone_mode=False)
        return result if isinstance(result, int) else ExitCode.ALLOWED
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        error.show()
        return ExitCode.USAGE
    except click.ClickException as error:
        _say(error.format_message())
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted; `mlgate status` shows what is unfinished")
        return ExitCode.COULD_NOT_CHECK
    except MlgateError as error:
        _say(str(error))
        match error:
            case ConfigurationError():
                return ExitCode.USAGE
            case CouldNotCheckError():
                return ExitCode.COULD_NOT_CHECK
            case TamperedError():
                return ExitCode.INTERNAL
            case _:
                return ExitCode.INTERNAL
    except BrokenPipeError:
        # The reader of our output is gone (`mlgate ... | head`): say nothing more, and don't claim success.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERNAL
    except Exception as error:
        if os.environ.get("MLGATE_DEBUG"):
            raise
        from verdicts.text import one_line

        _say(f"internal error, {type(error).__name__}: {one_line(str(error))} (MLGATE_DEBUG=1 shows where)")
        return ExitCode.INTERNAL


def _say(message: str) -> None:
    click.echo(f"mlgate: {message}", err=True)
