using ModelFlow.Benchmarks.Analysis.Rivals;

namespace ModelFlow.Benchmarks.Analysis;

/// <summary>What the other systems' rules saw in one ramp without a difference.</summary>
/// <param name="Shape">Its traffic.</param>
/// <param name="OursStopped">Whether ModelFlow stopped it.</param>
/// <param name="KayentaPassesFrom">See <see cref="KayentaJudge.PassesFrom"/>.</param>
/// <param name="Minutes">The candidate's minutes.</param>
internal sealed record HarmlessRamp(TrafficShape Shape, bool OursStopped, double KayentaPassesFrom, IReadOnlyList<FlaggerRule> Minutes);

/// <summary>
/// Sets one knob of each rule so that it stops no more ramps without a difference than ModelFlow stopped of the same. Kayenta's is the confidence. Flagger compares with constants, so its knob
/// is the share of stable's own minutes that lie beyond them: an operator who knows the service that well sets them for each traffic by itself.
/// </summary>
internal static class RivalTuning
{
    private const int Grid = 400;

    /// <summary>The quantile of Kayenta's confidence.</summary>
    public static double Kayenta(IReadOnlyList<HarmlessRamp> ramps, int alarms) =>
        ramps.Select(r => r.KayentaPassesFrom).OrderDescending().ElementAt(Math.Min(alarms, ramps.Count - 1));

    /// <summary>Flagger's constants for each traffic.</summary>
    /// <param name="ramps">Ramps without a difference.</param>
    /// <param name="alarms">How many of them may be stopped.</param>
    /// <param name="failedChecks">After how many failed checks the candidate is rolled back.</param>
    public static IReadOnlyDictionary<TrafficShape, FlaggerRule> Flagger(IReadOnlyList<HarmlessRamp> ramps, int alarms, int failedChecks)
    {
        var shapes = ramps.GroupBy(r => r.Shape).ToDictionary(g => g.Key, g => new SortedMinutes([.. g.SelectMany(r => r.Minutes)]));
        for (var i = 0; i < Grid; i++)
        {
            // From every second minute down to one in a million.
            var beyond = 0.5 * Math.Pow(2e-6, i / (Grid - 1.0));
            var rules = shapes.ToDictionary(s => s.Key, s => s.Value.Beyond(beyond, failedChecks));
            if (ramps.Count(r => r.Minutes.Count(m => IsBeyond(m, rules[r.Shape])) >= failedChecks) <= alarms)
            {
                return rules;
            }
        }

        return shapes.ToDictionary(s => s.Key, s => s.Value.Beyond(0, failedChecks));
    }

    private static bool IsBeyond(FlaggerRule minute, FlaggerRule rule) =>
        minute.MostErrors > rule.MostErrors || minute.MostP99 > rule.MostP99 || minute.MostLostMarks > rule.MostLostMarks;

    private sealed class SortedMinutes(IReadOnlyList<FlaggerRule> minutes)
    {
        private readonly double[] _errors = [.. minutes.Select(m => m.MostErrors).Order()];
        private readonly double[] _durations = [.. minutes.Select(m => m.MostP99).Order()];
        private readonly double[] _marks = [.. minutes.Select(m => m.MostLostMarks).Order()];

        public FlaggerRule Beyond(double share, int failedChecks)
        {
            var rank = Math.Clamp((int)Math.Ceiling((1 - share) * _errors.Length) - 1, 0, _errors.Length - 1);
            return new FlaggerRule(_errors[rank], _durations[rank], _marks[rank], failedChecks);
        }
    }
}

/// <summary>Writes down what Flagger would compare in each minute; stops nothing.</summary>
internal sealed class MinuteRecorder : IRampJudge
{
    private readonly List<FlaggerRule> _minutes = [];

    public IReadOnlyList<FlaggerRule> Minutes => _minutes;

    public string? Look(Second second, Minute? minute)
    {
        if (minute is { Candidate: { Requests: > 0 } candidate })
        {
            _minutes.Add(new FlaggerRule(candidate.ErrorRate, candidate.Milliseconds(0.99), candidate.LostMarks, 1));
        }

        return null;
    }
}
