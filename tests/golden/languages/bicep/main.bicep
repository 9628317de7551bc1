param location string = 'westeurope'
resource ws 'Microsoft.MachineLearningServices/workspaces@2024-10-01' = {
  name: 'ml'
  location: location
  kind: 'Hub'
  identity: { type: 'SystemAssigned' }
  properties: {
    keyVault: '/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/kv'
    publicNetworkAccess: 'Enabled'
    managedNetwork: {
      isolationMode: 'AllowInternetOutbound'
      outboundRules: { all: { type: 'FQDN', destination: '*' } }
    }
  }
}
resource rule 'Microsoft.MachineLearningServices/workspaces/outboundRules@2024-10-01' = {
  parent: ws
  name: 'any'
  properties: { type: 'FQDN', destination: '*' }
}
resource cpu 'Microsoft.MachineLearningServices/workspaces/computes@2024-10-01' = {
  parent: ws
  name: 'cpu'
  location: location
  properties: { computeType: 'AmlCompute', disableLocalAuth: false, properties: { vmSize: 'Standard_DS3_v2', remoteLoginPortPublicAccess: 'Enabled', scaleSettings: { minNodeCount: 1, maxNodeCount: 4 } } }
}
resource ep 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01' = {
  parent: ws
  name: 'scoring'
  location: location
  identity: { type: 'SystemAssigned' }
  properties: { authMode: 'Key' }
}
resource blue 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments@2024-10-01' = {
  parent: ep
  name: 'blue'
  location: location
  sku: { name: 'Default', capacity: 1 }
  properties: { endpointComputeType: 'Managed', model: 'azureml:credit@latest', environmentId: 'azureml:env:1', instanceType: 'Standard_DS3_v2' }
}
resource store 'Microsoft.MachineLearningServices/workspaces/datastores@2024-10-01' = {
  parent: ws
  name: 'loans'
  properties: { datastoreType: 'AzureBlob', accountName: 'st', containerName: 'c', credentials: { credentialsType: 'AccountKey', secrets: { secretsType: 'AccountKey', key: 'Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFyZm9v' } } }
}
