using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>Which windows a look has not taken in yet: they count once, by gateway and number, in each gateway's order.</summary>
internal static class SeenWindows
{
    // Clocks of gateways may differ by as much, and a gateway that was away for as long brings its windows late.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan AwayAtMost = TimeSpan.FromMinutes(15);

    /// <summary>Nothing taken in.</summary>
    public static readonly IReadOnlyDictionary<string, GatewayMark> None = new Dictionary<string, GatewayMark>(StringComparer.Ordinal);

    /// <summary>The start from which on windows have to be read to miss none that is new; about <paramref name="stepStart"/> at first.</summary>
    public static DateTimeOffset ReadFrom(IReadOnlyDictionary<string, GatewayMark> marks, DateTimeOffset stepStart, DateTimeOffset now) =>
        marks.Values.Where(g => now - g.At < AwayAtMost).Select(g => g.Start).DefaultIfEmpty(stepStart).Min() - ClockSkew;

    /// <summary>The new ones of a generation, in order.</summary>
    public static List<TrafficWindow> Fresh(IReadOnlyDictionary<string, GatewayMark> marks, IEnumerable<TrafficWindow> windows, long generation) =>
    [
        .. windows
            .Where(w => w.Generation == generation && w.Number > marks.GetValueOrDefault(w.Gateway).Number)
            .DistinctBy(w => (w.Gateway, w.Number))
            .OrderBy(w => w.Start).ThenBy(w => w.Gateway, StringComparer.Ordinal).ThenBy(w => w.Number),
    ];

    /// <summary>The marks after these were taken in.</summary>
    public static IReadOnlyDictionary<string, GatewayMark> Mark(IReadOnlyDictionary<string, GatewayMark> marks, IEnumerable<TrafficWindow> fresh, DateTimeOffset now)
    {
        var after = new Dictionary<string, GatewayMark>(marks, StringComparer.Ordinal);
        foreach (var w in fresh)
        {
            var mark = after.GetValueOrDefault(w.Gateway);
            after[w.Gateway] = new GatewayMark(Math.Max(mark.Number, w.Number), mark.Start > w.Start ? mark.Start : w.Start, now);
        }

        return after;
    }
}
