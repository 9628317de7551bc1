"""Parameter files beside a template are used where exactly one is meant for it; files of parameters are a kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
PARAMETERS = "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#"
TEMPLATE = {
    "$schema": SCHEMA,
    "contentVersion": "1.0.0.0",
    "parameters": {"n": {"type": "string"}},
    "resources": [
        {"type": "Microsoft.KeyVault/vaults", "apiVersion": "1", "name": "[parameters('n')]", "properties": {}}
    ],
}
BICEP = "param n string\nresource a 'Microsoft.KeyVault/vaults@2023-07-01' = {\n  name: n\n}\n"


def values(value: Any) -> str:
    return json.dumps({"$schema": PARAMETERS, "contentVersion": "1.0.0.0", "parameters": {"n": {"value": value}}})


def read(tmp_path: Path, path: str, *, neighbours: bool = True, **files: Any) -> ReadResult:
    for name, content in files.items():
        (tmp_path / name.replace("__", ".")).write_text(content)
    return read_resources(ReadRequest(root=tmp_path, path=Path(path), neighbours=neighbours))


def name_of(result: ReadResult) -> Any:
    return result.resources[0].name


@pytest.mark.parametrize(
    "neighbour", ["main__parameters__json", "main__parameters__jsonc", "MAIN__Parameters__json", "parameters__json"]
)
def test_the_parameter_file_beside_a_template_is_used_and_named(tmp_path: Path, neighbour: str) -> None:
    result = read(
        tmp_path, "main.json", **dict[str, Any](main__json=json.dumps(TEMPLATE), **{neighbour: values("beside")})
    )
    shown = neighbour.replace("__", ".")
    assert (name_of(result), result.parameters) == ("beside", shown)
    assert shown in [one.name for one in result.files]


@pytest.mark.parametrize(
    "others",
    [
        {"main__parameters__json": values("a"), "main__parameters__jsonc": values("b")},
        {"other__parameters__json": values("a")},
        {"parameters__json": values("a"), "other__json": json.dumps(TEMPLATE)},
        {"parameters__json": values("a"), "other__bicep": ""},
        {"main__bicepparam": "using 'other.bicep'\nparam n = 'a'\n"},
        {"main__bicepparam": "using none\nparam n = 'a'\n"},
    ],
)
def test_none_is_used_where_it_is_not_clear_which(tmp_path: Path, others: dict[str, str]) -> None:
    result = read(tmp_path, "main.json", main__json=json.dumps(TEMPLATE), **dict[str, Any](others))
    assert isinstance(name_of(result), Unknown)
    assert (result.parameters, result.not_read) == ("", ())


def test_none_is_used_where_nobody_asked_for_it(tmp_path: Path) -> None:
    files = {"main__json": json.dumps(TEMPLATE), "main__parameters__json": values("beside")}
    assert isinstance(name_of(read(tmp_path, "main.json", neighbours=False, **files)), Unknown)


def test_a_bicep_parameter_file_that_names_the_template_is_used(tmp_path: Path) -> None:
    given = "using './main.bicep'\nparam n = 'beside'\n"
    result = read(tmp_path, "main.bicep", main__bicep=BICEP, main__bicepparam=given)
    assert (name_of(result), result.parameters) == ("beside", "main.bicepparam")


def test_a_broken_one_is_named_and_the_template_still_read(tmp_path: Path) -> None:
    result = read(tmp_path, "main.json", main__json=json.dumps(TEMPLATE), main__parameters__json="{")
    assert isinstance(name_of(result), Unknown)
    assert [one.path for one in result.not_read] == ["main.parameters.json"]


def test_an_empty_one_is_none(tmp_path: Path) -> None:
    result = read(tmp_path, "main.json", main__json=json.dumps(TEMPLATE), main__parameters__json=" \n")
    assert (result.parameters, result.not_read) == ("", ())


def test_a_value_that_whoever_deploys_gives_is_unknown(tmp_path: Path) -> None:
    given = values("x").replace('"value": "x"', '"expression": "[externalInputs(\'a\')]"')
    result = read(tmp_path, "main.json", main__json=json.dumps(TEMPLATE), main__parameters__json=given)
    assert "whoever deploys" in name_of(result).reason


def test_a_parameter_file_declares_nothing_and_is_read_whole(tmp_path: Path) -> None:
    result = read(tmp_path, "a.parameters.json", a__parameters__json=values("x"))
    assert (result.kind, result.resources, result.not_read) == ("arm-parameters", (), ())


@pytest.mark.parametrize("content", [f'{{"$schema": "{PARAMETERS}", "parameters": ', f'{{"$schema": "{PARAMETERS}"}}'])
def test_a_broken_parameter_file_is_named(tmp_path: Path, content: str) -> None:
    result = read(tmp_path, "a.json", a__json=content)
    assert result.kind == "arm-parameters"
    assert "no parameter file" in result.not_read[0].reason


POLICY = {"properties": {"policyRule": {"then": {"details": {"deployment": {"properties": {"template": TEMPLATE}}}}}}}
FORM = {"$schema": "https://schema.management.azure.com/schemas/0.1.2-preview/CreateUIDefinition.MultiVm.json#"}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(POLICY),
        json.dumps({**FORM, "handler": "x", "parameters": {"resources": [], "contentVersion": "1"}}),
        json.dumps({"type": "Microsoft.Resources/templateSpecs/versions", "properties": {"mainTemplate": TEMPLATE}}),
        json.dumps([TEMPLATE]),
        json.dumps({"parameters": {}, "contentVersion": "1.0"}),
    ],
)
def test_what_only_holds_a_template_is_no_template(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, "a.json", a__json=content).kind not in ("arm", "arm-parameters")


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(TEMPLATE)[:-40],
        json.dumps({key: value for key, value in TEMPLATE.items() if key != "$schema"}),
        '\ufeff// a comment with a " in it\n' + json.dumps(TEMPLATE),
        json.dumps({"resources": [], "$schema": SCHEMA.upper()}),
    ],
)
def test_a_template_is_one_also_where_it_is_broken_or_unusual(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, "a.json", a__json=content).kind == "arm"
