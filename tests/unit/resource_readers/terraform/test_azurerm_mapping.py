"""azurerm and azapi as a whole: places, references, and values that nobody expects."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resource_readers.interface import ReadRequest, Resource, Unknown, Value
from resource_readers.project_files import open_inside
from resource_readers.terraform.azurerm import to_arm
from resource_readers.terraform.azurerm_references import parse_id
from resource_readers.terraform.azurerm_tables import raw_tables
from resource_readers.terraform.instances import JsonText, TerraformInstance
from resource_readers.terraform.reader import TerraformReader
from resource_readers.trees.nodes import Position
from verdicts import Location

GROUP = "/subscriptions/{subscription().subscriptionId}/resourceGroups/rg"
Read = Callable[[str], list[Resource]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(text: str) -> list[Resource]:
        (tmp_path / "main.tf").write_text(text)
        request = ReadRequest(root=tmp_path, path=Path("main.tf"))
        result = TerraformReader().read(open_inside(tmp_path, Path("main.tf")), request)
        assert result.not_read == ()
        return list(result.resources)

    return run


class _Nowhere:
    def position(self, path: tuple[str | int, ...]) -> Position:
        return Position(1)


def instance(type_: str, values: dict[str, Value], name: str = "x", mode: Any = "managed") -> TerraformInstance:
    return TerraformInstance(
        mode=mode,
        type=type_,
        name=name,
        key=None,
        module=(),
        address=f"{type_}.{name}" if mode == "managed" else f"data.{type_}.{name}",
        values=values,
        provider=type_.partition("_")[0],
        condition=True,
        repeated=False,
        location=Location("main.tf", 1),
        source=_Nowhere(),
    )


def reference(address: str, *path: str) -> Unknown:
    return Unknown("known only after the deployment", "{" + ".".join((address, *path)) + "}", address, path)


def test_secrets_of_linked_services_are_secure_strings_as_the_provider_sends_them(read: Read) -> None:
    (service,) = read(
        """
resource "azurerm_data_factory_linked_service_data_lake_storage_gen2" "lake" {
  name                  = "lake"
  data_factory_id       = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.DataFactory/factories/f"
  url                   = "https://lake.dfs.core.windows.net"
  service_principal_key = "a key"
}
"""
    )
    assert isinstance(service.properties, dict)
    properties = service.properties["typeProperties"]
    assert isinstance(properties, dict)
    assert properties["servicePrincipalKey"] == {"type": "SecureString", "value": "a key"}
    assert "accountKey" not in properties


def test_a_property_points_at_its_attribute_and_a_default_at_the_block_around_it(read: Read) -> None:
    vault = read(
        """
resource "azurerm_key_vault" "kv" {
  name                          = "kv"
  resource_group_name           = "rg"
  sku_name                      = "premium"
  public_network_access_enabled = true
  network_acls {
    bypass         = "None"
    default_action = "Allow"
    ip_rules       = ["192.0.2.1",
      "192.0.2.2"]
  }
}
"""
    )[0]
    assert vault.place("properties", "publicNetworkAccess") == Position(6, 3)
    assert vault.place("properties", "PUBLICNETWORKACCESS") == Position(6, 3)
    assert vault.place("properties", "networkAcls") == Position(7, 3)
    assert vault.place("properties", "networkAcls", "defaultAction") == Position(9, 5)
    assert vault.place("properties", "networkAcls", "ipRules") == Position(10, 5)
    assert vault.place("properties", "networkAcls", "ipRules", 1, "value") == Position(11, 7)
    assert vault.place("properties", "sku", "name") == Position(5, 3)
    assert vault.place("properties", "enableRbacAuthorization") == Position(2, 1)
    assert vault.place("properties", "networkAcls", "virtualNetworkRules") == Position(7, 3)


def test_an_attribute_called_like_a_part_of_arm_is_not_taken_for_it(read: Read) -> None:
    account = read(
        """
resource "azurerm_cognitive_account" "c" {
  name     = "c"
  sku_name = "S0"
}
"""
    )[0]
    assert account.place("sku", "name") == Position(4, 3)
    assert account.place("sku") == Position(2, 1)
    assert account.place("name") == Position(2, 1)


def test_the_parts_of_an_encoded_body_have_places(read: Read) -> None:
    endpoint = read(
        """
resource "azapi_resource" "e" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-04-01"
  name      = "e"
  parent_id = "/subscriptions/1/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
  body = jsonencode({
    properties = {
      authMode            = "Key"
      publicNetworkAccess = azurerm_key_vault.kv.vault_uri
    }
  })
}
"""
    )[0]
    assert endpoint.properties["authMode"] == "Key"
    assert isinstance(endpoint.properties["publicNetworkAccess"], Unknown)
    assert endpoint.place("properties", "authMode") == Position(8, 7)
    assert endpoint.place("properties", "publicNetworkAccess") == Position(9, 7)


def test_a_child_resource_stands_where_its_block_does(read: Read) -> None:
    found = read(
        """
resource "azurerm_storage_account" "s" {
  name                = "s"
  resource_group_name = "rg"
  blob_properties {
    versioning_enabled = false
  }
}
"""
    )
    service = next(one for one in found if one.type.endswith("/blobServices"))
    assert service.place("properties", "isVersioningEnabled") == Position(6, 5)


def test_what_another_resource_declares_is_joined_and_stands_at_the_owner(read: Read) -> None:
    subnet = read(
        """
resource "azurerm_subnet" "s" {
  name                 = "s"
  resource_group_name  = "rg"
  virtual_network_name = "v"
}
resource "azurerm_subnet_network_security_group_association" "a" {
  subnet_id                 = azurerm_subnet.s.id
  network_security_group_id = azurerm_network_security_group.n.id
}
resource "azurerm_network_security_group" "n" {
  name                = "n"
  resource_group_name = "rg"
}
"""
    )[0]
    group = subnet.properties["networkSecurityGroup"]["id"]
    assert group.text == f"{GROUP}/providers/Microsoft.Network/networkSecurityGroups/n"
    assert subnet.place("properties", "networkSecurityGroup", "id") == Position(2, 1)


def test_ids_of_resources_in_modules_and_loops_are_those_of_the_instance_meant(tmp_path: Path) -> None:
    files = {
        "main.tf": """
module "net" {
  source = "./net"
  for_each = { a = "vnet-a", b = "vnet-b" }
  name = each.value
}
resource "azurerm_management_lock" "l" {
  name       = "l"
  scope      = module.net["b"].id
  lock_level = "ReadOnly"
}
""",
        "net/main.tf": """
variable "name" {}
resource "azurerm_virtual_network" "v" {
  name                = var.name
  resource_group_name = "rg"
}
output "id" { value = azurerm_virtual_network.v.id }
""",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    result = TerraformReader().read(
        open_inside(tmp_path, Path("main.tf")), ReadRequest(root=tmp_path, path=Path("main.tf"))
    )
    lock = next(one for one in result.resources if one.type == "Microsoft.Authorization/locks")
    assert lock.scope == f"{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet-b"


def test_the_same_resource_has_the_same_id_wherever_it_is_named() -> None:
    vault = instance("azurerm_key_vault", {"name": "kv", "resource_group_name": "rg"})
    secret = instance("azurerm_key_vault_secret", {"name": "s", "key_vault_id": reference(vault.address, "id")})
    setting = instance(
        "azurerm_monitor_diagnostic_setting", {"name": "d", "target_resource_id": reference(vault.address, "id")}
    )
    text = Unknown("known only after the deployment", "{azurerm_key_vault.x.id}/secrets/s")
    lock = instance("azurerm_management_lock", {"name": "l", "scope": text})
    found = {one.type: one for one in to_arm([vault, secret, setting, lock])[0]}
    whole = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv"
    assert found["Microsoft.KeyVault/vaults"].id == whole
    assert found["Microsoft.KeyVault/vaults/secrets"].id == f"{whole}/secrets/s"
    assert found["Microsoft.KeyVault/vaults/secrets"].name == "kv/s"
    assert found["Microsoft.Insights/diagnosticSettings"].scope == whole
    assert found["Microsoft.Authorization/locks"].scope == f"{whole}/secrets/s"


def test_resources_that_name_each_other_in_a_circle_end() -> None:
    one = instance("azurerm_key_vault_secret", {"name": "a", "key_vault_id": reference("azurerm_lb_probe.x", "id")})
    other = instance(
        "azurerm_lb_probe", {"name": "b", "loadbalancer_id": reference("azurerm_key_vault_secret.x", "id")}
    )
    assert len(to_arm([one, other])[0]) == 2
    itself = instance(
        "azapi_resource",
        {"type": "Microsoft.A/b/c@1", "name": "x", "parent_id": reference("azapi_resource.x", "id")},
    )
    assert len(to_arm([itself])[0]) == 1


def test_a_long_chain_of_parents_ends() -> None:
    chain = [
        instance(
            "azapi_resource",
            {
                "type": "Microsoft.A/b@1",
                "name": f"n{at}",
                "parent_id": reference(f"azapi_resource.r{at + 1}", "id"),
            },
            f"r{at}",
        )
        for at in range(200)
    ]
    assert len(to_arm(chain)[0]) == 200


def test_what_exists_already_has_no_defaults_and_what_is_no_resource_none() -> None:
    found, _ = to_arm(
        [
            instance("azurerm_storage_account", {"name": "s", "resource_group_name": "rg"}, mode="data"),
            instance("azurerm_client_config", {}, mode="data"),
            instance("azurerm_subscription", {}, mode="data"),
            instance("http", {"url": "https://example.com"}, mode="data"),
        ]
    )
    assert [(one.type, one.existing, one.properties) for one in found] == [
        ("Microsoft.Storage/storageAccounts", True, {})
    ]


def test_a_change_of_a_declared_resource_is_none_of_an_existing_one() -> None:
    account = instance("azurerm_storage_account", {"name": "s", "resource_group_name": "rg"})
    rules = instance(
        "azurerm_storage_account_network_rules",
        {"storage_account_id": reference(account.address, "id"), "default_action": "Deny"},
    )
    (found,) = to_arm([account, rules])[0]
    assert found.properties["networkAcls"] == {"defaultAction": "Deny"}
    assert not found.existing
    (alone,) = to_arm([rules])[0]
    assert alone.existing
    assert alone.fields["terraform"]["patch"] is True


def test_ids_are_taken_apart_in_any_case() -> None:
    parts = parse_id("/SUBSCRIPTIONS/1/resourcegroups/g/Providers/Microsoft.KeyVault/Vaults/kv/secrets/s")
    assert parts is not None
    assert (parts.scope, parts.type, parts.name) == (
        "/SUBSCRIPTIONS/1/resourcegroups/g",
        "Microsoft.KeyVault/Vaults/secrets",
        "kv/s",
    )
    assert parse_id("") is None
    assert parse_id("/subscriptions/1") is None
    assert parse_id("/providers/Microsoft.KeyVault/vaults") is None
    assert parse_id("https://kv.vault.azure.net/") is None


SCALARS: st.SearchStrategy[Value] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=20),
    st.builds(Unknown, st.just("it isn't known"), st.text(max_size=20)),
    st.sampled_from(
        [
            reference("azurerm_key_vault.x", "id"),
            reference("azurerm_key_vault.x", "identity", "0", "principal_id"),
            reference("azurerm_key_vault.nobody", "id"),
            Unknown("it isn't known", "{azurerm_key_vault.x.id}/{"),
            JsonText("it isn't known", "", value={"a": [reference("azurerm_key_vault.x", "id")]}),
        ]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
TYPES = sorted(raw_tables())


@st.composite
def any_instance(draw: st.DrawFn) -> TerraformInstance:
    """A resource with its own attributes, of whatever values."""
    type_ = draw(st.sampled_from([*TYPES, "azapi_resource", "azapi_update_resource", "random_id"]))
    attributes = list(raw_tables().get(type_, {}).get("attributes", {}))
    names = [name.partition("#")[0].split(",")[0].split(" &")[0].removeprefix("=") for name in attributes]
    fixed = ["name", "resource_group_name", "type", "parent_id", "body", "identity", "location", "scope"]
    values = draw(st.dictionaries(st.sampled_from([*names, *fixed]), VALUES, max_size=6))
    return instance(type_, values, mode=draw(st.sampled_from(["managed", "data"])))


@settings(max_examples=300, deadline=None)
@given(st.lists(any_instance(), max_size=4))
def test_any_values_give_resources_the_same_each_time_and_nothing_is_changed(found: list[TerraformInstance]) -> None:
    before = copy.deepcopy([one.values for one in found])
    first, _ = to_arm(found)
    assert [one.values for one in found] == before
    assert first or not any(one.mode == "managed" for one in found)
    second, _ = to_arm(found)
    for left, right in zip(first, second, strict=True):
        assert (left.type, left.id, left.properties, left.fields) == (
            right.type,
            right.id,
            right.properties,
            right.fields,
        )
        left.place("properties", "x", 0, "y")


def test_a_role_that_a_data_source_finds_has_its_id(read: Read) -> None:
    found = read(
        """
data "azurerm_subscription" "here" {}
data "azurerm_subscription" "other" { subscription_id = "12345678-1234-1234-1234-123456789012" }
data "azurerm_role_definition" "r" { name = "Contributor" }
resource "azurerm_role_assignment" "a" {
  scope              = data.azurerm_subscription.other.id
  role_definition_id = "${data.azurerm_subscription.here.id}${data.azurerm_role_definition.r.id}"
  principal_id       = "p"
}
resource "azurerm_role_assignment" "b" {
  scope              = data.azurerm_subscription.here.id
  role_definition_id = data.azurerm_role_definition.r.id
  principal_id       = "p"
}
"""
    )
    contributor = "providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c"
    first, second = (one for one in found if one.type == "Microsoft.Authorization/roleAssignments")
    assert first.scope == "/subscriptions/12345678-1234-1234-1234-123456789012"
    assert (
        second.properties["roleDefinitionId"].text == f"/subscriptions/{{subscription().subscriptionId}}/{contributor}"
    )


def test_texts_and_blocks_that_a_state_leaves_empty_are_not_set() -> None:
    values = {
        "name": "s",
        "resource_group_name": "rg",
        "id": "/subscriptions/1",
        "min_tls_version": "",
        "network_rules": [],
        "allowed_copy_scope": "",
    }
    (account,) = to_arm([instance("azurerm_storage_account", values)])[0]
    assert account.properties["minimumTlsVersion"] == "TLS1_2"
    assert "networkAcls" not in account.properties
    assert "allowedCopyScope" not in account.properties
    assert "unmapped" not in account.fields["terraform"]
