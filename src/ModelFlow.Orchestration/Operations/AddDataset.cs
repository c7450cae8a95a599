using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Adds a data set under a path that keeps its bytes for good.</summary>
public sealed class AddDataset(IDatasetStore datasets, IAuditLog audit, TimeProvider time)
{
    /// <summary>Streams the content into the store and returns its digest; null if other bytes lie under the path.</summary>
    public async Task<Sha256Digest?> AddAsync(string path, Stream content, Requester requester, CancellationToken cancellationToken)
    {
        if (await datasets.AddAsync(path, content, cancellationToken) is not { } digest)
        {
            return null;
        }

        // After the fact, because the digest is the point of the entry: a data set nobody's policy names has no effect yet.
        // Its id is of the bytes, so that sending them again makes no second entry.
        var id = $"datasetAdded-{Sha256Digest.Of($"{path}\n{digest}").Hex[..40]}";
        await audit.AppendAsync(
            AuditScope.System,
            new AuditEntry(id, time.GetUtcNow(), requester.By, "datasetAdded", path, $"added the data set {path} with {digest}"),
            cancellationToken);
        return digest;
    }
}
