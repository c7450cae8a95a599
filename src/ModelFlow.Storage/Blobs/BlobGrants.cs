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
    public async Task<Uri> ReadAsync(BlobBaseClient blob, TimeSpan validFor, CancellationToken cancellationToken) =>
        (await SignAsync([blob], BlobSasPermissions.Read, validFor, cancellationToken))[0];

    /// <summary>
    /// Grants to put, and read back, these blobs: one address each, good for nothing else. A signature for a container or a folder would
    /// let its holder put files under other names, too. Signing asks the storage nothing, however many there are.
    /// </summary>
    public Task<IReadOnlyList<Uri>> PutAsync(IReadOnlyList<BlobBaseClient> blobs, TimeSpan validFor, CancellationToken cancellationToken) =>
        SignAsync(blobs, BlobSasPermissions.Create | BlobSasPermissions.Write | BlobSasPermissions.Read, validFor, cancellationToken);

    /// <summary>Grants to make these blobs where there are none: one address each, good for one request that puts it whole.</summary>
    public Task<IReadOnlyList<Uri>> CreateAsync(IReadOnlyList<BlobBaseClient> blobs, TimeSpan validFor, CancellationToken cancellationToken) =>
        SignAsync(blobs, BlobSasPermissions.Create, validFor, cancellationToken);

    public void Dispose() => _gate.Dispose();

    private async Task<IReadOnlyList<Uri>> SignAsync(IReadOnlyList<BlobBaseClient> blobs, BlobSasPermissions permissions, TimeSpan validFor, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(validFor, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(validFor, LongestGrant);

        // No start time: the clocks of two machines differ by more than nothing.
        var expires = time.GetUtcNow() + validFor;
        var protocol = string.Equals(clients.Blobs.Uri.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal) ? SasProtocol.Https : SasProtocol.HttpsAndHttp;
        var key = blobs.All(b => b.CanGenerateSasUri) ? null : await KeyAsync(cancellationToken);
        var addresses = new List<Uri>(blobs.Count);
        foreach (var blob in blobs)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var signature = new BlobSasBuilder(permissions, expires) { BlobContainerName = blob.BlobContainerName, BlobName = blob.Name, Resource = "b", Protocol = protocol };
            addresses.Add(key is null
                ? blob.GenerateSasUri(signature)
                : new BlobUriBuilder(blob.Uri) { Sas = signature.ToSasQueryParameters(key, clients.Blobs.AccountName) }.ToUri());
        }

        return addresses;
    }

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
