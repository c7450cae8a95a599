using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Storage;

namespace ModelFlow.Functions.Composition;

/// <summary>Makes what the first start needs: containers, tables, and the token that lets the first person in.</summary>
internal sealed class FirstStart(StorageSetup storage, FirstAdminToken firstToken, IOptions<AzureHostOptions> options, ILogger<FirstStart> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.CreateStorage)
        {
            await storage.EnsureCreatedAsync(cancellationToken);
        }

        if (!TokenSecret.TryParse(options.Value.FirstAdminToken, out var secret))
        {
            if (!string.IsNullOrEmpty(options.Value.FirstAdminToken))
            {
                throw new OptionsValidationException(AzureHostOptions.Section, typeof(AzureHostOptions), ["AzureHost:FirstAdminToken is no token: mf_ and 43 letters, digits, '-' or '_' are needed."]);
            }

            return;
        }

        if (await firstToken.EnsureAsync(secret, cancellationToken) is { } made)
        {
            logger.FirstAdminTokenMade(made.Name);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
