// A sample: copy it, change it, keep it. Secrets come from the environment and stand in no file; infra/README.md shows how.
using 'main.bicep'

param name = 'modelflow'
param location = 'swedencentral'
param redundancy = 'Standard_GRS'
param gpuProfileType = 'Consumption-GPU-NC8as-T4'
param alertEmail = readEnvironmentVariable('MODELFLOW_ALERT_EMAIL', '')

// Second step: images that were pushed, each by its digest, for example modelflow/gateway@sha256:…
param evaluatorImage = readEnvironmentVariable('MODELFLOW_EVALUATOR_IMAGE', '')
param inspectionImage = readEnvironmentVariable('MODELFLOW_INSPECTION_IMAGE', '')
param servingImage = readEnvironmentVariable('MODELFLOW_SERVING_IMAGE', '')

// Third step: the host runs, has made a token for the gateways and takes events.
param gatewayImage = readEnvironmentVariable('MODELFLOW_GATEWAY_IMAGE', '')
param gatewayToken = readEnvironmentVariable('MODELFLOW_GATEWAY_TOKEN', '')
param subscribeToUploads = bool(readEnvironmentVariable('MODELFLOW_SUBSCRIBE', 'false'))

// printf %s "$KEY" | sha256sum
param clientKeys = [
  {
    name: 'shop'
    sha256: readEnvironmentVariable('MODELFLOW_CLIENT_SHA256', 'sha256:0000000000000000000000000000000000000000000000000000000000000000')
    mayPin: false
  }
]

param gatewayControlSecret = readEnvironmentVariable('MODELFLOW_GATEWAY_CONTROL_SECRET')
param servingControlSecret = readEnvironmentVariable('MODELFLOW_SERVING_CONTROL_SECRET')
param gatewaySigningKey = readEnvironmentVariable('MODELFLOW_GATEWAY_SIGNING_KEY')
param protectionKey = readEnvironmentVariable('MODELFLOW_PROTECTION_KEY')
param auditKey = readEnvironmentVariable('MODELFLOW_AUDIT_KEY')
