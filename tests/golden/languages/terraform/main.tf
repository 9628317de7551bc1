resource "azurerm_machine_learning_workspace" "ml" {
  name                          = "ml"
  location                      = "westeurope"
  resource_group_name           = "rg"
  kind                          = "Default"
  key_vault_id                  = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv"
  storage_account_id            = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st"
  public_network_access_enabled = true
  identity { type = "SystemAssigned" }
  managed_network { isolation_mode = "AllowInternetOutbound" }
}
resource "azurerm_machine_learning_workspace_network_outbound_rule_fqdn" "any" {
  name             = "any"
  workspace_id     = azurerm_machine_learning_workspace.ml.id
  destination_fqdn = "*"
}
resource "azurerm_machine_learning_compute_cluster" "cpu" {
  name                          = "cpu"
  location                      = "westeurope"
  vm_priority                   = "Dedicated"
  vm_size                       = "Standard_DS3_v2"
  machine_learning_workspace_id = azurerm_machine_learning_workspace.ml.id
  ssh_public_access_enabled     = true
  scale_settings {
    min_node_count                       = 1
    max_node_count                       = 4
    scale_down_nodes_after_idle_duration = "PT2M"
  }
}
resource "azapi_resource" "ep" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01"
  name      = "scoring"
  parent_id = azurerm_machine_learning_workspace.ml.id
  location  = "westeurope"
  identity { type = "SystemAssigned" }
  body = { properties = { authMode = "Key" } }
}
resource "azapi_resource" "blue" {
  type      = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2024-10-01"
  name      = "blue"
  parent_id = azapi_resource.ep.id
  location  = "westeurope"
  body = {
    sku        = { name = "Default", capacity = 1 }
    properties = { endpointComputeType = "Managed", model = "azureml:credit@latest", environmentId = "azureml:env:1", instanceType = "Standard_DS3_v2" }
  }
}
resource "azurerm_machine_learning_datastore_blobstorage" "loans" {
  name                 = "loans"
  workspace_id         = azurerm_machine_learning_workspace.ml.id
  storage_container_id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/st/blobServices/default/containers/c"
  account_key          = "Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9v"
}
