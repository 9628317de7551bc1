"""`mlgate init`: what it writes is accepted, nothing is overwritten, and what is left to do is said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cli.main import run
from deploy_gate.static_checks.settings import PackageFiles, load_settings
from tests.fakes.checked_project import make_project, put

PINNED = f"numpy==2.4.0 --hash=sha256:{'ab' * 32}\n"
EXAMPLE = Path(__file__).parents[3] / "examples" / "credit-risk"
ALLOWLIST = 'schema: mlgate/allowlist/v1\npackages: [{name: numpy, versions: ">=1", source: pypi}]\n'


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "home" / variable))
    project = make_project(tmp_path / "project")
    monkeypatch.chdir(project)
    return project


def test_what_it_writes_is_accepted(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    told = capsys.readouterr().err
    assert "files: 2 arm, 2 bicep, 1 arm-parameters, 1 azure-ml" in told
    settings = load_settings(root)
    assert (settings.profile, settings.checks) == ("production", ("policy", "checkov"))
    assert run(["check", "--skip", "checkov", "--fail-on", "critical"]) == 0


def test_what_a_whole_project_holds_is_named_in_it(
    tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(EXAMPLE, whole, ignore=shutil.ignore_patterns(".mlgate", "mlgate.yml"))
    assert run(["init", str(whole)]) == 0
    settings = load_settings(whole)
    assert settings.checks == ("policy", "checkov", "rbac-matrix", "packages")
    assert settings.governance.principals == whole / "governance/principals.yml"
    assert settings.advisories is not None
    environment = whole / "environment"
    assert settings.packages is not None
    assert PackageFiles(environment / "requirements.txt", environment / "conda.yml") in settings.packages
    assert "`mlgate deploy` needs backend" in capsys.readouterr().err


def test_a_dry_run_writes_nothing_and_shows_what_would_be_written(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert not (root / "mlgate.yml").exists()
    assert run(["init"]) == 0
    assert shown.out == (root / "mlgate.yml").read_text()
    assert "would be written" in shown.err


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_nothing_is_overwritten(root: Path, capsys: pytest.CaptureFixture[str], kind: str) -> None:
    path = root / "mlgate.yml"
    if kind == "file":
        path.write_text("mine")
    elif kind == "link":
        path.symlink_to(root / "none")
    else:
        path.mkdir()
    assert run(["init"]) == 2
    assert "there already" in capsys.readouterr().err
    assert not (root / "none").exists()
    assert path.read_text() == "mine" if kind == "file" else True


@pytest.mark.parametrize("folder", ["none", "infra/main.bicep"])
def test_a_folder_that_is_none_is_a_mistake(root: Path, capsys: pytest.CaptureFixture[str], folder: str) -> None:
    assert run(["init", folder]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_empty_folder_gets_one_too(tmp_path: Path, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["init", str(tmp_path / "empty")]) == 0
    assert "no file of a kind that mlgate reads" in capsys.readouterr().err
    assert load_settings(tmp_path / "empty").checks == ("policy",)


def test_what_nobody_but_the_project_can_choose_is_left_to_it(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(
        root,
        {"a/allow.yml": ALLOWLIST, "b/allow.yml": ALLOWLIST, "requirements.txt": PINNED, "requirements-dev.txt": ""},
    )
    assert run(["init"]) == 0
    told = capsys.readouterr().err
    assert "more than one allowlist: name the right one in mlgate.yml (a/allow.yml, b/allow.yml)" in told
    assert "pin with hashes, so that packages can be checked: requirements-dev.txt" in told
    assert load_settings(root).packages is None


def test_packages_are_named_where_something_is_known_of_them(root: Path) -> None:
    put(root, {"governance/allow.yml": ALLOWLIST, "env/requirements.txt": PINNED})
    assert run(["init"]) == 0
    settings = load_settings(root)
    assert settings.packages == (PackageFiles(root / "env/requirements.txt"),)
    assert "packages" in settings.checks


@pytest.mark.parametrize("line", ["run: mlgate check", "run: echo"])
def test_whether_pull_requests_run_it_is_told(root: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    steps = f"on: pull_request\njobs:\n  c:\n    runs-on: ubuntu-24.04\n    steps:\n      - {line}\n"
    put(root, {".github/workflows/check.yml": steps})
    assert run(["init"]) == 0
    assert ("let pull requests run" in capsys.readouterr().err) is ("echo" in line)


def test_odd_names_come_back_as_they_are(root: Path) -> None:
    put(root, {"gov: #1/allow 'x'.yml": ALLOWLIST, "en v/requirements: 1.txt": PINNED})
    assert run(["init"]) == 0
    settings = load_settings(root)
    assert settings.governance.allowlist == root / "gov: #1/allow 'x'.yml"
    assert settings.packages == (PackageFiles(root / "en v/requirements: 1.txt"),)
