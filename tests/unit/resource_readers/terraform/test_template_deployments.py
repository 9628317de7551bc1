"""ARM templates inside of Terraform: what they declare is judged, or named as not read; never silent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from resource_readers.interface import ReadRequest, ReadResult
from resource_readers.projects import read_paths

SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
VAULT = {
    "type": "Microsoft.KeyVault/vaults",
    "apiVersion": "2023-07-01",
    "name": "[parameters('vault')]",
    "properties": {"enablePurgeProtection": "[parameters('purge')]"},
}
TEMPLATE = {
    "$schema": SCHEMA,
    "contentVersion": "1.0.0.0",
    "parameters": {"vault": {"type": "string"}, "purge": {"type": "bool", "defaultValue": False}},
    "resources": [VAULT],
}
CURRENT = """
variable "name" {{}}
resource "azurerm_resource_group_template_deployment" "one" {{
  name                = "one"
  resource_group_name = "rg"
  deployment_mode     = "Incremental"
  template_content    = {template}
  parameters_content  = jsonencode({{ vault = {{ value = {value} }} }})
}}
"""
OLD = """
resource "azurerm_template_deployment" "one" {{
  name                = "one"
  resource_group_name = "rg"
  deployment_mode     = "Incremental"
  template_body       = <<DEPLOY
{template}
DEPLOY
  parameters          = {{ vault = "kv" }}
}}
"""


def read(root: Path, text: str) -> ReadResult:
    (root / "main.tf").write_text(text)
    return dict(read_paths(ReadRequest(root=root, path=root), [root]))["main.tf"]


@pytest.mark.parametrize(
    "text",
    [
        CURRENT.format(template=f"jsonencode({json.dumps(TEMPLATE)})", value='"kv"'),
        CURRENT.format(template='file("vault.json")', value='"kv"'),
        OLD.format(template=json.dumps(TEMPLATE, indent=2)),
    ],
    ids=["jsonencode", "file", "heredoc"],
)
def test_what_the_template_declares_is_read_with_the_values_given(tmp_path: Path, text: str) -> None:
    (tmp_path / "vault.json").write_text(json.dumps(TEMPLATE))
    found = read(tmp_path, text)
    deployment, vault = found.resources
    assert found.not_read == ()
    assert (vault.type, vault.name) == ("Microsoft.KeyVault/vaults", "kv")
    assert vault.id.endswith("/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv")
    assert vault.properties == {"enablePurgeProtection": False}
    assert vault.location == deployment.location
    assert vault.line("properties", "enablePurgeProtection") == deployment.line("properties", "template")


def test_a_value_that_isnt_known_leaves_the_rest(tmp_path: Path) -> None:
    found = read(tmp_path, CURRENT.format(template=f"jsonencode({json.dumps(TEMPLATE)})", value="var.name"))
    assert found.resources[1].id.endswith("/vaults/{var.name}")
    assert found.resources[1].properties == {"enablePurgeProtection": False}


@pytest.mark.parametrize(
    "template", ["var.name", '"${var.name}"', 'file("missing.json")', '"no JSON"', '"[]"', "azurerm_x.y.z"]
)
def test_a_template_that_isnt_known_is_named(tmp_path: Path, template: str) -> None:
    found = read(tmp_path, CURRENT.format(template=template, value='"kv"'))
    assert [one.type for one in found.resources if one.type.startswith("Microsoft.KeyVault")] == []
    assert any(one.may_hold_resources for one in found.not_read)


def test_a_template_specification_is_named(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        'resource "azurerm_subscription_template_deployment" "one" {\n  name = "one"\n  location = "westeurope"\n'
        '  template_spec_version_id = "/subscriptions/s/resourceGroups/g/providers/x"\n}\n',
    )
    assert ["isn't known" in one.reason and one.may_hold_resources for one in found.not_read] == [True]


def test_a_deployment_that_may_not_be_made_makes_its_resources_uncertain(tmp_path: Path) -> None:
    text = CURRENT.format(template=f"jsonencode({json.dumps(TEMPLATE)})", value='"kv"')
    found = read(tmp_path, text.replace('"one" {', '"one" {\n  count = var.name == "a" ? 1 : 0', 1))
    assert [one.condition is True for one in found.resources] == [False, False]


def test_what_the_template_leaves_unread_is_named(tmp_path: Path) -> None:
    nested = {**TEMPLATE, "resources": [{"type": "Microsoft.Resources/deployments", "name": "x", "apiVersion": "1"}]}
    found = read(tmp_path, CURRENT.format(template=f"jsonencode({json.dumps(nested)})", value='"kv"'))
    assert [one.path for one in found.not_read] == ["main.tf"]
