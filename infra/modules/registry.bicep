metadata description = 'The registry of the images. Nobody pulls or pushes with a password.'

param location string
param tags object

@minLength(5)
@maxLength(50)
param registryName string

@description('Private endpoints and network rules need Premium.')
@allowed(['Basic', 'Standard', 'Premium'])
param sku string

@description('False closes the registry to everything but private endpoints; Premium only.')
param publicNetworkAccess bool

resource registry 'Microsoft.ContainerRegistry/registries@2023-07-01' = {
  name: registryName
  location: location
  tags: tags
  sku: { name: sku }
  properties: {
    adminUserEnabled: false
    dataEndpointEnabled: false
    publicNetworkAccess: publicNetworkAccess ? 'Enabled' : 'Disabled'
    networkRuleBypassOptions: 'AzureServices'
  }
}

output name string = registry.name
output loginServer string = registry.properties.loginServer
