"""What we hand out is held against our own rules, and the image's recipe against common sense."""

from __future__ import annotations

import datetime as dt
import fnmatch
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mlgate
from deploy_gate.policy_checks.judging import judge
from deploy_gate.policy_checks.rule_sets import rule_set
from policies.rules import load_rules
from resource_readers.interface import ReadRequest
from resource_readers.projects import read_paths
from tests.fakes.pipeline_steps import ROOT
from verdicts import NotCompleted

CONTAINER = ROOT / "integrations" / "container"
FILES = (
    "integrations/github/action.yml",
    "integrations/azure-pipelines/mlgate-check.yml",
    "integrations/container/Dockerfile",
)
KINDS = {"github-action", "azure-pipeline", "dockerfile"}


def test_no_rule_of_ours_finds_anything_and_what_stays_open_are_the_arguments_of_the_image() -> None:
    read = tuple(read_paths(ReadRequest(root=ROOT, path=ROOT), [ROOT / name for name in FILES], lambda _p, _f: False))
    assert {result.kind for _, result in read} == KINDS
    assert all(result.resources and not result.not_read for _, result in read)
    outcomes = judge(read, rule_set(load_rules(), "production"), dt.datetime(2026, 11, 1, tzinfo=dt.UTC))
    assert [finding for outcome in outcomes for finding in outcome.findings] == []
    opened = [one for one in outcomes if isinstance(one, NotCompleted)]
    assert {str(one.location and one.location.path) for one in opened} <= {"integrations/container/Dockerfile"}
    assert all("PYTHON_" in one.detail or "locks/uv.txt is not there" in one.detail for one in opened)


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", (CONTAINER / "Dockerfile").read_text(), flags=re.M))
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in text.splitlines() if line.strip()]


def test_the_base_comes_by_digest_and_has_no_default() -> None:
    bases = [value for name, value in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert all(base.partition(" ")[0] == "${PYTHON_IMAGE}@${PYTHON_DIGEST}" for base in bases)
    assert [value for name, value in instructions() if name == "ARG"] == ["PYTHON_IMAGE", "PYTHON_DIGEST"]


def test_the_image_runs_as_nobody_special_and_starts_mlgate() -> None:
    last = instructions()[-1 - [name for name, _ in reversed(instructions())].index("FROM") :]
    names = [name for name, _ in last]
    assert ("USER", "10001:10001") in last
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert ("ENTRYPOINT", '["mlgate"]') in last
    assert "LABEL" in names
    assert not {"ADD", "MAINTAINER"} & {name for name, _ in instructions()}
    assert all("sudo" not in value and "curl" not in value and "wget" not in value for _, value in instructions())


def test_whatever_the_image_installs_comes_by_hash_or_from_the_source() -> None:
    commands = [part for name, value in instructions() if name == "RUN" for part in value.split("&&")]
    installs = [command for command in commands if "pip " in command]
    assert len(installs) == 3
    assert all("--require-hashes" in command or "--no-index" in command for command in installs)


def ignored(name: str) -> bool:
    """As .dockerignore says: the last pattern that fits decides."""
    verdict = False
    for line in (CONTAINER / "Dockerfile.dockerignore").read_text().splitlines():
        pattern = line.strip().removeprefix("!")
        if not pattern or line.startswith("#"):
            continue
        parts = name.split("/")
        fits = any(fnmatch.fnmatch("/".join(parts[: depth + 1]), pattern) for depth in range(len(parts)))
        if pattern.startswith("**/"):
            fits = pattern[3:] in parts
        if fits:
            verdict = not line.startswith("!")
    return verdict


@pytest.mark.slow
def test_what_the_image_takes_in_is_enough_for_the_whole_wheel(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=True,
    ).stdout.decode()
    taken = [name for name in listed.split("\0") if name and not ignored(name) and (ROOT / name).is_file()]
    assert {name.split("/")[0] for name in taken} >= {*mlgate.PACKAGES, "mlgate.py", "setup.cfg", "locks"}
    assert not [name for name in taken if name.startswith(("tests/", "docs/", ".git", "examples/"))]
    for name in taken:
        target = tmp_path / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    arguments = ["-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(tmp_path / "source")]
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in mlgate.PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted - names == set()
