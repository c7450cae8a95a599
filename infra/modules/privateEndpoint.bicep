metadata description = 'A private endpoint for one service of one resource, with the private DNS zone that makes its usual name lead there.'

param location string
param tags object

@description('Of the endpoint and its network interface.')
param name string

@description('The resource that is reached through it.')
param resourceId string

@description('The part of the resource: blob, queue, table, vault or registry.')
param groupId string

@description('The zone, for example privatelink.blob.core.windows.net.')
param zoneName string
param subnetId string

resource zone 'Microsoft.Network/privateDnsZones@2024-06-01' existing = {
  name: zoneName
}

resource endpoint 'Microsoft.Network/privateEndpoints@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    subnet: { id: subnetId }
    customNetworkInterfaceName: 'nic-${name}'
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: resourceId
          groupIds: [groupId]
        }
      }
    ]
  }

  resource zones 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: groupId
          properties: { privateDnsZoneId: zone.id }
        }
      ]
    }
  }
}
