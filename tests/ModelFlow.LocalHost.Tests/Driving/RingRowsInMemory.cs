using System.Collections.Concurrent;
using ModelFlow.Core.Naming;
using ModelFlow.LocalHost.Driving;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>Rings between hosts, in memory; a test can make leaving one fail.</summary>
internal sealed class RingRowsInMemory : IRingRows
{
    private readonly ConcurrentQueue<ReleaseId> _left = new();

    /// <summary>Called before a ring is left.</summary>
    public Func<ReleaseId, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public IReadOnlyList<ReleaseId> Left => [.. _left];

    public async Task LeaveAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        await Before(id, cancellationToken);
        _left.Enqueue(id);
    }

    public Task CollectAsync(Func<ReleaseId, bool> ring, CancellationToken cancellationToken) => throw new NotSupportedException("Nobody collects here.");
}
