"""A fake of Azure for every test, below one test authority."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.azure.cloud import Cloud, running
from tests.fakes.azure.tls import TestAuthority, make_authority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def cloud(authority: TestAuthority) -> Iterator[Cloud]:
    with running(authority) as one:
        yield one
