"""Folders of configuration: names, modules, blocks, places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from resource_readers.interface import ReadRequest, Session, Unknown
from resource_readers.registry import read_resources
from resource_readers.trees.nodes import Position

Evaluate = Callable[..., Any]


def test_blocks_are_lists_of_mappings_and_nulls_are_left_out(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
resource "azurerm_key_vault" "kv" {
  name     = "kv"
  sku_name = null
  network_acls {
    default_action = "Deny"
    ip_rules       = []
  }
  timeouts { create = "1h" }
  lifecycle { prevent_destroy = true }
  depends_on = [azurerm_resource_group.rg]
}
"""
        }
    )
    assert found["azurerm_key_vault.kv"].values == {
        "name": "kv",
        "network_acls": [{"default_action": "Deny", "ip_rules": []}],
        "timeouts": [{"create": "1h"}],
    }
    assert found.reasons == []


def test_dynamic_blocks_stand_beside_written_ones(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
variable "more" {}
resource "azurerm_network_security_group" "nsg" {
  security_rule { name = "first" }
  dynamic "security_rule" {
    for_each = { b = 20, a = 10 }
    iterator = rule
    content {
      name     = rule.key
      priority = rule.value
      dynamic "inner" {
        for_each = [rule.value]
        content { number = inner.value + inner.key }
      }
    }
  }
  dynamic "unknown" {
    for_each = var.more
    content { name = unknown.key }
  }
  dynamic "none" {
    for_each = []
    content { name = "never" }
  }
}
"""
        }
    )["azurerm_network_security_group.nsg"]
    assert found.values["security_rule"] == [
        {"name": "first"},
        {"name": "a", "priority": 10, "inner": [{"number": 10}]},
        {"name": "b", "priority": 20, "inner": [{"number": 20}]},
    ]
    assert isinstance(found.values["unknown"], Unknown)
    assert "none" not in found.values
    assert found.source.position(("security_rule", 0, "name")) == Position(4, 19)
    assert found.source.position(("security_rule", 2, "priority")) == Position(10, 7)
    assert found.source.position(("security_rule", 1, "inner", 0, "number")) == Position(13, 19)
    assert found.source.position(("unknown",)) == Position(19, 5)


def test_every_attribute_has_its_line_and_column(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """resource "azurerm_x" "y" {
  tags = {
    a = 1
    "b" = [1,
      {c = 2}]
  }

  name = "n"
}
"""
        }
    )["azurerm_x.y"]
    assert found.location.line == 1
    assert found.source.position(("tags",)) == Position(2, 3)
    assert found.source.position(("tags", "a")) == Position(3, 5)
    assert found.source.position(("tags", "b", 1, "c")) == Position(5, 8)
    assert found.source.position(("name",)) == Position(8, 3)
    assert found.source.position(("missing",)) == Position(1, 1)


def test_what_another_resource_computes_points_at_it(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
resource "azurerm_key_vault" "kv" {
  for_each = toset(["a"])
  name     = "kv-${each.key}"
  identity { type = "SystemAssigned" }
}
module "net" {
  source = "./net"
  vault  = azurerm_key_vault.kv["a"].id
}
data "azurerm_client_config" "me" {}
resource "azurerm_x" "y" {
  vault     = azurerm_key_vault.kv["a"].id
  name      = azurerm_key_vault.kv["a"].name
  principal = azurerm_key_vault.kv["a"].identity[0].principal_id
  kind      = azurerm_key_vault.kv["a"].identity.0.type
  subnet    = module.net.subnet
  tenant    = data.azurerm_client_config.me.tenant_id
  scope     = "${azurerm_key_vault.kv["a"].id}/keys"
  nowhere   = azurerm_foo.bar.id
}
""",
            "net/main.tf": """
variable "vault" {}
resource "azurerm_subnet" "s" { vault = var.vault }
output "subnet" { value = azurerm_subnet.s.id }
""",
        }
    )
    values = found["azurerm_x.y"].values
    assert (values["vault"].resource, values["vault"].path) == ('azurerm_key_vault.kv["a"]', ("id",))
    assert values["vault"].text == '{azurerm_key_vault.kv["a"].id}'
    assert values["name"] == "kv-a"
    assert values["principal"].path == ("identity", "0", "principal_id")
    assert values["kind"] == "SystemAssigned"
    assert values["subnet"].resource == "module.net.azurerm_subnet.s"
    assert values["tenant"].text == "{data.azurerm_client_config.me.tenant_id}"
    assert values["scope"].text == '{azurerm_key_vault.kv["a"].id}/keys'
    assert values["nowhere"].resource == "azurerm_foo.bar"
    inner = found["module.net.azurerm_subnet.s"]
    assert inner.values["vault"].resource == 'azurerm_key_vault.kv["a"]'
    assert (inner.module, inner.location.path) == (("net",), "net/main.tf")
    assert found.reasons == []


def test_a_count_that_may_be_none_gives_a_condition(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
variable "on" {}
variable "names" { type = list(string) }
locals { amount = var.on ? 1 : 0 }
resource "a_x" "some" { count = local.amount }
resource "a_x" "keys" { for_each = var.on ? { k = 1 } : {} }
resource "a_x" "many" {
  count = length(var.names)
  name  = "n-${count.index}-${var.names[count.index]}"
}
resource "a_x" "off" { count = false ? 1 : 0 }
resource "a_x" "user" {
  some = a_x.some[0].id
  many = a_x.many[2].name
}
module "maybe" {
  source = "./m"
  count  = var.on == "yes" ? 1 : 0
}
""",
            "m/main.tf": 'resource "a_x" "in" {}',
        }
    )
    assert set(found.instances) == {
        "a_x.some[0]",
        'a_x.keys["k"]',
        "a_x.many[*]",
        "a_x.user",
        "module.maybe[0].a_x.in",
    }
    assert found["a_x.some[0]"].condition.text == "{var.on}"
    assert found['a_x.keys["k"]'].key == "k"
    assert found["module.maybe[0].a_x.in"].condition.text == '{{var.on} == "yes"}'
    assert found["a_x.many[*]"].repeated
    assert found["a_x.many[*]"].condition is True
    assert found["a_x.many[*]"].values["name"].text.startswith("n-{count.index in a_x.many}-")
    assert found["a_x.user"].values["some"].resource == "a_x.some[0]"


def test_values_of_variables_come_from_files_in_terraforms_order(evaluate: Evaluate) -> None:
    files = {
        "main.tf": """
variable "a" {}
variable "b" { default = 1 }
variable "c" { default = 1 }
variable "d" {}
resource "a_x" "y" { all = [var.a, var.b, var.c, var.d] }
""",
        "terraform.tfvars": "a = 1\nb = 2\nc = 2",
        "a.auto.tfvars": "b = 3",
        "prod.tfvars": "c = 4",
    }
    assert evaluate(files)["a_x.y"].values["all"][:3] == [1, 3, 2]
    found = evaluate(files, parameters="prod.tfvars")["a_x.y"].values["all"]
    assert found[:3] == [1, 3, 4]
    assert found[3].text == "{var.d}"
    assert found[3].reason == "the variable 'd' has no value"


def test_installed_modules_are_read_and_others_named(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
module "there" {
  source  = "Azure/naming/azurerm"
  version = "0.4.0"
  name    = "x"
}
module "elsewhere" { source = "git::https://example.com/m.git" }
resource "a_x" "y" { v = module.elsewhere.out }
""",
            ".terraform/modules/modules.json": '{"Modules": [{"Key": "", "Dir": "."}, {"Key": "there", "Dir": "m"}]}',
            "m/main.tf": 'variable "name" {}\nresource "a_x" "in" { name = var.name }',
        }
    )
    assert found["module.there.a_x.in"].values == {"name": "x"}
    assert len(found.reasons) == 1
    assert "git::https://example.com/m.git" in found.reasons[0]
    assert isinstance(found["a_x.y"].values["v"], Unknown)


@pytest.mark.parametrize(
    ("source", "may"),
    [
        ("Azure/naming/azurerm", False),
        ("Azure/avm-res-keyvault-vault/azurerm", True),
        ("example.com/Azure/naming/azurerm", True),
        ("Azure/naming/azurerm//modules/x", True),
    ],
)
def test_a_module_that_only_makes_names_hides_no_resource(tmp_path: Path, source: str, may: bool) -> None:
    (tmp_path / "main.tf").write_text(f'module "naming" {{\n  source = "{source}"\n}}\n')
    found = read_resources(ReadRequest(root=tmp_path, path=Path("main.tf")))
    assert [one.may_hold_resources for one in found.not_read] == [may]


def test_a_name_that_stands_twice_hides_no_resource(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "a.tf": 'resource "a_x" "y" { from = "a" }\nresource "a_z" "z" { v = a_x.y.from }',
            "b.tf": 'resource "a_x" "y" { from = "b" }',
        }
    )
    assert [one.values.get("from") for _, one in found.collector.instances] == ["a", None, "b"]
    assert isinstance(found["a_z.z"].values["v"], Unknown)


def test_a_broken_statement_is_named_and_the_others_are_read(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "main.tf": """
resource "a_x" "before" {}
resource "a_x" "broken" {
  name = = 1
}
variable "also broken" { default = ( }
resource "a_x" "after" {}
resource "a_x" "unclosed" {
  block {
}
resource "a_x" "last" {}
"""
        }
    )
    assert set(found.instances) == {"a_x.before", "a_x.after", "a_x.last"}
    assert [missing.line for _, missing in found.collector.run.not_read] == [3, 6, 8]
    assert [missing.may_hold_resources for _, missing in found.collector.run.not_read] == [True, False, True]


def test_json_and_hcl_say_the_same(evaluate: Evaluate) -> None:
    hcl = evaluate(
        {
            "h/main.tf": """
resource "a_x" "y" {
  count = 2
  name  = "n${count.index}"
  dynamic "b" {
    for_each = [1]
    content { v = b.value }
  }
}
"""
        },
        at="h",
    )
    json = evaluate(
        {
            "j/main.tf.json": """{"resource": {"a_x": {"y": {
              "count": 2, "name": "n${count.index}", "provider": "b.west",
              "dynamic": {"b": {"for_each": [1], "content": {"v": "${b.value}"}}}, "lifecycle": {}, "//": "note"}}}}"""
        },
        at="j",
    )
    assert [one.values for one in hcl.instances.values()] == [one.values for one in json.instances.values()]
    assert [one.provider for one in hcl.instances.values()] == ["a", "a"]
    assert [one.provider for one in json.instances.values()] == ["b", "b"]
    assert json["a_x.y[0]"].source.position(("name",)) == Position(2, 27)


def test_what_has_no_meaning_on_the_top_level_is_named(evaluate: Evaluate) -> None:
    found = evaluate(
        {
            "a.tf": 'resouce "a_x" "typo" {}\nstray = 1\naction "a_y" "z" {}',
            "b.tf.json": '{"resources": {"a_x": {"y": {}}}}',
            "override.tf": 'resource "a_x" "nothing" {}',
        }
    )
    assert found.instances == {}
    assert sorted(found.reasons) == [
        "a block of an unknown kind (resouce)",
        "a resource block that overrides nothing",
        "an attribute outside of all blocks (resources)",
        "an attribute outside of all blocks (stray)",
    ]


def test_a_module_that_two_files_call_gives_its_resources_to_both(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "main.tf").write_text('variable "v" {}\nresource "a_x" "y" { v = var.v }')
    (tmp_path / "a.tf").write_text('module "a" {\n  source = "./m"\n  v = 1\n}')
    (tmp_path / "b.tf").write_text('module "b" {\n  source = "./m"\n  v = 2\n}')
    session = Session()
    for name, value in (("a.tf", 1), ("b.tf", 2)):
        result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / name, session=session))
        assert [resource.properties for resource in result.resources] == [{"v": value}]
        assert {one.name for one in result.files} == {"a.tf", "b.tf", "m/main.tf"}


def test_a_file_that_terraform_leaves_out_is_read_by_itself(tmp_path: Path) -> None:
    (tmp_path / ".hidden.tf").write_text('resource "a_x" "hidden" {}')
    (tmp_path / "main.tf").write_text('resource "a_x" "shown" {}')
    for name, wanted in ((".hidden.tf", "a_x.hidden"), ("main.tf", "a_x.shown")):
        result = read_resources(ReadRequest(root=tmp_path, path=tmp_path / name))
        assert [one.fields["terraform"]["address"] for one in result.resources] == [wanted]
        assert not result.not_read
