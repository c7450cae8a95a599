metadata description = 'The control plane: API, orchestrations, triggers and timers, on Flex Consumption.'

param location string
param tags object
param name string
param appName string
param identity { id: string, clientId: string }
param subnetId string
param hostAccountName string
param packagesUri string
param data { blob: string, table: string, queue: string }
param insightsConnectionString string
param vaultName string

@description('The base addresses of the model servers; at least one for the host to start.')
param modelServers string[]

@description('The control addresses of the gateways.')
param gateways string[]

@description('The resource id of the evaluation job; empty until there is one.')
param evaluationJobId string

@description('The resource id of the inspection job; empty where the evaluation job does its work, too.')
param inspectionJobId string

@description('The orchestrations\' own place in their storage.')
param taskHub string

@description('Orchestrations live in a Durable Task Scheduler. If not, in the host\'s storage account.')
param hasScheduler bool
param schedulerEndpoint string

@allowed([512, 2048, 4096])
param instanceMemoryMB int

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Instances that are always there for the API; 0 saves their cost, and the first call after a pause waits for a start.')
@minValue(0)
param alwaysReadyInstances int

var settings = union(
  {
    AZURE_CLIENT_ID: identity.clientId
    AzureWebJobsStorage__accountName: hostAccountName
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identity.clientId
    APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identity.clientId}'
    Storage__BlobServiceUri: data.blob
    Storage__TableServiceUri: data.table
    // The container of versions has version-level immutability.
    Storage__LegalHolds: 'true'
    // The blob trigger's connection. A name of its own: the section Storage is the product's and knows no 'credential' as text.
    Uploads__blobServiceUri: data.blob
    Uploads__queueServiceUri: data.queue
    Uploads__credential: 'managedidentity'
    Uploads__clientId: identity.clientId
    Gateways__ControlSecret: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=gateway-control-secret)'
    ModelServers__ControlSecret: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=serving-control-secret)'
    Notifications__ProtectionKeys__0: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=protection-key)'
    Audit__SigningKeys__0: '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=audit-key)'
    TASKHUB_NAME: taskHub
    // At / is the product's page, not the platform's.
    AzureWebJobsDisableHomepage: 'true'
  },
  toObject(range(0, length(gateways)), i => 'Gateways__Addresses__${i}', i => gateways[i]),
  toObject(range(0, length(modelServers)), i => 'ModelServers__Endpoints__${i}', i => modelServers[i]),
  empty(evaluationJobId) ? {} : { ContainerAppsEvaluation__JobResourceId: evaluationJobId },
  empty(inspectionJobId) ? {} : { ContainerAppsEvaluation__InspectionJobResourceId: inspectionJobId },
  !hasScheduler
    ? {}
    : {
        DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${identity.clientId}'
        AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'azureManaged'
        AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'DURABLE_TASK_SCHEDULER_CONNECTION_STRING'
      }
)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: 'plan-${name}'
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: { reserved: true }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: appName
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identity.id}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    // People, programs, gateways and Event Grid call it; every route but health asks who is calling.
    publicNetworkAccess: 'Enabled'
    virtualNetworkSubnetId: subnetId
    keyVaultReferenceIdentity: identity.id
    siteConfig: {
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      ftpsState: 'Disabled'
      http20Enabled: true
    }
    functionAppConfig: {
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyInstances == 0
          ? []
          : [
              {
                name: 'http'
                instanceCount: alwaysReadyInstances
              }
            ]
      }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packagesUri
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identity.id
          }
        }
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: settings
  }

  // No passwords for publishing: az signs in with Entra ID.
  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }
}

output name string = app.name
output hostName string = app.properties.defaultHostName
