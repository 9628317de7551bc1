"""The GitHub Action, step by step: what it decides, what it writes, and what it hands to GitHub."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.github_api import TOKEN, Repository, serving
from tests.fakes.pipeline_steps import BAD, GOOD, ROOT, Run, environment, git, installed, project, run_action

FILE = ROOT / "integrations" / "github" / "action.yml"
ACTION: Any = yaml.safe_load(FILE.read_text())
MARKER = "<!-- mlgate:check -->"

pytestmark = pytest.mark.slow


@pytest.fixture
def job(tmp_path: Path) -> dict[str, str]:
    temporary = tmp_path / "temp"
    installed(temporary / "mlgate")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    return environment(
        tmp_path,
        GITHUB_ACTION_PATH=str(FILE.parent),
        GITHUB_REPOSITORY="owner/project",
        GITHUB_SHA="0" * 40,
        GITHUB_REF="refs/pull/7/merge",
        GITHUB_EVENT_PATH=str(event),
        GITHUB_ACTIONS="true",
        RUNNER_TEMP=str(temporary),
    )


@pytest.fixture
def repository() -> Repository:
    return Repository()


@pytest.fixture
def api(repository: Repository) -> Iterator[str]:
    with serving(repository) as address:
        yield address


def ran(folder: Path, job: dict[str, str], **inputs: str) -> Run:
    given = {name.replace("_", "-"): value for name, value in inputs.items()}
    return run_action(ACTION, folder, job, given, leave_out=frozenset({"Install mlgate"}))


def test_a_good_project_is_green_and_a_bad_one_red(tmp_path: Path, job: dict[str, str]) -> None:
    good = ran(project(tmp_path / "good" / "project", main_json=GOOD), job)
    assert good.outputs["check"]["exit-code"] == "0", good.results["Check"].stdout + good.results["Check"].stderr
    assert not good.failed
    bad = ran(project(tmp_path / "bad" / "project", main_json=BAD), job)
    assert bad.outputs["check"]["exit-code"] == "1"
    assert bad.results["Check"].returncode == 0
    assert bad.results["Verdict"].returncode == 1
    assert bad.summary.startswith(MARKER)
    assert "MLG-REGISTRY-" in bad.summary
    assert "::error" in bad.results["Check"].stdout
    sarif = json.loads(Path(bad.outputs["check"]["sarif"]).read_text())
    assert sarif["version"] == "2.1.0"


def test_nothing_to_look_at_is_never_green(tmp_path: Path, job: dict[str, str]) -> None:
    empty = ran(project(tmp_path / "empty" / "project"), job)
    assert empty.results["Verdict"].returncode == 3


def test_a_wrong_input_is_red_with_the_code_for_usage(tmp_path: Path, job: dict[str, str]) -> None:
    folder = project(tmp_path / "a" / "project", main_json=GOOD)
    assert ran(folder, job, profile="live").results["Verdict"].returncode == 2
    assert ran(folder, job, profile="; true").results["Verdict"].returncode == 2


def test_an_mlgate_that_does_not_start_is_red(tmp_path: Path, job: dict[str, str]) -> None:
    folder = project(tmp_path / "a" / "project", main_json=GOOD)
    (Path(job["RUNNER_TEMP"]) / "mlgate" / "bin" / "mlgate").unlink()
    run = ran(folder, job)
    assert run.failed
    assert run.results["Verdict"].returncode not in (0, 1)
    assert run.summary == ""


def test_the_verdict_without_a_check_is_an_error() -> None:
    (step,) = [one for one in ACTION["runs"]["steps"] if one["name"] == "Verdict"]
    assert step["if"] == "${{ always() }}"
    assert "${MLGATE_EXIT_CODE:-4}" in step["run"]


def test_paths_choose_what_is_judged(tmp_path: Path, job: dict[str, str]) -> None:
    folder = project(tmp_path / "a" / "project", main_json=GOOD, other_json=BAD)
    assert ran(folder, job, paths="main.json\n").results["Verdict"].returncode == 0
    assert ran(folder, job, paths="main.json\nother.json").results["Verdict"].returncode == 1


def test_a_path_is_never_an_option_nor_a_command(tmp_path: Path, job: dict[str, str]) -> None:
    folder = project(tmp_path / "a" / "project", main_json=BAD)
    for path in ("--fail-on=critical", "$(touch hacked)", "`touch hacked`", "; touch hacked"):
        assert ran(folder, job, paths=path).results["Verdict"].returncode in (2, 3)
    assert not (folder / "hacked").exists()


def test_the_comment_is_made_once_and_then_kept_up_to_date(
    tmp_path: Path, job: dict[str, str], repository: Repository, api: str
) -> None:
    persons = {"id": 1, "body": f"{MARKER}\nmine", "user": {"type": "User"}}
    repository.comments = [persons, *({"id": n, "body": "x", "user": {"type": "User"}} for n in range(2, 130))]
    folder = project(tmp_path / "a" / "project", main_json=BAD)
    with_token = {**job, "GITHUB_API_URL": api}
    first = ran(folder, with_token, comment="true", token=TOKEN)
    assert first.results["Update the comment"].returncode == 0, first.results["Update the comment"].stderr
    assert len(repository.comments) == 130
    ours = repository.comments[-1]
    assert "MLG-REGISTRY-" in ours["body"]
    before = len(repository.requests)
    again = ran(folder, with_token, comment="true", token=TOKEN)
    assert "same already" in again.results["Update the comment"].stdout
    assert all(request.startswith("GET ") for request in repository.requests[before:])
    (folder / "main.json").write_text(GOOD)
    ran(folder, with_token, comment="true", token=TOKEN)
    assert len(repository.comments) == 130
    assert "MLG-REGISTRY-ANONYMOUS" not in ours["body"]
    assert persons["body"] == f"{MARKER}\nmine"


def test_nothing_is_handed_out_unless_asked(
    tmp_path: Path, job: dict[str, str], repository: Repository, api: str
) -> None:
    ran(project(tmp_path / "a" / "project", main_json=BAD), {**job, "GITHUB_API_URL": api}, token=TOKEN)
    assert repository.requests == []


def test_findings_go_to_code_scanning(tmp_path: Path, job: dict[str, str], repository: Repository, api: str) -> None:
    folder = project(tmp_path / "a" / "project", main_json=BAD)
    run = ran(folder, {**job, "GITHUB_API_URL": api}, upload_sarif="true", token=TOKEN)
    assert run.results["Upload to code scanning"].returncode == 0
    (analysis,) = repository.analyses
    assert analysis["ref"] == "refs/pull/7/merge"
    assert analysis["commit_sha"] == "0" * 40
    assert analysis["sarif"]["runs"][0]["results"]
    assert run.results["Verdict"].returncode == 1


@pytest.mark.parametrize("inputs", [{"comment": "true"}, {"upload_sarif": "true"}])
def test_a_refusal_is_red_says_why_and_hides_no_verdict(
    tmp_path: Path, job: dict[str, str], repository: Repository, api: str, inputs: dict[str, str]
) -> None:
    folder = project(tmp_path / "a" / "project", main_json=GOOD)
    repository.refuse = True
    run = ran(folder, {**job, "GITHUB_API_URL": api}, token=TOKEN, **inputs)
    assert run.failed
    assert any("from a fork only reads" in result.stderr for result in run.results.values())
    assert run.results["Verdict"].returncode == 0
    without = ran(folder, {**job, "GITHUB_API_URL": api}, **inputs)
    assert any("give the input token" in result.stderr for result in without.results.values())
    assert all(TOKEN not in result.stdout + result.stderr for result in run.results.values())


def test_outside_of_a_pull_request_there_is_no_comment(
    tmp_path: Path, job: dict[str, str], repository: Repository, api: str
) -> None:
    Path(job["GITHUB_EVENT_PATH"]).write_text(json.dumps({"ref": "refs/heads/main"}))
    folder = project(tmp_path / "a" / "project", main_json=GOOD)
    run = ran(folder, {**job, "GITHUB_API_URL": api}, comment="true", token=TOKEN)
    assert not run.failed
    assert repository.requests == []


def test_what_changed_since_a_commit_is_judged(tmp_path: Path, job: dict[str, str]) -> None:
    folder = project(tmp_path / "a" / "project", main_json=GOOD, old_json=BAD)
    (folder / "main.json").write_text(GOOD + "\n")
    git(folder, "commit", "-q", "-a", "-m", "y")
    assert ran(folder, job, changed_since="HEAD~1").results["Verdict"].returncode == 0
    (folder / "main.json").write_text(BAD)
    assert ran(folder, job, changed_since="HEAD~1").results["Verdict"].returncode == 1
    assert ran(folder, job).results["Verdict"].returncode == 1


def test_the_action_uses_no_action_of_others_and_every_input_is_described() -> None:
    steps = ACTION["runs"]["steps"]
    assert all("uses" not in step for step in steps)
    assert all(one["description"] for one in [*ACTION["inputs"].values(), *ACTION["outputs"].values()])
    used = set(re.findall(r"inputs\.([\w-]+)", FILE.read_text()))
    assert used == set(ACTION["inputs"])
