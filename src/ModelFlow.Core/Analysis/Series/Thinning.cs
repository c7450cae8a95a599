using ModelFlow.Core.Analysis.Replay;

namespace ModelFlow.Core.Analysis.Series;

/// <summary>Leaves out looks so that a bounded number remains: the first, the last and changes of verdict stay as long as there is room, the rest is spread evenly.</summary>
internal static class Thinning
{
    /// <summary>At most <paramref name="most"/> of the looks, in their order.</summary>
    /// <param name="looks">Oldest first.</param>
    /// <param name="most">1 or more, or no looks.</param>
    public static IReadOnlyList<ReplayedLook> Of(IReadOnlyList<ReplayedLook> looks, int most)
    {
        if (looks.Count <= most)
        {
            return looks;
        }

        var kept = new SortedSet<int> { looks.Count - 1 };
        Keep([0]);
        Keep(Enumerable.Range(1, looks.Count - 1).Where(i => !SameVerdicts(looks[i - 1].Report, looks[i].Report)));

        var rest = Enumerable.Range(0, looks.Count).Where(i => !kept.Contains(i)).ToList();
        var room = most - kept.Count;
        Keep(Enumerable.Range(0, room).Select(i => rest[(int)((long)i * rest.Count / room)]));
        return [.. kept.Select(i => looks[i])];

        void Keep(IEnumerable<int> more)
        {
            foreach (var i in more)
            {
                if (kept.Count >= most)
                {
                    return;
                }

                kept.Add(i);
            }
        }
    }

    private static bool SameVerdicts(GuardrailReport left, GuardrailReport right) =>
        left.Verdict == right.Verdict && left.Metrics.Select(m => m.Verdict).SequenceEqual(right.Metrics.Select(m => m.Verdict));
}
