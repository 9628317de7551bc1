"""`mlgate rbac render`, `schema`, and the options that say which matrix holds."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.rbac_commands import rbac
from cli.rbac_render import SCHEMAS
from rbac_matrix.organisation.schemas import NAMES
from verdicts import ConfigurationError

ORGANISATION = """schema: mlgate/rbac-organisation/v1
extends: mlgate
matrices: {rename: {production: live}}
cells: {live: {data-scientist: {container-registry: []}}}
principals: [{persona: data-scientist, object_id: 47eaa099-2cb6-416d-86dc-283cf0480ff9, type: Group}]
"""
TEMPLATE = '{"$schema": "deploymentTemplate.json", "contentVersion": "1", "resources": [%s]}'
GRANT = """
{"type": "Microsoft.Authorization/roleAssignments", "apiVersion": "1", "name": "x",
 "scope": "Microsoft.ContainerRegistry/registries/cr",
 "properties": {"principalId": "47eaa099-2cb6-416d-86dc-283cf0480ff9", "principalType": "Group",
 "roleDefinitionId": "/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"}}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("rbac.yml").write_text(ORGANISATION)
    Path("reader.json").write_text(TEMPLATE % GRANT)
    Path("principals.yml").write_text(
        "schema: mlgate/principals/v1\nprincipals:\n"
        "  - {persona: data-scientist, object_id: 47eaa099-2cb6-416d-86dc-283cf0480ff9, type: Group}\n"
    )
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(rbac, arguments)


def test_without_a_name_all_matrices_are_shown() -> None:
    result = run("render", "--format", "markdown")
    assert result.exit_code == 0
    assert result.output.count("| Persona |") == 2
    assert run("render", "--format", "markdown", "--environment", "staging").output.count("| Persona |") == 1


def test_an_organisations_matrix_is_shown_with_what_differs() -> None:
    result = run("render", "--format", "markdown", "--matrix", "live", "--organisation", "rbac.yml")
    assert result.exit_code == 0
    assert "| Data scientist |  |  |  |  |  |  | LAR | MR |" in result.output
    assert "data-scientist on container-registry has nothing instead of R, rbac.yml:4" in result.output


@pytest.mark.parametrize("form", ["html", "svg", "markdown", "console"])
def test_a_matrix_is_written_to_a_file(form: str) -> None:
    result = run("render", "--format", form, "--output", "matrix")
    assert (result.exit_code, result.output) == (0, "")
    text = Path("matrix").read_text()
    assert "Data governance" in text
    if form == "svg":
        assert ElementTree.fromstring(text).tag.endswith("svg")  # noqa: S314 - our own picture
    assert run("render", "--format", form).output == text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--matrix", "staging"), "there are production, pre-production"),
        (("--environment", "prod"), "there are staging, test, production, development"),
        (("--matrix", "production", "--environment", "test"), "exclude each other"),
        (("--matrix", "production", "--organisation", "rbac.yml"), "there are live, pre-production"),
    ],
)
def test_a_name_that_does_not_exist_is_a_mistake(arguments: tuple[str, ...], message: str) -> None:
    result = run("render", *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_file_that_cannot_be_written_is_told() -> None:
    result = run("render", "--format", "svg", "--output", "absent/matrix.svg")
    assert isinstance(result.exception, ConfigurationError)


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_is_printed(name: str) -> None:
    result = run("schema", name)
    assert result.exit_code == 0
    assert json.loads(result.output)["$schema"].endswith("2020-12/schema")
    assert SCHEMAS == NAMES


def test_a_check_holds_templates_to_the_organisations_matrix() -> None:
    built_in = run("check", "reader.json", "--environment", "staging", "--principals", "principals.yml")
    assert built_in.exit_code == 0, built_in.output
    own = run("check", "reader.json", "--environment", "staging", "--organisation", "rbac.yml", "--format", "json")
    assert own.exit_code == 1
    assert "MLG-RBAC-" in own.output
    assert "instead of R, rbac.yml:4" in own.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--matrix", "production"),
        ("--principals", "principals.yml"),
        ("--matrix", "live", "--principals", "principals.yml"),
    ],
)
def test_a_check_needs_a_matrix_and_to_know_who_is_who(arguments: tuple[str, ...]) -> None:
    assert run("check", "reader.json", *arguments).exit_code == 2
