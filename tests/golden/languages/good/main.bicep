// A workspace, an endpoint and two deployments as the architecture wants them: no rule finds anything here.
param location string = 'westeurope'
param tenantKeyUri string = 'https://kv-ml.vault.azure.net/keys/ml/0123456789abcdef'

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-hub'
  location: location
}
resource endpointIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-scoring'
  location: location
}
resource clusterIdentity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: 'id-cluster'
  location: location
}
resource workspace 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  name: 'ml'
  location: location
  kind: 'Hub'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    primaryUserAssignedIdentity: identity.id
    publicNetworkAccess: 'Disabled'
    systemDatastoresAuthMode: 'identity'
    keyVault: resourceId('Microsoft.KeyVault/vaults', 'kv-ml')
    storageAccount: resourceId('Microsoft.Storage/storageAccounts', 'stml')
    containerRegistry: resourceId('Microsoft.ContainerRegistry/registries', 'crml')
    applicationInsights: resourceId('Microsoft.Insights/components', 'appi-ml')
    encryption: {
      status: 'Enabled'
      keyVaultProperties: { keyVaultArmId: resourceId('Microsoft.KeyVault/vaults', 'kv-ml'), keyIdentifier: tenantKeyUri }
    }
    managedNetwork: {
      isolationMode: 'AllowOnlyApprovedOutbound'
      outboundRules: { feed: { type: 'FQDN', destination: 'packages.example.com', category: 'UserDefined' } }
    }
  }
}
resource privateEndpoint 'Microsoft.Network/privateEndpoints@2024-05-01' = {
  name: 'pe-ml'
  location: location
  properties: {
    subnet: { id: resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'snet-privateEndpoints') }
    privateLinkServiceConnections: [
      { name: 'ml', properties: { privateLinkServiceId: workspace.id, groupIds: [ 'amlworkspace' ] } }
    ]
  }
}
resource cluster 'Microsoft.MachineLearningServices/workspaces/computes@2024-10-01' = {
  parent: workspace
  name: 'cpu'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${clusterIdentity.id}': {} }
  }
  properties: {
    computeType: 'AmlCompute'
    disableLocalAuth: true
    properties: {
      vmSize: 'Standard_DS3_v2'
      enableNodePublicIp: false
      remoteLoginPortPublicAccess: 'Disabled'
      scaleSettings: { minNodeCount: 0, maxNodeCount: 4 }
    }
  }
}
resource loans 'Microsoft.MachineLearningServices/workspaces/datastores@2024-10-01' = {
  parent: workspace
  name: 'loans'
  properties: {
    datastoreType: 'AzureBlob'
    accountName: 'stloans'
    containerName: 'loans'
    credentials: { credentialsType: 'None' }
  }
}
resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01' = {
  parent: workspace
  name: 'scoring'
  location: location
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${endpointIdentity.id}': {} }
  }
  properties: { authMode: 'AADToken', publicNetworkAccess: 'Disabled', traffic: { blue: 90, green: 10 } }
}
resource deployments 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2024-10-01' = [for color in [ 'blue', 'green' ]: {
  parent: endpoint
  name: color
  location: location
  sku: { name: 'Default', capacity: 3 }
  properties: {
    endpointComputeType: 'Managed'
    model: 'azureml:credit:7'
    environmentId: 'azureml:scoring:3'
    instanceType: 'Standard_DS3_v2'
    appInsightsEnabled: true
    livenessProbe: { initialDelay: 'PT1M', period: 'PT10S' }
    readinessProbe: { initialDelay: 'PT1M', period: 'PT10S' }
    requestSettings: { requestTimeout: 'PT10S', maxConcurrentRequestsPerInstance: 4 }
    dataCollector: {
      collections: {
        model_inputs: { dataCollectionMode: 'Enabled' }
        model_outputs: { dataCollectionMode: 'Enabled' }
      }
    }
  }
}]
resource autoscale 'Microsoft.Insights/autoscaleSettings@2022-10-01' = [for (color, index) in [ 'blue', 'green' ]: {
  name: 'autoscale-${color}'
  location: location
  properties: { enabled: true, targetResourceUri: deployments[index].id, profiles: [] }
}]
