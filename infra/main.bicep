metadata name = 'ModelFlow on Azure'
metadata description = 'Everything that ModelFlow runs on, in one resource group. infra/README.md tells how to deploy it, and in which order.'

targetScope = 'resourceGroup'

@description('The beginning of every name. Two installations in one subscription differ in it or in their resource group.')
@minLength(3)
@maxLength(10)
param name string = 'modelflow'

@description('The region. It must offer Flex Consumption, Container Apps and, if gpuProfileType is set, its GPUs.')
param location string = resourceGroup().location
param tags object = {}

@description('How often the data is kept and where. The archive tier exists with Standard_LRS, Standard_GRS and Standard_RAGRS only; with the others a retention plan stops at cold.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_RAGRS', 'Standard_GZRS', 'Standard_RAGZRS'])
param redundancy string = 'Standard_GRS'

@description('Days that deleted and overwritten blobs can be brought back.')
@minValue(1)
@maxValue(365)
param softDeleteDays int = 30

@description('Days that nothing in the container audit can be changed or deleted, from when it was written; 7 years by default.')
@minValue(1)
@maxValue(146000)
param auditRetentionDays int = 2557

@description('Storage, vault and registry answer in the virtual network only. Makes the registry a Premium one.')
param privateEndpoints bool = false

@description('At least a /22 that overlaps no network this one is peered with.')
param addressPrefix string = '10.60.0.0/20'

@description('The GPUs that evaluations run on; empty for processors.')
@allowed(['', 'Consumption-GPU-NC8as-T4', 'Consumption-GPU-NC24-A100'])
param gpuProfileType string = 'Consumption-GPU-NC8as-T4'

@description('The longest that one execution of the evaluation job may take, in seconds: the longest time limit in a policy and half an hour.')
@minValue(60)
@maxValue(86400)
param evaluationTimeoutSeconds int = 7200

@description('repository@sha256:… in the registry; empty leaves the job out.')
param evaluatorImage string = ''

@description('Inspections and smoke tests run in a job of their own on processors, so that no GPU is paid for them. Without GPUs there is one job in any case.')
param separateInspection bool = true

@description('repository@sha256:… in the registry, for inspections and smoke tests: one for processors is smaller and starts sooner. Empty for that of the evaluations.')
param inspectionImage string = ''

@description('repository@sha256:… in the registry; empty leaves the model servers out.')
param servingImage string = ''

@description('repository@sha256:… in the registry; empty leaves the gateways out.')
param gatewayImage string = ''

@description('How many model servers. Each version is loaded on every one.')
@minValue(1)
@maxValue(20)
param servers int = 2

@description('vCPU of a model server; its memory in GiB is twice as much.')
@allowed([1, 2, 4])
param serverCpu int = 2

@description('How many gateways.')
@minValue(1)
@maxValue(20)
param gateways int = 1

@description('vCPU of a gateway; its memory in GiB is twice as much.')
@allowed([1, 2, 4])
param gatewayCpu int = 1

@description('Gateways have public addresses. If not, they answer in the virtual network only.')
param publicGateways bool = true

@description('Gateways serve clients without a key.')
param anonymousClients bool = false

@description('The clients of the gateways: sha256 is sha256: and 64 hexadecimal digits, of the key.')
param clientKeys { name: string, sha256: string, mayPin: bool }[] = []

@description('Event Grid tells the function of uploads. Needs its code to be running; see the README.')
param subscribeToUploads bool = false

@description('The name of the function with the blob trigger.')
param uploadFunctionName string = 'UploadArrived'

@description('Where orchestrations live.')
@allowed(['AzureStorage', 'DurableTaskScheduler'])
param durableStorage string = 'AzureStorage'

@description('The name of the task hub. Changing it starts with an empty one; the watchdog starts the orchestrations of running releases in it again.')
@minLength(3)
@maxLength(45)
param taskHub string = 'modelflow'

@description('Memory of an instance of the Function app, in MB.')
@allowed([512, 2048, 4096])
param functionMemoryMB int = 2048

@description('The most instances of the Function app.')
@minValue(40)
@maxValue(1000)
param functionInstances int = 40

@description('Instances of the Function app that never sleep.')
@minValue(0)
param alwaysReadyInstances int = 0

@description('Days that logs can be asked.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('The most logs taken in a day, in GB; -1 for no limit.')
param logDailyCapGb int = 5

@description('Who is told of alerts; empty for nobody.')
param alertEmail string = ''

@description('Between host and gateways, 16 characters or more.')
@secure()
@minLength(16)
param gatewayControlSecret string

@description('Between host and model servers, 16 to 512 characters.')
@secure()
@minLength(16)
@maxLength(512)
param servingControlSecret string

@description('Signs the gateways\' request ids: base64 of 32 bytes or more.')
@secure()
@minLength(44)
param gatewaySigningKey string

@description('Encrypts addresses and keys of subscriptions in the tables: base64 of exactly 32 bytes.')
@secure()
@minLength(44)
@maxLength(44)
param protectionKey string

@description('Signs the anchors of the audit: base64 of a private key on P-256 in PKCS #8.')
@secure()
@minLength(120)
param auditKey string

@description('A token with the role gateway, which the host makes once it runs. Needed with gatewayImage.')
@secure()
param gatewayToken string = ''

var unique = '${name}-${take(uniqueString(resourceGroup().id, name), 6)}'
var compact = toLower(replace('${name}${uniqueString(resourceGroup().id, name)}', '-', ''))
var dataAccountName = 'data${take(compact, 20)}'
var hostAccountName = 'host${take(compact, 20)}'
var registryName = 'images${compact}'
var vaultName = 'kv-${unique}'
var insightsName = 'appi-${unique}'
var schedulerName = 'dts-${unique}'
var functionAppName = 'func-${unique}'
var jobName = 'evaluation'
var inspectionJobName = 'inspection'

func digest(image string) string =>
  empty(image) || contains(image, '@sha256:')
    ? image
    : fail('${image} names no digest: use repository@sha256:… (az acr repository show shows it), so that what runs is what was tested')

var evaluator = digest(evaluatorImage)
var inspection = digest(empty(inspectionImage) ? evaluatorImage : inspectionImage)
var serving = digest(servingImage)
var gateway = digest(gatewayImage)

module identities 'modules/identities.bicep' = {
  name: 'identities'
  params: {
    location: location
    tags: tags
    name: unique
    programs: ['function', 'gateway', 'serving', 'evaluator']
  }
}

module network 'modules/network.bicep' = {
  name: 'network'
  params: {
    location: location
    tags: tags
    name: unique
    addressPrefix: addressPrefix
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    location: location
    tags: tags
    name: unique
    insightsName: insightsName
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module data 'modules/dataStorage.bicep' = {
  name: 'data'
  params: {
    location: location
    tags: tags
    accountName: dataAccountName
    redundancy: redundancy
    softDeleteDays: softDeleteDays
    auditRetentionDays: auditRetentionDays
    publicNetworkAccess: !privateEndpoints
  }
}

module host 'modules/hostStorage.bicep' = {
  name: 'host'
  params: {
    location: location
    tags: tags
    accountName: hostAccountName
    publicNetworkAccess: !privateEndpoints
  }
}

module registry 'modules/registry.bicep' = {
  name: 'registry'
  params: {
    location: location
    tags: tags
    registryName: registryName
    sku: privateEndpoints ? 'Premium' : 'Basic'
    publicNetworkAccess: !privateEndpoints
  }
}

module vault 'modules/keyVault.bicep' = {
  name: 'vault'
  params: {
    location: location
    tags: tags
    vaultName: vaultName
    publicNetworkAccess: !privateEndpoints
    gatewayControlSecret: gatewayControlSecret
    servingControlSecret: servingControlSecret
    gatewaySigningKey: gatewaySigningKey
    protectionKey: protectionKey
    auditKey: auditKey
    gatewayToken: !empty(gatewayImage) && empty(gatewayToken)
      ? fail('gatewayImage needs gatewayToken: make one with the role gateway first')
      : gatewayToken
  }
}

var zones = {
  blob: 'privatelink.blob.${environment().suffixes.storage}'
  queue: 'privatelink.queue.${environment().suffixes.storage}'
  table: 'privatelink.table.${environment().suffixes.storage}'
  vault: 'privatelink.vaultcore${replace(environment().suffixes.keyvaultDns, '.vault', '')}'
  registry: 'privatelink${environment().suffixes.acrLoginServer}'
}

module privateZones 'modules/privateDns.bicep' = [
  for zone in items(zones): if (privateEndpoints) {
    name: 'zone-${zone.key}'
    params: {
      zoneName: zone.value
      tags: tags
      networkId: network.outputs.id
    }
  }
]

var dataAccountId = resourceId('Microsoft.Storage/storageAccounts', dataAccountName)
var hostAccountId = resourceId('Microsoft.Storage/storageAccounts', hostAccountName)
var endpoints = [
  { name: 'data-blob', resourceId: dataAccountId, groupId: 'blob' }
  { name: 'data-table', resourceId: dataAccountId, groupId: 'table' }
  { name: 'data-queue', resourceId: dataAccountId, groupId: 'queue' }
  { name: 'host-blob', resourceId: hostAccountId, groupId: 'blob' }
  { name: 'host-table', resourceId: hostAccountId, groupId: 'table' }
  { name: 'host-queue', resourceId: hostAccountId, groupId: 'queue' }
  { name: 'vault', resourceId: resourceId('Microsoft.KeyVault/vaults', vaultName), groupId: 'vault' }
  {
    name: 'registry'
    resourceId: resourceId('Microsoft.ContainerRegistry/registries', registryName)
    groupId: 'registry'
  }
]

module endpoint 'modules/privateEndpoint.bicep' = [
  for item in endpoints: if (privateEndpoints) {
    name: 'endpoint-${item.name}'
    params: {
      location: location
      tags: tags
      name: 'pe-${unique}-${item.name}'
      resourceId: item.resourceId
      groupId: item.groupId
      zoneName: zones[item.groupId]
      subnetId: network.outputs.endpointsSubnetId
    }
    dependsOn: [privateZones, data, host, vault, registry]
  }
]

// Model servers answer whoever reaches them, so they stand where only the virtual network does.
module inner 'modules/containerEnvironment.bicep' = {
  name: 'inner'
  params: {
    location: location
    tags: tags
    environmentName: 'cae-${unique}-inner'
    subnetId: network.outputs.innerSubnetId
    workspaceId: monitoring.outputs.workspaceId
    internal: true
    gpuProfileType: gpuProfileType
  }
}

module innerZone 'modules/privateDns.bicep' = {
  name: 'zone-inner'
  params: {
    #disable-next-line what-if-short-circuiting // The domain is given when the environment is made.
    zoneName: inner.outputs.defaultDomain
    tags: tags
    networkId: network.outputs.id
    hasWildcard: true
    wildcardAddress: inner.outputs.staticIp
  }
}

module edge 'modules/containerEnvironment.bicep' = if (publicGateways) {
  name: 'edge'
  params: {
    location: location
    tags: tags
    environmentName: 'cae-${unique}-edge'
    subnetId: network.outputs.edgeSubnetId
    workspaceId: monitoring.outputs.workspaceId
    internal: false
  }
}

module scheduler 'modules/scheduler.bicep' = if (durableStorage == 'DurableTaskScheduler') {
  name: 'scheduler'
  params: {
    location: location
    tags: tags
    schedulerName: schedulerName
    taskHub: taskHub
  }
}

module job 'modules/evaluationJob.bicep' = if (!empty(evaluator)) {
  name: 'job'
  params: {
    location: location
    tags: tags
    jobName: jobName
    environmentId: inner.outputs.id
    identityId: identities.outputs.identities[3].id
    image: '${registry.outputs.loginServer}/${evaluator}'
    registryServer: registry.outputs.loginServer
    gpuProfileType: gpuProfileType
    timeoutSeconds: evaluationTimeoutSeconds
  }
  dependsOn: [access, endpoint]
}

var hasInspectionJob = separateInspection && !empty(evaluator) && !empty(gpuProfileType)

module inspectionJob 'modules/evaluationJob.bicep' = if (hasInspectionJob) {
  name: 'inspectionJob'
  params: {
    location: location
    tags: tags
    jobName: inspectionJobName
    environmentId: inner.outputs.id
    identityId: identities.outputs.identities[3].id
    image: '${registry.outputs.loginServer}/${inspection}'
    registryServer: registry.outputs.loginServer
    gpuProfileType: ''
    timeoutSeconds: evaluationTimeoutSeconds
  }
  dependsOn: [access, endpoint]
}

// Programs begin with their rights in place: what runs depends on this.
module access 'modules/access.bicep' = {
  name: 'access'
  params: {
    principals: {
      function: identities.outputs.identities[0].principalId
      gateway: identities.outputs.identities[1].principalId
      serving: identities.outputs.identities[2].principalId
      evaluator: identities.outputs.identities[3].principalId
    }
    dataAccountName: dataAccountName
    hostAccountName: hostAccountName
    registryName: registryName
    insightsName: insightsName
    vaultName: vaultName
    hasGateways: !empty(gateway)
    schedulerName: durableStorage == 'DurableTaskScheduler' ? schedulerName : ''
    taskHubName: taskHub
  }
  dependsOn: [data, host, registry, monitoring, vault, scheduler]
}

module jobAccess 'modules/jobAccess.bicep' = if (!empty(evaluator)) {
  name: 'jobAccess'
  params: {
    name: unique
    jobNames: hasInspectionJob ? [jobName, inspectionJobName] : [jobName]
    functionPrincipalId: identities.outputs.identities[0].principalId
  }
  dependsOn: [job, inspectionJob]
}

var serverNames = [for i in range(1, servers): 'serving-${i}']
var gatewayNames = [for i in range(1, gateways): 'gateway-${i}']
var gatewayDomain = publicGateways ? edge!.outputs.defaultDomain : inner.outputs.defaultDomain

module serverApps 'modules/servingApp.bicep' = [
  for app in serverNames: if (!empty(serving)) {
    name: app
    params: {
      location: location
      tags: tags
      appName: app
      environmentId: inner.outputs.id
      identityId: identities.outputs.identities[2].id
      image: '${registry.outputs.loginServer}/${serving}'
      registryServer: registry.outputs.loginServer
      vaultUri: vault.outputs.uri
      cpu: serverCpu
    }
    dependsOn: [access, endpoint, innerZone]
  }
]

module gatewayApps 'modules/gatewayApp.bicep' = [
  for app in gatewayNames: if (!empty(gateway)) {
    name: app
    params: {
      location: location
      tags: tags
      appName: app
      environmentId: publicGateways ? edge!.outputs.id : inner.outputs.id
      environmentDomain: gatewayDomain
      identityId: identities.outputs.identities[1].id
      image: '${registry.outputs.loginServer}/${gateway}'
      registryServer: registry.outputs.loginServer
      vaultUri: vault.outputs.uri
      controlPlane: function.outputs.hostName
      anonymous: anonymousClients
      clientKeys: clientKeys
      cpu: gatewayCpu
    }
    dependsOn: [access, endpoint, innerZone]
  }
]

// The addresses are known before the apps are there, so the function is told of them at once.
module function 'modules/functionApp.bicep' = {
  name: 'function'
  params: {
    location: location
    tags: tags
    name: unique
    appName: functionAppName
    identity: {
      id: identities.outputs.identities[0].id
      clientId: identities.outputs.identities[0].clientId
    }
    subnetId: network.outputs.functionSubnetId
    hostAccountName: host.outputs.name
    packagesUri: host.outputs.packagesUri
    data: {
      blob: data.outputs.blobEndpoint
      table: data.outputs.tableEndpoint
      queue: data.outputs.queueEndpoint
    }
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    vaultName: vault.outputs.name
    modelServers: map(serverNames, app => 'https://${app}.${inner.outputs.defaultDomain}')
    gateways: empty(gateway) ? [] : map(gatewayNames, app => 'https://${app}.${gatewayDomain}')
    evaluationJobId: empty(evaluator) ? '' : resourceId('Microsoft.App/jobs', jobName)
    inspectionJobId: hasInspectionJob ? resourceId('Microsoft.App/jobs', inspectionJobName) : ''
    taskHub: taskHub
    hasScheduler: durableStorage == 'DurableTaskScheduler'
    schedulerEndpoint: durableStorage == 'DurableTaskScheduler' ? scheduler!.outputs.endpoint : ''
    instanceMemoryMB: functionMemoryMB
    maximumInstanceCount: functionInstances
    alwaysReadyInstances: alwaysReadyInstances
  }
  dependsOn: [access, endpoint, innerZone]
}

module uploadEvents 'modules/uploadEvents.bicep' = {
  name: 'uploadEvents'
  params: {
    location: location
    tags: tags
    name: unique
    dataAccountId: data.outputs.id
    functionAppName: functionAppName
    subscribe: subscribeToUploads
    functionName: uploadFunctionName
  }
  dependsOn: [function]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    location: location
    tags: tags
    name: unique
    workspaceId: monitoring.outputs.workspaceId
    alertEmail: alertEmail
    dataAccountId: data.outputs.id
    uploadTopicId: uploadEvents.outputs.topicId
    gatewayIds: empty(gateway) ? [] : map(gatewayNames, app => resourceId('Microsoft.App/containerApps', app))
    serverIds: empty(serving) ? [] : map(serverNames, app => resourceId('Microsoft.App/containerApps', app))
  }
  dependsOn: [gatewayApps, serverApps]
}

@description('The control plane: the address of the API and for the modelflow command.')
output apiAddress string = 'https://${function.outputs.hostName}'
output functionAppName string = function.outputs.name
output registryName string = registry.outputs.name
output vaultName string = vault.outputs.name
output dataAccountName string = data.outputs.name

@description('Where clients send requests, one address for each gateway.')
output gatewayAddresses string[] = empty(gateway) ? [] : map(gatewayNames, app => 'https://${app}.${gatewayDomain}')
