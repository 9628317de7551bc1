"""Texts from command lines and environments become what the parameter's type says, or stay unknown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, Unknown, Value
from resource_readers.projects import read_paths
from resource_readers.template_language.given_texts import GivenText, filled_in, typed


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("true", "bool", True),
        ("False", "bool", False),
        ("true", "string", "true"),
        ("1", "securestring", "1"),
        ("3", "int", 3),
        ("-3", "int?", -3),
        ('["a"]', "array", ["a"]),
        ("[1]", "int[]", [1]),
        ('{"a": 1}', "object", {"a": 1}),
        ("Standard_LRS", "'Standard_LRS' | 'Standard_ZRS'", "Standard_LRS"),
        ("plain", "", "plain"),
    ],
)
def test_the_type_decides(text: str, written: str, value: Value) -> None:
    found = typed(GivenText(text), "p", written)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "written"),
    [("yes", "bool"), ("", "bool"), ("1.5", "int"), ("@file", "object"), ("{}", "array"), ("true", ""), ("3", "size")],
)
def test_what_the_type_doesnt_take_or_say_is_unknown(text: str, written: str) -> None:
    assert isinstance(typed(GivenText(text), "p", written), Unknown)


def test_what_was_given_with_a_type_keeps_it() -> None:
    assert typed("true", "p", "bool") == "true"
    assert typed(None, "p", "bool") is None


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${SKU=B3}", "B3"),
        ("a-${SKU:-B3}-z", "a-B3-z"),
        ("${EMPTY=}", ""),
        ("no ${ mark", "no ${ mark"),
        ("{guid}", "{guid}"),
        ("[parameters('x')]", "[parameters('x')]"),
        (True, True),
        ({"a": ["${SKU=B3}"]}, {"a": ["B3"]}),
    ],
)
def test_defaults_of_the_file_are_taken(written: Value, value: Value) -> None:
    assert filled_in(written) == value


@pytest.mark.parametrize("written", ["${NAME}", "kv-${NAME}", "${A=1}${NAME}", "#{NAME}#", "$(NAME)", "x${{ NAME }}"])
def test_what_only_the_environment_knows_is_unknown(written: str) -> None:
    found = filled_in(written)
    assert isinstance(found, Unknown)
    assert "{env.NAME}" in found.text


@pytest.mark.parametrize("bicep", [True, False])
def test_a_parameter_file_of_azd(tmp_path: Path, bicep: bool) -> None:
    values = {"open": "${OPEN=false}", "name": "${NAME}", "count": "${COUNT=3}"}
    (tmp_path / "main.parameters.json").write_text(
        json.dumps({"parameters": {name: {"value": value} for name, value in values.items()}})
    )
    kind = "Microsoft.KeyVault/vaults"
    if bicep:
        (tmp_path / "main.bicep").write_text(
            "param open bool = true\nparam name string = 'x'\nparam count int = 1\n"
            f"resource kv '{kind}@2023-07-01' = {{\n  name: 'kv'\n  properties: {{ a: open, b: name, c: count }}\n}}\n"
        )
    else:
        body = {
            letter: f"[parameters('{name}')]" for letter, name in zip("abc", ("open", "name", "count"), strict=True)
        }
        (tmp_path / "main.json").write_text(
            json.dumps(
                {
                    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
                    "contentVersion": "1.0.0.0",
                    "parameters": {"open": {"type": "bool"}, "name": {"type": "string"}, "count": {"type": "int"}},
                    "resources": [{"type": kind, "apiVersion": "2023-07-01", "name": "kv", "properties": body}],
                }
            )
        )
    results = dict(read_paths(ReadRequest(root=tmp_path, path=tmp_path, neighbours=True), [tmp_path]))
    (resource,) = results["main.bicep" if bicep else "main.json"].resources
    assert resource.properties["a"] is False
    assert resource.properties["c"] == 3
    assert isinstance(resource.properties["b"], Unknown)
