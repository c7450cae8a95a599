metadata description = 'The account that holds everything ModelFlow knows: blobs for files, tables for state.'

param location string
param tags object

@minLength(3)
@maxLength(24)
param accountName string

@description('The archive tier needs Standard_LRS, Standard_GRS or Standard_RAGRS.')
param redundancy string

@description('Days that a deleted blob, a deleted container and an overwritten blob can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int

@description('Days that nothing in the container audit can be changed or deleted, from when it was written.')
@minValue(1)
@maxValue(146000)
param auditRetentionDays int

@description('False closes the account to everything but private endpoints.')
param publicNetworkAccess bool

// The names are those of src/ModelFlow.Storage/StorageNames.cs; a test compares them.
var containerNames = ['incoming', 'quarantine', 'datasets', 'reports', 'archive', 'policies']
var tableNames = [
  'Releases'
  'Models'
  'Versions'
  'Deployments'
  'Routes'
  'Tokens'
  'TrafficWindows'
  'Lists'
  'Audit'
  'Notifications'
]

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: { name: redundancy }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    allowedCopyScope: 'AAD'
    defaultToOAuthAuthentication: true
    // Versioning and version-level immutability exclude a hierarchical namespace.
    isHnsEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicNetworkAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess ? 'Allow' : 'Deny'
    }
    // A grant is signed with a user delegation key, which lives up to 7 days.
    sasPolicy: {
      expirationAction: 'Log'
      sasExpirationPeriod: '7.00:00:00'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
      allowPermanentDelete: false
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: softDeleteDays
    }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = [
  for name in containerNames: {
    parent: blobs
    name: name
    properties: { publicAccess: 'None' }
  }
]

// Immutability by version is switched on for this container, not for the account: uploads, reports and refused files must stay
// deletable. It cannot be switched off again. Without a default policy nothing is held until somebody holds it.
resource models 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'models'
  properties: {
    publicAccess: 'None'
    immutableStorageWithVersioning: { enabled: true }
  }
}

// Anchors of the audit are written once. The policy is left unlocked, so that an installation that was tried out can be taken down again:
// who may change it may shorten it. Locking it cannot be undone; docs/audit.md shows how.
resource audit 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'audit'
  properties: {
    publicAccess: 'None'
    immutableStorageWithVersioning: { enabled: true }
  }

  resource writtenOnce 'immutabilityPolicies' = {
    name: 'default'
    properties: {
      immutabilityPeriodSinceCreationInDays: auditRetentionDays
      allowProtectedAppendWrites: false
    }
  }
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2024-01-01' = [
  for name in tableNames: {
    parent: tables
    name: name
  }
]

// With versioning a deleted blob lives on as a previous version and is paid for. The age counts from when that version was written;
// what the rule deletes can be brought back for softDeleteDays more, and what is held it leaves alone. Tiers are never changed here: the retention run
// knows which version is in service, an age does not.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2024-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'previous-versions'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'] }
            actions: {
              version: { delete: { daysAfterCreationGreaterThan: softDeleteDays } }
            }
          }
        }
        {
          // What a job was told and what it left; the answer is kept with the release's reports.
          name: 'evaluation-jobs'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['reports/_jobs/'] }
            actions: {
              baseBlob: { delete: { daysAfterModificationGreaterThan: 7 } }
            }
          }
        }
      ]
    }
  }
  // A rule names versions, which the service refuses while versioning is off.
  dependsOn: [blobs]
}

output id string = account.id
output name string = account.name
output blobEndpoint string = account.properties.primaryEndpoints.blob
output tableEndpoint string = account.properties.primaryEndpoints.table
output queueEndpoint string = account.properties.primaryEndpoints.queue
