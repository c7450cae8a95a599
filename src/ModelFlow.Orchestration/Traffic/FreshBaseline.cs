using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Traffic;

/// <summary>
/// The fresh instance of stable that a release compares its candidate with: loaded and warmed up as the candidate is, and gone when the release is over.
/// </summary>
public sealed class FreshBaseline(IModelServer server, IModelWarmUp warmUp, IVersionCatalog catalog, IDeploymentStore deployments, TimeProvider time)
{
    /// <summary>What it is called; null where the release compares with all of stable, or with nothing.</summary>
    public static VersionName? NameOf(CommandContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Policy.Ramp.FreshBaseline && context.State is { Baseline: { } stable, BreakingSignature: false } ? BaselineInstance.NameFor(context.Id, stable) : null;
    }

    /// <summary>Loads it, if the release needs one; loading it again changes nothing. Null, or why it cannot be loaded.</summary>
    /// <param name="context">The release.</param>
    /// <param name="plan">How the candidate was warmed up.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<string?> LoadAsync(CommandContext context, WarmUpPlan plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (NameOf(context) is not { } instance)
        {
            return null;
        }

        var stable = context.State.Baseline!.Value; // There is a name for it.
        if (await catalog.GetAsync(context.Model, stable, cancellationToken) is not { } version)
        {
            return $"{stable} is not in the catalogue";
        }

        if (await server.LoadAsync(version, instance, cancellationToken) is not LoadModel.Ready ready)
        {
            return $"the model servers cannot load {stable} a second time; is there memory for it?";
        }

        if (plan.Requests > 0
            && await warmUp.WarmUpAsync(version, ready.Endpoints, plan with { Instance = instance, ServedModel = ready.ServedModel }, cancellationToken) is WarmUpModel.Failed failed)
        {
            await server.UnloadAsync(context.Model, instance, cancellationToken);
            return failed.Reason;
        }

        var now = time.GetUtcNow();
        await deployments.UpdateAsync(
            context.Model,
            instance,
            before => new Deployment
            {
                Model = context.Model,
                Version = instance,
                InstanceOf = stable,
                Endpoints = ready.Endpoints,
                ServedModel = ready.ServedModel,
                LoadedAt = before is { Loaded: true } ? before.LoadedAt : now,
                LoadTime = before is { Loaded: true } ? before.LoadTime : ready.Took,
                Loaded = true,
                KeepUntil = null,
            },
            cancellationToken);
        return null;
    }

    /// <summary>What a route with the candidate at this weight has of it; null for nothing.</summary>
    public async Task<BaselineTarget?> TargetAsync(CommandContext context, Weight candidate, CancellationToken cancellationToken)
    {
        if (NameOf(context) is not { } instance || candidate == Weight.All)
        {
            return null;
        }

        return await deployments.GetAsync(context.Model, instance, cancellationToken) is { Loaded: true }
            ? BaselineTarget.For(instance, candidate)
            : throw new InvalidOperationException($"{context.Id} compares with a fresh instance of {context.State.Baseline}, {instance}, and it is not loaded.");
    }

    /// <summary>The release is over: it is unloaded once no gateway can have it in a route any longer.</summary>
    public async Task ReleaseAsync(CommandContext context, DateTimeOffset unloadAt, CancellationToken cancellationToken)
    {
        if (NameOf(context) is { } instance)
        {
            await deployments.UpdateAsync(context.Model, instance, d => d is null ? null : d with { KeepUntil = d.KeepUntil ?? unloadAt }, cancellationToken);
        }
    }
}
