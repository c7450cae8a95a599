metadata description = 'The virtual network: one subnet for the Function app, one for each Container Apps environment, one for private endpoints.'

param location string
param tags object
param name string

@description('At least a /22: four /24 subnets are cut from it. It must not overlap networks that are to be peered.')
param addressPrefix string

// Flex Consumption and Container Apps take the same delegation and cannot share a subnet.
var delegations = [
  {
    name: 'environments'
    properties: { serviceName: 'Microsoft.App/environments' }
  }
]

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: 'vnet-${name}'
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addressPrefix] }
    subnets: [
      {
        name: 'function'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 0)
          delegations: delegations
        }
      }
      {
        name: 'inner'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 1)
          delegations: delegations
        }
      }
      {
        name: 'edge'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 2)
          delegations: delegations
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: cidrSubnet(addressPrefix, 24, 3)
          privateEndpointNetworkPolicies: 'Disabled'
        }
      }
    ]
  }

  resource function 'subnets' existing = { name: 'function' }
  resource inner 'subnets' existing = { name: 'inner' }
  resource edge 'subnets' existing = { name: 'edge' }
  resource endpoints 'subnets' existing = { name: 'endpoints' }
}

output id string = network.id
output functionSubnetId string = network::function.id
output innerSubnetId string = network::inner.id
output edgeSubnetId string = network::edge.id
output endpointsSubnetId string = network::endpoints.id
