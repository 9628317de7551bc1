# What the cases refer to; their own expectations leave these out.
data "azurerm_client_config" "shared" {}

resource "azurerm_resource_group" "shared" {
  name     = "rg-ml"
  location = "Sweden Central"
}

resource "azurerm_virtual_network" "shared" {
  name                = "vnet-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
  address_space       = ["10.20.0.0/16"]
}

resource "azurerm_subnet" "shared" {
  name                 = "snet-private"
  resource_group_name  = azurerm_resource_group.shared.name
  virtual_network_name = azurerm_virtual_network.shared.name
  address_prefixes     = ["10.20.1.0/24"]
}

resource "azurerm_public_ip" "shared" {
  name                = "pip-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
  allocation_method   = "Static"
}

resource "azurerm_network_security_group" "shared" {
  name                = "nsg-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
}

resource "azurerm_user_assigned_identity" "shared" {
  name                = "id-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
}

resource "azurerm_storage_account" "shared" {
  name                     = "stml"
  resource_group_name      = azurerm_resource_group.shared.name
  location                 = azurerm_resource_group.shared.location
  account_tier             = "Standard"
  account_replication_type = "ZRS"
}

resource "azurerm_key_vault" "shared" {
  name                = "kv-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
  tenant_id           = data.azurerm_client_config.shared.tenant_id
  sku_name            = "standard"
}

resource "azurerm_log_analytics_workspace" "shared" {
  name                = "log-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
}

resource "azurerm_application_insights" "shared" {
  name                = "appi-ml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
  application_type    = "web"
}

resource "azurerm_container_registry" "shared" {
  name                = "crml"
  resource_group_name = azurerm_resource_group.shared.name
  location            = azurerm_resource_group.shared.location
  sku                 = "Premium"
}

resource "azurerm_machine_learning_workspace" "shared" {
  name                    = "mlw-credit"
  resource_group_name     = azurerm_resource_group.shared.name
  location                = azurerm_resource_group.shared.location
  application_insights_id = azurerm_application_insights.shared.id
  key_vault_id            = azurerm_key_vault.shared.id
  storage_account_id      = azurerm_storage_account.shared.id
}

resource "azurerm_monitor_action_group" "shared" {
  name                = "ag-ml"
  resource_group_name = azurerm_resource_group.shared.name
  short_name          = "ml"
}
