using ModelFlow.Api.Access;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Storage;

namespace ModelFlow.LocalHost.Running;

/// <summary>Makes what a new installation lacks; does nothing on an old one.</summary>
internal static class FirstStart
{
    /// <summary>Containers and tables.</summary>
    /// <exception cref="HostStartException">The storage does not let us.</exception>
    public static async Task PrepareStorageAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        try
        {
            await services.GetRequiredService<StorageSetup>().EnsureCreatedAsync(cancellationToken);
            await services.GetRequiredService<HostsTable>().EnsureCreatedAsync(cancellationToken);
        }
        catch (StorageException e)
        {
            throw new HostStartException($"The storage cannot be used: {e.Message}");
        }
    }

    /// <summary>The gateway's token, a first admin token, and the file that lets the command line in.</summary>
    public static async Task<PreparedCredentials> PrepareTokensAsync(
        IServiceProvider services, DataFolder folder, Addresses addresses, HostSecrets secrets, string storage, CancellationToken cancellationToken)
    {
        var tokens = services.GetRequiredService<ITokenStore>();
        var time = services.GetRequiredService<TimeProvider>();
        var gatewayHash = Sha256Digest.Of(secrets.GatewayToken);
        if (await tokens.FindAsync(gatewayHash, cancellationToken) is null)
        {
            // The name has the hash in it: a data folder whose secrets were made anew brings a gateway of its own.
            var record = new TokenRecord { Name = $"gateway-{gatewayHash.Hex[..8]}", SecretHash = gatewayHash, Roles = ["gateway"], CreatedAt = time.GetUtcNow() };
            await services.GetRequiredService<ManageTokens>().AddAsync(record, new Requester("modelflow", record.Name), cancellationToken);
        }

        var before = OwnedFile.Read<Credentials>(folder.CredentialsFile);
        var made = await services.GetRequiredService<FirstAdminToken>().EnsureAsync(cancellationToken);
        var token = made?.Secret.Reveal() ?? before?.Token ?? await MakeAnotherAsync(services, time, cancellationToken);
        var credentials = new Credentials { Api = addresses.Api, Token = token, StorageConnectionString = storage, Gateway = addresses.Gateway, InferenceKey = secrets.InferenceKey };
        if (credentials != before)
        {
            OwnedFile.Write(folder.CredentialsFile, credentials);
        }

        return new PreparedCredentials(credentials, string.Equals(token, before?.Token, StringComparison.Ordinal) ? null : token);
    }

    // The file was deleted. Who can write into the data folder has the storage's key and with it everything: a new token gives nothing away.
    private static async Task<string> MakeAnotherAsync(IServiceProvider services, TimeProvider time, CancellationToken cancellationToken)
    {
        var secret = TokenSecret.Create();
        var record = new TokenRecord { Name = $"admin-{secret.Hash.Hex[..8]}", SecretHash = secret.Hash, Roles = ["admin"], CreatedAt = time.GetUtcNow() };
        await services.GetRequiredService<ManageTokens>().AddAsync(record, new Requester("modelflow", record.Name), cancellationToken);
        return secret.Reveal();
    }
}

/// <summary>What the command line signs in with.</summary>
/// <param name="Credentials">The content of the file.</param>
/// <param name="NewToken">A token that was just made, to be shown once; null if it is an old one.</param>
internal sealed record PreparedCredentials(Credentials Credentials, string? NewToken);
