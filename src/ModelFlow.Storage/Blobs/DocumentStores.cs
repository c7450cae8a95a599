using System.Collections.Concurrent;
using System.Text;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Blobs;

/// <summary>Policies: <c>policies/{digest}.yaml</c>, and a row of the table <c>Models</c> that says which one new releases start under.</summary>
internal sealed class BlobPolicyStore(StorageClients clients) : IPolicyStore
{
    private const string DefaultPartition = "_default";
    private const string Key = "policy";
    private const int MaxRemembered = 256;

    private readonly BlobContainerClient _policies = clients.Container(StorageNames.Policies);
    private readonly ValueRow<CurrentPolicy> _current = new(clients.Table(StorageNames.ModelsTable), Documents.Policy);

    // What a digest names never changes; every decision of a release asks for its policy.
    private readonly ConcurrentDictionary<Sha256Digest, string> _remembered = new();

    public async Task<string?> GetAsync(Sha256Digest digest, CancellationToken cancellationToken)
    {
        if (_remembered.TryGetValue(digest, out var known))
        {
            return known;
        }

        var yaml = await StorageErrors.TranslateAsync($"reading the policy {digest}", () => DownloadAsync(digest, cancellationToken), cancellationToken);
        if (yaml is not null)
        {
            Remember(digest, yaml);
        }

        return yaml;
    }

    public async Task<StoredPolicy?> FindForAsync(ModelName model, CancellationToken cancellationToken) =>
        await ReadAsync(await _current.FindAsync(model.Value, Key, cancellationToken), cancellationToken) ?? await FindDefaultAsync(cancellationToken);

    public async Task<StoredPolicy?> FindDefaultAsync(CancellationToken cancellationToken) =>
        await ReadAsync(await _current.FindAsync(DefaultPartition, Key, cancellationToken), cancellationToken);

    public async Task<Sha256Digest> SetAsync(ModelName? model, string yaml, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(yaml), writable: false);
        var digest = Sha256Digest.Of(yaml);
        if (!(await CreateOnlyBlob.WriteAsync(_policies, PathOf(digest), content, cancellationToken)).IsKept)
        {
            throw new StorageException($"The policy {digest} is kept with other bytes than its digest says.");
        }

        Remember(digest, yaml);
        await _current.PutAsync(model?.Value ?? DefaultPartition, Key, new CurrentPolicy(digest), cancellationToken);
        return digest;
    }

    private async Task<StoredPolicy?> ReadAsync(CurrentPolicy? current, CancellationToken cancellationToken) => current is null ? null
        : await GetAsync(current.Digest, cancellationToken) is { } yaml ? new StoredPolicy(current.Digest, yaml)
        : throw new StorageException($"The policy {current.Digest} is set and is not in the container '{StorageNames.Policies}'.");

    private static string PathOf(Sha256Digest digest) => $"{digest.Hex}.yaml";

    private async Task<string?> DownloadAsync(Sha256Digest digest, CancellationToken cancellationToken)
    {
        try
        {
            var content = (await _policies.GetBlobClient(PathOf(digest)).DownloadContentAsync(cancellationToken)).Value.Content;
            return Sha256Digest.Of(content) == digest
                ? content.ToString()
                : throw new StorageException($"The policy {digest} was changed in the container '{StorageNames.Policies}'.");
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }

    private void Remember(Sha256Digest digest, string yaml)
    {
        if (_remembered.Count >= MaxRemembered)
        {
            _remembered.Clear();
        }

        _remembered[digest] = yaml;
    }
}

/// <summary>Data sets in the container <c>datasets</c>.</summary>
internal sealed class BlobDatasetStore(StorageClients clients, BlobGrants grants) : IDatasetStore
{
    private readonly BlobContainerClient _datasets = clients.Container(StorageNames.Datasets);

    public async Task<Sha256Digest?> AddAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var (digest, isKept) = await CreateOnlyBlob.WriteAsync(_datasets, path, content, cancellationToken);
        return isKept ? digest : null;
    }

    public Task<byte[]?> ReadStartAsync(string path, int most, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<byte[]?>($"reading the data set {path}", async () =>
        {
            try
            {
                var blob = (await _datasets.GetBlobClient(path).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value;
                await using var content = blob.Content;
                var start = new byte[Math.Min(most, blob.Details.ContentLength)];
                await content.ReadExactlyAsync(start, cancellationToken);
                return start;
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
        }, cancellationToken);

    public async Task<Uri?> GrantReadAsync(string path, TimeSpan validFor, CancellationToken cancellationToken)
    {
        var blob = _datasets.GetBlobBaseClient(path);
        var exists = await StorageErrors.TranslateAsync($"looking for the data set {path}", () => blob.ExistsAsync(cancellationToken), cancellationToken);
        return exists.Value ? await grants.ReadAsync(blob, validFor, cancellationToken) : null;
    }
}

/// <summary>Reports in the container <c>reports</c>: <c>{release}/{name}</c>.</summary>
internal sealed class BlobReportStore(StorageClients clients) : IReportStore
{
    private readonly BlobContainerClient _reports = clients.Container(StorageNames.Reports);

    public async Task<bool> AddAsync(ReleaseId release, string name, Stream content, CancellationToken cancellationToken) =>
        (await CreateOnlyBlob.WriteAsync(_reports, $"{release}/{name}", content, cancellationToken)).IsKept;

    public Task<Stream?> OpenAsync(ReleaseId release, string name, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<Stream?>($"reading the report {release}/{name}", async () =>
        {
            try
            {
                return (await _reports.GetBlobClient($"{release}/{name}").DownloadStreamingAsync(cancellationToken: cancellationToken)).Value.Content;
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
        }, cancellationToken);

    public IAsyncEnumerable<string> ListAsync(ReleaseId release, CancellationToken cancellationToken) =>
        BlobLists.ListAsync(_reports, $"{release}/", cancellationToken).Select(b => b.Name[$"{release}/".Length..]);
}
