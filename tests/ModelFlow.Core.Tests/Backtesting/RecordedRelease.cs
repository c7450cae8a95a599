using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Backtesting;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Tests.Analysis;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Backtesting;

/// <summary>A ramp as it went on live traffic, recorded as a release records it.</summary>
internal sealed record RecordedRelease(PastRelease Past, IReadOnlyList<IReadOnlyList<GuardrailReport>> Looks)
{
    public const string Rules = """
        ramp:
          steps: [ { weight: 10%, bake: 20s }, { weight: 50%, bake: 20s }, { weight: 100%, bake: 20s } ]
          lookEvery: 5s
          extendUpTo: 2m
        guardrails: { errorRateIncrease: 0.05, latencyP50Ratio: 1.5, feedbackDrop: 0.2, minRequests: 20 }
        """;

    private static readonly ReleaseId Id = ReleaseId.Parse("digits-v1.1.0-1");
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static Policy Policy(string rules = Rules) => Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read($$"""
        smoke:
          dataset: { path: digits/golden.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000001 }
        evaluation:
          dataset: { path: digits/eval.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000002 }
        {{rules}}
        """)).Policy;

    /// <summary>Plays it with 100 requests a second, until a look finds harm or the last step passes.</summary>
    public static RecordedRelease Play(int seed, TrafficSimulation.Behaviour? candidate = null)
    {
        var policy = Policy();
        var steps = policy.Ramp.Steps.Count;
        var evidence = RampEvidence.None;
        var (at, number, recorded, looks) = (Start, 0L, new List<RecordedStep>(), new List<IReadOnlyList<GuardrailReport>>());
        for (var index = 0; index < steps; index++)
        {
            var step = policy.Ramp.Steps[index];
            var traffic = new TrafficSimulation((100 * seed) + index, step.Weight.BasisPoints / 10_000.0) { CandidateBehaviour = candidate ?? new() };
            var (from, windows, reports) = (at, new List<TrafficWindow>(), new List<GuardrailReport>());
            evidence = evidence.BeginStep(policy.Guardrails, index + 1, steps, step.Weight == Weight.All);
            while (true)
            {
                for (var second = 0; second < 5; second++, at += TimeSpan.FromSeconds(1))
                {
                    traffic.Send(100);
                    windows.Add(Spread(traffic.Window(index + 1) with { Start = at, Number = ++number }));
                }

                evidence = evidence.Take(policy.Guardrails, windows, TrafficSimulation.Stable, TrafficSimulation.Candidate, steps, at);
                reports.Add(GuardrailJudge.Judge(policy.Guardrails, evidence, steps, step.Weight, Id.Attempt));
                if (reports[^1].Verdict == Verdict.Harmful || (reports[^1].Verdict == Verdict.Healthy && at - from >= step.Bake) || at - from >= step.Bake + policy.Ramp.ExtendUpTo)
                {
                    break;
                }
            }

            recorded.Add(new RecordedStep { Step = index, Weight = step.Weight, Generation = index + 1, From = from, To = at, Stable = TrafficSimulation.Stable, Windows = windows });
            looks.Add(reports);
            if (reports[^1].Verdict != Verdict.Healthy)
            {
                break;
            }
        }

        return new RecordedRelease(new PastRelease(Id, policy.Ramp.LookEvery, [.. recorded.Select(s => s with { Looks = evidence.Looks.Single(l => l.Generation == s.Generation) })]), looks);
    }

    // Over all groups of users, with marks for a part of the answers.
    private static TrafficWindow Spread(TrafficWindow window) => window with
    {
        Cells = [.. window.Cells.SelectMany((c, i) => Split(c, (int)(window.Number * 2) + i))],
    };

    private static IEnumerable<TrafficCell> Split(TrafficCell cell, int seed)
    {
        var random = new Random(seed);
        var left = (Good: cell.Requests - cell.Errors, cell.UpstreamErrors);
        var durations = new Queue<double>(Enumerable.Range(0, cell.Latency!.Bins.Length)
            .SelectMany(b => Enumerable.Repeat(LogHistogram.ValueOf(cell.Latency.Bins[b]), (int)cell.Latency.Counts[b])).OrderBy(_ => random.Next()));
        foreach (var group in Enumerable.Range(0, (int)cell.Requests).Select(_ => random.Next(64)).CountBy(g => g))
        {
            var failed = Math.Min(left.UpstreamErrors, (long)Enumerable.Range(0, group.Value).Count(_ => random.NextDouble() * (left.Good + left.UpstreamErrors) < left.UpstreamErrors));
            failed = Math.Max(failed, group.Value - left.Good);
            var builder = new LogHistogramBuilder();
            for (var i = 0; i < group.Value - failed && durations.Count > 0; i++)
            {
                builder.Add(durations.Dequeue());
            }

            var marks = Enumerable.Range(0, group.Value).Count(_ => random.Next(3) == 0);
            var up = Enumerable.Range(0, marks).Count(_ => random.Next(10) > 0);
            left = (left.Good - (group.Value - failed), left.UpstreamErrors - failed);
            yield return new TrafficCell
            {
                Version = cell.Version, SubBucket = group.Key, Requests = group.Value, UpstreamErrors = failed, Latency = builder.Build(), FirstSeenKeys = group.Value,
                Feedback = new FeedbackTotals(marks, up, up),
            };
        }
    }
}
