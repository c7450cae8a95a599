metadata description = 'One user-assigned identity for each program. They exist before the resources that use them, so a first start finds its rights in place.'

param location string
param tags object
param name string

@description('The programs that get an identity.')
param programs string[]

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = [
  for program in programs: {
    name: 'id-${name}-${program}'
    location: location
    tags: tags
  }
]

@description('In the order of the programs.')
output identities { id: string, name: string, principalId: string, clientId: string }[] = [
  for (program, i) in programs: {
    id: identity[i].id
    name: identity[i].name
    principalId: identity[i].properties.principalId
    clientId: identity[i].properties.clientId
  }
]
