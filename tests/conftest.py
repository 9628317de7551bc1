"""Fixtures that several folders of tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from cloud_backends.local.environments import ensure_environment

# No test is timed: how long an example takes depends on what else the machine does. In CI the examples are the same
# from run to run; elsewhere new ones are tried.
settings.register_profile(
    "mlgate", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize="CI" in os.environ
)
settings.load_profile("mlgate")

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "credit-risk"


@pytest.fixture(scope="session")
def release_requirements() -> Path:
    """The example's pinned and hashed closure, with the inference server in it."""
    return EXAMPLE / "environment" / "requirements.txt"


@pytest.fixture(scope="session")
def release_environments(release_requirements: Path) -> Path:
    """A store of release environments that holds the example's: the same that `make gate` makes."""
    store = EXAMPLE / ".mlgate" / "environments"
    ensure_environment(release_requirements, store)
    return store
