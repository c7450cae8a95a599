metadata description = 'Who may do what. Every role of every program is given here and in jobAccess.bicep, on the narrowest resource that has it; infra/README.md has the same as a table.'

@description('The principals of the identities. They are known only once those exist; the names of assignments are made from the programs\', so that what-if can tell what changes.')
param principals { function: string, gateway: string, serving: string, evaluator: string }
param dataAccountName string
param hostAccountName string
param registryName string
param insightsName string
param vaultName string

@description('There are gateways, so the vault has their token.')
param hasGateways bool

@description('Empty unless orchestrations live in a Durable Task Scheduler.')
param schedulerName string
param taskHubName string

// https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
var acrPull = '7f951dda-4ed3-4680-a7ca-43fe172d538d'
var durableTaskDataContributor = '0ad04412-c4d5-4796-b79c-f76d14c8d402'
var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var storageBlobDelegator = 'db58b8e5-c6ad-4a2a-8342-4190687cbf4a'
var storageQueueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'

resource dataAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: dataAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource models 'containers' existing = {
      name: 'models'
    }
  }
}

resource hostAccount 'Microsoft.Storage/storageAccounts@2024-01-01' existing = {
  name: hostAccountName
}

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' existing = {
  name: registryName
}

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName

  resource gatewayControl 'secrets' existing = {
    name: 'gateway-control-secret'
  }

  resource servingControl 'secrets' existing = {
    name: 'serving-control-secret'
  }

  resource signingKey 'secrets' existing = {
    name: 'gateway-signing-key'
  }

  resource protection 'secrets' existing = {
    name: 'protection-key'
  }

  resource token 'secrets' existing = {
    name: 'gateway-token'
  }
}

resource functionOnData 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in [
    storageBlobDataContributor
    storageBlobDelegator
    storageTableDataContributor
    storageQueueDataContributor
  ]: {
    name: guid(dataAccount.id, 'function', id)
    scope: dataAccount
    properties: {
      principalId: principals.function
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', id)
    }
  }
]

// Legal holds are not among a contributor's rights.
resource functionOnModels 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(dataAccount::blobs::models.id, 'function', storageBlobDataOwner)
  scope: dataAccount::blobs::models
  properties: {
    principalId: principals.function
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', storageBlobDataOwner)
  }
}

resource functionOnHostAccount 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for id in [
    storageBlobDataOwner
    storageQueueDataContributor
    storageTableDataContributor
  ]: {
    name: guid(hostAccount.id, 'function', id)
    scope: hostAccount
    properties: {
      principalId: principals.function
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', id)
    }
  }
]

resource functionOnInsights 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(insights.id, 'function', monitoringMetricsPublisher)
  scope: insights
  properties: {
    principalId: principals.function
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', monitoringMetricsPublisher)
  }
}

resource functionOnGatewayControl 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::gatewayControl.id, 'function', keyVaultSecretsUser)
  scope: vault::gatewayControl
  properties: {
    principalId: principals.function
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource functionOnServingControl 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::servingControl.id, 'function', keyVaultSecretsUser)
  scope: vault::servingControl
  properties: {
    principalId: principals.function
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource functionOnProtection 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::protection.id, 'function', keyVaultSecretsUser)
  scope: vault::protection
  properties: {
    principalId: principals.function
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

// For the function it is reading: which digest a tag stands for.
resource onRegistry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for program in ['function', 'gateway', 'serving', 'evaluator']: {
    name: guid(registry.id, program, acrPull)
    scope: registry
    properties: {
      principalId: principals[program]
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', acrPull)
    }
  }
]

resource servingOnServingControl 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::servingControl.id, 'serving', keyVaultSecretsUser)
  scope: vault::servingControl
  properties: {
    principalId: principals.serving
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource gatewayOnGatewayControl 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::gatewayControl.id, 'gateway', keyVaultSecretsUser)
  scope: vault::gatewayControl
  properties: {
    principalId: principals.gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource gatewayOnSigningKey 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault::signingKey.id, 'gateway', keyVaultSecretsUser)
  scope: vault::signingKey
  properties: {
    principalId: principals.gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource gatewayOnToken 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (hasGateways) {
  name: guid(vault::token.id, 'gateway', keyVaultSecretsUser)
  scope: vault::token
  properties: {
    principalId: principals.gateway
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', keyVaultSecretsUser)
  }
}

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' existing = if (!empty(schedulerName)) {
  name: schedulerName

  resource hub 'taskHubs' existing = {
    name: taskHubName
  }
}

resource functionOnTaskHub 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(schedulerName)) {
  name: guid(scheduler::hub.id, 'function', durableTaskDataContributor)
  scope: scheduler::hub
  properties: {
    principalId: principals.function
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', durableTaskDataContributor)
  }
}
