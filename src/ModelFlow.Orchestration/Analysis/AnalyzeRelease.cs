using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Orchestration.Analysis;

/// <summary>
/// The live analysis of a release over time, running or ended: its looks computed again from the stored windows. Where the windows are gone or too many, the looks that its
/// events tell of.
/// </summary>
public sealed class AnalyzeRelease(IReleaseStore releases, RecordedRamps ramps, PolicyCache policies, ReplayRoom room)
{
    /// <summary>The most windows that are read for one answer: five hours of one gateway.</summary>
    public const int MostWindows = 20_000;

    /// <summary>Analyses it; null if there is no such release.</summary>
    /// <param name="id">The release.</param>
    /// <param name="points">How many looks the series may show, <see cref="SeriesBuilder.LeastPoints"/> to <see cref="SeriesBuilder.MostPoints"/>.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task<AnalyzedRelease?> RunAsync(ReleaseId id, int points, CancellationToken cancellationToken)
    {
        if (await releases.LoadAsync(id, cancellationToken) is not { State: var state })
        {
            return null;
        }

        var policy = await policies.GetAsync(state.PolicyDigest, cancellationToken);
        var ramp = await ramps.ReadAsync(state, cancellationToken);
        using var entered = await room.EnterAsync(cancellationToken);
        var (shadow, left) = policy.Ramp.Shadow is null ? ([], MostWindows)
            : await SeeAsync(id.Model, ramp, ramp.Shadow, new ShadowReplay(policy, id.Version, id.Attempt).Play, MostWindows, cancellationToken);
        var (steps, _) = await SeeAsync(id.Model, ramp, ramp.Steps, new RampReplay(policy, id.Version, id.Attempt).Play, left, cancellationToken);
        return new AnalyzedRelease(state, SeriesBuilder.Build(policy, id.Attempt, steps, points, shadow));
    }

    private async Task<(IReadOnlyList<SeenStep> Seen, int Left)> SeeAsync(
        ModelName model, RecordedRamp ramp, IReadOnlyList<RecordedStep> steps, Func<RecordedStep, ReplayedStep> play, int left, CancellationToken cancellationToken)
    {
        var seen = new List<SeenStep>();
        foreach (var step in steps)
        {
            // Evidence goes on from step to step: after one that cannot be computed again no later one can.
            if (seen.Count > 0 && seen[^1].Source == LookSource.Events)
            {
                seen.Add(FromEvents(step, ramp, null, 0, "as the steps before cannot be computed again, only the looks that the release's events tell of are shown."));
                continue;
            }

            if (await ramps.ReadWindowsAsync(model, step, left, cancellationToken) is not { } windows)
            {
                seen.Add(FromEvents(step, ramp, null, 0, $"it has more traffic than is read for one answer ({MostWindows} windows), so only the looks that the release's events tell of are shown."));
                continue;
            }

            left -= windows.Count;
            seen.Add(Seen(play(step with { Windows = windows }), ramp));
        }

        return (seen, left);
    }

    private static SeenStep Seen(ReplayedStep replayed, RecordedRamp ramp)
    {
        var step = replayed.Step with { Windows = [] };
        if (replayed.IsIncomplete && FromEvents(step, ramp, replayed.Expected, replayed.Found, Gone(replayed)) is { Looks.Count: > 0 } told)
        {
            return told;
        }

        return replayed.IsIncomplete && replayed.Expected > 0 ? new SeenStep(step, LookSource.Events, [], replayed.Expected, replayed.Found, Gone(replayed))
            : replayed.Exact || (replayed.Looks.Count == 0 && step.Looks is not null) ? new SeenStep(step, LookSource.Replayed, replayed.Looks, replayed.Expected, replayed.Found, Note: null)
            : new SeenStep(step, LookSource.Approximated, replayed.Looks, replayed.Expected, replayed.Found, "which windows each look took in was not logged, so the looks are computed at about their times.");
    }

    private static string Gone(ReplayedStep step) =>
        $"{(step.Expected is { } expected ? $"{expected - step.Found} of the {expected} traffic windows that its looks took in are" : "its traffic windows are")} no longer stored (the host's KeepWindows says how long they are), so only the looks that the release's events tell of are shown.";

    // The last event of the shadow step and the first of the ramp may be of one moment.
    private static bool IsOfShadow(GuardrailReport report) => report.Metrics.Any(m => string.Equals(m.Metric, ShadowJudge.PairsMetric, StringComparison.Ordinal));

    private static SeenStep FromEvents(RecordedStep step, RecordedRamp ramp, long? expected, long found, string note)
    {
        var inShadow = ramp.Shadow.Any(s => s.Generation == step.Generation);
        var looks = ramp.Events
            .Where(e => e.At >= step.From && (step.To is not { } to || e.At <= to) && e.Kind is "looked" or "harmFound" or "stepPassed" or "shadowPassed" && e.Data is not null)
            .Select(e => (e.At, Report: e.Data.Deserialize<GuardrailReport>(CoreJson.Options)))
            .Where(l => l.Report is { Metrics: not null } report && IsOfShadow(report) == inShadow)
            .Select(l => new ReplayedLook(l.At, l.Report!)) // The filter above left no null.
            .DistinctBy(l => l.At)
            .ToList();
        return new SeenStep(step, LookSource.Events, looks, expected, found, note);
    }
}

/// <summary>A release with its live analysis.</summary>
/// <param name="State">The release as it stood when the series was made.</param>
/// <param name="Series">The looks.</param>
public sealed record AnalyzedRelease(ReleaseState State, AnalysisSeries Series);
