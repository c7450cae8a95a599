metadata description = 'The right to start and stop the evaluation jobs, and no others.'

@description('For the name of the role, which is unique in the tenant.')
param name string
param jobNames string[]
param functionPrincipalId string

resource jobs 'Microsoft.App/jobs@2025-01-01' existing = [
  for jobName in jobNames: {
    name: jobName
  }
]

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

resource functionOnJob 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (jobName, i) in jobNames: {
    name: guid(jobs[i].id, 'function', jobStarter.id)
    scope: jobs[i]
    properties: {
      principalId: functionPrincipalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: jobStarter.id
    }
  }
]
