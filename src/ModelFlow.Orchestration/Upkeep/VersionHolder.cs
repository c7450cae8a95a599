using Microsoft.Extensions.Logging;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Retention;

namespace ModelFlow.Orchestration.Upkeep;

/// <summary>
/// Sets and lifts the legal hold of one version and notes in its deployment how that went. A storage that fails is told and noted, never thrown:
/// nothing that needs a version fails for its hold.
/// </summary>
public sealed class VersionHolder(IVersionHolds holds, IDeploymentStore deployments, IRouteStore routes, TimeProvider time, ILogger<VersionHolder> logger)
{
    /// <summary>Whether holds are asked for.</summary>
    public bool IsOn => holds.IsOn;

    /// <summary>Puts the version under a hold, where holds are asked for. Null when all went well, else what did not.</summary>
    public Task<HoldProblem?> HoldAsync(ModelName model, VersionName version, CancellationToken cancellationToken) =>
        holds.IsOn ? TryAsync(model, version, hold: true, () => SetAsync(model, version, cancellationToken)) : Task.FromResult<HoldProblem?>(null);

    /// <summary>
    /// Lifts the hold that ModelFlow has set, whether holds are still asked for or not; one that came into use meanwhile is held again. Null when there is
    /// none any more, else why there is.
    /// </summary>
    public Task<HoldProblem?> LiftAsync(ModelName model, VersionName version, CancellationToken cancellationToken) =>
        TryAsync(model, version, hold: false, () => UnsetAsync(model, version, cancellationToken));

    private async Task<HoldProblem?> SetAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        // First in the books: whatever is interrupted, it is known that files may be held.
        var now = time.GetUtcNow();
        await deployments.UpdateAsync(model, version, d => d is null or { Hold: not null } ? null : d with { Hold = new VersionHold { Since = now } }, cancellationToken);
        var outcome = await holds.SetAsync(model, version, hold: true, cancellationToken);
        var problem = ProblemOf(outcome);
        await deployments.UpdateAsync(
            model, version, d => d is null ? null : d with { Hold = (d.Hold ?? new VersionHold { Since = now }) with { SeenAt = problem is null ? now : null, Problem = problem?.Reason } }, cancellationToken);
        if (outcome is SetHold.Done { Changed: > 0 } done)
        {
            logger.Held(model, version, done.Changed);
        }

        return problem;
    }

    private async Task<HoldProblem?> UnsetAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        if (await deployments.GetAsync(model, version, cancellationToken) is not { Hold: not null } before)
        {
            return null;
        }

        if (await IsNeededAsync(before, cancellationToken))
        {
            return new HoldProblem(HoldProblemKind.InUse, "it is in use");
        }

        var outcome = await holds.SetAsync(model, version, hold: false, cancellationToken);

        // Who brings it into use writes that down first and holds it then: one of the two sees the other.
        if (await deployments.GetAsync(model, version, cancellationToken) is { } after && await IsNeededAsync(after, cancellationToken))
        {
            return await HoldAsync(model, version, cancellationToken) ?? new HoldProblem(HoldProblemKind.InUse, "it came into use");
        }

        var problem = ProblemOf(outcome);
        await deployments.UpdateAsync(
            model, version, d => d?.Hold is not { } hold ? null : d with { Hold = problem is null && !d.Loaded ? null : hold with { SeenAt = null, Problem = problem?.Reason } }, cancellationToken);
        if (outcome is SetHold.Done done)
        {
            logger.Lifted(model, version, done.Changed);
        }

        return problem;
    }

    private async Task<bool> IsNeededAsync(Deployment deployment, CancellationToken cancellationToken) =>
        HoldPlanner.IsNeeded(deployment, (await routes.GetAsync(deployment.Model, cancellationToken))?.Route);

    private async Task<HoldProblem?> TryAsync(ModelName model, VersionName version, bool hold, Func<Task<HoldProblem?>> change)
    {
        HoldProblem? problem;
        try
        {
            problem = await change();
        }
        catch (StorageException e)
        {
            problem = new HoldProblem(HoldProblemKind.Passing, e.Message);
        }

        if (problem is { Kind: not HoldProblemKind.InUse })
        {
            logger.HoldNotChanged(model, version, hold ? "set" : "lifted", problem.Reason);
        }

        return problem;
    }

    private static HoldProblem? ProblemOf(SetHold outcome) => outcome switch
    {
        SetHold.Incomplete incomplete => new HoldProblem(HoldProblemKind.Passing, incomplete.Reason),
        SetHold.Refused refused => new HoldProblem(HoldProblemKind.Refused, refused.Reason),
        _ => null,
    };
}

/// <summary>Why a hold is not as it should be.</summary>
/// <param name="Kind">What kind of reason it is.</param>
/// <param name="Reason">The reason.</param>
public sealed record HoldProblem(HoldProblemKind Kind, string Reason);

/// <summary>Kinds of reasons why a hold is not as it should be.</summary>
public enum HoldProblemKind
{
    /// <summary>Worth another try.</summary>
    Passing,

    /// <summary>The storage does it for no version until a person puts something right.</summary>
    Refused,

    /// <summary>The version is in use: its hold is not to be lifted.</summary>
    InUse,
}
