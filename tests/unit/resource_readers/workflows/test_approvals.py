"""What jobs wait for: environments and people in the jobs before them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from resource_readers.interface import ReadRequest
from resource_readers.registry import read_resources


def jobs(root: Path, name: str, text: str) -> dict[str, dict[str, Any]]:
    file = root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    result = read_resources(ReadRequest(root=root, path=file))
    assert result.not_read == ()
    found = [one for one in result.resources if one.type.endswith("/jobs")]
    return {one.name.partition("/")[2]: one.properties for one in found}


def test_environments_of_needed_jobs_come_before_a_job_of_github(tmp_path: Path) -> None:
    found = jobs(
        tmp_path,
        ".github/workflows/a.yml",
        """
on: [push, pull_request]
concurrency: one
jobs:
  approve: {environment: {name: production}, runs-on: ubuntu-latest, steps: [{run: echo}]}
  build: {needs: approve, runs-on: ubuntu-latest, steps: [{run: echo}]}
  deploy: {needs: [build], runs-on: ubuntu-latest, steps: [{run: az ml online-endpoint create -f e.yml}]}
  other: {runs-on: ubuntu-latest, environment: test, steps: [{run: echo}]}
""",
    )
    assert {name: one["environmentsBefore"] for name, one in found.items()} == {
        "approve": [],
        "build": ["production"],
        "deploy": ["production"],
        "other": [],
    }
    assert found["deploy"]["subjects"] == ["online-endpoint"]
    assert found["deploy"]["events"] == ["push", "pull_request"]
    assert found["deploy"]["workflowConcurrency"]["group"] == "one"


def test_jobs_that_need_each_other_or_nothing_that_is_there_end(tmp_path: Path) -> None:
    found = jobs(
        tmp_path,
        ".github/workflows/a.yml",
        """
on: push
jobs:
  a: {needs: [b, missing], runs-on: ubuntu-latest, steps: [{run: echo}]}
  b: {needs: a, environment: test, runs-on: ubuntu-latest, steps: [{run: echo}]}
""",
    )
    assert found["a"]["environmentsBefore"] == ["test"]
    assert found["b"]["environmentsBefore"] == []


def test_stages_before_and_manual_validation_count_in_a_pipeline(tmp_path: Path) -> None:
    found = jobs(
        tmp_path,
        "azure-pipelines.yml",
        """
stages:
- stage: first
  jobs:
  - deployment: try
    environment: test
    strategy: {runOnce: {deploy: {steps: [{script: echo}]}}}
- stage: second
  jobs:
  - job: wait
    pool: server
    steps: [{task: ManualValidation@1, inputs: {instructions: look}}]
  - job: deploy
    dependsOn: wait
    steps: [{script: az ml online-endpoint create -f e.yml}]
  - job: beside
    steps: [{script: echo}]
- stage: alone
  dependsOn: []
  jobs: [{job: deploy, steps: [{script: echo}]}]
""",
    )
    assert {name: one["approvalsBefore"] for name, one in found.items()} == {
        "first/try": [],
        "second/wait": ["test"],
        "second/deploy": ["test", "ManualValidation"],
        "second/beside": ["test"],
        "alone/deploy": [],
    }


def test_an_approval_that_may_be_left_out_or_is_switched_off_is_none(tmp_path: Path) -> None:
    found = jobs(
        tmp_path,
        "azure-pipelines.yml",
        """
parameters: [{name: careful, type: boolean, default: true}]
jobs:
- ${{ if eq(parameters.careful, true) }}:
  - job: wait
    pool: server
    steps: [{task: ManualValidation@1, inputs: {instructions: look}}]
- job: off
  pool: server
  steps: [{task: ManualValidation@1, enabled: false, inputs: {instructions: look}}]
- job: deploy
  dependsOn: [wait, off]
  steps: [{script: echo}]
""",
    )
    assert found["__default/deploy"]["approvalsBefore"] == []


def test_a_workflow_tells_what_all_its_jobs_do(tmp_path: Path) -> None:
    file = tmp_path / ".github" / "workflows" / "a.yml"
    file.parent.mkdir(parents=True)
    file.write_text(
        "on: push\njobs:\n"
        "  a: {runs-on: ubuntu-latest, steps: [{run: az ml job create -f j.yml}]}\n"
        "  b: {runs-on: ubuntu-latest, steps: [{run: az ml online-endpoint create -f e.yml}]}\n"
    )
    workflow = read_resources(ReadRequest(root=tmp_path, path=file)).resources[0]
    assert workflow.properties["effects"] == ["deploy", "run"]
    assert workflow.properties["subjects"] == ["job", "online-endpoint"]
