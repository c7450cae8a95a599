using ModelFlow.Benchmarks.Analysis.Rivals;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;

namespace ModelFlow.Benchmarks.Analysis;

/// <summary>What a simulated ramp is like.</summary>
/// <param name="Shape">The traffic.</param>
/// <param name="PerMinute">Requests a minute.</param>
/// <param name="Stable">How stable behaves.</param>
/// <param name="Candidate">How the candidate behaves.</param>
/// <param name="Steps">The weights.</param>
/// <param name="SecondsPerStep">How long each step lasts.</param>
internal sealed record RampSetting(TrafficShape Shape, double PerMinute, Behaviour Stable, Behaviour Candidate, IReadOnlyList<Weight> Steps, int SecondsPerStep)
{
    public int Seconds => Steps.Count * SecondsPerStep;
}

/// <summary>Where a judge stopped a ramp.</summary>
/// <param name="Stopped">Whether it did.</param>
/// <param name="CandidateRequests">Requests that the candidate had until then, or to the end.</param>
/// <param name="Harmed">How many of them were harmed: see <see cref="Second"/>.</param>
internal sealed record RampEnd(bool Stopped, long CandidateRequests, long Harmed);

/// <summary>Something that watches a ramp second by second.</summary>
internal interface IRampJudge
{
    /// <summary>Takes in a second, and the minute that it ends, if it ends one; the metric that ends the ramp, or null.</summary>
    string? Look(Second second, Minute? minute);
}

/// <summary>ModelFlow's own analysis, as releases run it.</summary>
internal sealed class ModelFlowJudge(GuardrailPolicy policy, IReadOnlyList<Weight> steps) : IRampJudge
{
    private RampEvidence _evidence = RampEvidence.None;

    public GuardrailReport? Last { get; private set; }

    public string? Look(Second second, Minute? minute)
    {
        if (_evidence.Generation != second.Generation)
        {
            _evidence = _evidence.BeginStep(policy, second.Generation, steps.Count, second.Weight == Weight.All);
        }

        // Without a window nothing is known that was not known at the look before.
        if (SimulatedTraffic.WindowOf(second) is not { } window)
        {
            return null;
        }

        _evidence = _evidence.Take(policy, [window], SimulatedTraffic.StableName, SimulatedTraffic.CandidateName, steps.Count, SimulatedTraffic.At(second.Number));
        Last = GuardrailJudge.Judge(policy, _evidence, steps.Count, second.Weight, attempt: 1);
        return Last.Verdict == Verdict.Harmful ? Last.Metrics.First(m => m.Verdict == Verdict.Harmful).Metric : null;
    }
}

/// <summary>Ends a ramp when ModelFlow calls the candidate healthy.</summary>
internal sealed class HealthJudge(ModelFlowJudge judge) : IRampJudge
{
    public string? Look(Second second, Minute? minute)
    {
        judge.Look(second, minute);
        return judge.Last?.Verdict == Verdict.Healthy ? "healthy" : null;
    }
}

/// <summary>Plays ramps.</summary>
internal static class RampRun
{
    /// <summary>Plays one until the judge stops it or it is over.</summary>
    public static RampEnd Play(string seed, RampSetting setting, IRampJudge judge) => Play(seed, setting, [judge])[0];

    /// <summary>Plays one before several judges, each of which sees the same requests, until all have stopped it or it is over.</summary>
    public static IReadOnlyList<RampEnd> Play(string seed, RampSetting setting, IReadOnlyList<IRampJudge> judges)
    {
        var traffic = new SimulatedTraffic(seed, setting.Shape, setting.PerMinute, setting.Seconds);
        var minutes = new MinuteCounter();
        var ends = new RampEnd?[judges.Count];
        var (seen, harmed) = (0L, 0L);
        for (var second = 0; second < setting.Seconds && Array.Exists(ends, e => e is null); second++)
        {
            var step = second / setting.SecondsPerStep;
            var next = traffic.Next(second, setting.Steps[step], step + 1, setting.Stable, setting.Candidate);
            var minute = minutes.Add(next);
            seen += next.Candidate.Requests;
            harmed += next.Harmed;
            for (var j = 0; j < ends.Length; j++)
            {
                if (ends[j] is null && judges[j].Look(next, minute) is not null)
                {
                    ends[j] = new RampEnd(true, seen, harmed);
                }
            }
        }

        return [.. ends.Select(e => e ?? new RampEnd(false, seen, harmed))];
    }
}
