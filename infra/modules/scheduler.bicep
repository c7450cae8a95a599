metadata description = 'A Durable Task Scheduler, for orchestrations that do not live in the host\'s storage account.'

param location string
param tags object
param schedulerName string
param taskHub string

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: schedulerName
  location: location
  tags: tags
  properties: {
    sku: { name: 'Consumption' }
    // Callers need a token of Entra ID and a role; the Function app has no fixed address to allow.
    ipAllowlist: ['0.0.0.0/0']
  }

  resource hub 'taskHubs' = {
    name: taskHub
  }
}

output endpoint string = scheduler.properties.endpoint
