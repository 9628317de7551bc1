"""A running fake of Azure and the real clients against it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

from cloud_backends.azure.connection import Connection
from cloud_backends.azure.settings import AzureSettings, CredentialKind, RetryLimits
from tests.fakes.azure.application import CLIENT, SECRET, FakeAzure
from tests.fakes.azure.server import AzureServer, serving
from tests.fakes.azure.tls import TestAuthority

QUICK = RetryLimits(attempts=4, first_wait=0.001, longest_wait=0.01, total_wait=0.05)


@dataclass(frozen=True)
class Cloud:
    """`azure` is the estate, `server` what was asked, `environment` the variables that lead the CLI to it."""

    server: AzureServer
    azure: FakeAzure
    authority: TestAuthority

    def settings(self, **changes: Any) -> AzureSettings:
        base = self.server.base
        told: dict[str, Any] = {
            "resource_manager": base,
            "graph": base,
            "authority": base,
            "tenant": self.azure.tenant,
            "credential": CredentialKind.CLIENT_SECRET,
            "client_id": CLIENT,
            "ca": self.authority.ca,
            "instance_discovery": False,
            "retries": QUICK,
        }
        return AzureSettings(**{**told, **changes})

    @contextmanager
    def connected(self, **changes: Any) -> Iterator[Connection]:
        with mock.patch.dict(os.environ, {"AZURE_CLIENT_SECRET": SECRET}), Connection(self.settings(**changes)) as one:
            yield one

    @property
    def environment(self) -> dict[str, str]:
        base = self.server.base
        return {
            "MLGATE_AZURE_RESOURCE_MANAGER": base,
            "MLGATE_AZURE_GRAPH": base,
            "MLGATE_AZURE_AUTHORITY": base,
            "MLGATE_AZURE_TENANT": self.azure.tenant,
            "MLGATE_AZURE_CREDENTIAL": "client-secret",
            "MLGATE_AZURE_CA": str(self.authority.ca),
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": SECRET,
        }


@contextmanager
def running(authority: TestAuthority) -> Iterator[Cloud]:
    """Stopped when the block ends."""
    made: list[FakeAzure] = []

    def make(server: AzureServer) -> Any:
        made.append(FakeAzure(server))
        return made[0].answer

    with serving(authority, make) as server:
        yield Cloud(server, made[0], authority)
