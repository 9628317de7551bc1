"""Modules and imports from registries: read where the bicep CLI restored them, named where it didn't."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from resource_readers.bicep.registries import Configuration, cached_path, whole_name
from resource_readers.interface import ReadRequest, ReadResult, Unknown
from resource_readers.project_files import UnreadableFileError
from resource_readers.registry import read_resources

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
VAULT = {
    "type": "Microsoft.KeyVault/vaults",
    "apiVersion": "2023-07-01",
    "name": "[parameters('name')]",
    "properties": {"enablePurgeProtection": True},
}
MODULE = {
    "$schema": SCHEMA,
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [VAULT],
    "outputs": {"shown": {"type": "string", "value": "[concat(parameters('name'), '!')]"}},
}
EXPORTS = {
    "$schema": SCHEMA,
    "contentVersion": "1.0.0.0",
    "metadata": {"__bicep_exported_variables!": [{"name": "prefix"}]},
    "definitions": {"nameType": {"type": "string", "metadata": {"__bicep_export!": True}}},
    "functions": [
        {
            "namespace": "__bicep",
            "members": {
                "named": {
                    "parameters": [{"type": "string", "name": "a"}],
                    "output": {"type": "string", "value": "[format('{0}-{1}', 'N', parameters('a'))]"},
                    "metadata": {"__bicep_export!": True},
                },
                "hidden": {"parameters": [], "output": {"type": "string", "value": "H"}},
            },
        }
    ],
    "variables": {"prefix": "P", "secret": "S"},
    "resources": [],
}


def restore(folder: Path, place: str, content: Any) -> None:
    """Puts a module where the bicep CLI keeps it."""
    path = folder / place / "main.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def read(tmp_path: Path, text: str, *restored: Path) -> ReadResult:
    root = tmp_path / "project"
    root.mkdir(exist_ok=True)
    (root / "main.bicep").write_text(text)
    return read_resources(ReadRequest(root=root, path=Path("main.bicep"), bicep_modules=restored))


def use(target: str) -> str:
    return (
        f"module m '{target}' = {{ name: 'm', params: {{ name: 'kv' }} }}\n"
        "resource other 'Microsoft.KeyVault/vaults@2023-07-01' = { name: m.outputs.shown }\n"
    )


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("br:example.azurecr.io/a/b:1.0.0", "br/example.azurecr.io/a$b/1.0.0$"),
        ("br/public:avm/res/x:0.1.0", "br/mcr.microsoft.com/bicep$avm$res$x/0.1.0$"),
        ("br:localhost:5000/a:v2", "br/localhost$5000/a/v2$"),
        ("br:example.azurecr.io/a:V1-Beta", "br/example.azurecr.io/a/V1-Beta$9"),
        (f"br:example.azurecr.io/a@sha256:{'0' * 64}", f"br/example.azurecr.io/a/sha256#{'0' * 64}"),
        ("ts:Sub-1/My-Group/Spec:1.0", "ts/sub-1/my-group/spec/1.0"),
    ],
)
def test_a_restored_module_is_expanded_with_its_outputs(tmp_path: Path, target: str, place: str) -> None:
    folder = tmp_path / ".bicep"
    restore(folder, place, MODULE)
    result = read(tmp_path, use(target), folder)
    assert result.not_read == ()
    assert [one.name for one in result.resources] == ["m", "kv", "kv!"]
    vault = result.resources[1]
    name = whole_name(target, Configuration())
    assert (vault.location.path, vault.properties) == (name, {"enablePurgeProtection": True})
    assert name in [one.name for one in result.files]


def test_the_content_of_a_template_spec_is_its_main_template(tmp_path: Path) -> None:
    folder = tmp_path / ".bicep"
    restore(folder, "ts/s/g/n/1", {"id": "/subscriptions/s", "properties": {"mainTemplate": MODULE}})
    assert [one.name for one in read(tmp_path, use("ts:s/g/n:1"), folder).resources] == ["m", "kv", "kv!"]


def test_the_nearest_configuration_inside_of_the_root_gives_aliases_and_the_folder(tmp_path: Path) -> None:
    configuration = {
        "cacheRootDirectory": "restored",
        "moduleAliases": {
            "br": {"ours": {"registry": "example.azurecr.io", "modulePath": "bicep/modules"}},
            "ts": {"specs": {"subscription": "S", "resourceGroup": "g"}},
        },
    }
    (tmp_path / "bicepconfig.json").write_text('{"moduleAliases": {"br": {"outside": {"registry": "x"}}}}')
    root = tmp_path / "project"
    root.mkdir()
    (root / "bicepconfig.json").write_text("// ours\n" + json.dumps(configuration))
    restore(root / "restored", "br/example.azurecr.io/bicep$modules$a/1$", MODULE)
    restore(root / "restored", "ts/s/g/n/1", MODULE)
    for target in ("br/ours:a:1", "ts/specs:n:1"):
        result = read(tmp_path, use(target))
        assert (result.not_read, len(result.resources)) == ((), 3)
        assert "bicepconfig.json" in [one.name for one in result.files]
    assert "no alias 'outside'" in read(tmp_path, use("br/outside:a:1")).not_read[0].reason


def test_a_configuration_whose_folder_leads_out_of_the_root_is_not_followed(tmp_path: Path) -> None:
    restore(tmp_path / "elsewhere", "br/example.azurecr.io/a/1$", MODULE)
    root = tmp_path / "project"
    root.mkdir()
    (root / "bicepconfig.json").write_text('{"cacheRootDirectory": "../elsewhere"}')
    result = read(tmp_path, use("br:example.azurecr.io/a:1"))
    assert [one.line for one in result.not_read] == [1]


def test_a_broken_configuration_is_named(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "bicepconfig.json").write_text("{")
    assert "not JSON" in read(tmp_path, use("br/public:a:1")).not_read[0].reason
    assert read(tmp_path, "param a string").not_read == ()


def test_what_is_not_on_disk_is_named_with_its_line_and_the_rest_is_read(tmp_path: Path) -> None:
    result = read(tmp_path, use("br/public:avm/res/x:0.1.0"), tmp_path / "nowhere")
    (missing,) = result.not_read
    assert (missing.line, missing.may_hold_resources) == (1, True)
    assert "registry" in missing.reason
    assert [one.type for one in result.resources][-1] == "Microsoft.KeyVault/vaults"
    assert isinstance(result.resources[-1].name, Unknown)


@pytest.mark.parametrize(
    "target",
    [
        "br:../../secret:1",
        "br:x/../../../secret:1",
        "br:example.azurecr.io/a",
        "br:example.azurecr.io/..:1",
        "br:example.azurecr.io/a:..",
        "br:example.azurecr.io/a:1/../../..",
        "ts:../../secret:1",
        "ts:s/../n:1",
        "ts:s/g/n",
        "br/nowhere:a:1",
        "br/",
        "ts:",
    ],
)
def test_a_name_that_is_none_leads_nowhere(tmp_path: Path, target: str) -> None:
    with pytest.raises(UnreadableFileError):
        cached_path(whole_name(target, Configuration()))
    assert len(read(tmp_path, use(target), tmp_path).not_read) == 1


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / ".bicep"
    restore(tmp_path / "elsewhere", "a", MODULE)
    (folder / "br" / "example.azurecr.io" / "a").mkdir(parents=True)
    (folder / "br" / "example.azurecr.io" / "a" / "1$").symlink_to(tmp_path / "elsewhere" / "a")
    assert len(read(tmp_path, use("br:example.azurecr.io/a:1"), folder).not_read) == 1


def test_variables_and_functions_of_a_compiled_module_are_imported(tmp_path: Path) -> None:
    folder = tmp_path / ".bicep"
    restore(folder, "br/example.azurecr.io/types/1$", EXPORTS)
    text = """
    import { prefix as p, named, nameType, secret } from 'br:example.azurecr.io/types:1'
    import * as all from 'br:example.azurecr.io/types:1'
    param n nameType = 'x'
    resource a 'Microsoft.KeyVault/vaults@2023-07-01' = { name: '${p}-${named(n)}-${all.prefix}-${all.named('y')}' }
    resource b 'Microsoft.KeyVault/vaults@2023-07-01' = { name: secret }
    """
    result = read(tmp_path, text, folder)
    assert result.not_read == ()
    assert result.resources[0].name == "P-N-x-P-N-y"
    assert isinstance(result.resources[1].name, Unknown)
