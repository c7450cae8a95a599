metadata description = 'The account of the Functions host: its leases, the task hub, the code package. Apart from the data, because versioning there would keep every renewal of every lease.'

param location string
param tags object

@minLength(3)
@maxLength(24)
param accountName string

@description('False closes the account to everything but private endpoints.')
param publicNetworkAccess bool

resource account 'Microsoft.Storage/storageAccounts@2024-01-01' = {
  name: accountName
  location: location
  tags: tags
  kind: 'StorageV2'
  // What a lost region takes from here is rebuilt: releases are driven again from the data account.
  sku: { name: 'Standard_LRS' }
  properties: {
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    allowedCopyScope: 'AAD'
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicNetworkAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess ? 'Allow' : 'Deny'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2024-01-01' = {
  parent: account
  name: 'default'
}

resource packages 'Microsoft.Storage/storageAccounts/blobServices/containers@2024-01-01' = {
  parent: blobs
  name: 'packages'
  properties: { publicAccess: 'None' }
}

output name string = account.name
output packagesUri string = '${account.properties.primaryEndpoints.blob}${packages.name}'
