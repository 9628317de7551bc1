"""Fixtures that several folders of tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud_backends.local.environments import ensure_environment

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
