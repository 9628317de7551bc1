"""Chooses the backend of a project and puts the parts together."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cloud_backends.local.endpoints import LocalEndpoints
    from deploy_gate.pipeline import Observer, Pipeline
    from deploy_gate.project import Project


class SystemClock:
    """The time of this machine."""

    def now(self) -> dt.datetime:
        """Aware, UTC."""
        return dt.datetime.now(dt.UTC)


class GitHistory:
    """Who wrote what is released, as git knows."""

    def people(self, root: Path, since: str | None) -> CommitPeople:
        """See the port."""
        from cloud_backends.local.git_history import read_commit_people

        return read_commit_people(root, since)


def local_endpoints(project: Project) -> LocalEndpoints:
    """The project's endpoints on this machine."""
    from cloud_backends.local.endpoints import LocalEndpoints

    return LocalEndpoints(project.state / "endpoints", project.state / "environments")


def pipeline(project: Project, observer: Observer, *, timeout_s: float = 600.0) -> Pipeline:
    """The deploy path of a project, on its backend."""
    from cloud_backends.local.notifications import FileNotifier
    from cloud_backends.local.registry import LayoutRegistry
    from deploy_gate.pipeline import Pipeline, Ports
    from scanners.toolbox import SystemToolbox

    ports = Ports(
        registry=LayoutRegistry(project.registry),
        endpoints=local_endpoints(project),
        notifier=FileNotifier(project.state / "notifications"),
        history=GitHistory(),
        clock=SystemClock(),
        toolbox=SystemToolbox(),
    )
    return Pipeline(project, ports, observer, timeout_s=timeout_s)


if TYPE_CHECKING:
    from deploy_gate.source_history import CommitPeople
