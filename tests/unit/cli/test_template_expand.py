"""`mlgate template expand` over files and folders: what it prints and how it ends."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli.template_commands import template

ARM = {
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.KeyVault/vaults",
            "apiVersion": "2023-07-01",
            "name": "[parameters('name')]",
            "properties": {"sku": {"name": "standard"}, "list": ["\u001b[31m"]},
        }
    ],
}
PARAMETERS = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"value": "kv-from-file"}},
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.json").write_text(json.dumps(ARM, indent=2))
    return tmp_path


def run(*arguments: str) -> tuple[Result, list[dict[str, Any]]]:
    result = CliRunner().invoke(template, ["expand", *arguments])
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def test_a_folder_gives_a_line_for_every_file(project: Path) -> None:
    (project / "infra" / "empty.bicep").write_text("param a string\n")
    result, lines = run(".")
    assert result.exit_code == 0
    assert [(one["file"], one["kind"], one["not_read"]) for one in lines] == [
        ("infra/empty.bicep", "bicep", []),
        ("infra/main.json", "arm", []),
    ]
    (resource,) = lines[1]["resources"]
    assert resource["name"] == {
        "$unknown": "the parameter 'name' has no value",
        "text": "{parameters('name')}",
    }


def test_positions_are_given_for_every_property(project: Path) -> None:
    result, lines = run("infra/main.json", "--positions")
    assert result.exit_code == 0
    text = (project / "infra" / "main.json").read_text().splitlines()
    for pointer, (line, column) in lines[0]["resources"][0]["$positions"].items():
        name = pointer.rpartition("/")[2]
        here = text[line - 1][column - 1 :]
        assert here.startswith('"\\u001b' if name == "0" else f'"{name}"'), pointer


def test_a_parameter_file_can_be_given(project: Path) -> None:
    (project / "values.json").write_text(json.dumps(PARAMETERS))
    _, lines = run("infra/main.json", "--parameters", "values.json")
    assert lines[0]["resources"][0]["name"] == "kv-from-file"


def test_what_is_not_read_ends_with_three_and_the_rest_is_there(project: Path) -> None:
    (project / "infra" / "broken.json").write_text('{"$schema": "deploymentTemplate.json#", "resources": [')
    result, lines = run("infra")
    assert result.exit_code == 3
    assert [len(one["resources"]) for one in lines] == [0, 1]
    assert lines[0]["not_read"][0]["line"] == 1
    assert lines[0]["not_read"][0]["reason"]


def test_a_folder_without_anything_to_read_is_no_success(project: Path) -> None:
    (project / "empty").mkdir()
    result, lines = run("empty")
    assert (result.exit_code, lines) == (3, [])
    assert "nothing was read" in result.stderr


@pytest.mark.parametrize("name", ["../outside.json", "missing.json", "infra/main.txt"])
def test_a_file_that_can_not_be_read_is_named(project: Path, name: str) -> None:
    (project / "infra" / "main.txt").write_text("x")
    result, lines = run(name)
    assert result.exit_code == 3
    assert lines[0]["resources"] == []
    assert lines[0]["not_read"][0]["reason"]


def test_nothing_that_a_terminal_obeys_is_printed(project: Path) -> None:
    assert project
    result, _ = run(".")
    assert "\x1b" not in result.stdout
