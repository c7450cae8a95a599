using System.Collections.Concurrent;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>One host's way to the releases: a test can stop it on the way there and on the way back, and sees what was asked.</summary>
internal sealed class HeldReleaseStore(IReleaseStore inner) : IReleaseStore
{
    private readonly ConcurrentQueue<(string Call, ReleaseId Release)> _calls = new();

    /// <summary>Awaited before a call takes effect.</summary>
    public Func<string, ReleaseId, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Awaited after a call took effect, before its caller knows.</summary>
    public Func<string, ReleaseId, Task> After { get; set; } = (_, _) => Task.CompletedTask;

    public IReadOnlyList<(string Call, ReleaseId Release)> Calls => [.. _calls];

    public Task<CreateRelease> CreateAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> events, CancellationToken cancellationToken) =>
        PassAsync("create", state.Id, () => inner.CreateAsync(state, events, cancellationToken));

    public Task<ReleaseSnapshot?> LoadAsync(ReleaseId id, CancellationToken cancellationToken) =>
        PassAsync("load", id, () => inner.LoadAsync(id, cancellationToken));

    public Task<SaveRelease> SaveAsync(ReleaseSnapshot read, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        PassAsync("save", next.Id, () => inner.SaveAsync(read, next, events, consumedSignals, cancellationToken));

    public Task<SaveRelease> SaveWithResultAsync(
        ReleaseSnapshot read, CommandResult result, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        PassAsync("result", next.Id, () => inner.SaveWithResultAsync(read, result, next, events, consumedSignals, cancellationToken));

    public Task<StoreResult> AddResultAsync(ReleaseSnapshot read, int seq, CommandResult result, CancellationToken cancellationToken) =>
        PassAsync("result", read.State.Id, () => inner.AddResultAsync(read, seq, result, cancellationToken));

    public Task<AddSignal> AddSignalAsync(ReleaseId id, Signal signal, CancellationToken cancellationToken) =>
        PassAsync("signal", id, () => inner.AddSignalAsync(id, signal, cancellationToken));

    public Task<bool> FenceAsync(ReleaseId id, CancellationToken cancellationToken) =>
        PassAsync("fence", id, () => inner.FenceAsync(id, cancellationToken));

    public IAsyncEnumerable<ReleaseEvent> ReadEventsAsync(ReleaseId id, int afterSeq, CancellationToken cancellationToken) =>
        inner.ReadEventsAsync(id, afterSeq, cancellationToken);

    private async Task<T> PassAsync<T>(string call, ReleaseId id, Func<Task<T>> act)
    {
        _calls.Enqueue((call, id));
        await Before(call, id);
        var answer = await act();
        await After(call, id);
        return answer;
    }
}
