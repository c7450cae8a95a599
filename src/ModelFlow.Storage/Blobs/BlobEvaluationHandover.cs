using System.Text;
using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Jobs in the container <c>reports</c>, beside the releases' folders: <c>_jobs/{job}/claim.json</c>, which all starts share, and
/// <c>_jobs/{job}/{start}/…</c> with the description and the outputs of one start. Every grant is for one blob.
/// </summary>
internal sealed class BlobEvaluationHandover(StorageClients clients, BlobGrants grants, TimeProvider time) : IEvaluationHandover
{
    // No release has such a name: a report is never looked for in here.
    private const string Folder = "_jobs/";
    private const string Claim = "claim.json";
    private const string Description = "job.json";
    private const string Outcome = "outcome.json";
    private const string Started = "started.txt";

    private static readonly Dictionary<string, string> PutBlob = new(StringComparer.Ordinal) { ["x-ms-blob-type"] = "BlockBlob" };

    private readonly BlobContainerClient _jobs = clients.Container(StorageNames.Reports);
    private readonly BlobContainerClient _models = clients.Container(StorageNames.Models);
    private readonly BlobContainerClient _datasets = clients.Container(StorageNames.Datasets);

    public Task<HandoverState> LookAsync(string jobId, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync($"looking for the job {jobId}", () => ReadStateAsync(jobId, cancellationToken), cancellationToken);

    public async Task<PrepareStart> PrepareAsync(HandoverOrder order, CancellationToken cancellationToken)
    {
        var job = order.Job;
        var inputs = Files(RemoteInputKind.Model, job.Version).Concat(job.Baseline is null ? [] : Files(RemoteInputKind.Baseline, job.Baseline)).ToList();
        if (job.Dataset is { } dataset)
        {
            var blob = _datasets.GetBlobBaseClient(dataset.Path);
            if (await SizeAsync(blob, cancellationToken) is not { } size)
            {
                return new PrepareStart.Missing($"there is no data set '{dataset.Path}'; upload it before the policy names it");
            }

            inputs.Add((new RemoteInput(RemoteInputKind.Dataset, dataset.Path[(dataset.Path.LastIndexOf('/') + 1)..], size, dataset.Sha256, blob.Uri), blob));
        }

        var bytes = inputs.Sum(i => i.Input.Size);
        if (bytes > order.MostInputBytes)
        {
            return new PrepareStart.TooLarge(bytes);
        }

        var description = await DescribeAsync(order, inputs, cancellationToken);
        using var content = new MemoryStream(JsonSerializer.SerializeToUtf8Bytes(description, CoreJson.Options), writable: false);
        await CreateOnlyBlob.WriteAsync(_jobs, $"{Folder}{job.Id}/{order.Start}/{Description}", content, cancellationToken);

        // Whoever described this start first, that description counts.
        return await FindAsync(job.Id, order.Start, cancellationToken) is { } prepared
            ? new PrepareStart.Prepared(prepared)
            : throw new StorageException($"The description of {job.Id} is gone from the container '{StorageNames.Reports}'.") { IsTransient = true };
    }

    public async Task NoteStartedAsync(string jobId, int start, string container, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream(Encoding.UTF8.GetBytes(container), writable: false);
        await CreateOnlyBlob.WriteAsync(_jobs, $"{Folder}{jobId}/{start}/{Started}", content, cancellationToken);
    }

    public Task<PreparedStart?> FindAsync(string jobId, int start, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<PreparedStart?>($"reading the job {jobId}", async () =>
        {
            var blob = _jobs.GetBlobClient($"{Folder}{jobId}/{start}/{Description}");
            try
            {
                var read = (await blob.DownloadContentAsync(cancellationToken)).Value;
                if (!RemoteJob.TryRead(read.Content, out var job, out var error))
                {
                    throw new StorageException($"The description of {jobId} in the container '{StorageNames.Reports}' cannot be used: {error}");
                }

                var left = job.GrantsEndAt - time.GetUtcNow();
                var address = await grants.ReadAsync(blob, left < TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : left, cancellationToken);
                return new PreparedStart(jobId, start, job.Image, address, job.Inputs.Sum(i => i.Size), read.Details.LastModified);
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
        }, cancellationToken);

    public async Task<byte[]?> ReadOutcomeAsync(string jobId, int start, CancellationToken cancellationToken)
    {
        await using var stream = await OpenAsync($"{Folder}{jobId}/{start}/{Outcome}", cancellationToken);
        if (stream is null)
        {
            return null;
        }

        var buffer = new byte[RemoteOutcome.Largest];
        var length = await StorageErrors.TranslateAsync(
            $"reading the outcome of {jobId}", () => stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken).AsTask(), cancellationToken);
        return buffer[..length];
    }

    public Task<Stream?> OpenAsync(string jobId, int start, RemoteFile file, CancellationToken cancellationToken) => OpenAsync($"{Folder}{jobId}/{start}/{NameOf(file)}", cancellationToken);

    public async Task StopAsync(string jobId, CancellationToken cancellationToken)
    {
        var content = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(RemoteClaim.Stopped, CoreJson.Options));
        await StorageErrors.TranslateAsync(
            $"stopping the job {jobId}", () => _jobs.GetBlobClient($"{Folder}{jobId}/{Claim}").UploadAsync(content, overwrite: true, cancellationToken), cancellationToken);
    }

    private async Task<RemoteJob> DescribeAsync(HandoverOrder order, List<(RemoteInput Input, BlobBaseClient Blob)> inputs, CancellationToken cancellationToken)
    {
        var folder = $"{Folder}{order.Job.Id}/{order.Start}/";
        var read = new List<RemoteInput>(inputs.Count);
        foreach (var (input, blob) in inputs)
        {
            read.Add(input with { From = await grants.ReadAsync(blob, order.ValidFor, cancellationToken) });
        }

        var outputs = await grants.CreateAsync(
            [.. new[] { Outcome, NameOf(RemoteFile.Report), NameOf(RemoteFile.Predictions), NameOf(RemoteFile.Log) }.Select(n => _jobs.GetBlobBaseClient(folder + n))],
            order.ValidFor,
            cancellationToken);
        var claim = (await grants.PutAsync([_jobs.GetBlobBaseClient($"{Folder}{order.Job.Id}/{Claim}")], order.ValidFor, cancellationToken))[0];
        return new RemoteJob
        {
            Id = order.Job.Id,
            Start = order.Start,
            Image = order.Image,
            Variables = order.Variables,
            Inputs = read,
            Claim = new RemoteGrant(claim, PutBlob),
            Outputs = new RemoteOutputs(new(outputs[0], PutBlob), new(outputs[1], PutBlob), new(outputs[2], PutBlob), new(outputs[3], PutBlob)),
            TimeLimitSeconds = (int)Math.Clamp(Math.Ceiling(order.Job.TimeLimit.TotalSeconds), 1, int.MaxValue),
            MemoryMiB = order.MemoryMiB,
            OutputMiB = order.OutputMiB,
            GrantsEndAt = time.GetUtcNow() + order.ValidFor,
        };
    }

    private async Task<HandoverState> ReadStateAsync(string jobId, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        var prefix = $"{Folder}{jobId}/";
        var now = time.GetUtcNow();
        await foreach (var page in _jobs.GetBlobsAsync(new GetBlobsOptions { Prefix = prefix }, cancellationToken).AsPages())
        {
            // Ages are told by the storage's own clock.
            now = page.GetRawResponse().Headers.Date ?? now;
            foreach (var blob in page.Values)
            {
                found[blob.Name[prefix.Length..]] = blob.Properties.LastModified ?? now;
            }
        }

        var starts = found.Keys.Where(n => n.EndsWith($"/{Description}", StringComparison.Ordinal)).Select(n => int.Parse(n.Split('/')[0])).DefaultIfEmpty(0).Max();
        if (found.Count == 0)
        {
            return HandoverState.Unknown;
        }

        var claim = found.ContainsKey(Claim) ? await ReadClaimAsync(jobId, cancellationToken) : null;
        return new HandoverState(
            starts,
            starts == 0 ? TimeSpan.Zero : now - found[$"{starts}/{Description}"],
            found.ContainsKey($"{starts}/{Started}"),
            claim,
            claim is null ? TimeSpan.Zero : now - found[Claim],
            claim is not null && found.ContainsKey($"{claim.Start}/{Outcome}"));
    }

    private async Task<RemoteClaim?> ReadClaimAsync(string jobId, CancellationToken cancellationToken)
    {
        try
        {
            var read = await _jobs.GetBlobClient($"{Folder}{jobId}/{Claim}").DownloadContentAsync(cancellationToken);
            return JsonSerializer.Deserialize<RemoteClaim>(read.Value.Content, CoreJson.Options);
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
        catch (JsonException e)
        {
            throw new StorageException($"The claim of {jobId} in the container '{StorageNames.Reports}' cannot be read.", e);
        }
    }

    private Task<Stream?> OpenAsync(string path, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<Stream?>($"reading {path}", async () =>
        {
            try
            {
                return (await _jobs.GetBlobClient(path).DownloadStreamingAsync(cancellationToken: cancellationToken)).Value.Content;
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
        }, cancellationToken);

    private static Task<long?> SizeAsync(BlobBaseClient blob, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<long?>($"looking for {blob.Name}", async () =>
        {
            try
            {
                return (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value.ContentLength;
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
        }, cancellationToken);

    private IEnumerable<(RemoteInput Input, BlobBaseClient Blob)> Files(RemoteInputKind kind, VersionRecord version) => version.Manifest.Files.Select(f =>
    {
        var blob = _models.GetBlobBaseClient(ModelPaths.File(version.Model, version.Version, f.Path));
        return (new RemoteInput(kind, f.Path, f.Size, f.Sha256, blob.Uri), (BlobBaseClient)blob);
    });

    private static string NameOf(RemoteFile file) => file switch
    {
        RemoteFile.Report => EvaluatorContract.ReportFile,
        RemoteFile.Predictions => EvaluatorContract.PredictionsFile,
        _ => "log.txt",
    };
}
