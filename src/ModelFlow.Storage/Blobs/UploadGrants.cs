using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Grants to upload, and who asked for them: a row of the table <c>Versions</c>. When two people were granted one place nobody can say
/// which of them put the bytes there: the uploader is unknown.
/// </summary>
internal sealed class UploadGrants(StorageClients clients, BlobGrants grants, TimeProvider time)
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(15);

    private readonly BlobContainerClient _incoming = clients.Container(StorageNames.Incoming);
    private readonly ValueRow<GrantedUploads> _rows = new(clients.Table(StorageNames.VersionsTable), Documents.Grants);

    /// <summary>Remembers the uploader, then signs.</summary>
    public async Task<UploadAddresses> GrantAsync(
        ModelName model, VersionName version, IReadOnlyList<string> files, string uploader, TimeSpan validFor, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + validFor;
        await _rows.UpdateAsync(model.Value, KeyOf(version), stored => Add(stored, new GrantedUpload(uploader, until)), cancellationToken);
        var blobs = files.Append(IncomingPath.ManifestName).Select(file => _incoming.GetBlobBaseClient($"{model}/{version}/{file}")).ToList();
        var addresses = await grants.PutAsync(blobs, validFor, cancellationToken);
        return new UploadAddresses([.. addresses.SkipLast(1)], addresses[^1]);
    }

    /// <summary>The one person who was granted the place.</summary>
    public async Task<string?> FindAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        var stored = await _rows.FindAsync(model.Value, KeyOf(version), cancellationToken);
        return stored?.Grants.Select(g => g.Uploader).Distinct(StringComparer.Ordinal).ToList() is [var only] ? only : null;
    }

    /// <summary>After an upload is gone from its place, grants that no longer work say nothing about what is put there next.</summary>
    public async Task ForgetExpiredAsync(UploadReference upload, CancellationToken cancellationToken)
    {
        if (!IncomingPath.TryParse(upload.ManifestPath, out var path) || !ModelName.TryParse(path.Model, out var model, out _) || !VersionName.TryParse(path.Version, out var version, out _))
        {
            return;
        }

        var now = time.GetUtcNow();
        await _rows.UpdateAsync(
            model.Value,
            KeyOf(version),
            stored => stored?.Grants.Any(g => g.Until + ClockSkew < now) == true ? new GrantedUploads([.. stored.Grants.Where(g => g.Until + ClockSkew >= now)]) : null,
            cancellationToken);
    }

    private static string KeyOf(VersionName version) => "grants:" + version.Key;

    private static GrantedUploads Add(GrantedUploads? stored, GrantedUpload grant)
    {
        // One entry a person, with the latest end: the row does not grow with every call.
        var earlier = stored?.Grants ?? [];
        var until = earlier.Where(g => string.Equals(g.Uploader, grant.Uploader, StringComparison.Ordinal)).Select(g => g.Until).Append(grant.Until).Max();
        return new GrantedUploads([.. earlier.Where(g => !string.Equals(g.Uploader, grant.Uploader, StringComparison.Ordinal)), grant with { Until = until }]);
    }
}
