using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Retention;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Plans and applies retention: the only one that moves versions to colder tiers or deletes them.</summary>
public sealed class ApplyRetention(
    IVersionCatalog catalog,
    IRouteStore routes,
    IDeploymentStore deployments,
    IReleaseIndex index,
    IReleaseStore releases,
    IPolicyStore policies,
    PolicyCache policyCache,
    IArtifactStore artifacts,
    VersionHolder holder,
    IAuditLog audit,
    TimeProvider time)
{
    /// <summary>What would be done now, to one model or (null) to all. Changes nothing.</summary>
    public async Task<RetentionPlan> PlanAsync(ModelName? model, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var models = model is { } one ? [one] : await catalog.ListModelsAsync(cancellationToken).ToListAsync(cancellationToken);
        var inReleases = await ReadRunningAsync(model, cancellationToken);
        var plans = new List<RetentionPlan>();
        foreach (var name in models)
        {
            plans.Add(await PlanAsync(name, inReleases, now, cancellationToken));
        }

        return new RetentionPlan(now, [.. plans.SelectMany(p => p.Actions)], [.. plans.SelectMany(p => p.Kept)]);
    }

    /// <summary>
    /// Does what a plan made now says. Before each action the plan is made again: a version that came into use meanwhile is left alone.
    /// </summary>
    /// <param name="model">The model; null for all.</param>
    /// <param name="digest">The digest of the plan that was shown; null to apply whatever it is now.</param>
    /// <param name="requester">Who asks.</param>
    /// <param name="cancellationToken">Ends it between two actions; what was done stays done.</param>
    public async Task<AppliedRetention> ApplyAsync(ModelName? model, Sha256Digest? digest, Requester requester, CancellationToken cancellationToken)
    {
        var plan = await PlanAsync(model, cancellationToken);
        if (digest is { } shown && plan.Digest != shown)
        {
            return new AppliedRetention.PlanChanged(plan);
        }

        var results = new List<RetentionResult>();
        foreach (var action in plan.Actions)
        {
            results.Add(await ApplyAsync(action, requester, cancellationToken));
        }

        return new AppliedRetention.Applied(plan.Digest, results);
    }

    private async Task<RetentionResult> ApplyAsync(RetentionAction action, Requester requester, CancellationToken cancellationToken)
    {
        var again = await PlanAsync(action.Model, await ReadRunningAsync(action.Model, cancellationToken), time.GetUtcNow(), cancellationToken);
        if (!again.Actions.Any(a => a.Version == action.Version && a.From == action.From && a.To == action.To && a.Delete == action.Delete)
            || await catalog.GetAsync(action.Model, action.Version, cancellationToken) is not { } version)
        {
            var why = again.Kept.FirstOrDefault(k => k.Version == action.Version)?.Reason ?? "it changed meanwhile";
            return new RetentionResult(action, RetentionStatus.Skipped, why);
        }

        // A hold stands against a deletion, and not against a move.
        if (await holder.LiftAsync(action.Model, action.Version, cancellationToken) is { } problem && action.Delete)
        {
            return new RetentionResult(action, RetentionStatus.Held, $"its legal hold could not be lifted: {problem.Reason}");
        }

        var fate = action.Delete ? "deleted" : $"moved to the {action.To.ToString()!.ToLowerInvariant()} tier";
        await audit.AppendAsync(
            AuditScope.Of(action.Model),
            new AuditEntry(
                requester.IdFor("retention", $"{action.Model}/{action.Version}/{fate}/{version.Tier}"), time.GetUtcNow(), requester.By,
                action.Delete ? "retentionDelete" : "retentionMove", action.Version.Value, $"{action.Version} is {fate}: {action.Reason}"),
            cancellationToken);
        return action.Delete ? await DeleteAsync(action, version, cancellationToken) : await MoveAsync(action, version, cancellationToken);
    }

    // The catalogue knows first: whoever asks for the version from here on is told that its files are gone, and an interrupted deletion
    // leaves files that nobody counts on, never a version that counts on files.
    private async Task<RetentionResult> DeleteAsync(RetentionAction action, VersionRecord version, CancellationToken cancellationToken)
    {
        await catalog.UpdateAsync(action.Model, action.Version, v => v with { Deleted = true }, cancellationToken);
        var facts = await ReadAsync(action.Model, await ReadRunningAsync(action.Model, cancellationToken), cancellationToken);
        if (RetentionPlanner.WhyNeeded(version, facts) is { } need)
        {
            // Somebody began to use it between the plan and the mark.
            await catalog.UpdateAsync(action.Model, action.Version, v => v with { Deleted = false }, cancellationToken);
            return new RetentionResult(action, RetentionStatus.Skipped, need);
        }

        if (await artifacts.DeleteAsync(version, cancellationToken) is not DeleteFiles.Held held)
        {
            return new RetentionResult(action, RetentionStatus.Done, null);
        }

        if (!held.SomeDeleted)
        {
            await catalog.UpdateAsync(action.Model, action.Version, v => v with { Deleted = false }, cancellationToken);
        }

        return new RetentionResult(action, RetentionStatus.Held, $"{held.Path} has a legal hold that ModelFlow did not set{(held.SomeDeleted ? "; files before it are deleted" : "")}");
    }

    private async Task<RetentionResult> MoveAsync(RetentionAction action, VersionRecord version, CancellationToken cancellationToken)
    {
        var tier = action.To!.Value; // A move has a tier to go to.
        if (await artifacts.SetTierAsync(version, tier, cancellationToken) is SetTier.Missing missing)
        {
            return new RetentionResult(action, RetentionStatus.Missing, $"{missing.Path} is not there");
        }

        await catalog.UpdateAsync(action.Model, action.Version, v => v with { Tier = tier, TierSince = time.GetUtcNow() }, cancellationToken);
        return new RetentionResult(action, RetentionStatus.Done, null);
    }

    private async Task<RetentionPlan> PlanAsync(ModelName model, IReadOnlyDictionary<ModelName, Dictionary<VersionName, ReleaseId>> inReleases, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var facts = await ReadAsync(model, inReleases, cancellationToken);
        if (await policies.FindForAsync(model, cancellationToken) is not { } policy)
        {
            return new RetentionPlan(now, [], [.. facts.Versions.Select(v => new KeptVersion(model, v.Version, v.Tier, "no policy is set"))]);
        }

        return RetentionPlanner.Plan(facts, (await policyCache.GetAsync(policy.Digest, cancellationToken)).Retention, now);
    }

    private async Task<RetentionFacts> ReadAsync(ModelName model, IReadOnlyDictionary<ModelName, Dictionary<VersionName, ReleaseId>> inReleases, CancellationToken cancellationToken) => new()
    {
        Versions = await catalog.ListAsync(model, cancellationToken).ToListAsync(cancellationToken),
        Route = (await routes.GetAsync(model, cancellationToken))?.Route,
        Deployments = await deployments.ListAsync(model, cancellationToken).ToListAsync(cancellationToken),
        InReleases = inReleases.TryGetValue(model, out var running) ? running : new Dictionary<VersionName, ReleaseId>(),
    };

    private async Task<IReadOnlyDictionary<ModelName, Dictionary<VersionName, ReleaseId>>> ReadRunningAsync(ModelName? model, CancellationToken cancellationToken)
    {
        var found = new Dictionary<ModelName, Dictionary<VersionName, ReleaseId>>();
        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            if ((model is not null && id.Model != model) || await releases.LoadAsync(id, cancellationToken) is not { State: { Outcome: null } state })
            {
                continue;
            }

            if (!found.TryGetValue(id.Model, out var versions))
            {
                found[id.Model] = versions = [];
            }

            versions[id.Version] = id;
            if (state.Baseline is { } baseline)
            {
                versions.TryAdd(baseline, id);
            }
        }

        return found;
    }
}

/// <summary>The outcome of applying retention.</summary>
public abstract record AppliedRetention
{
    private AppliedRetention()
    {
    }

    /// <summary>Every action was tried.</summary>
    public sealed record Applied(Sha256Digest Digest, IReadOnlyList<RetentionResult> Results) : AppliedRetention;

    /// <summary>The plan is not the one that was shown; nothing was done.</summary>
    public sealed record PlanChanged(RetentionPlan Now) : AppliedRetention;
}

/// <summary>What came of one action.</summary>
/// <param name="Action">The action.</param>
/// <param name="Status">Whether it was done.</param>
/// <param name="Message">Why not; null when it was.</param>
public sealed record RetentionResult(RetentionAction Action, RetentionStatus Status, string? Message);

/// <summary>Whether a retention action was done.</summary>
public enum RetentionStatus
{
    /// <summary>Done.</summary>
    Done,

    /// <summary>The version came into use, or changed, since the plan was made.</summary>
    Skipped,

    /// <summary>A file of the version is not there.</summary>
    Missing,

    /// <summary>A legal hold stands against the deletion.</summary>
    Held,
}
