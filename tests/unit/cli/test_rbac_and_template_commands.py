"""`mlgate rbac` and `mlgate template`: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.rbac_commands import rbac
from cli.template_commands import template

VAULT = '{"type": "Microsoft.KeyVault/vaults", "apiVersion": "1", "name": "[parameters(\'n\')]", "properties": {}}'
TEMPLATE = """
{"$schema": "deploymentTemplate.json", "contentVersion": "1", "parameters": {"n": {"type": "string"}},
 "resources": [%s]}
"""
OWNER = """
{"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "1", "name": "x",
 "scope": "Microsoft.KeyVault/vaults/kv", "properties": {"principalId": "47eaa099-2cb6-416d-86dc-283cf0480ff9",
 "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}}
"""
PRINCIPALS = """schema: mlgate/principals/v1
principals:
  - {persona: data-scientist, object_id: 47eaa099-2cb6-416d-86dc-283cf0480ff9, type: Group}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("good.json").write_text(TEMPLATE % VAULT)
    Path("bad.json").write_text(TEMPLATE % OWNER)
    Path("broken.json").write_text("{")
    Path("principals.yml").write_text(PRINCIPALS)
    Path("values.json").write_text('{"parameters": {"n": {"value": "kv-1"}}}')
    return tmp_path


def test_expand_writes_one_object_a_line_and_file(project: Path) -> None:
    result = CliRunner().invoke(template, ["expand", "good.json", "bad.json", "--parameters", "values.json"])
    assert result.exit_code == 0
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["file"], first["kind"], first["not_read"]) == ("good.json", "arm", [])
    assert first["resources"][0]["name"] == "kv-1"
    assert second["resources"][0]["type"] == "Microsoft.Authorization/roleAssignments"


def test_expand_shows_what_is_unknown_and_says_when_something_was_not_read(project: Path) -> None:
    result = CliRunner().invoke(template, ["expand", "good.json", "broken.json", "absent.bicep", "principals.yml"])
    assert result.exit_code == 3
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0]["resources"][0]["name"] == {
        "$unknown": "the parameter 'n' has no value",
        "text": "{parameters('n')}",
    }
    assert [bool(line["not_read"]) for line in lines] == [False, True, True, True]


def test_expand_escapes_what_a_terminal_would_obey(project: Path) -> None:
    Path("hostile.json").write_text((TEMPLATE % VAULT).replace("[parameters('n')]", "\x1b[2J\u202e"))
    result = CliRunner().invoke(template, ["expand", "hostile.json"])
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout


def test_expand_stays_inside_its_root(project: Path) -> None:
    inner = project / "inner"
    inner.mkdir()
    result = CliRunner().invoke(template, ["expand", "good.json", "--root", "inner"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["resources"] == []


@pytest.mark.parametrize(
    ("files", "code"), [(["good.json"], 0), (["bad.json"], 1), (["broken.json"], 3), (["bad.json", "broken.json"], 1)]
)
def test_check_ends_by_its_verdict(project: Path, files: list[str], code: int) -> None:
    arguments = ["check", *files, "--matrix", "production", "--principals", "principals.yml", "--format", "json"]
    result = CliRunner().invoke(rbac, arguments)
    assert result.exit_code == code, result.output
    assert json.loads(result.stdout)


def test_check_without_a_principals_file_could_not_check(project: Path) -> None:
    result = CliRunner().invoke(rbac, ["check", "good.json", "--matrix", "production", "--principals", "absent.yml"])
    assert result.exit_code == 3


def test_check_refuses_an_unknown_matrix_and_no_paths() -> None:
    assert CliRunner().invoke(rbac, ["check", "x.json", "--matrix", "test", "--principals", "p.yml"]).exit_code == 2
    assert CliRunner().invoke(rbac, ["check", "--matrix", "production", "--principals", "p.yml"]).exit_code == 2


@pytest.mark.parametrize("name", ["production", "pre-production"])
@pytest.mark.parametrize("form", ["console", "markdown"])
def test_render_shows_personas_services_and_abbreviations(name: str, form: str) -> None:
    result = CliRunner().invoke(rbac, ["render", "--matrix", name, "--format", form])
    assert result.exit_code == 0
    assert "Data governance" in result.output
    assert "DOPCA" in result.output
    assert "Key Vault Administrator" in " ".join(result.output.split())
