using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Testing.InMemory;

/// <summary>Lists in memory; <paramref name="releases"/> is what they are rebuilt from.</summary>
public sealed class InMemoryReleaseIndex(InMemoryReleaseStore releases) : IReleaseIndex
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ReleaseId, ReleaseSummary> _summaries = [];
    private readonly HashSet<ReleaseId> _running = [];

    /// <inheritdoc/>
    public Task PutAsync(ReleaseSummary summary, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Put(summary);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReleaseId> ListRunningAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<ReleaseId> running;
        lock (_gate)
        {
            running = [.. _running.OrderBy(r => r.ToString(), StringComparer.Ordinal)];
        }

        foreach (var id in running)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return id;
        }
    }

    /// <inheritdoc/>
    public Task RemoveRunningAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _running.Remove(id);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<Page<ReleaseSummary>> ListAsync(ModelName? model, int pageSize, string? continuation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        lock (_gate)
        {
            var rest = _summaries.Values.Where(s => model is null || s.Id.Model == model)
                .OrderBy(SortKey, StringComparer.Ordinal)
                .SkipWhile(s => continuation is not null && string.CompareOrdinal(SortKey(s), continuation) <= 0)
                .Take(pageSize + 1)
                .ToList();
            var page = rest.Take(pageSize).ToList();
            return Task.FromResult(new Page<ReleaseSummary>(page, rest.Count > pageSize ? SortKey(page[^1]) : null));
        }
    }

    /// <inheritdoc/>
    public Task<ReleaseId?> FindLatestAttemptAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_summaries.Keys.Where(id => id.Model == model && id.Version == version).OrderByDescending(id => id.Attempt).Select(id => (ReleaseId?)id).FirstOrDefault());
        }
    }

    /// <inheritdoc/>
    public Task<int> RebuildAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var states = releases.States();
            var entered = _running.Where(id => _summaries.ContainsKey(id)).Select(id => _summaries[id]).ToList();
            _summaries.Clear();
            _running.Clear();

            // A release that is entered and not created yet stays.
            foreach (var summary in entered.Where(e => states.All(s => s.Id != e.Id)).Concat(states.Select(ReleaseSummary.Of)))
            {
                Put(summary);
            }

            return Task.FromResult(states.Count);
        }
    }

    private static string SortKey(ReleaseSummary summary) => $"{long.MaxValue - summary.StartedAt.UtcTicks:D19}-{summary.Id}";

    private void Put(ReleaseSummary summary)
    {
        if (_summaries.TryGetValue(summary.Id, out var stored) && stored.Outcome is not null && summary.Outcome is null)
        {
            return;
        }

        _summaries[summary.Id] = Json.Copy(summary);
        _ = summary.Outcome is null ? _running.Add(summary.Id) : _running.Remove(summary.Id);
    }
}
