using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Backtesting;

/// <summary>
/// Plays the recorded traffic of a past release under a policy, with the code that judges live traffic (<see cref="RampEvidence"/>, <see cref="GuardrailJudge"/>) and the
/// ramp's own rules for moving on. Each recorded window is used at most once: steps that share a recorded step have its traffic one after the other. If the policy looks as often as the release did,
/// looks take in the windows that they took in then; else each window counts from its end on.
/// </summary>
public static class Backtest
{
    /// <summary>Plays one release.</summary>
    /// <param name="policy">The policy to test.</param>
    /// <param name="past">The release, with the windows of its steps.</param>
    /// <param name="fault">What to put into the candidate's traffic; null for nothing.</param>
    /// <param name="seed">Where randomness comes from: the same seed gives the same answer.</param>
    public static BacktestRun Play(Policy policy, PastRelease past, Fault? fault, string seed)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(past);
        return new Player(policy, past, fault, $"{seed}/{past.Id}").Play();
    }

    private sealed class Player(Policy policy, PastRelease past, Fault? fault, string seed)
    {
        private readonly GuardrailPolicy _guardrails = policy.GuardrailsOfRamp();
        private readonly FaultInjector? _injector = fault is null ? null : new FaultInjector(fault, past.Id.Version, seed);
        private readonly Dictionary<long, (Queue<LookBatch> Left, DateTimeOffset From)> _recorded = [];
        private readonly List<BacktestStep> _steps = [];
        private RampEvidence _evidence = RampEvidence.None;

        public BacktestRun Play()
        {
            for (var i = 0; i < policy.Ramp.Steps.Count; i++)
            {
                var (step, bake) = (policy.Ramp.Steps[i], policy.Ramp.Steps[i].Bake);
                if (StepMapping.Of(step.Weight, past.Steps) is not { } mapping)
                {
                    return End(BacktestEnd.NotEnoughTraffic, $"no recorded step can stand in for step {i + 1} ({step.Weight})");
                }

                var end = Play(i, step, bake, mapping);
                if (end is not null)
                {
                    return end;
                }
            }

            return End(BacktestEnd.Passed, "every step passed");
        }

        // Null when the step passed.
        private BacktestRun? Play(int index, RampStep step, TimeSpan bake, StepMapping mapping)
        {
            var (batches, from) = BatchesOf(mapping.Recorded);
            var steps = policy.Ramp.Steps.Count;
            var (looks, at) = (new List<GuardrailReport>(), from);
            TimeSpan? healthyAfter = null;
            _evidence = _evidence.BeginStep(_guardrails, mapping.Recorded.Generation, steps, step.Weight == Weight.All);
            while (batches.TryDequeue(out var batch))
            {
                at = batch.At;
                _evidence = _evidence.Take(_guardrails, batch.Windows.Select(w => Changed(w, mapping)), mapping.Recorded.Stable, past.Id.Version, steps, at);
                looks.Add(GuardrailJudge.Judge(_guardrails, _evidence, steps, step.Weight, past.Id.Attempt));
                var verdict = looks[^1].Verdict;
                healthyAfter ??= verdict == Verdict.Healthy ? at - from : null;
                if (verdict == Verdict.Harmful)
                {
                    Keep(cutShort: false);
                    return End(BacktestEnd.Stopped, string.Join("; ", looks[^1].Metrics.Where(m => m.Verdict == Verdict.Harmful).Select(m => m.Message)));
                }

                if (at - from < bake)
                {
                    continue;
                }

                if (verdict == Verdict.Healthy)
                {
                    Keep(cutShort: false);
                    return null;
                }

                if (at - from >= bake + policy.Ramp.ExtendUpTo)
                {
                    Keep(cutShort: false);
                    return policy.Ramp.WhenInconclusive == InconclusiveRule.Continue ? null
                        : End(BacktestEnd.Inconclusive, $"step {index + 1} is still inconclusive at its limit: {Open(looks[^1])}");
                }
            }

            Keep(cutShort: true);
            return looks.Count > 0 && looks[^1].Verdict == Verdict.Healthy ? null
                : End(BacktestEnd.NotEnoughTraffic, $"the recorded traffic ends in step {index + 1} before anything is decided{(looks.Count == 0 ? "" : ": " + Open(looks[^1]))}");

            void Keep(bool cutShort)
            {
                _recorded[mapping.Recorded.Generation] = (batches, at);
                _steps.Add(new BacktestStep
                {
                    Step = index,
                    Weight = step.Weight,
                    RecordedWeight = mapping.Recorded.Weight,
                    Verdict = looks.Count == 0 ? Verdict.Inconclusive : looks[^1].Verdict,
                    Watched = at - from,
                    RecordedWatched = mapping.Recorded.To - mapping.Recorded.From,
                    HealthyAfter = healthyAfter,
                    CutShort = cutShort,
                    CandidateRequests = looks.Count == 0 ? 0 : looks[^1].CandidateRequests,
                    StableRequests = looks.Count == 0 ? 0 : looks[^1].StableRequests,
                    Looks = looks,
                });
            }
        }

        private (Queue<LookBatch> Left, DateTimeOffset From) BatchesOf(RecordedStep step)
        {
            if (_recorded.TryGetValue(step.Generation, out var known))
            {
                return known;
            }

            var asThen = policy.Ramp.LookEvery == past.LookEvery;
            return (new Queue<LookBatch>(RecordedBatches.Of(asThen ? step : step with { Looks = null }, policy.Ramp.LookEvery)), step.From);
        }

        private TrafficWindow Changed(TrafficWindow window, StepMapping mapping)
        {
            var thinned = mapping.Thin(window, past.Id.Version, seed);
            return _injector?.Inject(thinned) ?? thinned;
        }

        private BacktestRun End(BacktestEnd end, string reason) => new()
        {
            End = end,
            Reason = reason,
            Steps = _steps,
            CandidateRequests = _steps.Sum(s => s.CandidateRequests),
            HarmedRequests = _injector?.Harmed ?? 0,
            Watched = TimeSpan.FromTicks(_steps.Sum(s => s.Watched.Ticks)),
        };

        private static string Open(GuardrailReport look) =>
            look.Metrics.FirstOrDefault(m => m.Verdict == Verdict.Inconclusive)?.Message ?? "nothing is watched";
    }
}

/// <summary>A past release with its recorded traffic.</summary>
/// <param name="Id">The release.</param>
/// <param name="LookEvery">How often its policy looked.</param>
/// <param name="Steps">The steps that were entered, oldest first, with their windows.</param>
public sealed record PastRelease(ReleaseId Id, TimeSpan LookEvery, IReadOnlyList<RecordedStep> Steps);
