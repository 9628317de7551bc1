"""What is in the wheel, and that nothing else can be run in its place."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mlgate

ROOT = Path(__file__).resolve().parents[2]


def run_python(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    files = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, files.decode().split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    done = run_python(
        "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder / "dist"), str(source), cwd=folder
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next((folder / "dist").glob("*.whl")))


@pytest.mark.slow
def test_the_wheel_holds_the_declared_names_and_no_others(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {*mlgate.PACKAGES, "mlgate.py"}


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_data_file_of_its_packages(wheel: zipfile.ZipFile) -> None:
    expected = {
        path.relative_to(ROOT).as_posix()
        for package in mlgate.PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected - set(wheel.namelist()) == set()


def test_the_declared_packages_are_those_of_setup_cfg() -> None:
    configuration = configparser.ConfigParser()
    configuration.read(ROOT / "setup.cfg")
    packages = configuration["options"]["packages"].split()
    assert {name.split(".")[0] for name in packages} == set(mlgate.PACKAGES)
    linted = configuration["importlinter"]["root_packages"].split()
    assert set(linted) == set(mlgate.PACKAGES)


@pytest.mark.parametrize("name", mlgate.PACKAGES)
@pytest.mark.parametrize("kind", ["package", "namespace", "module"])
def test_a_foreign_package_is_never_run(tmp_path: Path, name: str, kind: str) -> None:
    trace = tmp_path / "trace"
    evil = f"open({str(trace)!r}, 'w').close()\n"
    if kind == "module":
        (tmp_path / f"{name}.py").write_text(evil)
    else:
        (tmp_path / name).mkdir()
        (tmp_path / name / ("main.py" if kind == "namespace" else "__init__.py")).write_text(evil)
    done = run_python("-m", "mlgate", "--help", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert name in done.stderr
    assert str(tmp_path) in done.stderr
    assert not trace.exists()


def test_the_working_directory_of_the_console_script_is_not_searched(tmp_path: Path) -> None:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "__init__.py").write_text("raise SystemExit(9)\n")
    script = Path(sys.executable).with_name("mlgate")
    done = subprocess.run([str(script), "--help"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


HEAVY = ("rich", "yaml", "azure", "checkov", "pip_audit", "tree_sitter", "junitparser", "packaging", "requests")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["deploy", "--help"], ["check-is-no-command"]])
def test_nothing_heavy_is_imported_to_answer_help(tmp_path: Path, arguments: list[str]) -> None:
    program = (
        "import sys, mlgate\n"
        f"sys.argv = ['mlgate', *{arguments!r}]\n"
        "try:\n    mlgate.main()\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', sorted(set(sys.modules) & set({HEAVY!r})))\n"
    )
    done = run_python("-c", program, cwd=tmp_path)
    assert done.stdout.strip().splitlines()[-1] == "HEAVY []", done.stdout + done.stderr
