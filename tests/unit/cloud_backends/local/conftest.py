"""A git repository of its own for each test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fakes.git_clone import Clone


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    # A person without any configuration, in a home of its own.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    return Clone.new(tmp_path / "project")
