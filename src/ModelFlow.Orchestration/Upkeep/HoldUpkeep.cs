using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Retention;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Upkeep;

/// <summary>
/// Keeps legal holds as they should be: sets what a release could not, lifts what nothing needs any longer, and looks again once a day. Run every minute
/// or so by the active host; every run can be cut short and repeated. What fails is tried again ever more rarely, up to an hour apart.
/// </summary>
public sealed class HoldUpkeep(VersionHolder holder, IDeploymentStore deployments, IRouteStore routes, TimeProvider time)
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromHours(1);

    private readonly Dictionary<(ModelName Model, VersionName Version), Failing> _failing = [];
    private Failing? _refused;
    private volatile string? _problem;

    /// <summary>Whether holds are asked for.</summary>
    public bool IsOn => holder.IsOn;

    /// <summary>What this process could not put right yet; null when all is as it should be, or nothing was tried.</summary>
    public string? Problem => _problem;

    /// <summary>Compares what is held with what should be, and puts it right. Returns how many versions changed. Does nothing where holds are not asked for.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        if (!holder.IsOn || time.GetUtcNow() < _refused?.NextTryAt)
        {
            return 0;
        }

        var current = new Dictionary<ModelName, Route>();
        await foreach (var route in routes.ListAsync(cancellationToken))
        {
            current[route.Route.Model] = route.Route;
        }

        var all = new List<Deployment>();
        await foreach (var deployment in deployments.ListAllAsync(cancellationToken))
        {
            all.Add(deployment);
        }

        var plan = HoldPlanner.Plan(all, current, time.GetUtcNow());
        foreach (var gone in _failing.Keys.Except(plan.Select(a => (a.Model, a.Version))).ToList())
        {
            _failing.Remove(gone);
        }

        var changed = await PutRightAsync(plan, cancellationToken);
        _problem = _refused?.Reason ?? (_failing.Count == 0 ? null : $"{_failing.Count} versions have not the legal hold they should have, or still have one; {_failing.First().Key.Model} {_failing.First().Key.Version}: {_failing.First().Value.Reason}");
        return changed;
    }

    private async Task<int> PutRightAsync(IReadOnlyList<HoldAction> plan, CancellationToken cancellationToken)
    {
        var changed = 0;
        foreach (var action in plan)
        {
            var key = (action.Model, action.Version);
            var failing = _failing.GetValueOrDefault(key);
            if (time.GetUtcNow() < failing?.NextTryAt)
            {
                continue;
            }

            var problem = action.Hold ? await holder.HoldAsync(action.Model, action.Version, cancellationToken) : await holder.LiftAsync(action.Model, action.Version, cancellationToken);
            switch (problem)
            {
                case null or { Kind: HoldProblemKind.InUse }:
                    _failing.Remove(key);
                    changed += problem is null ? 1 : 0;
                    break;
                case { Kind: HoldProblemKind.Refused }:
                    // It would be the same for every other version.
                    _refused = Next(_refused, problem.Reason);
                    return changed;
                default:
                    _failing[key] = Next(failing, problem.Reason);
                    break;
            }
        }

        _refused = null;
        return changed;
    }

    private Failing Next(Failing? before, string reason)
    {
        var times = (before?.Times ?? 0) + 1;
        return new Failing(times, time.GetUtcNow() + TimeSpan.FromTicks(Math.Min(LongestBackoff.Ticks, FirstBackoff.Ticks << Math.Min(times, 12))), reason);
    }

    private sealed record Failing(int Times, DateTimeOffset NextTryAt, string Reason);
}
