using System.Globalization;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Backtesting;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Analysis;

/// <summary>What to test a policy on.</summary>
/// <param name="Model">Releases of this model; null for all.</param>
/// <param name="Releases">At most so many, 1 to <see cref="TestPolicy.MostReleases"/>.</param>
/// <param name="Since">Only releases that started at or after this; null for any.</param>
/// <param name="Faults">What to inject, at most <see cref="TestPolicy.MostFaults"/>.</param>
/// <param name="Seed">Where randomness comes from.</param>
public sealed record PolicyTestRequest(ModelName? Model, int Releases, DateTimeOffset? Since, IReadOnlyList<Fault> Faults, string Seed);

/// <summary>
/// Plays the recorded traffic of past releases under a policy before anybody adopts it. Changes nothing. Bounded: it reads so many windows, and begins no further
/// release after a time; what is left out is said.
/// </summary>
public sealed class TestPolicy(IReleaseIndex index, IReleaseStore releases, RecordedRamps ramps, PolicyCache policies, ReplayRoom room, TimeProvider time)
{
    /// <summary>The most releases.</summary>
    public const int MostReleases = 100;

    /// <summary>The most faults.</summary>
    public const int MostFaults = 10;

    /// <summary>The most windows that are read for one release.</summary>
    public const int MostWindows = 10_000;

    /// <summary>After this no further release is begun.</summary>
    public static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(60);

    private const int MostListed = 1_000;
    private const int PageSize = 100;

    /// <summary>Tests a policy.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="digest">The digest of its bytes.</param>
    /// <param name="request">What to test it on.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<BacktestReport> RunAsync(Policy policy, Sha256Digest digest, PolicyTestRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        using var _ = await room.EnterAsync(cancellationToken);
        var began = time.GetTimestamp();
        var (played, skipped) = (new List<BacktestedRelease>(), new List<SkippedRelease>());
        await foreach (var id in ListAsync(request, cancellationToken))
        {
            if (played.Count == request.Releases)
            {
                break;
            }

            if (await releases.LoadAsync(id, cancellationToken) is not { State: { Outcome: { } outcome } state } || await ramps.ReadAsync(state, cancellationToken) is not { Steps.Count: > 0 } ramp)
            {
                continue;
            }

            if (time.GetElapsedTime(began) > LongestTime)
            {
                skipped.Add(new SkippedRelease(id, $"a test begins no further release after {LongestTime.TotalSeconds:0} s; ask for fewer releases or faults"));
                break;
            }

            if (ramp.Steps.Any(s => s.ComparedShare is not null))
            {
                // Thinned to another weight against all of stable it would be another comparison.
                skipped.Add(new SkippedRelease(id, "it was compared with a fresh instance of stable (ramp.freshBaseline)"));
                continue;
            }

            var steps = await ReadStepsAsync(state, ramp, cancellationToken);
            if (steps.Why is { } why)
            {
                skipped.Add(new SkippedRelease(id, why));
                continue;
            }

            var past = new PastRelease(id, (await policies.GetAsync(state.PolicyDigest, cancellationToken)).Ramp.LookEvery, steps.Steps);
            played.Add(Play(policy, past, state, outcome, request, cancellationToken));
        }

        return new BacktestReport
        {
            Policy = digest,
            Seed = request.Seed,
            Releases = played,
            Skipped = skipped,
            Past = BacktestSummaries.Past(played),
            Faults = BacktestSummaries.Faults(played),
            Steps = BacktestSummaries.Steps(played),
            Notes = [.. Notes(played)],
        };
    }

    private static BacktestedRelease Play(Policy policy, PastRelease past, ReleaseState state, Outcome outcome, PolicyTestRequest request, CancellationToken cancellationToken)
    {
        var harmFound = state is { Failure.By: "guardrail", LastLook.Verdict: Verdict.Harmful };
        var unchanged = Backtest.Play(policy, past, fault: null, request.Seed);
        var faults = new List<FaultRun>();
        foreach (var fault in outcome == Outcome.Stable ? request.Faults : [])
        {
            cancellationToken.ThrowIfCancellationRequested();
            var stable = TrafficTotals.Of(past.Steps[0].Windows, past.Steps[0].Stable, TrafficKind.Normal);
            var standing = fault is Fault.Quality && past.Steps.All(s => s.Windows.All(w => w.Cells.All(c => c.Feedback.Count == 0)))
                ? FaultStanding.NotWatched
                : fault.StandingUnder(policy.Guardrails, stable.Requests == 0 ? 0 : stable.Errors / (double)stable.Requests);
            if (standing != FaultStanding.NotWatched)
            {
                faults.Add(new FaultRun(fault.ToString(), standing, Backtest.Play(policy, past, fault, request.Seed)));
            }
        }

        return new BacktestedRelease(past.Id, outcome, harmFound, unchanged, faults);
    }

    private static IEnumerable<string> Notes(List<BacktestedRelease> played)
    {
        if (played.Count == 0)
        {
            yield return "There is no past release with a ramp whose traffic is stored: nothing is known of this policy.";
            yield break;
        }

        foreach (var step in played.SelectMany(r => r.Unchanged.Steps).Where(s => s.Weight != s.RecordedWeight).DistinctBy(s => (s.Step, s.RecordedWeight)).OrderBy(s => s.Step))
        {
            yield return $"Step {step.Step + 1} ({step.Weight}) is played on the recorded step of {step.RecordedWeight}, thinned at random to its weight: it has less traffic a minute than it would have.";
        }

        var cut = played.SelectMany(r => r.Unchanged.Steps).Count(s => s.CutShort);
        if (cut > 0)
        {
            yield return $"In {cut.ToString(CultureInfo.InvariantCulture)} step(s) the recorded traffic ended before the bake time of this policy; they count as passed where they were healthy by then.";
        }
    }

    private async Task<(IReadOnlyList<RecordedStep> Steps, string? Why)> ReadStepsAsync(ReleaseState state, RecordedRamp ramp, CancellationToken cancellationToken)
    {
        var (steps, left) = (new List<RecordedStep>(), MostWindows);
        foreach (var step in ramp.Steps)
        {
            if (await ramps.ReadWindowsAsync(state.Id.Model, step, left, cancellationToken) is not { } windows)
            {
                return ([], $"it has more traffic than is read of one release ({MostWindows} windows)");
            }

            // A step that no look saw has nothing to tell, and nothing that could be missing.
            if (windows.Count == 0 && step.Looks is { Count: 0 })
            {
                continue;
            }

            left -= windows.Count;
            var whole = step with { Windows = windows };
            if (windows.Count == 0 || RecordedCount.IsMissingSome(whole))
            {
                return ([], "its traffic windows are no longer stored, or not all of them");
            }

            steps.Add(whole);
        }

        return steps.Count == 0 ? ([], "no look ever saw traffic of it") : (steps, null);
    }

    private async IAsyncEnumerable<ReleaseId> ListAsync(PolicyTestRequest request, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? continuation = null;
        for (var listed = 0; listed < MostListed;)
        {
            var page = await index.ListAsync(request.Model, PageSize, continuation, cancellationToken);
            foreach (var item in page.Items)
            {
                if (request.Since is { } since && item.StartedAt < since)
                {
                    yield break;
                }

                listed++;
                if (item.Outcome is not null)
                {
                    yield return item.Id;
                }
            }

            if ((continuation = page.Continuation) is null)
            {
                yield break;
            }
        }
    }
}
