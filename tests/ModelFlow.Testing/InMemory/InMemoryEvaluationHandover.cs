using System.Collections.Concurrent;
using System.Text.Json;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Testing.InMemory;

/// <summary>Handed-over jobs in memory; <see cref="Put"/> is what an agent does with a grant.</summary>
public sealed class InMemoryEvaluationHandover(InMemoryBlobs blobs, TimeProvider time) : IEvaluationHandover
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _written = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<HandoverState> LookAsync(string jobId, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var starts = blobs.List($"jobs/{jobId}/").Where(p => p.EndsWith("/job.json", StringComparison.Ordinal)).Select(p => int.Parse(p.Split('/')[2])).DefaultIfEmpty(0).Max();
        var claim = blobs.Find(ClaimOf(jobId)) is { } blob ? JsonSerializer.Deserialize<RemoteClaim>(blob.Content, CoreJson.Options) : null;
        return Task.FromResult(new HandoverState(
            starts,
            starts == 0 ? TimeSpan.Zero : now - _written[$"jobs/{jobId}/{starts}/job.json"],
            blobs.Find($"jobs/{jobId}/{starts}/started.txt") is not null,
            claim,
            claim is null ? TimeSpan.Zero : now - _written[ClaimOf(jobId)],
            claim is not null && blobs.Find($"jobs/{jobId}/{claim.Start}/outcome.json") is not null));
    }

    /// <inheritdoc/>
    public async Task<PrepareStart> PrepareAsync(HandoverOrder order, CancellationToken cancellationToken)
    {
        var job = order.Job;
        var inputs = Files(RemoteInputKind.Model, job.Version).Concat(job.Baseline is null ? [] : Files(RemoteInputKind.Baseline, job.Baseline)).ToList();
        if (job.Dataset is { } dataset)
        {
            if (blobs.Find($"datasets/{dataset.Path}") is not { } rows)
            {
                return new PrepareStart.Missing($"there is no data set '{dataset.Path}'");
            }

            inputs.Add(new RemoteInput(RemoteInputKind.Dataset, Path.GetFileName(dataset.Path), rows.Content.Length, dataset.Sha256, InMemoryBlobs.Address($"datasets/{dataset.Path}")));
        }

        if (inputs.Sum(i => i.Size) > order.MostInputBytes)
        {
            return new PrepareStart.TooLarge(inputs.Sum(i => i.Size));
        }

        var folder = $"jobs/{job.Id}/{order.Start}/";
        var description = new RemoteJob
        {
            Id = job.Id,
            Start = order.Start,
            Image = order.Image,
            Variables = order.Variables,
            Inputs = inputs,
            Claim = Grant(ClaimOf(job.Id)),
            Outputs = new RemoteOutputs(Grant(folder + "outcome.json"), Grant(folder + EvaluatorContract.ReportFile), Grant(folder + EvaluatorContract.PredictionsFile), Grant(folder + "log.txt")),
            TimeLimitSeconds = (int)job.TimeLimit.TotalSeconds,
            MemoryMiB = order.MemoryMiB,
            OutputMiB = order.OutputMiB,
            GrantsEndAt = time.GetUtcNow() + order.ValidFor,
        };
        Put(Grant(folder + "job.json"), JsonSerializer.SerializeToUtf8Bytes(description, CoreJson.Options));
        return new PrepareStart.Prepared((await FindAsync(job.Id, order.Start, cancellationToken))!);
    }

    /// <inheritdoc/>
    public Task NoteStartedAsync(string jobId, int start, string container, CancellationToken cancellationToken)
    {
        blobs.TryCreate($"jobs/{jobId}/{start}/started.txt", System.Text.Encoding.UTF8.GetBytes(container));
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<PreparedStart?> FindAsync(string jobId, int start, CancellationToken cancellationToken)
    {
        var path = $"jobs/{jobId}/{start}/job.json";
        if (blobs.Find(path) is not { } blob || !RemoteJob.TryRead(blob.Content, out var job, out _))
        {
            return Task.FromResult<PreparedStart?>(null);
        }

        return Task.FromResult<PreparedStart?>(new PreparedStart(jobId, start, job.Image, InMemoryBlobs.Address(path), job.Inputs.Sum(i => i.Size), _written[path]));
    }

    /// <inheritdoc/>
    public Task<byte[]?> ReadOutcomeAsync(string jobId, int start, CancellationToken cancellationToken) =>
        Task.FromResult(blobs.Find($"jobs/{jobId}/{start}/outcome.json")?.Content);

    /// <inheritdoc/>
    public Task<Stream?> OpenAsync(string jobId, int start, RemoteFile file, CancellationToken cancellationToken)
    {
        var name = file switch { RemoteFile.Report => EvaluatorContract.ReportFile, RemoteFile.Predictions => EvaluatorContract.PredictionsFile, _ => "log.txt" };
        return Task.FromResult<Stream?>(blobs.Find($"jobs/{jobId}/{start}/{name}") is { } blob ? new MemoryStream(blob.Content, writable: false) : null);
    }

    /// <inheritdoc/>
    public Task StopAsync(string jobId, CancellationToken cancellationToken)
    {
        Write(ClaimOf(jobId), JsonSerializer.SerializeToUtf8Bytes(RemoteClaim.Stopped, CoreJson.Options));
        return Task.CompletedTask;
    }

    /// <summary>Puts a file where there is none; with <paramref name="replacing"/>, in the place of what has this content.</summary>
    public bool Put(RemoteGrant grant, byte[] content, byte[]? replacing = null)
    {
        ArgumentNullException.ThrowIfNull(grant);
        var path = grant.Address.AbsolutePath.TrimStart('/');
        if (replacing is not null)
        {
            if (blobs.Find(path)?.Content.AsSpan().SequenceEqual(replacing) != true)
            {
                return false;
            }

            Write(path, content);
            return true;
        }

        if (!blobs.TryCreate(path, content))
        {
            return false;
        }

        _written[path] = time.GetUtcNow();
        return true;
    }

    /// <summary>The description of a start, as its agent reads it.</summary>
    public RemoteJob Describe(string jobId, int start) =>
        RemoteJob.TryRead(blobs.Find($"jobs/{jobId}/{start}/job.json")!.Content, out var job, out var error) ? job : throw new InvalidOperationException(error);

    private void Write(string path, byte[] content)
    {
        blobs.Put(path, content);
        _written[path] = time.GetUtcNow();
    }

    private static string ClaimOf(string jobId) => $"jobs/{jobId}/claim.json";

    private static RemoteGrant Grant(string path) => new(InMemoryBlobs.Address(path), new Dictionary<string, string>(StringComparer.Ordinal));

    private static IEnumerable<RemoteInput> Files(RemoteInputKind kind, VersionRecord version) => version.Manifest.Files.Select(f =>
        new RemoteInput(kind, f.Path, f.Size, f.Sha256, InMemoryBlobs.Address($"models/{version.Model}/{version.Version}/{f.Path}")));
}
