"""Chooses the backend of a project and puts the parts together."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud_backends.local.endpoints import LocalEndpoints
    from deploy_gate.pipeline import MakeScanners, Observer, Pipeline
    from deploy_gate.project import Project


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
