metadata description = 'What somebody should be told of, and a workbook to look at it. infra/README.md lists the alerts.'

param location string
param tags object
param name string
param workspaceId string

@description('Who is written to; empty makes the alerts without telling anybody.')
param alertEmail string
param dataAccountId string
param uploadTopicId string
param gatewayIds string[]
param serverIds string[]

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-${name}'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'modelflow'
    enabled: true
    emailReceivers: empty(alertEmail)
      ? []
      : [
          {
            name: 'operators'
            emailAddress: alertEmail
            useCommonAlertSchema: true
          }
        ]
  }
}

// The texts are those that the programs log; a test looks for them in the sources.
var logAlerts = [
  {
    name: 'release-failed'
    description: 'A release ended by a fault of the infrastructure, not by a verdict on the version: modelflow show RELEASE says which, modelflow retry RELEASE tries again.'
    severity: 2
    windowSize: 'PT5M'
    threshold: 0
    query: 'AppTraces | where Message startswith "Release " and Message has " ended Failed"'
  }
  {
    name: 'release-overdue'
    description: 'A release should have been looked at and was not: its orchestration is lost, stuck or suspended.'
    severity: 2
    windowSize: 'PT15M'
    threshold: 0
    query: 'AppTraces | where Message startswith "Release " and (Message has " is overdue since " or Message has " could not be driven")'
  }
  {
    name: 'commands-failing'
    description: 'Steps of releases fail again and again; each is tried again by itself.'
    severity: 3
    windowSize: 'PT15M'
    threshold: 5
    query: 'AppTraces | where Message startswith "Command " and Message has " of release " and Message endswith " failed."'
  }
  {
    name: 'gateway-alone'
    description: 'A gateway cannot reach the control plane: candidates lose their traffic when their lease ends, stable goes on.'
    severity: 2
    windowSize: 'PT5M'
    threshold: 0
    query: 'ContainerAppConsoleLogs | where Log has "The control plane gives no routes" or Log has "The control plane takes no reports"'
  }
  {
    name: 'server-lacks-version'
    description: 'A version that should be loaded on a model server cannot be.'
    severity: 2
    windowSize: 'PT15M'
    threshold: 0
    query: 'AppTraces | where Message has " should be loaded and cannot be: "'
  }
  {
    name: 'holds-failing'
    description: 'A legal hold cannot be set or lifted: a version is not protected from deletion, or not yet free for it.'
    severity: 3
    windowSize: 'PT15M'
    threshold: 2
    query: 'AppTraces | where Message startswith "The legal hold of " and Message has " and is tried again: "'
  }
  {
    name: 'api-5xx'
    description: 'The API answers with server errors.'
    severity: 2
    windowSize: 'PT15M'
    threshold: 5
    query: 'AppRequests | where toint(ResultCode) >= 500'
  }
]

resource logAlert 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: 'alert-${name}-${alert.name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'ModelFlow: ${alert.name}'
      description: alert.description
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: alert.windowSize
      autoMitigate: true
      // Tables appear with their first row.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: alert.threshold
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: { actionGroups: [group.id] }
    }
  }
]

resource gatewayErrors 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for (id, i) in gatewayIds: {
    name: 'alert-${name}-gateway-5xx-${i + 1}'
    location: 'global'
    tags: tags
    properties: {
      description: 'Clients of the gateway get server errors. A harmful candidate is taken back by its guardrails; what stays is stable or the platform.'
      severity: 1
      enabled: true
      scopes: [id]
      evaluationFrequency: 'PT1M'
      windowSize: 'PT5M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: 'errors'
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: 'Microsoft.App/containerApps'
            metricName: 'Requests'
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: 10
            dimensions: [
              {
                name: 'statusCodeCategory'
                operator: 'Include'
                values: ['5xx']
              }
            ]
          }
        ]
      }
      actions: [{ actionGroupId: group.id }]
    }
  }
]

resource restarts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for (id, i) in concat(gatewayIds, serverIds): {
    name: 'alert-${name}-restarts-${i + 1}'
    location: 'global'
    tags: tags
    properties: {
      description: 'A gateway or a model server keeps ending and starting. A model server that does has perhaps a version that takes it down.'
      severity: 2
      enabled: true
      scopes: [id]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            name: 'restarts'
            criterionType: 'StaticThresholdCriterion'
            metricNamespace: 'Microsoft.App/containerApps'
            metricName: 'RestartCount'
            timeAggregation: 'Maximum'
            operator: 'GreaterThan'
            threshold: 2
          }
        ]
      }
      actions: [{ actionGroupId: group.id }]
    }
  }
]

resource storageAvailability 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-${name}-storage'
  location: 'global'
  tags: tags
  properties: {
    description: 'The data account answers too few requests. Releases wait; gateways serve on by their last routes.'
    severity: 1
    enabled: true
    scopes: [dataAccountId]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'availability'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.Storage/storageAccounts'
          metricName: 'Availability'
          timeAggregation: 'Average'
          operator: 'LessThan'
          threshold: 99
        }
      ]
    }
    actions: [{ actionGroupId: group.id }]
  }
}

resource lostUploads 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'alert-${name}-upload-events'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up on telling of uploads. The timer finds them, later.'
    severity: 3
    enabled: true
    scopes: [uploadTopicId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          name: 'dropped'
          criterionType: 'StaticThresholdCriterion'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DroppedEventCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [{ actionGroupId: group.id }]
  }
}

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'ModelFlow (${name})'
    category: 'workbook'
    version: '1.0'
    sourceId: workspaceId
    serializedData: replace(loadTextContent('workbook.json'), '{workspace}', workspaceId)
  }
}
