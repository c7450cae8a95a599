using System.Runtime.CompilerServices;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Refused uploads: <c>quarantine/{time}-{reason code}-{upload}/{path in incoming}</c>, with a <c>refusal.json</c>. The blob that completed
/// the upload is deleted last: until then a run that was interrupted is found and finished, in the same folder.
/// </summary>
internal sealed class Quarantine(StorageClients clients, BlobCopier copier, UploadGrants grants)
{
    private const string RefusalName = "refusal.json";

    private readonly BlobContainerClient _incoming = clients.Container(StorageNames.Incoming);
    private readonly BlobContainerClient _quarantine = clients.Container(StorageNames.Quarantine);

    /// <summary>Moves an upload. Returns its folder.</summary>
    public async Task<string> MoveAsync(UploadReference upload, Refusal refusal, CancellationToken cancellationToken)
    {
        var folder = await FindFolderAsync(upload, cancellationToken) ?? IncomingPath.QuarantineFolder(refusal);
        var files = await IncomingFiles.ListAsync(_incoming, upload, cancellationToken);
        foreach (var file in files)
        {
            var source = _incoming.GetBlobBaseClient(file.Name);
            var target = _quarantine.GetBlockBlobClient($"{folder}/{file.Name}");

            // A source that changed meanwhile is somebody's next try: what is refused is then only what was copied.
            await StorageErrors.TranslateAsync($"moving {file.Name} to quarantine", () => copier.CopyAsync(source, file.ETag, file.Size, target, cancellationToken), cancellationToken);
        }

        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(refusal with { Folder = folder }, CoreJson.Indented), writable: false);
        await CreateOnlyBlob.WriteAsync(_quarantine, $"{folder}/{RefusalName}", content, cancellationToken);
        await IncomingFiles.DeleteAsync(_incoming, upload, files, cancellationToken);
        await grants.ForgetExpiredAsync(upload, cancellationToken);
        return folder;
    }

    /// <summary>Refused uploads, newest first: folders begin with the time.</summary>
    public async IAsyncEnumerable<Refusal> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var folders = await BlobLists.ListFoldersAsync(_quarantine, cancellationToken).ToListAsync(cancellationToken);
        foreach (var folder in folders.OrderDescending(StringComparer.Ordinal))
        {
            if (await ReadAsync(folder, cancellationToken) is { } refusal)
            {
                yield return refusal;
            }
        }
    }

    private async Task<string?> FindFolderAsync(UploadReference upload, CancellationToken cancellationToken)
    {
        var suffix = IncomingPath.QuarantineSuffix(upload);
        return await BlobLists.ListFoldersAsync(_quarantine, cancellationToken).FirstOrDefaultAsync(f => f.EndsWith(suffix, StringComparison.Ordinal), cancellationToken);
    }

    private Task<Refusal?> ReadAsync(string folder, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync($"reading {folder}/{RefusalName}", async () =>
        {
            try
            {
                var content = (await _quarantine.GetBlobClient($"{folder}/{RefusalName}").DownloadContentAsync(cancellationToken)).Value.Content;
                return JsonSerializer.Deserialize<Refusal>(content, CoreJson.Options);
            }
            catch (Exception e) when (e is RequestFailedException { Status: 404 } or JsonException)
            {
                // A move under way, or somebody's own file.
                return null;
            }
        }, cancellationToken);
}
