using System.Text;
using Azure;
using Azure.Storage.Blobs;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Blobs;

/// <summary>Documents in the container <c>audit</c>, create-only; on Azure the container's policy keeps them from being changed or deleted.</summary>
internal sealed class BlobAuditArchive(StorageClients clients) : IAuditArchive
{
    private readonly BlobContainerClient _audit = clients.Container(StorageNames.Audit);

    public async Task<bool> AddAsync(string path, string text, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
        return (await CreateOnlyBlob.WriteAsync(_audit, path, content, cancellationToken)).IsKept;
    }

    public Task<string?> FindAsync(string path, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<string?>($"reading {path} of the audit", async () =>
        {
            try
            {
                return (await _audit.GetBlobClient(path).DownloadContentAsync(cancellationToken)).Value.Content.ToString();
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
        }, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken) =>
        BlobLists.ListAsync(_audit, prefix, cancellationToken).Select(b => b.Name);
}
