"""Which files are claimed, and which are left to others."""

from __future__ import annotations

from pathlib import Path

import pytest

from resource_readers.project_files import open_inside
from resource_readers.workflows.azure_reader import AzurePipelineReader
from resource_readers.workflows.github_reader import GithubActionReader, GithubWorkflowReader

READERS = (GithubWorkflowReader(), GithubActionReader(), AzurePipelineReader())


def claimed(root: Path, path: str, text: str) -> list[str]:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    opened = open_inside(root, file)
    return [reader.kind for reader in READERS if reader.recognises(opened)]


@pytest.mark.parametrize(
    ("path", "text", "kind"),
    [
        (".github/workflows/a.yml", "", "github-workflow"),
        (".github/workflows/a.yaml", "on: [", "github-workflow"),
        ("sub/project/.github/workflows/a.yml", "name: x\n", "github-workflow"),
        ("starter/ci.yml", "name: x\non:\n  push:\njobs:\n  a:\n", "github-workflow"),
        ("starter/ci.yml", "'on': push\n\"jobs\":\n  a:\n", "github-workflow"),
        ("action.yml", "name: a\ndescription: b\nruns:\n  using: node20\n", "github-action"),
        ("tools/x/action.yaml", "runs: {using: docker}\n", "github-action"),
        ("azure-pipelines.yml", "", "azure-pipeline"),
        (".azure-pipelines.yml", "x: 1\n", "azure-pipeline"),
        ("azure-pipelines-nightly.yaml", "trigger: none\n", "azure-pipeline"),
        ("x.yml", "trigger:\n- main\nsteps:\n# a comment\n- script: echo\n", "azure-pipeline"),
        ("x.yml", "steps:\n  - displayName: x\n    task: Bash@3\n", "azure-pipeline"),
        ("x.yml", "stages:\n- stage: a\n", "azure-pipeline"),
        ("x.yml", "stages:\r\n\r\n- stage: a\r\n", "azure-pipeline"),
        ("x.yml", "jobs:\n- deployment: a\n", "azure-pipeline"),
        ("x.yml", "jobs:\n- ${{ each x in parameters.y }}:\n  - job: a\n", "azure-pipeline"),
        ("x.yml", "parameters:\n- name: x\nsteps: ${{ parameters.x }}\n", "azure-pipeline"),
        ("x.yml", "extends:\n  template: base.yml\n", "azure-pipeline"),
        ("x.yml", "extends: {template: base.yml}\n", "azure-pipeline"),
        ("x.yml", "steps: [{script: echo}]\n", "azure-pipeline"),
        ("vars.yml", "variables:\n- name: a\n  value: b\n", "azure-pipeline"),
        ("vars.yml", "parameters:\n- name: a\nvariables:\n  x: y\n", "azure-pipeline"),
        ("bom.yml", "\ufeffsteps:\n- script: echo\n", "azure-pipeline"),
    ],
)
def test_claimed(tmp_path: Path, path: str, text: str, kind: str) -> None:
    assert claimed(tmp_path, path, text) == [kind]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("job.yml", "$schema: https://example.com/pipelineJob.schema.json\njobs:\n  a:\n    type: command\n"),
        ("job.yml", "type: pipeline\njobs:\n  train:\n    type: command\n"),
        ("schedule.yml", "name: x\ntrigger:\n  type: cron\n  expression: '0 3 * * *'\ncreate_job: ./job.yml\n"),
        ("k8s.yml", "apiVersion: apps/v1\nkind: Deployment\nspec:\n  containers:\n  - image: x\n"),
        ("kustomization.yaml", "resources:\n- deployment.yml\n"),
        ("docker-compose.yml", "services:\n  a:\n    image: x\n"),
        ("values.yaml", "image:\n  tag: x\nresources:\n  limits: {}\n"),
        ("openapi.yml", "openapi: 3.0.0\npaths: {}\n"),
        (".github/dependabot.yml", "version: 2\nupdates:\n- package-ecosystem: pip\n"),
        (".github/ISSUE_TEMPLATE/config.yml", "blank_issues_enabled: false\n"),
        (".github/release.yml", "changelog:\n  categories: []\n"),
        ("mkdocs.yml", "site_name: x\nnav:\n- a: b.md\n"),
        ("environment.yml", "name: x\nchannels:\n- conda-forge\ndependencies:\n- python\n"),
        (".gitlab-ci.yml", "stages:\n- build\nvariables:\n  A: b\nbuild:\n  script:\n  - make\n"),
        (".gitlab-ci.yml", "stages:\n- build\nbuild:\n  stage: build\n  script: make\n"),
        (
            ".circleci/config.yml",
            "version: 2.1\njobs:\n  build:\n    steps:\n    - checkout\nworkflows:\n  a:\n    jobs:\n    - build\n",
        ),
        (".travis.yml", "language: python\nscript: make\njobs:\n  include:\n  - script: x\n"),
        ("cloudbuild.yaml", "steps:\n- name: gcr.io/cloud-builders/docker\n  args: [build]\nimages: [x]\n"),
        ("bitbucket-pipelines.yml", "pipelines:\n  default:\n  - step:\n      script: [make]\n"),
        ("taskfile.yml", "version: '3'\ntasks:\n  a:\n    cmds: [x]\n"),
        ("tekton.yml", "apiVersion: tekton.dev/v1\nkind: Task\nsteps:\n- script: x\n"),
        ("playbook.yml", "- hosts: all\n  tasks:\n  - script: x\n"),
        ("flow.dag.yaml", "inputs: {}\noutputs: {}\nnodes:\n- name: x\n"),
        (".pre-commit-config.yaml", "repos:\n- repo: x\n"),
        ("settings.yml", "variables_of_mine: {}\n"),
        ("main.json", '{"jobs": {}, "on": "push"}'),
        ("notes.txt", "steps:\n- script: echo\n"),
        ("data.yml", "name: x\nsteps:\n- walk\n- run\n"),
    ],
)
def test_left_to_others(tmp_path: Path, path: str, text: str) -> None:
    assert claimed(tmp_path, path, text) == []
