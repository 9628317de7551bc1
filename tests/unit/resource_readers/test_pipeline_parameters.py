"""Templates are read with the values that the project's own pipelines deploy them with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.projects import read_paths

BICEP = """
param name string = 'default'
param count int = 1
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  properties: { count: count }
}
"""
WORKFLOW = """
on: push
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
"""
DEPLOY = "      - run: az deployment group create -g rg --template-file infra/main.bicep {}\n"


def values(name: str) -> str:
    return json.dumps({"contentVersion": "1.0.0.0", "parameters": {"name": {"value": name}}})


def read(root: Path, *commands: str, neighbours: bool = True) -> ReadResult:
    for path, text in {
        "infra/main.bicep": BICEP,
        "infra/dev.json": values("kv-dev"),
        "infra/production.json": values("kv-production"),
        ".github/workflows/deploy.yml": WORKFLOW + "".join(DEPLOY.format(command) for command in commands),
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    results = dict(read_paths(ReadRequest(root=root, path=root, neighbours=neighbours), [root]))
    assert results[".github/workflows/deploy.yml"].resources
    return results["infra/main.bicep"]


def name_of(result: ReadResult) -> object:
    return result.resources[0].name


def test_the_parameter_file_of_the_only_deployment_is_taken(tmp_path: Path) -> None:
    result = read(tmp_path, "--parameters infra/production.json")
    assert name_of(result) == "kv-production"
    assert result.parameters == "infra/production.json"
    assert "infra/production.json" in {digest.name for digest in result.files}


def test_several_deployments_that_agree_are_one(tmp_path: Path) -> None:
    assert name_of(read(tmp_path, *["--parameters infra/dev.json"] * 2)) == "kv-dev"


def test_deployments_that_differ_give_nothing(tmp_path: Path) -> None:
    result = read(tmp_path, "--parameters infra/dev.json", "--parameters infra/production.json")
    assert name_of(result) == "default"


def test_values_of_the_command_line_win_and_become_what_the_parameter_is(tmp_path: Path) -> None:
    result = read(tmp_path, "--parameters infra/dev.json --parameters name=kv-command count=3")
    assert name_of(result) == "kv-command"
    assert result.resources[0].properties["count"] == 3


@pytest.mark.parametrize("given", ["name=$NAME", "name=${{ inputs.name }}", "@infra/${{ inputs.env }}.json"])
def test_a_value_that_is_computed_is_unknown_or_the_template_is_read_as_it_stands(tmp_path: Path, given: str) -> None:
    result = read(tmp_path, f"--parameters {given}")
    assert isinstance(name_of(result), Unknown) or (given.startswith("@") and name_of(result) == "default")


def test_nothing_is_taken_where_neighbours_are_not_asked_for(tmp_path: Path) -> None:
    assert name_of(read(tmp_path, "--parameters infra/dev.json", neighbours=False)) == "default"


def test_a_parameter_file_that_is_not_in_the_project_says_nothing(tmp_path: Path) -> None:
    result = read(tmp_path, "--parameters infra/missing.json")
    assert name_of(result) == "default"
    assert result.parameters == ""


def test_a_parameter_file_that_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "broken.json").write_text("{")
    result = read(tmp_path, "--parameters infra/broken.json")
    assert [one.path for one in result.not_read] == ["infra/broken.json"]
