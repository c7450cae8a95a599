metadata description = 'One gateway. Its name must be unique and the same after a restart, and pushes go to its own address, so a gateway is an app of its own with exactly one replica.'

param location string
param tags object
param appName string
param environmentId string

@description('The domain of the environment, for the address that pushes go to.')
param environmentDomain string
param identityId string

@description('The full name of the image, by digest.')
param image string
param registryServer string
param vaultUri string

@description('The host of the API.')
param controlPlane string

@description('Serves clients without a key.')
param anonymous bool

@description('Clients by the SHA-256 of their keys.')
param clientKeys { name: string, sha256: string, mayPin: bool }[]

@description('vCPU; memory in GiB is twice as much.')
@allowed([1, 2, 4])
param cpu int

var port = 8080

var keys = flatten(map(range(0, length(clientKeys)), i => [
  {
    name: 'Gateway__ClientKeys__${i}__Name'
    value: clientKeys[i].name
  }
  {
    name: 'Gateway__ClientKeys__${i}__Sha256'
    value: clientKeys[i].sha256
  }
  {
    name: 'Gateway__ClientKeys__${i}__MayPin'
    value: string(clientKeys[i].mayPin)
  }
]))

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
      ingress: {
        external: true
        targetPort: port
        transport: 'auto'
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
          keyVaultUrl: '${vaultUri}secrets/gateway-control-secret'
          identity: identityId
        }
        {
          name: 'signing-key'
          keyVaultUrl: '${vaultUri}secrets/gateway-signing-key'
          identity: identityId
        }
        {
          name: 'token'
          keyVaultUrl: '${vaultUri}secrets/gateway-token'
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
          name: 'gateway'
          image: image
          resources: {
            cpu: cpu
            memory: '${cpu * 2}Gi'
          }
          env: concat(
            [
              {
                name: 'Gateway__Name'
                value: appName
              }
              {
                name: 'Gateway__Listen'
                value: 'http://0.0.0.0:${port}'
              }
              {
                name: 'Gateway__ControlAddress'
                value: 'https://${appName}.${environmentDomain}'
              }
              {
                name: 'Gateway__ControlPlane'
                value: 'https://${controlPlane}'
              }
              {
                name: 'Gateway__DataDirectory'
                value: '/data/gateway'
              }
              {
                name: 'Gateway__Anonymous'
                value: string(anonymous)
              }
              {
                name: 'Gateway__ControlSecret'
                secretRef: 'control-secret'
              }
              {
                name: 'Gateway__SigningKey'
                secretRef: 'signing-key'
              }
              {
                name: 'Gateway__ControlPlaneToken'
                secretRef: 'token'
              }
            ],
            keys
          )
          volumeMounts: [
            {
              volumeName: 'data'
              mountPath: '/data'
            }
          ]
          // Not /health/ready: it waits for a first route, and a new installation has none.
          probes: [
            {
              type: 'Liveness'
              httpGet: {
                path: '/health/live'
                port: port
              }
              periodSeconds: 10
              failureThreshold: 6
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/health/live'
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
