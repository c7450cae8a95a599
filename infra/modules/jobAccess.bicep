metadata description = 'The right to start and stop the evaluation job, and no other.'

@description('For the name of the role, which is unique in the tenant.')
param name string
param jobName string
param functionPrincipalId string

resource job 'Microsoft.App/jobs@2025-01-01' existing = {
  name: jobName
}

// Not the built-in Container Apps Jobs Operator: Microsoft.App/jobs/*/action reads the job's secrets, its data actions open shells in it.
resource jobStarter 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(resourceGroup().id, 'evaluation starter')
  properties: {
    roleName: 'ModelFlow evaluation starter (${name})'
    description: 'Starts executions of a Container Apps job, stops one and sees how they go.'
    type: 'CustomRole'
    assignableScopes: [resourceGroup().id]
    permissions: [
      {
        actions: [
          'Microsoft.App/jobs/read'
          'Microsoft.App/jobs/start/action'
          'Microsoft.App/jobs/stop/execution/action'
          'Microsoft.App/jobs/execution/read'
          'Microsoft.App/jobs/executions/read'
        ]
        notActions: []
        dataActions: []
        notDataActions: []
      }
    ]
  }
}

resource functionOnJob 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(job.id, 'function', jobStarter.id)
  scope: job
  properties: {
    principalId: functionPrincipalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: jobStarter.id
  }
}
