"""A trail in a temporary folder, with a clock that can be predicted."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy_gate.evidence.trail import Trail, trail_paths


@pytest.fixture
def paths(tmp_path: Path) -> tuple[Path, Path]:
    """Records and head."""
    return trail_paths(tmp_path / "state")


@pytest.fixture
def new_trail(paths: tuple[Path, Path]) -> Callable[[], Trail]:
    """Opens the trail, as another process would."""
    seconds = itertools.count()

    def clock() -> dt.datetime:
        return dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC) + dt.timedelta(seconds=next(seconds))

    return lambda: Trail(*paths, clock=clock)


@pytest.fixture
def eight(new_trail: Callable[[], Trail]) -> Trail:
    """A trail of eight records of two runs."""
    trail = new_trail()
    for number in range(1, 9):
        trail.append(f"run-{number % 2}", "step-completed", {"step": number, "image": "sha256:" + f"{number:x}" * 64})
    return trail
