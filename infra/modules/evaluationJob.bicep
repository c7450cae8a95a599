metadata description = 'A job that the host starts for each evaluation, or for each inspection and smoke test. It has no settings of its own: every start brings them, with the grants for its inputs and outputs.'

param location string
param tags object
param jobName string
param environmentId string
param identityId string

@description('The full name of the image, by digest.')
param image string
param registryServer string

@description('Empty runs it on processors.')
param gpuProfileType string

@description('The longest that one evaluation may take, in seconds.')
@minValue(60)
@maxValue(86400)
param timeoutSeconds int

// A GPU profile is taken whole: one replica has the card.
var sizes = {
  '': { cpu: 4, memory: '8Gi' }
  'Consumption-GPU-NC8as-T4': { cpu: 8, memory: '56Gi' }
  'Consumption-GPU-NC24-A100': { cpu: 24, memory: '220Gi' }
}

resource job 'Microsoft.App/jobs@2025-01-01' = {
  name: jobName
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: empty(gpuProfileType) ? 'Consumption' : 'gpu'
    configuration: {
      triggerType: 'Manual'
      manualTriggerConfig: {
        parallelism: 1
        replicaCompletionCount: 1
      }
      replicaTimeout: timeoutSeconds
      // Whether an evaluation is tried again is decided where its result is kept.
      replicaRetryLimit: 0
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
      // The identity pulls the image; the program inside, which opens hostile files, gets no token of it.
      identitySettings: [
        {
          identity: identityId
          lifecycle: 'None'
        }
      ]
    }
    template: {
      volumes: [
        {
          name: 'work'
          storageType: 'EmptyDir'
        }
      ]
      containers: [
        {
          name: 'evaluator'
          image: image
          resources: {
            cpu: sizes[gpuProfileType].cpu
            memory: sizes[gpuProfileType].memory
          }
          volumeMounts: [
            {
              volumeName: 'work'
              mountPath: '/work'
            }
          ]
        }
      ]
    }
  }
}
