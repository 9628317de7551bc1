// What watches over the endpoint and grows it: its logs, an alert on its latency, autoscale of the deployment in use, a budget
// of the project, and an alert when the platform itself is ill. workspace.json, supply.bicep and azureml/ make what this
// refers to.
targetScope = 'resourceGroup'

@description('Region of all resources.')
param location string = 'westeurope'

@description('Name of the Azure Machine Learning workspace.')
param workspaceName string = 'mlw-creditrisk-prod'

@description('Name of the online endpoint.')
param endpointName string = 'credit-risk-scoring'

@description('Name of the deployment in use.')
param deploymentName string

@description('Who is told.')
param operationsAddress string

@description('First day of the budget, the first of a month.')
param budgetStart string

@description('What the project may cost in a month, in the currency of the subscription.')
@minValue(1)
param monthlyBudget int = 4000

@description('Tags of all resources.')
param tags object = {
  project: 'credit-risk'
  environment: 'production'
  owner: 'model-risk@example.com'
}

@description('Name of the Log Analytics workspace.')
param logsName string = 'log-creditrisk-prod'

resource endpoint 'Microsoft.MachineLearningServices/workspaces/onlineEndpoints@2024-10-01' existing = {
  name: '${workspaceName}/${endpointName}'
}

resource logs 'Microsoft.OperationalInsights/workspaces@2023-09-01' existing = {
  name: logsName
}

var deploymentId = resourceId(
  'Microsoft.MachineLearningServices/workspaces/onlineEndpoints/deployments',
  workspaceName,
  endpointName,
  deploymentName
)

resource operations 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-creditrisk-operations'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'cr-ops'
    enabled: true
    emailReceivers: [
      {
        name: 'operations'
        emailAddress: operationsAddress
        useCommonAlertSchema: true
      }
    ]
  }
}

resource endpointLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-log-analytics'
  scope: endpoint
  properties: {
    workspaceId: logs.id
    logs: [
      {
        category: 'AmlOnlineEndpointTrafficLog'
        enabled: true
      }
      {
        category: 'AmlOnlineEndpointEventLog'
        enabled: true
      }
    ]
  }
}

resource latency 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-creditrisk-latency'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    severity: 2
    scopes: [
      endpoint.id
    ]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT5M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'latency'
          criterionType: 'StaticThresholdCriterion'
          metricName: 'RequestLatency_P99'
          operator: 'GreaterThan'
          threshold: 500
          timeAggregation: 'Average'
        }
      ]
    }
    actions: [
      {
        actionGroupId: operations.id
      }
    ]
  }
}

resource autoscale 'Microsoft.Insights/autoscaleSettings@2022-10-01' = {
  name: 'autoscale-${deploymentName}'
  location: location
  tags: tags
  properties: {
    enabled: true
    targetResourceUri: deploymentId
    profiles: [
      {
        name: 'load'
        capacity: {
          minimum: '3'
          default: '3'
          maximum: '9'
        }
        rules: [
          {
            metricTrigger: {
              metricName: 'CpuUtilizationPercentage'
              metricResourceUri: deploymentId
              operator: 'GreaterThan'
              statistic: 'Average'
              threshold: 70
              timeAggregation: 'Average'
              timeGrain: 'PT1M'
              timeWindow: 'PT5M'
            }
            scaleAction: {
              direction: 'Increase'
              type: 'ChangeCount'
              value: '2'
              cooldown: 'PT5M'
            }
          }
          {
            metricTrigger: {
              metricName: 'CpuUtilizationPercentage'
              metricResourceUri: deploymentId
              operator: 'LessThan'
              statistic: 'Average'
              threshold: 30
              timeAggregation: 'Average'
              timeGrain: 'PT1M'
              timeWindow: 'PT15M'
            }
            scaleAction: {
              direction: 'Decrease'
              type: 'ChangeCount'
              value: '1'
              cooldown: 'PT15M'
            }
          }
        ]
      }
    ]
  }
}

resource budget 'Microsoft.Consumption/budgets@2023-05-01' = {
  name: 'budget-creditrisk'
  properties: {
    amount: monthlyBudget
    category: 'Cost'
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: budgetStart
    }
    notifications: {
      half: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 50
        contactEmails: [
          operationsAddress
        ]
      }
      most: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        contactEmails: [
          operationsAddress
        ]
      }
      forecast: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: [
          operationsAddress
        ]
      }
    }
  }
}

resource serviceHealth 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: 'alert-creditrisk-service-health'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    scopes: [
      subscription().id
    ]
    condition: {
      allOf: [
        {
          field: 'category'
          equals: 'ServiceHealth'
        }
      ]
    }
    actions: {
      actionGroups: [
        {
          actionGroupId: operations.id
        }
      ]
    }
  }
}
