using System.Collections.Concurrent;
using Microsoft.Extensions.Time.Testing;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>Virtual time that knows which timers were asked for: time is moved on only once somebody waits for it.</summary>
internal sealed class ObservedTime() : FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero))
{
    private readonly ConcurrentQueue<TimeSpan> _timers = new();

    /// <summary>All timers asked for so far, whether they went off or not.</summary>
    public IReadOnlyList<TimeSpan> Timers => [.. _timers];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = base.CreateTimer(callback, state, dueTime, period);
        _timers.Enqueue(dueTime);
        return timer;
    }
}
