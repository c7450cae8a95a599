using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Testing.InMemory;

/// <summary>Lists in memory; <paramref name="releases"/> is what they are rebuilt from.</summary>
public sealed class InMemoryReleaseIndex(InMemoryReleaseStore releases) : IReleaseIndex, IProjectedList
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
    public string Name => "releases";

    /// <inheritdoc/>
    public Task<RebuiltList> RebuildAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var before = new Dictionary<ReleaseId, ReleaseSummary>(_summaries);
            var wasRunning = _running.ToHashSet();
            var states = releases.States().Select(ReleaseSummary.Of).ToDictionary(s => s.Id);

            // A release that is entered and not created yet stays.
            var awaited = before.Values.Where(s => wasRunning.Contains(s.Id) && !states.ContainsKey(s.Id)).ToList();
            _summaries.Clear();
            _running.Clear();
            foreach (var summary in awaited.Concat(states.Values))
            {
                Put(summary);
            }

            var entered = states.Values.Count(s => wasRunning.Contains(s.Id) != s.Outcome is null || !before.TryGetValue(s.Id, out var old) || old != s with { Stage = s.Outcome is null ? old.Stage : s.Stage });
            return Task.FromResult(new RebuiltList(Name, states.Count, entered, before.Keys.Count(id => !_summaries.ContainsKey(id))));
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
