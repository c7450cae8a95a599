using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Ports;

/// <summary>What every <see cref="IReleaseStore"/> checks before it writes; breaking one is a bug of the caller.</summary>
public static class ReleaseWriteRules
{
    /// <summary>The most events and consumed signals of one save: with the state they are one table batch of at most 100.</summary>
    public const int MaxItems = 90;

    /// <summary>Events must be at most <see cref="MaxItems"/> together with the signals, and follow without a gap on those before, up to the state's count.</summary>
    /// <exception cref="ArgumentException">They do not.</exception>
    public static void CheckEvents(ReleaseState next, int eventsBefore, IReadOnlyList<ReleaseEvent> events, int consumedSignals)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(events);
        if (events.Count + consumedSignals > MaxItems)
        {
            throw new ArgumentException($"{events.Count} events and {consumedSignals} signals are more than the {MaxItems} that one save can take.", nameof(events));
        }

        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Seq != eventsBefore + i + 1)
            {
                throw new ArgumentException($"Event {events[i].Seq} of {next.Id} does not follow on event {eventsBefore + i}.", nameof(events));
            }
        }

        if (next.EventCount != eventsBefore + events.Count)
        {
            throw new ArgumentException($"The state of {next.Id} counts {next.EventCount} events; there are {eventsBefore + events.Count}.", nameof(next));
        }
    }

    /// <summary>The sequence number of the pending command, whose result is to be stored.</summary>
    /// <exception cref="ArgumentException">No command is pending.</exception>
    public static int PendingSeq(ReleaseSnapshot read)
    {
        ArgumentNullException.ThrowIfNull(read);
        return read.State.Pending?.Seq ?? throw new ArgumentException($"Release {read.State.Id} has no pending command that could have a result.", nameof(read));
    }

    /// <summary>A signal's id must be a legal row key.</summary>
    /// <exception cref="ArgumentException">It has other characters than letters, digits, '-', '_' and '.', or is not 1 to 64 characters long.</exception>
    public static void CheckSignal(Signal signal)
    {
        ArgumentNullException.ThrowIfNull(signal);
        if (signal.Id.Length is < 1 or > 64 || !signal.Id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new ArgumentException($"'{signal.Id}' is not a signal id: 1 to 64 letters, digits, '-', '_' or '.'.", nameof(signal));
        }
    }
}
