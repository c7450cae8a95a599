metadata description = 'One model server. Every version is loaded on every server by its address, so a server is an app of its own with exactly one replica.'

param location string
param tags object
param appName string
param environmentId string
param identityId string

@description('The full name of the image, by digest.')
param image string
param registryServer string
param vaultUri string

@description('vCPU; memory in GiB is twice as much.')
@allowed([1, 2, 4])
param cpu int

var port = 8080

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: appName
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    environmentId: environmentId
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      // "External" is the virtual network: the environment is internal.
      ingress: {
        external: true
        targetPort: port
        transport: 'http'
        allowInsecure: false
      }
      registries: [
        {
          server: registryServer
          identity: identityId
        }
      ]
      secrets: [
        {
          name: 'control-secret'
          keyVaultUrl: '${vaultUri}secrets/serving-control-secret'
          identity: identityId
        }
      ]
    }
    template: {
      terminationGracePeriodSeconds: 60
      scale: {
        minReplicas: 1
        maxReplicas: 1
      }
      volumes: [
        {
          name: 'data'
          storageType: 'EmptyDir'
        }
      ]
      containers: [
        {
          name: 'serving'
          image: image
          resources: {
            cpu: cpu
            memory: '${cpu * 2}Gi'
          }
          env: [
            {
              name: 'Serving__Address'
              value: '0.0.0.0'
            }
            {
              name: 'Serving__Port'
              value: string(port)
            }
            {
              name: 'Serving__DataDirectory'
              value: '/data/serving'
            }
            {
              // A replica of 1 vCPU has 4 GiB of disk, a larger one 8; some of it is the system's.
              name: 'Serving__CacheBytes'
              value: cpu == 1 ? '3221225472' : '6442450944'
            }
            {
              name: 'Serving__ControlSecret'
              secretRef: 'control-secret'
            }
          ]
          volumeMounts: [
            {
              volumeName: 'data'
              mountPath: '/data'
            }
          ]
          probes: [
            {
              type: 'Liveness'
              httpGet: {
                path: '/v2/health/live'
                port: port
              }
              periodSeconds: 10
              failureThreshold: 6
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/v2/health/ready'
                port: port
              }
              periodSeconds: 5
              failureThreshold: 3
            }
          ]
        }
      ]
    }
  }
}
