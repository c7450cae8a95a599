using Azure.Core;
using Azure.Identity;
using Microsoft.Extensions.Configuration;

namespace ModelFlow.Functions.Composition;

/// <summary>Makes the credential that every Azure client of the host shares.</summary>
internal static class Credentials
{
    public static TokenCredential Create(AzureHostOptions options, IConfiguration configuration)
    {
        var clientId = options.ClientId ?? configuration["AZURE_CLIENT_ID"];
        return options.Identity == IdentityKind.Managed
            ? new ManagedIdentityCredential(string.IsNullOrEmpty(clientId) ? ManagedIdentityId.SystemAssigned : ManagedIdentityId.FromUserAssignedClientId(clientId))
            : new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = string.IsNullOrEmpty(clientId) ? null : clientId });
    }
}
