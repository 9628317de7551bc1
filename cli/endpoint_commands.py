"""`mlgate endpoint`: the local endpoints by hand."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from cloud_backends.local.endpoints import LocalEndpoints

PROJECT = click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=Path(),
    help="A folder in the project. Default: here.",
)


def _endpoints(directory: Path) -> LocalEndpoints:
    from cli.wiring import local_endpoints
    from deploy_gate.project import load_project

    return local_endpoints(load_project(directory))


@click.group()
def endpoint() -> None:
    """List, call, start and stop local endpoints."""


@endpoint.command("list")
@PROJECT
def list_endpoints(project: Path) -> None:
    """Show every endpoint with its deployments, their traffic, and whether they serve."""
    endpoints = _endpoints(project)
    names = endpoints.names()
    if not names:
        click.echo("no endpoints yet")
    for name in names:
        state = endpoints.state(name)
        click.echo(name)
        for item in state.deployments:
            serving = "serving" if item.serving else "stopped"
            click.echo(
                f"  {item.name}  {state.percent(item.name):>3} %  {serving}  {item.release}  {item.image_digest}"
            )


@endpoint.command()
@click.argument("name")
@click.argument("request_file", type=click.File("rb"), metavar="REQUEST")
@click.option("--deployment", help="Ask this deployment, whatever its traffic.")
@PROJECT
def invoke(name: str, request_file: BinaryIO, deployment: str | None, project: Path) -> None:
    """Send the JSON in REQUEST (a file, or - for standard input) to endpoint NAME and print the answer."""
    response = _endpoints(project).invoke(name, request_file.read(), deployment)
    click.echo(response.body, nl=not response.body.endswith(b"\n"))
    click.echo(f"{response.deployment} answered {response.status}", err=True)
    if response.status != 200 or response.run_failed:
        click.get_current_context().exit(ExitCode.DENIED)


@endpoint.command()
@click.argument("name")
@PROJECT
def start(name: str, project: Path) -> None:
    """Start the deployments of endpoint NAME that don't serve, for example after a reboot."""
    from deploy_gate.ports import DeploymentFailedError
    from verdicts import ConfigurationError, CouldNotCheckError

    endpoints = _endpoints(project)
    if name not in endpoints.names():
        raise ConfigurationError(f"there is no endpoint {name!r}", remedy="`mlgate endpoint list` shows them")
    with endpoints.hold(name, "endpoint start"):
        try:
            for deployment in endpoints.start(name):
                click.echo(f"started {deployment}")
        except DeploymentFailedError as error:
            raise CouldNotCheckError(str(error)) from None


@endpoint.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="All endpoints of the project.")
@PROJECT
def stop(name: str | None, every: bool, project: Path) -> None:
    """End the servers of endpoint NAME; its deployments and traffic stay written down."""
    from verdicts import ConfigurationError

    endpoints = _endpoints(project)
    if (name is None) == (not every):
        raise click.UsageError("name one endpoint, or say --all")
    names = endpoints.names()
    if name is not None and name not in names:
        raise ConfigurationError(f"there is no endpoint {name!r}", remedy="`mlgate endpoint list` shows them")
    for each in names if every else [name or ""]:
        with endpoints.hold(each, "endpoint stop"):
            for deployment in endpoints.stop(each):
                click.echo(f"stopped {deployment}")
