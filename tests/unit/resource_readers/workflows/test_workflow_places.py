"""Line and column of what workflows say, also where properties were named and shaped anew."""

from __future__ import annotations

from pathlib import Path

from resource_readers.interface import ReadRequest, Resource
from resource_readers.registry import read_resources

WORKFLOW = """\
name: deploy
on:
  push:
    branches: [main]
  schedule:
    - cron: "0 3 * * *"
permissions:
  contents: read
  packages: write
jobs:
  release:
    needs: build
    environment:
      name: production
      url: https://example.com
    runs-on: [self-hosted]
    permissions: write-all
    services:
      db: {image: postgres}
    steps:
      - uses: actions/checkout@v4
        with:
          ref: main
      - name: Deploy
        env:
          A: one
          B: {C: two}
        run: |
          echo first

          az ml job create -f a.yml
            az ml job create -f b.yml
      - run: >-
          echo folded &&
          az ml job create
          -f c.yml
      - run: "az ml job create -f d.yml"
      - run: az ml job create -f e.yml; az ml job create -f f.yml
      - run: az ml job create
          -f g.yml
"""

PIPELINE = """\
trigger:
  branches:
    include: [main]
resources:
  repositories:
    - repository: templates
      ref: main
variables:
  - name: a
    value: b
stages:
  - stage: prod
    jobs:
      - deployment: go
        environment:
          name: production
        pool:
          name: own
        strategy:
          runOnce:
            deploy:
              steps:
                - task: AzureCLI@2
                  displayName: Do
                  inputs:
                    azureSubscription: connection
                    scriptType: bash
                    inlineScript: |
                      az ml job create -f a.yml
                - ${{ if eq(1, 1) }}:
                  - script: az ml job create -f b.yml
"""


def read(root: Path, path: str, text: str) -> dict[str, Resource]:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    result = read_resources(ReadRequest(root=root, path=file))
    assert not result.not_read
    return {one.name.partition("/")[2]: one for one in result.resources}


def test_places_in_a_workflow(tmp_path: Path) -> None:
    found = read(tmp_path, ".github/workflows/w.yml", WORKFLOW)
    workflow, job = found[""], found["release"]
    assert workflow.place("properties", "displayName") == (1, 1)
    assert workflow.place("properties", "triggers", 0) == (3, 3)
    assert workflow.place("properties", "triggers", 0, "branches") == (4, 5)
    assert workflow.place("properties", "triggers", 1, "crons", 0) == (6, 13)
    assert workflow.place("properties", "permissions", "scopes", 1) == (9, 3)
    assert job.location.line == 11
    assert job.place() == (11, 3)
    assert job.place("properties", "needs") == (12, 5)
    assert job.place("properties", "environment", "name") == (14, 7)
    assert job.place("properties", "environment", "url") == (15, 7)
    assert job.place("properties", "runsOn", "selfHosted") == (16, 5)
    assert job.place("properties", "permissions", "kind") == (17, 5)
    assert job.place("properties", "services", 0, "image") == (19, 12)
    assert job.place("properties", "deploys") == (11, 3)


def test_places_in_the_steps_of_a_workflow(tmp_path: Path) -> None:
    found = read(tmp_path, ".github/workflows/w.yml", WORKFLOW)
    assert found["release/1"].place("properties", "uses", "pinned") == (21, 9)
    assert found["release/1"].place("properties", "with", "ref") == (23, 11)
    second = found["release/2"]
    assert second.location.line == 24
    assert second.place("properties", "env", "B", "C") == (27, 15)
    assert second.place("properties", "run") == (28, 9)
    assert second.place("properties", "deployments", 0, "file") == (31, 11)
    assert second.place("properties", "deployments", 1) == (32, 13)
    assert found["release/3"].place("properties", "deployments", 0).line == 35
    assert found["release/4"].place("properties", "deployments", 0) == (37, 15)
    assert found["release/5"].place("properties", "deployments", 1) == (38, 41)
    assert found["release/6"].place("properties", "deployments", 0).line == 39


def test_places_in_a_pipeline(tmp_path: Path) -> None:
    found = read(tmp_path, "azure-pipelines.yml", PIPELINE)
    assert found[""].place("properties", "trigger") == (1, 1)
    assert found[""].place("properties", "resources", "repositories", 0, "pinned") == (6, 7)
    assert found[""].place("properties", "resources", "repositories", 0, "ref") == (7, 7)
    assert found[""].place("properties", "variables", 0) == (9, 5)
    assert found["prod"].location.line == 12
    job = found["prod/go"]
    assert job.place("properties", "id") == (14, 9)
    assert job.place("properties", "environment", "name") == (16, 11)
    assert job.place("properties", "pool", "selfHosted") == (17, 9)
    assert job.place("properties", "pool", "name") == (18, 11)
    step = found["prod/go/1"]
    assert step.place("properties", "task", "name") == (23, 19)
    assert step.place("properties", "inputs", "azureSubscription") == (26, 21)
    assert step.place("properties", "serviceConnections", 0) == (26, 21)
    assert step.place("properties", "deployments", 0) == (29, 23)
    assert found["prod/go/2"].location.line == 31
    assert found["prod/go/2"].place("properties", "deployments", 0) == (31, 29)


def test_lines_of_values_that_templates_get_are_in_the_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.yml").write_text("parameters: {env: {}}\nsteps:\n  - script: echo\n    env: ${{ parameters.env }}\n")
    pipeline = "\n" * 50 + "steps:\n  - template: t.yml\n    parameters: {env: {A: b}}\n"
    found = read(tmp_path, "azure-pipelines.yml", pipeline)
    step = found["__default/__default/1"]
    assert step.location.path == "t.yml"
    assert step.properties["env"] == {"A": "b"}
    assert step.place("properties", "env", "A") == (4, 10)
