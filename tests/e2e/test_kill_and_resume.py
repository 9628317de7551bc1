"""kill -9 at every boundary of the path, then resume: the end is the same as without the kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.wiring import SystemClock, local_endpoints
from deploy_gate.path import CHECKS, Step
from deploy_gate.project import load_project
from deploy_gate.runs import RunStore
from tests.fakes.serving_project import push_image, server_processes, trail_events, write_serving_project

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
DRIVER = Path(__file__).with_name("killing_driver.py")
NEVER = 10_000
MOMENTS = ("before", "after", "recorded")
GOOD = (Step.READ, *CHECKS, Step.DECIDE, Step.APPROVE, Step.DEPLOY, Step.SMOKE_TEST, Step.SHIFT_TRAFFIC, Step.RECORD)
BAD = (Step.READ, *CHECKS, Step.DECIDE, Step.REMOVE_IMAGE, Step.PROVE_REMOVAL, Step.NOTIFY, Step.RECORD)


def drive(root: Path, boundary: int, verdict: str, resume: str | None = None) -> tuple[int, str]:
    command = [sys.executable, str(DRIVER), str(root), str(root / "release.yml"), str(boundary), verdict]
    done = subprocess.run(
        [*command, *([resume] if resume else [])],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout.strip().splitlines()[-1]


@pytest.fixture
def root(tmp_path: Path, release_requirements: Path, release_environments: Path) -> Iterator[Path]:
    folder = tmp_path / "project"
    write_serving_project(folder, release_requirements, release_environments)
    yield folder
    endpoints = local_endpoints(load_project(folder))
    for name in endpoints.names():
        endpoints.stop(name)
    assert server_processes(folder) == []


def end_state(root: Path) -> dict[str, Any]:
    """Everything that must be the same, without names of runs and moments."""
    project = load_project(root)
    endpoint = local_endpoints(project).state("scoring")
    runs = list(RunStore(project.state, SystemClock()).all())
    notifications = root / ".mlgate" / "notifications"
    return {
        "images": sorted(path.name for path in (root / ".mlgate/registry/model/blobs/sha256").iterdir()),
        "deployments": sorted(
            (item.release, endpoint.percent(item.name), item.serving) for item in endpoint.deployments
        ),
        "processes": len(server_processes(root)),
        "endings": [run.state.ending for run in runs],
        "events": Counter(trail_events(root)),
        "notifications": len(list(notifications.glob("*.json"))) if notifications.exists() else 0,
    }


@pytest.fixture(scope="session")
def undisturbed(
    tmp_path_factory: pytest.TempPathFactory, release_requirements: Path, release_environments: Path
) -> dict[str, dict[str, Any]]:
    """The end states of the two paths that nobody interrupts."""
    states = {}
    for verdict in ("allowed", "denied"):
        root = tmp_path_factory.mktemp(verdict) / "project"
        write_serving_project(root, release_requirements, release_environments)
        code, last = drive(root, NEVER, verdict)
        assert (code, last) == (0, "ended deployed" if verdict == "allowed" else "ended denied")
        states[verdict] = end_state(root)
        for name in local_endpoints(load_project(root)).names():
            local_endpoints(load_project(root)).stop(name)
    return states


CASES = [("allowed", index) for index in range(len(GOOD) * 3)] + [("denied", index) for index in range(len(BAD) * 3)]


def name_of(case: tuple[str, int]) -> str:
    verdict, index = case
    steps = GOOD if verdict == "allowed" else BAD
    return f"{verdict}-{MOMENTS[index % 3]}-{steps[index // 3].value}"


@pytest.mark.parametrize("case", CASES, ids=name_of)
def test_a_kill_at_any_boundary_changes_nothing_in_the_end(
    root: Path, undisturbed: dict[str, dict[str, Any]], case: tuple[str, int]
) -> None:
    verdict, boundary = case
    code, last = drive(root, boundary, verdict)
    assert code == -9, "the boundary was not reached"
    assert last == "killed " + name_of(case).removeprefix(f"{verdict}-").replace("-", " ", 1)
    runs = list(RunStore(load_project(root).state, SystemClock()).all())
    # Killed before its first record, a run has done nothing that anybody could go on with.
    code, last = drive(root, NEVER, verdict, runs[0].id if runs else None)
    assert code == 0
    assert end_state(root) == undisturbed[verdict]


def test_the_boundaries_above_are_all_there_are(root: Path) -> None:
    for verdict, steps in (("denied", BAD), ("allowed", GOOD)):
        push_image(root)
        assert drive(root, len(steps) * 3, verdict)[0] == 0
