using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis.Replay;

/// <summary>
/// Divides the stored windows of a step over its looks: by the log of what each took in, and where there is none by time, as if each look had taken in every
/// window that was over by then.
/// </summary>
internal static class RecordedBatches
{
    /// <summary>The windows of each look, with those that are stored still of the logged ones.</summary>
    /// <param name="step">The step.</param>
    /// <param name="lookEvery">How far looks are apart where they were not logged.</param>
    public static List<LookBatch> Of(RecordedStep step, TimeSpan lookEvery)
    {
        var batches = new List<LookBatch>();
        var queues = step.Windows
            .Where(w => w.Generation == step.Generation)
            .DistinctBy(w => (w.Gateway, w.Number))
            .GroupBy(w => w.Gateway, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new Queue<TrafficWindow>(g.OrderBy(w => w.Number)), StringComparer.Ordinal);
        foreach (var look in step.Looks?.Read() ?? [])
        {
            var taken = new List<TrafficWindow>();
            foreach (var (gateway, number) in look.Numbers)
            {
                while (queues.TryGetValue(gateway, out var queue) && queue.TryPeek(out var window) && window.Number <= number)
                {
                    taken.Add(queue.Dequeue());
                }
            }

            batches.Add(new LookBatch(look.At, taken, look.Windows));
        }

        if (step.Looks is null or { CutOff: true })
        {
            AddByTime(step, lookEvery, [.. queues.Values.SelectMany(q => q).OrderBy(w => w.Start)], batches);
        }

        return batches;
    }

    private static void AddByTime(RecordedStep step, TimeSpan lookEvery, List<TrafficWindow> windows, List<LookBatch> batches)
    {
        var at = batches.Count > 0 ? batches[^1].At : step.From;
        var end = step.To ?? DateTimeOffset.MaxValue;
        for (var next = 0; next < windows.Count && at < end;)
        {
            // Looks without a new window are passed over.
            var wait = Math.Max(1, Math.Ceiling((End(windows[next]) - at) / lookEvery)) * lookEvery;
            at = wait < end - at ? at + wait : end;
            var taken = new List<TrafficWindow>();
            for (; next < windows.Count && End(windows[next]) <= at; next++)
            {
                taken.Add(windows[next]);
            }

            if (taken.Count > 0)
            {
                batches.Add(new LookBatch(at, taken, Expected: null));
            }
        }
    }

    private static DateTimeOffset End(TrafficWindow window) => window.Start + window.Length;
}

/// <summary>What one look took in.</summary>
/// <param name="At">When.</param>
/// <param name="Windows">The windows that are stored.</param>
/// <param name="Expected">How many it took in then; null where that is not known.</param>
internal sealed record LookBatch(DateTimeOffset At, IReadOnlyList<TrafficWindow> Windows, long? Expected);
