metadata description = 'A Container Apps environment in the virtual network.'

param location string
param tags object
param environmentName string
param subnetId string
param workspaceId string

@description('True: no public address; apps are reached from the virtual network only.')
param internal bool

@description('A GPU profile that is paid for while it runs, for example Consumption-GPU-NC8as-T4; empty for none.')
param gpuProfileType string = ''

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: environmentName
  location: location
  tags: tags
  properties: {
    vnetConfiguration: {
      infrastructureSubnetId: subnetId
      internal: internal
    }
    workloadProfiles: concat(
      [
        {
          name: 'Consumption'
          workloadProfileType: 'Consumption'
        }
      ],
      empty(gpuProfileType)
        ? []
        : [
            {
              name: 'gpu'
              workloadProfileType: gpuProfileType
            }
          ]
    )
    // Through a diagnostic setting, so that no key of the workspace is needed.
    appLogsConfiguration: { destination: 'azure-monitor' }
    zoneRedundant: false
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'workspace'
  scope: environment
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'ContainerAppConsoleLogs'
        enabled: true
      }
      {
        category: 'ContainerAppSystemLogs'
        enabled: true
      }
    ]
  }
}

output id string = environment.id
output defaultDomain string = environment.properties.defaultDomain
output staticIp string = environment.properties.staticIp
