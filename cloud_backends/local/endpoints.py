"""Endpoints on this machine: deployments as loopback servers side by side, traffic in a state file.

    <folder>/<endpoint>/endpoint.json          traffic, and for each deployment what it is and which process serves it
    <folder>/<endpoint>/<deployment>/app       the release's scoring code
    <folder>/<endpoint>/<deployment>/model     its model
    <folder>/<endpoint>/<deployment>/server.log

There is no router process: `invoke` chooses a deployment by the shares, as the service would.
"""

from __future__ import annotations

import dataclasses
import fcntl
import http.client
import json
import os
import random
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cloud_backends.local.environments import ensure_environment
from cloud_backends.local.server_process import (
    ServerProcess,
    request,
    start_server,
    start_time,
    stop_server,
    wait_until_ready,
)
from deploy_gate.ports import (
    DeploymentFailedError,
    DeploymentRequest,
    DeploymentState,
    EndpointHeldError,
    EndpointState,
    ScoringResponse,
)
from verdicts import ConfigurationError, CouldNotCheckError
from verdicts.documents import DocumentError, parse_json, read_bounded
from verdicts.files import write_atomically
from verdicts.text import one_line


@dataclass(frozen=True, slots=True)
class _Deployment:
    """A deployment as the state file has it."""

    release: str
    image_digest: str
    model_digest: str
    environment: str
    entry_script: str
    variables: Mapping[str, str]
    pid: int = 0
    started: int = 0
    port: int = 0

    @property
    def server(self) -> ServerProcess:
        return ServerProcess(self.pid, self.started, self.port)


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """The content of a state file."""

    traffic: Mapping[str, int] = field(default_factory=dict)
    deployments: Mapping[str, _Deployment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LocalEndpoints:
    """Implements the port below `folder`; `environments` is where the releases' Python environments are kept."""

    folder: Path
    environments: Path

    @contextmanager
    def hold(self, endpoint: str, holder: str) -> Iterator[None]:
        """See the port. The lock goes with the process, so that a killed one leaves none behind."""
        self._place(endpoint).mkdir(parents=True, exist_ok=True)
        with (self._place(endpoint) / "lock").open("a+") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                handle.seek(0)
                other = one_line(handle.read()) or "another process"
                raise EndpointHeldError(
                    f"{endpoint} is held by {other}", remedy="wait for it, or look at `mlgate status`"
                ) from None
            handle.truncate(0)
            handle.write(f"{holder}, process {os.getpid()}")
            handle.flush()
            try:
                yield
            finally:
                handle.truncate(0)

    def names(self) -> list[str]:
        """All endpoints."""
        return sorted(path.parent.name for path in self.folder.glob("*/endpoint.json"))

    def state(self, endpoint: str) -> EndpointState:
        """See the port."""
        stored = self._read(endpoint)
        deployments = tuple(
            DeploymentState(name, item.release, item.image_digest, item.server.alive)
            for name, item in stored.deployments.items()
        )
        return EndpointState(deployments, dict(stored.traffic))

    def deploy(self, endpoint: str, request: DeploymentRequest) -> None:
        """See the port. A deployment of that name which serves is left as it is; any other is made anew."""
        stored = self._read(endpoint).deployments.get(request.name)
        if stored is not None and stored.server.alive and wait_until_ready(stored.server):
            return
        if stored is not None:
            stop_server(stored.server)
        self._end_strays(endpoint, request.name)
        environment = ensure_environment(request.requirements, self.environments)
        folder = self._place(endpoint) / request.name
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(request.code, folder / "app", symlinks=True)
        (folder / "model").mkdir()
        if request.model.is_dir():
            shutil.copytree(request.model, folder / "model", symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copyfile(request.model, folder / "model" / request.model.name)
        deployment = _Deployment(
            request.release,
            request.image_digest,
            request.model_digest,
            str(environment),
            request.entry_script,
            dict(request.variables),
        )
        self._serve(endpoint, request.name, deployment)

    def start(self, endpoint: str) -> list[str]:
        """Starts every deployment that doesn't serve (after a reboot, or `stop`); returns their names."""
        started = []
        for name, deployment in self._read(endpoint).deployments.items():
            if not deployment.server.alive:
                self._serve(endpoint, name, deployment)
                started.append(name)
        return started

    def stop(self, endpoint: str) -> list[str]:
        """Ends all servers of an endpoint; its state stays. Returns the names of those that ran."""
        stopped = []
        for name, deployment in self._read(endpoint).deployments.items():
            if deployment.server.alive:
                stop_server(deployment.server)
                stopped.append(name)
            self._end_strays(endpoint, name)
        return stopped

    def invoke(self, endpoint: str, body: bytes, deployment: str | None = None) -> ScoringResponse:
        """See the port."""
        if endpoint not in self.names():
            raise ConfigurationError(f"there is no endpoint {endpoint!r}", remedy="`mlgate endpoint list` shows them")
        stored = self._read(endpoint)
        name = deployment if deployment is not None else _chosen(endpoint, stored.traffic)
        if name not in stored.deployments:
            raise ConfigurationError(f"{endpoint} has no deployment {name!r}")
        server = stored.deployments[name].server
        if not server.alive:
            raise CouldNotCheckError(
                f"{name} of {endpoint} does not serve", remedy=f"type `mlgate endpoint start {endpoint}`"
            )
        try:
            status, headers, data = request(server.port, "POST", "/score", body)
        except (OSError, http.client.HTTPException) as error:
            raise CouldNotCheckError(f"{name} of {endpoint} gave no answer: {error}") from None
        return ScoringResponse(status, headers.get("x-ms-run-function-failed", "").lower() == "true", data, name)

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int]) -> None:
        """See the port."""
        stored = self._read(endpoint)
        unknown = [name for name, share in traffic.items() if name not in stored.deployments and share > 0]
        if unknown:
            raise CouldNotCheckError(f"{endpoint} has no deployment {unknown[0]!r}")
        if sum(traffic.values()) not in (0, 100) or any(share < 0 for share in traffic.values()):
            raise ValueError(f"shares must add up to 100, or all be 0: {dict(traffic)}")
        known = {name: share for name, share in traffic.items() if name in stored.deployments}
        self._write(endpoint, dataclasses.replace(stored, traffic=known))

    def withdraw(self, endpoint: str, deployment: str) -> None:
        """See the port."""
        stored = self._read(endpoint)
        if stored.traffic.get(deployment, 0) > 0:
            raise ValueError(f"{deployment} still has traffic")
        if deployment in stored.deployments:
            stop_server(stored.deployments[deployment].server)
        self._end_strays(endpoint, deployment)
        deployments = {name: item for name, item in stored.deployments.items() if name != deployment}
        traffic = {name: share for name, share in stored.traffic.items() if name != deployment}
        self._write(endpoint, _Endpoint(traffic, deployments))
        shutil.rmtree(self._place(endpoint) / deployment, ignore_errors=True)

    def _serve(self, endpoint: str, name: str, deployment: _Deployment) -> None:
        """Starts the server, writes it down, waits until it answers."""
        folder = self._place(endpoint) / name
        try:
            server = start_server(Path(deployment.environment), folder, deployment.entry_script, deployment.variables)
        except OSError as error:
            raise CouldNotCheckError(f"the server of {name} can't be started: {error}") from None
        serving = dataclasses.replace(deployment, pid=server.pid, started=server.started, port=server.port)
        stored = self._read(endpoint)
        self._write(endpoint, dataclasses.replace(stored, deployments={**stored.deployments, name: serving}))
        if not wait_until_ready(server):
            stop_server(server)
            log = (folder / "server.log").read_bytes()[-4_000:].decode("utf-8", "replace")
            last = one_line(" / ".join(log.strip().splitlines()[-3:]), maximum=600)
            raise DeploymentFailedError(f"the server of {name} did not become ready: {last or 'it said nothing'}")

    def _end_strays(self, endpoint: str, name: str) -> None:
        """Ends servers of this deployment that nobody wrote down: a kill fell between start and state file."""
        home = str(self._place(endpoint) / name)
        for process in Path("/proc").glob("[0-9]*"):
            try:
                variables = (process / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"AML_APP_ROOT={home}/app".encode() in variables:
                pid = int(process.name)
                started = start_time(pid)
                # The group's leader is the process that was started; its workers have the same variables.
                if started is not None and os.getpgid(pid) == pid:
                    stop_server(ServerProcess(pid, started, 0))

    def _place(self, endpoint: str) -> Path:
        return self.folder / endpoint

    def _read(self, endpoint: str) -> _Endpoint:
        path = self._place(endpoint) / "endpoint.json"
        try:
            content: Any = parse_json(read_bounded(path))
            deployments = {name: _Deployment(**item) for name, item in content["deployments"].items()}
            return _Endpoint(dict(content["traffic"]), deployments)
        except FileNotFoundError:
            return _Endpoint()
        except (OSError, DocumentError, KeyError, TypeError, AttributeError) as error:
            raise CouldNotCheckError(f"the endpoint's state can't be read: {error}", where=str(path)) from None

    def _write(self, endpoint: str, stored: _Endpoint) -> None:
        content = {
            "traffic": dict(stored.traffic),
            "deployments": {name: dataclasses.asdict(item) for name, item in stored.deployments.items()},
        }
        write_atomically(self._place(endpoint) / "endpoint.json", json.dumps(content, indent=2).encode() + b"\n")


def _chosen(endpoint: str, traffic: Mapping[str, int]) -> str:
    """One deployment, with the probability of its share."""
    names = [name for name, share in traffic.items() if share > 0]
    if not names:
        raise CouldNotCheckError(f"{endpoint} has no traffic: nothing is deployed")
    return random.choices(names, [traffic[name] for name in names])[0]  # noqa: S311 - no secret is drawn
