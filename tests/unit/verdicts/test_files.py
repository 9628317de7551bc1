"""Where files really are, as far as the system tells it at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verdicts.files import real_by_descriptor


def test_where_a_file_really_is(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    file = tmp_path / "folder" / "a file"
    file.write_text("x")
    (tmp_path / "link").symlink_to("folder")
    (tmp_path / "second").symlink_to("link/a file")
    real = os.path.realpath(file)
    for name in ("folder/a file", "link/a file", "second", "link/../folder/a file"):
        assert real_by_descriptor(os.path.join(tmp_path, name)) in ("", real)
    if hasattr(os, "O_PATH") and Path("/proc/self/fd").is_dir():
        assert real_by_descriptor(str(tmp_path / "second")) == real


def test_where_nothing_tells_where_a_file_is_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "name (deleted)").write_text("x")
    for name in ("missing", "loop", "name (deleted)", "nul\0byte"):
        assert real_by_descriptor(str(tmp_path / name)) == ""
    (tmp_path / "file").write_text("x")
    monkeypatch.delattr(os, "O_PATH", raising=False)
    assert real_by_descriptor(str(tmp_path / "file")) == ""


def test_what_a_link_leads_to_is_not_opened(tmp_path: Path) -> None:
    """A pipe that nobody writes into would make an opening of it wait."""
    os.mkfifo(tmp_path / "pipe")
    assert real_by_descriptor(str(tmp_path / "pipe")) in ("", os.path.realpath(tmp_path / "pipe"))
