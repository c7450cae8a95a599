using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Analysis;

/// <summary>Puts together what is stored of a release's ramp: steps from its events, what each look took in from its state, windows and routes of its generations.</summary>
public sealed class RecordedRamps(IReleaseStore releases, IRouteStore routes, ITrafficWindows windows)
{
    /// <summary>The most cells of windows that are kept in memory at a time: a few hundred megabytes at worst.</summary>
    public const int MostCells = 400_000;

    // Clocks of gateways may differ by as much.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(2);

    /// <summary>The ramp of a release as far as it went, without windows.</summary>
    public async Task<RecordedRamp> ReadAsync(ReleaseState state, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(state);

        // Events that were saved since the state was read would tell of looks that its log does not have.
        var events = await releases.ReadEventsAsync(state.Id, 0, cancellationToken).Take(state.EventCount).ToListAsync(cancellationToken);
        var steps = new List<RecordedStep>();
        foreach (var shift in events.Where(e => string.Equals(e.Kind, "trafficShifted", StringComparison.Ordinal)))
        {
            if (await StepAsync(state, shift, events, cancellationToken) is { } step)
            {
                steps.Add(step);
            }
        }

        var shadow = new List<RecordedStep>();
        foreach (var start in events.Where(e => string.Equals(e.Kind, "shadowStarted", StringComparison.Ordinal)))
        {
            if (await ShadowAsync(state, start, events, cancellationToken) is { } step)
            {
                shadow.Add(step);
            }
        }

        return new RecordedRamp(steps, events) { Shadow = shadow };
    }

    /// <summary>The stored windows of a step; null if there are more than <paramref name="most"/>, or more in them than <see cref="MostCells"/>.</summary>
    public async Task<IReadOnlyList<TrafficWindow>?> ReadWindowsAsync(ModelName model, RecordedStep step, int most, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(step);
        if (step.Looks is { CutOff: false } looks && looks.Read().Sum(l => l.Windows) > most)
        {
            return null;
        }

        var (read, cells) = (new List<TrafficWindow>(), 0);
        await foreach (var window in windows.ReadAsync(model, step.Generation, DateTimeOffset.MinValue, cancellationToken))
        {
            if (step.To is { } to && window.Start > to + ClockSkew)
            {
                break;
            }

            if (read.Count == most || (cells += window.Cells.Count) > MostCells)
            {
                return null;
            }

            read.Add(window);
        }

        return read;
    }

    private async Task<RecordedStep?> StepAsync(ReleaseState state, ReleaseEvent shift, List<ReleaseEvent> events, CancellationToken cancellationToken)
    {
        if (shift.Data is not { } data || (long?)data["generation"] is not { } generation || (int?)data["weight"] is not { } weight || (int?)data["step"] is not { } step)
        {
            return null;
        }

        return await RecordedAsync(state, shift, events, generation, new Weight(weight), step, state.Evidence?.Looks, cancellationToken);
    }

    private async Task<RecordedStep?> ShadowAsync(ReleaseState state, ReleaseEvent start, List<ReleaseEvent> events, CancellationToken cancellationToken) =>
        start.Data is { } data && (long?)data["generation"] is { } generation && (int?)data["share"] is { } share
            ? await RecordedAsync(state, start, events, generation, new Weight(share), 0, state.Shadow?.Looks, cancellationToken)
            : null;

    private async Task<RecordedStep?> RecordedAsync(
        ReleaseState state, ReleaseEvent start, List<ReleaseEvent> events, long generation, Weight weight, int step, IReadOnlyList<StepLooks>? looks, CancellationToken cancellationToken)
    {
        var route = await routes.GetGenerationAsync(state.Id.Model, generation, cancellationToken);
        return (route?.ComparedWith ?? state.Baseline) is not { } stable
            ? null
            : new RecordedStep
            {
                Step = step,
                Weight = weight,
                Generation = generation,
                From = start.At,
                To = events.Find(e => e.Seq > start.Seq && (string.Equals(e.Kind, start.Kind, StringComparison.Ordinal) || !string.Equals(e.Stage, start.Stage, StringComparison.Ordinal)))?.At,
                Stable = stable,
                ComparedShare = route?.Baseline?.ShareOf(weight),
                Looks = looks?.FirstOrDefault(l => l.Generation == generation),
            };
    }
}

/// <summary>What is stored of a ramp.</summary>
/// <param name="Steps">The steps that were entered, oldest first, without windows.</param>
/// <param name="Events">The release's events.</param>
public sealed record RecordedRamp(IReadOnlyList<RecordedStep> Steps, IReadOnlyList<ReleaseEvent> Events)
{
    /// <summary>The generations of the shadow step before it, oldest first, without windows; usually one, none without a shadow step.</summary>
    public IReadOnlyList<RecordedStep> Shadow { get; init; } = [];
}
