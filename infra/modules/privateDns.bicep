metadata description = 'A private DNS zone that the virtual network asks first.'

@description('For example privatelink.blob.core.windows.net.')
param zoneName string
param tags object
param networkId string

@description('Every name in the zone leads to wildcardAddress. If not, private endpoints write the records.')
param hasWildcard bool = false
param wildcardAddress string = ''

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' = {
  name: zoneName
  location: 'global'
  tags: tags

  resource link 'virtualNetworkLinks' = {
    name: 'modelflow'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: networkId }
    }
  }

  resource wildcard 'A' = if (hasWildcard) {
    name: '*'
    properties: {
      ttl: 300
      aRecords: [{ ipv4Address: wildcardAddress }]
    }
  }
}
