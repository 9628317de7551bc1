"""The deploy path's ports in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from deploy_gate.ports import (
    DeploymentFailedError,
    DeploymentRequest,
    DeploymentState,
    EndpointHeldError,
    EndpointState,
    ImageNotFoundError,
    Notification,
    ScoringResponse,
)
from deploy_gate.source_history import CommitPeople
from scanners.interface import ScanContext, Tool, ToolUnavailableError
from verdicts import CouldNotCheckError, Outcome, Reason

IMAGE = "sha256:" + "a" * 64


@dataclass
class FakeClock:
    """A clock that a test moves."""

    at: dt.datetime = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)

    def now(self) -> dt.datetime:
        return self.at


@dataclass
class FakeRegistry:
    """Tags to digests; `broken` makes every call fail, `undead` keeps images after their removal."""

    images: dict[tuple[str, str], str] = field(default_factory=lambda: {("model", "1"): IMAGE})
    broken: bool = False
    undead: bool = False
    removals: list[str] = field(default_factory=list)

    def _check(self) -> None:
        if self.broken:
            raise CouldNotCheckError("the registry does not answer")

    def resolve(self, repository: str, tag: str) -> str:
        self._check()
        try:
            return self.images[repository, tag]
        except KeyError:
            raise ImageNotFoundError(f"no {repository}:{tag}") from None

    def layout(self, repository: str) -> Path:
        return Path("/nonexistent") / repository

    def has(self, repository: str, digest: str) -> bool:
        self._check()
        return any(name == repository and found == digest for (name, _), found in self.images.items())

    def remove(self, repository: str, digest: str) -> None:
        self._check()
        self.removals.append(digest)
        if not self.undead:
            self.images = {key: found for key, found in self.images.items() if (key[0], found) != (repository, digest)}


@dataclass
class FakeEndpoints:
    """Deployments in memory. `answers` maps a deployment's position in `requests` to nothing: see the fields.

    Attributes:
        fail_deploy: what `deploy` raises.
        status, body: what `invoke` answers.
        fail_from_percent: from this share on the new deployment answers 500.
    """

    deployments: dict[str, DeploymentState] = field(default_factory=dict)
    traffic: dict[str, int] = field(default_factory=dict)
    held_by: str | None = None
    fail_deploy: Exception | None = None
    status: int = 200
    body: bytes = b'{"probabilities": [0.5]}'
    fail_from_percent: int = 101
    shares_seen: list[dict[str, int]] = field(default_factory=list)

    @contextmanager
    def hold(self, endpoint: str, holder: str) -> Iterator[None]:
        if self.held_by is not None:
            raise EndpointHeldError(f"{endpoint} is held by {self.held_by}")
        self.held_by = holder
        try:
            yield
        finally:
            self.held_by = None

    def state(self, endpoint: str) -> EndpointState:
        return EndpointState(tuple(self.deployments.values()), dict(self.traffic))

    def deploy(self, endpoint: str, request: DeploymentRequest) -> None:
        if self.fail_deploy is not None:
            raise self.fail_deploy
        self.deployments[request.name] = DeploymentState(request.name, request.release, request.image_digest, True)

    def invoke(self, endpoint: str, body: bytes, deployment: str | None = None) -> ScoringResponse:
        name = deployment or max(self.traffic, key=lambda key: self.traffic[key])
        failing = self.traffic.get(name, 0) >= self.fail_from_percent
        return ScoringResponse(500 if failing else self.status, False, self.body, name)

    def set_traffic(self, endpoint: str, traffic: Mapping[str, int]) -> None:
        assert sum(traffic.values()) in (0, 100)
        self.traffic = dict(traffic)
        self.shares_seen.append(dict(traffic))

    def withdraw(self, endpoint: str, deployment: str) -> None:
        assert self.traffic.get(deployment, 0) == 0
        self.deployments.pop(deployment, None)
        self.traffic.pop(deployment, None)


@dataclass
class FakeNotifier:
    """Keeps notifications by run."""

    sent: dict[str, Notification] = field(default_factory=dict)
    broken: bool = False

    def notify(self, notification: Notification) -> None:
        if self.broken:
            raise CouldNotCheckError("nobody listens")
        self.sent[notification.run] = notification


@dataclass
class FakeHistory:
    """One author."""

    people_known: frozenset[str] = frozenset({"author@example.com"})
    anonymous: bool = False

    def people(self, root: Path, since: str | None) -> CommitPeople:
        return CommitPeople(commit="c" * 40, people=self.people_known, dirty=self.anonymous, anonymous=self.anonymous)


class EmptyToolbox:
    """Has no tools."""

    def tool(self, name: str) -> Tool:
        raise ToolUnavailableError(Reason.MISSING_TOOL, f"{name} is not here", "install it")


@dataclass
class FakeScanner:
    """Says what it was told to say, and counts how often it was asked."""

    id: str
    outcomes: tuple[Outcome, ...]
    scans: int = 0

    def scan(self, context: ScanContext) -> tuple[Outcome, ...]:
        self.scans += 1
        return self.outcomes


__all__ = [
    "IMAGE",
    "DeploymentFailedError",
    "EmptyToolbox",
    "FakeClock",
    "FakeEndpoints",
    "FakeHistory",
    "FakeNotifier",
    "FakeRegistry",
    "FakeScanner",
]
