"""Bicep files by way of a compiler: its resources, at the places of the Bicep file; without it our own front end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.registry import read_resources
from scanners.bicep_cli import BicepCli
from tests.fakes.fake_bicep import write_fake_bicep
from verdicts import CouldNotCheckError

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
TEXT = """param prefix string = 'p'
resource kv 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: 'there'
}
resource stores 'Microsoft.Storage/storageAccounts@2023-01-01' = [for n in ['a', 'b']: {
  name: '${prefix}${n}'
  properties: { allowBlobPublicAccess: false }
}]
module m 'br/public:avm/res/x:0.1.0' = {
  name: 'm'
}
"""
STORES = {
    "copy": {"name": "stores", "count": 2},
    "type": "Microsoft.Storage/storageAccounts",
    "apiVersion": "2023-01-01",
    "name": "[format('{0}{1}', parameters('prefix'), createArray('a', 'b')[copyIndex()])]",
    "properties": {"allowBlobPublicAccess": False},
}
COMPILED: dict[str, Any] = {
    "$schema": SCHEMA,
    "contentVersion": "1.0.0.0",
    "parameters": {"prefix": {"type": "string", "defaultValue": "p"}},
    "resources": [
        STORES,
        {
            "type": "Microsoft.Resources/deployments",
            "apiVersion": "2025-04-01",
            "name": "m",
            "properties": {
                "mode": "Incremental",
                "expressionEvaluationOptions": {"scope": "inner"},
                "template": {
                    "$schema": SCHEMA,
                    "contentVersion": "1.0.0.0",
                    "resources": [{"type": "Microsoft.Network/virtualNetworks", "apiVersion": "1", "name": "net"}],
                },
            },
        },
    ],
}


class Compiler:
    """A compiler that gives what it is told."""

    def __init__(self, answer: dict[str, Any] | str) -> None:
        self.answer = answer
        self.asked: list[Path] = []

    def compile(self, file: Path) -> bytes:
        """See interface.BicepCompiler."""
        self.asked.append(file)
        if isinstance(self.answer, str):
            raise CouldNotCheckError(self.answer)
        return json.dumps(self.answer).encode()


def read(tmp_path: Path, text: str, answer: dict[str, Any] | str) -> tuple[ReadResult, Compiler]:
    (tmp_path / "main.bicep").write_text(text)
    compiler = Compiler(answer)
    return read_resources(ReadRequest(root=tmp_path, path=Path("main.bicep"), bicep=compiler)), compiler


def test_the_compiled_resources_stand_where_the_bicep_file_has_them(tmp_path: Path) -> None:
    result, _ = read(tmp_path, TEXT, COMPILED)
    assert (result.kind, result.not_read) == ("bicep", ())
    assert [one.name for one in result.files] == ["main.bicep"]
    found = {(one.name, one.location.path, one.location.line, one.existing) for one in result.resources}
    assert found == {
        ("pa", "main.bicep", 5, False),
        ("pb", "main.bicep", 5, False),
        ("m", "main.bicep", 9, False),
        ("net", "main.bicep", 9, False),  # only the compiler saw it, in the module
        ("there", "main.bicep", 2, True),
    }
    store = next(one for one in result.resources if one.name == "pb")
    assert store.place("properties", "allowBlobPublicAccess") == (7, 17)


def test_where_the_compiler_fails_our_own_front_end_answers(tmp_path: Path) -> None:
    whole, _ = read(tmp_path, TEXT[: TEXT.index("module")], "it hung")
    assert ([one.name for one in whole.resources], whole.not_read) == (["there", "pa", "pb"], ())


def test_where_neither_reads_the_file_whole_both_reasons_are_named(tmp_path: Path) -> None:
    result, _ = read(tmp_path, TEXT, "it hung")
    assert [one.name for one in result.resources] == ["there", "pa", "pb", "m"]
    assert [("registry" in one.reason, "it hung" in one.reason) for one in result.not_read] == [
        (True, False),
        (False, True),
    ]


def test_a_compiled_template_that_is_not_read_whole_does_not_replace_what_we_read(tmp_path: Path) -> None:
    broken = {**COMPILED, "resources": [{"type": "A.B/c", "copy": {"name": "x"}}]}
    result, _ = read(tmp_path, TEXT, broken)
    assert [one.name for one in result.resources] == ["there", "pa", "pb", "m"]
    assert any("copy loop" in one.reason for one in result.not_read)
    whole, _ = read(tmp_path, TEXT[: TEXT.index("module")], broken)
    assert whole.not_read == ()


@pytest.mark.parametrize(
    "text",
    [
        "var a = loadTextContent('../secret.txt')",
        "param p string = 'x'\nvar a = [for n in [1]: { b: loadFileAsBase64('../secret.txt') }]",
        "param p string\nvar a = loadTextContent(p)",
        "var a = loadDirectoryFileInfo('..')",
        "module m '../secret.bicep' = { name: 'm' }",
        "import { a } from '../secret.bicep'",
        "module m 'part.bicep' = { name: 'm' }",
    ],
)
def test_nothing_is_compiled_that_refers_out_of_the_project(tmp_path: Path, text: str) -> None:
    (tmp_path / "secret.txt").write_text("SECRET")
    (tmp_path / "secret.bicep").write_text("var a = 'SECRET'")
    root = tmp_path / "project"
    root.mkdir()
    (root / "part.bicep").write_text("var a = loadTextContent('../secret.txt')")
    _, compiler = read(root, text, COMPILED)
    assert compiler.asked == []


def test_a_file_whose_parameters_cannot_be_used_is_not_compiled(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text(TEXT)
    compiler = Compiler(COMPILED)
    request = ReadRequest(root=tmp_path, path=Path("main.bicep"), parameters=Path("nowhere.json"), bicep=compiler)
    result = read_resources(request)
    assert (result.resources, compiler.asked) == ((), [])
    assert result.not_read


@pytest.mark.slow
def test_the_cli_of_scanners_is_such_a_compiler(tmp_path: Path) -> None:
    (tmp_path / "main.bicep").write_text(TEXT)
    (tmp_path / "main.bicep.compiled.json").write_text(json.dumps(COMPILED))
    cli = BicepCli(write_fake_bicep(tmp_path / "bin"))
    result = read_resources(ReadRequest(root=tmp_path, path=Path("main.bicep"), bicep=cli))
    assert (len(result.resources), result.not_read) == (5, ())
