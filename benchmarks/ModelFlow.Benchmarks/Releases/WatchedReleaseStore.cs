using System.Collections.Concurrent;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Benchmarks.Releases;

/// <summary>The release store, and the moment each release begins to wait for approval: an operator who need not ask costs no request.</summary>
internal sealed class WatchedReleaseStore(IReleaseStore inner) : IReleaseStore
{
    private readonly ConcurrentDictionary<ReleaseId, TaskCompletionSource> _awaitingApproval = new();

    public Task AwaitsApproval(ReleaseId id) => Source(id).Task;

    public Task<CreateRelease> CreateAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> events, CancellationToken cancellationToken) => inner.CreateAsync(state, events, cancellationToken);

    public Task<ReleaseSnapshot?> LoadAsync(ReleaseId id, CancellationToken cancellationToken) => inner.LoadAsync(id, cancellationToken);

    public async Task<SaveRelease> SaveAsync(ReleaseSnapshot read, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        Watch(await inner.SaveAsync(read, next, events, consumedSignals, cancellationToken));

    public async Task<SaveRelease> SaveWithResultAsync(
        ReleaseSnapshot read, CommandResult result, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        Watch(await inner.SaveWithResultAsync(read, result, next, events, consumedSignals, cancellationToken));

    public Task<StoreResult> AddResultAsync(ReleaseSnapshot read, int seq, CommandResult result, CancellationToken cancellationToken) => inner.AddResultAsync(read, seq, result, cancellationToken);

    public Task<AddSignal> AddSignalAsync(ReleaseId id, Signal signal, CancellationToken cancellationToken) => inner.AddSignalAsync(id, signal, cancellationToken);

    public Task<bool> FenceAsync(ReleaseId id, CancellationToken cancellationToken) => inner.FenceAsync(id, cancellationToken);

    public IAsyncEnumerable<ReleaseEvent> ReadEventsAsync(ReleaseId id, int afterSeq, CancellationToken cancellationToken) => inner.ReadEventsAsync(id, afterSeq, cancellationToken);

    private SaveRelease Watch(SaveRelease outcome)
    {
        if (outcome is SaveRelease.Saved { Snapshot.State: { Stage: Stage.AwaitingApproval } state })
        {
            Source(state.Id).TrySetResult();
        }

        return outcome;
    }

    private TaskCompletionSource Source(ReleaseId id) => _awaitingApproval.GetOrAdd(id, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}
