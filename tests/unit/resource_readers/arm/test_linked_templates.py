"""Templates and parameter files that a template links to: followed in the project, named where they aren't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resource_readers.arm.template_files import address_tail
from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.registry import read_resources

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def template(resources: Any, **more: Any) -> dict[str, Any]:
    return {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources, **more}


def vault(name: str) -> dict[str, Any]:
    return {"type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": name, "properties": {}}


def deployment(**properties: Any) -> dict[str, Any]:
    return {
        "type": "Microsoft.Resources/deployments",
        "apiVersion": "2022-09-01",
        "name": "nested",
        "properties": {"mode": "Incremental", **properties},
    }


USED = template([vault("[parameters('n')]")], parameters={"n": {"type": "string", "defaultValue": "default"}})


def read(tmp_path: Path, main: Any, **files: Any) -> ReadResult:
    (tmp_path / "main.json").write_text(json.dumps(main))
    for name, content in files.items():
        path = tmp_path / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_resources(ReadRequest(root=tmp_path, path=Path("main.json")))


def vaults(result: ReadResult) -> list[Any]:
    return [one.name for one in result.resources if one.type == "Microsoft.KeyVault/vaults"]


BASE = {"_artifactsLocation": {"type": "string", "defaultValue": "[deployment().properties.templateLink.uri]"}}
TOKEN = {"_artifactsLocationSasToken": {"type": "securestring", "defaultValue": ""}}
TOKEN_LATER = {"_artifactsLocationSasToken": {"type": "securestring"}}


@pytest.mark.parametrize(
    ("link", "parameters"),
    [
        ({"relativePath": "nested/used.json"}, {}),
        ({"uri": "https://example.com/raw/main/nested/used.json"}, {}),
        ({"uri": "https://example.com/raw/main/nested/used.json?token=x"}, {}),
        ({"uri": "[uri(deployment().properties.templateLink.uri, 'nested/used.json')]"}, {}),
        ({"uri": "[concat(parameters('_artifactsLocation'), '/nested/used.json')]"}, BASE),
        (
            {
                "uri": "[uri(parameters('_artifactsLocation'), concat('nested/used.json', "
                "parameters('_artifactsLocationSasToken')))]"
            },
            {**BASE, **TOKEN},
        ),
        (
            {
                "uri": "[uri(parameters('_artifactsLocation'), concat('nested/used.json', "
                "parameters('_artifactsLocationSasToken')))]"
            },
            {**BASE, **TOKEN_LATER},
        ),
        ({"uri": "[concat(parameters('containerUri'), '/used.json', parameters('sas'))]"}, {"sas": {"type": "string"}}),
    ],
)
def test_a_linked_template_in_the_project_is_followed_and_named(
    tmp_path: Path, link: dict[str, Any], parameters: dict[str, Any]
) -> None:
    main = template([deployment(templateLink=link, parameters={"n": {"value": "given"}})], parameters=parameters)
    place = {"used_json": USED} if "containerUri" in str(link) else {"nested__used_json": USED}
    result = read(tmp_path, main, **place)
    assert result.not_read == ()
    assert vaults(result) == ["given"]
    shown = next(iter(place)).replace("__", "/").replace("_json", ".json")
    assert result.resources[0].properties["templateLink"]["$file"] == shown
    assert [one.name for one in result.files] == ["main.json", shown]
    assert result.resources[1].location.path == shown


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({"relativePath": "missing.json"}, "missing.json"),
        ({"relativePath": "../outside.json"}, "leads out"),
        ({"uri": "https://example.com/elsewhere.json"}, "no file of the project"),
        ({"uri": "https://example.com/../../outside.json"}, "no file of the project"),
        ({"uri": "[parameters('anywhere')]"}, "no file of the project"),
        ({"uri": "[concat('https://example.com/', parameters('kind'), 'used.json')]"}, "no file of the project"),
        ({"uri": "https://example.com/nested/both.json"}, "several files"),
        ({"id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/templateSpecs/t"}, "template spec"),
        ("[parameters('link')]", "not known"),
        ({"relativePath": "broken.json"}, "not JSON"),
        ({"relativePath": "list.json"}, "no JSON object"),
        ({"relativePath": "main.json"}, "link to each other"),
    ],
)
def test_a_linked_template_that_is_not_followed_is_named(tmp_path: Path, link: Any, reason: str) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(USED))
    main = template([deployment(templateLink=link)], parameters={"kind": {"type": "string"}})
    both = {"nested__both_json": USED, "both_json": USED}
    result = read(inside, main, used_json=USED, broken_json="{", list_json="[]", **both)
    assert [one for one in result.not_read if reason in one.reason], result.not_read
    assert vaults(result) == []
    assert result.resources[0].type == "Microsoft.Resources/deployments"


def test_a_link_out_of_the_project_is_not_followed(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "outside.json").write_text(json.dumps(USED))
    (inside / "used.json").symlink_to(tmp_path / "outside.json")
    result = read(inside, template([deployment(templateLink={"relativePath": "used.json"})]))
    assert "leads out" in result.not_read[0].reason


def test_templates_that_link_to_each_other_end(tmp_path: Path) -> None:
    one = template([deployment(templateLink={"relativePath": "two.json"})])
    two = template([deployment(templateLink={"relativePath": "main.json"}), vault("kv")])
    result = read(tmp_path, one, two_json=two)
    assert vaults(result) == ["kv"]
    assert [item.path for item in result.not_read] == ["two.json"]


def test_a_linked_parameter_file_gives_the_values(tmp_path: Path) -> None:
    link = {"templateLink": {"relativePath": "used.json"}, "parametersLink": {"uri": "https://x.example/values.json"}}
    values = {"parameters": {"n": {"value": "from-file"}}}
    result = read(tmp_path, template([deployment(**link)]), used_json=USED, values_json=values)
    assert (vaults(result), result.not_read) == (["from-file"], ())


def test_without_its_linked_parameter_file_no_default_is_taken(tmp_path: Path) -> None:
    link = {"templateLink": {"relativePath": "used.json"}, "parametersLink": {"uri": "https://x.example/values.json"}}
    result = read(tmp_path, template([deployment(**link)]), used_json=USED)
    assert "parameter file" in result.not_read[0].reason
    assert isinstance(vaults(result)[0], Unknown)


def test_outputs_of_a_linked_template_are_followed(tmp_path: Path) -> None:
    use = template([], outputs={"name": {"type": "string", "value": "[concat('kv', '-1')]"}})
    main = template(
        [deployment(templateLink={"relativePath": "used.json"}), vault("[reference('nested').outputs.name.value]")]
    )
    assert vaults(read(tmp_path, main, used_json=use)) == ["kv-1"]


@pytest.mark.parametrize(
    ("address", "tail"),
    [
        ("https://a.example/b/c.json", "//a.example/b/c.json"),
        ("{parameters('base')}/c.json{parameters('token')}", "/c.json"),
        ("{parameters('anything')}c.json", ""),
        ("{parameters('anything')}c/d.json", "d.json"),
        ("{uri({deployment().properties.templateLink.uri}, 'c/d.json')}", "c/d.json"),
        ("{parameters('address')}", ""),
        ("https://a.example/c.json/more", ""),
        ("c.json" + "(" * 5_000, ""),
    ],
)
def test_the_end_of_an_address_is_what_is_known_of_it(address: str, tail: str) -> None:
    assert address_tail(address) == tail
