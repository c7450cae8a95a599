metadata description = 'The vault of the secrets that programs share with each other.'

param location string
param tags object

@minLength(3)
@maxLength(24)
param vaultName string

@description('False closes the vault to everything but private endpoints.')
param publicNetworkAccess bool

@description('Pushes of routes: Gateways:ControlSecret of the host, Gateway:ControlSecret of gateways.')
@secure()
@minLength(16)
param gatewayControlSecret string

@description('Loading and unloading: ModelServers:ControlSecret of the host, Serving:ControlSecret of model servers.')
@secure()
@minLength(16)
@maxLength(512)
param servingControlSecret string

@description('Request ids: Gateway:SigningKey. Base64 of 32 bytes or more.')
@secure()
@minLength(44)
param gatewaySigningKey string

@description('Notifications:ProtectionKeys:0, base64 of 32 bytes.')
@secure()
@minLength(44)
@maxLength(44)
param protectionKey string

@description('Audit:SigningKeys:0, a private key on P-256: base64 of PKCS #8.')
@secure()
@minLength(120)
param auditKey string

@description('Reports and polling: Gateway:ControlPlaneToken, a token with the role gateway. Empty until the host runs and has made one.')
@secure()
param gatewayToken string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: vaultName
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
    publicNetworkAccess: publicNetworkAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess ? 'Allow' : 'Deny'
    }
  }

  resource controlSecret 'secrets' = {
    name: 'gateway-control-secret'
    properties: { value: gatewayControlSecret }
  }

  resource serverSecret 'secrets' = {
    name: 'serving-control-secret'
    properties: { value: servingControlSecret }
  }

  resource signingKey 'secrets' = {
    name: 'gateway-signing-key'
    properties: { value: gatewaySigningKey }
  }

  resource protection 'secrets' = {
    name: 'protection-key'
    properties: { value: protectionKey }
  }

  resource audit 'secrets' = {
    name: 'audit-key'
    properties: { value: auditKey }
  }

  resource token 'secrets' = if (!empty(gatewayToken)) {
    name: 'gateway-token'
    properties: { value: gatewayToken }
  }
}

output name string = vault.name
output uri string = vault.properties.vaultUri
