using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Makes shared access signatures: with the account's key where the connection string has it, else with a user delegation key,
/// which is asked for about once a day.
/// </summary>
internal sealed class BlobGrants(StorageClients clients, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromDays(2);
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan LongestGrant = TimeSpan.FromDays(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private UserDelegationKey? _key;

    /// <summary>A grant to read one blob.</summary>
    public async Task<Uri> ReadAsync(BlobBaseClient blob, TimeSpan validFor, CancellationToken cancellationToken)
    {
        var signature = New(validFor);
        signature.BlobContainerName = blob.BlobContainerName;
        signature.BlobName = blob.Name;
        signature.Resource = "b";
        signature.SetPermissions(BlobSasPermissions.Read);
        return await SignAsync(signature, blob.CanGenerateSasUri, () => blob.GenerateSasUri(signature), () => blob.Uri, cancellationToken);
    }

    /// <summary>A grant to put, and read back, the blobs of one folder. In an account without hierarchical namespace no signature is narrower than the container.</summary>
    public async Task<Uri> PutAsync(BlobContainerClient container, string folder, bool hierarchical, TimeSpan validFor, CancellationToken cancellationToken)
    {
        var signature = New(validFor);
        signature.BlobContainerName = container.Name;
        signature.Resource = "c";
        if (hierarchical)
        {
            signature.BlobName = folder;
            signature.IsDirectory = true;
            signature.Resource = "d";
        }

        signature.SetPermissions(BlobContainerSasPermissions.Create | BlobContainerSasPermissions.Write | BlobContainerSasPermissions.Read);
        return await SignAsync(signature, container.CanGenerateSasUri, () => container.GenerateSasUri(signature), () => container.Uri, cancellationToken);
    }

    public void Dispose() => _gate.Dispose();

    private BlobSasBuilder New(TimeSpan validFor)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(validFor, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(validFor, LongestGrant);

        // No start time: the clocks of two machines differ by more than nothing.
        var secure = string.Equals(clients.Blobs.Uri.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal);
        return new BlobSasBuilder { ExpiresOn = time.GetUtcNow() + validFor, Protocol = secure ? SasProtocol.Https : SasProtocol.HttpsAndHttp };
    }

    private async Task<Uri> SignAsync(BlobSasBuilder signature, bool hasKey, Func<Uri> withKey, Func<Uri> address, CancellationToken cancellationToken) => hasKey
        ? withKey()
        : new BlobUriBuilder(address()) { Sas = signature.ToSasQueryParameters(await KeyAsync(cancellationToken), clients.Blobs.AccountName) }.ToUri();

    private async Task<UserDelegationKey> KeyAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            var now = time.GetUtcNow();
            if (_key is null || _key.SignedExpiresOn < now + LongestGrant + TimeSpan.FromMinutes(5))
            {
                var answer = await StorageErrors.TranslateAsync(
                    "asking for a user delegation key",
                    () => clients.Blobs.GetUserDelegationKeyAsync(new BlobGetUserDelegationKeyOptions(now + KeyLifetime) { StartsOn = now - ClockSkew }, cancellationToken),
                    cancellationToken);
                _key = answer.Value;
            }

            return _key;
        }
        finally
        {
            _gate.Release();
        }
    }
}
