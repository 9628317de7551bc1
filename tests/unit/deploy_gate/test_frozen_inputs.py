"""The private copy of a project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deploy_gate import frozen_inputs
from deploy_gate.frozen_inputs import freeze
from verdicts import ConfigurationError


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "code").mkdir(parents=True)
    (root / "code" / "score.py").write_text("run = 1\n")
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / ".mlgate" / "registry").mkdir(parents=True)
    (root / ".mlgate" / "registry" / "blob").write_text("big")
    return root


def frozen(project: Path, name: str = "copy") -> tuple[Path, str]:
    copy = project.parent / name
    return copy, freeze(project, copy, state=project / ".mlgate", registry=project / ".mlgate" / "registry")


def test_the_copy_holds_the_files_without_state_and_version_control(project: Path) -> None:
    copy, _ = frozen(project)
    assert sorted(path.relative_to(copy).as_posix() for path in copy.rglob("*")) == ["code", "code/score.py"]


def test_equal_projects_have_equal_digests_and_a_changed_byte_another(project: Path) -> None:
    _, first = frozen(project)
    _, second = frozen(project, "again")
    (project / "code" / "score.py").write_text("run = 2\n")
    _, third = frozen(project, "changed")
    assert first == second != third


def test_links_that_lead_out_are_left_out_and_inner_ones_kept(project: Path) -> None:
    (project.parent / "secret").write_text("secret")
    (project.parent / "folder").mkdir()
    (project / "out").symlink_to("../secret")
    (project / "absolute").symlink_to(project / "code" / "score.py")
    (project / "outfolder").symlink_to("../folder", target_is_directory=True)
    (project / "inner").symlink_to("code/score.py")
    os.mkfifo(project / "pipe")
    copy, _ = frozen(project)
    assert {path.name for path in copy.iterdir()} == {"code", "inner"}


def test_too_many_files_are_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frozen_inputs, "MAXIMUM_FILES", 3)
    for index in range(4):
        (project / f"file{index}").touch()
    with pytest.raises(ConfigurationError, match="more than 3 files"):
        frozen(project)
