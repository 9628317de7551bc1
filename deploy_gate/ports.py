"""What the deploy path needs from the outside. Backends implement these; fakes of them live in `tests/fakes`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from deploy_gate.source_history import CommitPeople
from verdicts import ConfigurationError, CouldNotCheckError


class ImageNotFoundError(CouldNotCheckError):
    """The registry has no such image."""


class EndpointHeldError(ConfigurationError):
    """Another run holds the endpoint."""


class DeploymentFailedError(Exception):
    """The release itself can't run: its server ends, or never becomes ready. The message says how."""


class ImageRegistry(Protocol):
    """A container registry. All methods raise CouldNotCheckError where it doesn't answer as it should."""

    def resolve(self, repository: str, tag: str) -> str:
        """The digest that the tag names now. Raises ImageNotFoundError."""

    def layout(self, repository: str) -> Path:
        """A folder with an OCI layout that holds the repository's images, as they are: not verified."""

    def has(self, repository: str, digest: str) -> bool:
        """Whether the manifest, or a tag of it, is still there."""

    def remove(self, repository: str, digest: str) -> None:
        """Removes the manifest with all its tags, and what only it used. Removing what is gone is no error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRequest:
    """A deployment to make.

    Attributes:
        name: the same for the same run, so that an interrupted run finds its own deployment again.
        release: "credit-risk 1.4.0".
        image_digest, model_digest: what was scanned.
        requirements: the pinned, hashed closure that was scanned (absolute path).
        code: folder with the scoring code; entry_script stands in it.
        model: model file or folder.
        variables: what the scoring code finds in its environment besides what the platform sets.
    """

    name: str
    release: str
    image_digest: str
    model_digest: str
    requirements: Path
    code: Path
    entry_script: str
    model: Path
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """A deployment behind an endpoint, as it is now."""

    name: str
    release: str
    image_digest: str
    serving: bool


@dataclass(frozen=True, slots=True)
class EndpointState:
    """An endpoint: its deployments, and the percentage of the traffic that each gets (sum 100, or nothing at all)."""

    deployments: tuple[DeploymentState, ...] = ()
    traffic: Mapping[str, int] | None = None

    def percent(self, deployment: str) -> int:
        """The share of one deployment."""
        return (self.traffic or {}).get(deployment, 0)


@dataclass(frozen=True, slots=True)
class ScoringResponse:
    """What a deployment answered: HTTP status, whether its run() failed, the body, which deployment it was."""

    status: int
    run_failed: bool
    body: bytes
    deployment: str


class Endpoints(Protocol):
    """Endpoints with deployments side by side. Every method may be repeated without harm."""

    def hold(self, endpoint: str, holder: str) -> AbstractContextManager[None]:
        """Keeps everybody else from changing the endpoint. Raises EndpointHeldError, which names the holder."""

    def state(self, endpoint: str) -> EndpointState:
        """The endpoint as it is; one that doesn't exist has no deployments."""

    def deploy(self, endpoint: str, request: DeploymentRequest) -> None:
        """Brings the deployment up, without traffic. Raises DeploymentFailedError, CouldNotCheckError."""

    def invoke(self, endpoint: str, body: bytes, deployment: str | None = None) -> ScoringResponse:
        """One scoring request, to a deployment or as the traffic falls. Raises CouldNotCheckError without an answer."""

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int]) -> None:
        """Sets all shares at once; they must add up to 100, or be empty."""

    def withdraw(self, endpoint: str, deployment: str) -> None:
        """Removes a deployment that has no traffic."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What people are told when a run does not end as hoped."""

    run: str
    at: dt.datetime
    subject: str
    body: str


class Notifier(Protocol):
    """Tells people. Telling the same run's news twice must leave one notification."""

    def notify(self, notification: Notification) -> None:
        """Raises CouldNotCheckError if it can't be delivered."""


class SourceHistory(Protocol):
    """Who wrote what is released."""

    def people(self, root: Path, since: str | None) -> CommitPeople:
        """The commit at `root` and everyone behind it and the commits after `since`. Raises CouldNotCheckError."""


class Clock(Protocol):
    """The time."""

    def now(self) -> dt.datetime:
        """Aware, UTC."""
