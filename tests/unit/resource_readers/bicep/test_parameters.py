"""Bicep parameter files: their values, and the resources of the template that one names."""

from __future__ import annotations

from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources

TEMPLATE = """
param a string = 'default'
param b object = {}
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' = { name: a, properties: b }
"""


def read(tmp_path: Path, parameters: str, **files: str) -> ReadResult:
    (tmp_path / "main.bicep").write_text(TEMPLATE)
    (tmp_path / "prod.bicepparam").write_text(parameters)
    for name, content in files.items():
        (tmp_path / name.replace("__", ".")).write_text(content)
    return read_resources(ReadRequest(root=tmp_path, path=Path("prod.bicepparam")))


def test_a_parameter_file_gives_the_resources_of_its_template_with_its_values(tmp_path: Path) -> None:
    text = "using './main.bicep'\nvar name = 'P'\nparam a = '${name}-${b.x}'\nparam b = { x: 1 }\n"
    result = read(tmp_path, text)
    assert (result.kind, result.not_read) == ("bicep", ())
    (vault,) = result.resources
    assert (vault.name, vault.properties, vault.location.path) == ("P-1", {"x": 1}, "main.bicep")
    assert [one.name for one in result.files] == ["prod.bicepparam", "main.bicep"]


def test_one_that_names_no_template_makes_no_resources(tmp_path: Path) -> None:
    for text in ("using none\nparam a = 'x'\n", "param a = 'x'\n"):
        result = read(tmp_path, text)
        assert (result.resources, result.not_read) == ((), ())


def test_a_template_in_json_is_expanded_with_the_values(tmp_path: Path) -> None:
    schema = '"$schema": "x/deploymentTemplate.json#", "contentVersion": "1.0.0.0"'
    resource = '{"type": "A.B/c", "apiVersion": "1", "name": "[parameters(\'a\')]"}'
    template = f'{{{schema}, "parameters": {{"a": {{"type": "string"}}}}, "resources": [{resource}]}}'
    result = read(tmp_path, "using 'main.json'\nparam a = 'x'\n", main__json=template)
    assert [one.name for one in result.resources] == ["x"]


def test_values_are_inherited_imported_and_loaded(tmp_path: Path) -> None:
    text = """
    extends 'base.bicepparam'
    import { prefix } from 'shared.bicep'
    param a = '${prefix}-${base.a}-${loadTextContent('x.txt')}'
    """
    result = read(
        tmp_path,
        text,
        base__bicepparam="using 'main.bicep'\nparam a = 'B'\nparam b = { x: 1 }\n",
        shared__bicep="@export()\nvar prefix = 'S'\n",
        x__txt="T",
    )
    assert result.not_read == ()
    assert (result.resources[0].name, result.resources[0].properties) == ("S-B-T", {"x": 1})
    assert {"base.bicepparam", "shared.bicep", "x.txt"} <= {one.name for one in result.files}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("az.getSecret('s', 'g', 'kv', 'secret')", "Key Vault secret"),
        ("getSecret('s', 'g', 'kv', 'secret', 'version')", "Key Vault secret"),
        ("readEnvironmentVariable('NAME')", "environment"),
        ("readEnvironmentVariable('NAME', 'default')", "environment"),
        ("readCliArg('name')", "whoever deploys"),
        ("externalInput('sys.cli', 'name')", "whoever deploys"),
    ],
)
def test_what_only_the_deployment_knows_is_unknown_with_the_reason(tmp_path: Path, value: str, reason: str) -> None:
    result = read(tmp_path, f"using 'main.bicep'\nparam a = {value}\n")
    assert result.not_read == ()
    name = result.resources[0].name
    assert isinstance(name, Unknown)
    assert reason in name.reason


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("using 'main.bicep'\nparam a = = 'x'\n", 2, "not understood"),
        ("using 'nowhere.bicep'\n", 1, "No such file"),
        ("using '../outside.bicep'\n", 1, "not read"),
        ("using 'br/public:a/b:1'\n", 1, "registry"),
        ("using 'main.bicep'\nextends 'prod.bicepparam'\n", 2, "extend each other"),
        ("using 'main.bicep'\nextends 'nowhere.bicepparam'\n", None, "nowhere.bicepparam"),
        ("using 'main.bicep'\nimport { a } from 'nowhere.bicep'\nparam a = 'x'\n", 2, "not imported"),
    ],
)
def test_what_is_not_read_is_named(tmp_path: Path, text: str, line: int | None, reason: str) -> None:
    result = read(tmp_path, text)
    assert [one for one in result.not_read if reason in one.reason and one.line == line], result.not_read


def test_parameter_files_that_extend_each_other_end(tmp_path: Path) -> None:
    result = read(tmp_path, "extends 'other.bicepparam'\n", other__bicepparam="extends 'prod.bicepparam'\n")
    assert "extend each other" in result.not_read[0].reason


def test_a_secret_that_is_passed_on_stays_unknown(tmp_path: Path) -> None:
    text = "using 'main.bicep'\nparam b = { password: az.getSecret('s', 'g', 'kv', 'n'), plain: 'x' }\n"
    properties = read(tmp_path, text).resources[0].properties
    assert isinstance(properties["password"], Unknown)
    assert properties["plain"] == "x"
