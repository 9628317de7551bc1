"""Chooses the backend of a project and puts the parts together."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud_backends.azure.connection import Connection
    from cloud_backends.local.endpoints import LocalEndpoints
    from deploy_gate.pipeline import MakeScanners, Observer, Pipeline
    from deploy_gate.project import Project
    from deploy_gate.role_ports import RoleAssignmentPort
    from rbac_matrix.estate.model import Estate


class SystemClock:
    """The time of this machine."""

    def now(self) -> dt.datetime:
        """Aware, UTC."""
        return dt.datetime.now(dt.UTC)


def local_endpoints(project: Project) -> LocalEndpoints:
    """The project's endpoints on this machine."""
    from cloud_backends.local.endpoints import LocalEndpoints

    return LocalEndpoints(project.state / "endpoints", project.state / "environments")


def pipeline(
    project: Project, observer: Observer, *, timeout_s: float = 600.0, make_scanners: MakeScanners | None = None
) -> Pipeline:
    """The deploy path of a project, on its backend; with the scanners of `release_checks` unless others are given."""
    from cloud_backends.local.git_history import GitHistory
    from cloud_backends.local.notifications import FileNotifier
    from cloud_backends.local.registry import LayoutRegistry
    from deploy_gate.pipeline import Pipeline, Ports
    from deploy_gate.release_checks import scanners_of
    from scanners.toolbox import LocalToolbox

    ports = Ports(
        registry=LayoutRegistry(project.registry),
        endpoints=local_endpoints(project),
        notifier=FileNotifier(project.state / "notifications"),
        history=GitHistory(),
        clock=SystemClock(),
        toolbox=LocalToolbox(),
    )
    return Pipeline(project, ports, observer, make_scanners=make_scanners or scanners_of, timeout_s=timeout_s)


@contextmanager
def _azure(tenant: str) -> Iterator[Connection]:
    """The connection that the environment variables describe (docs/azure-live.md). Raises ConfigurationError."""
    from cloud_backends.azure import require_clients

    require_clients()
    from cloud_backends.azure.connection import Connection
    from cloud_backends.azure.settings import settings_from

    with Connection(settings_from(os.environ, tenant=tenant)) as connection:
        yield connection


def live_estate(
    scopes: Sequence[str], *, tenant: str = "", also: Collection[str] = (), named: Collection[str] = ()
) -> Estate:
    """The role assignments of Azure as they are now, and everything that one needs to judge them.

    Args:
        scopes: ids of subscriptions, or whole ids of subscriptions, resource groups, resources or management groups.
        tenant: id or domain; "" for that of the environment variables or of whoever is signed in.
        also: object ids of groups that are wanted with their members although they may have no assignment.
        named: display names of groups for which the same holds.

    Raises:
        ConfigurationError: the clients aren't installed, a scope or a setting is wrong, the credential lacks something.
    """
    with _azure(tenant) as connection:
        from cloud_backends.azure.estate import read_estate

        return read_estate(connection, scopes, also=also, named=named)


@contextmanager
def live_role_assignments(*, tenant: str = "") -> Iterator[RoleAssignmentPort]:
    """Azure's role assignments, to be changed. Raises ConfigurationError, see `live_estate`."""
    with _azure(tenant) as connection:
        from cloud_backends.azure.role_changes import AzureRoleAssignments

        yield AzureRoleAssignments(connection)
