using System.Globalization;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Traffic;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Loads the version on the model servers, without traffic, and warms it up: it is not judged by what a server does once.</summary>
public sealed class LoadVersionHandler(IModelServer server, IModelWarmUp warmUp, IVersionCatalog catalog, IDeploymentStore deployments, VersionHolder holder, FreshBaseline baseline, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var version = await catalog.GetAsync(context.Model, context.Version, cancellationToken)
            ?? throw new InvalidOperationException($"{context.Model} {context.Version} is not in the catalogue.");
        if (version.Revoked is { } revoked)
        {
            return new CommandResult.Refused("revoked", $"{version.Version} was revoked by {revoked.By}: {revoked.Reason}");
        }

        switch (await server.LoadAsync(version, cancellationToken))
        {
            case LoadModel.Refused refused:
                return new CommandResult.Refused("load", refused.Reason);
            case LoadModel.Ready ready:
                var plan = new WarmUpPlan(context.Policy.Ramp.WarmUp, context.Policy.Smoke.Dataset, context.Policy.Evaluation.Label) { ServedModel = ready.ServedModel };
                var warm = plan.Requests == 0 ? null : await warmUp.WarmUpAsync(version, ready.Endpoints, plan, cancellationToken);
                if (warm is WarmUpModel.Failed failed)
                {
                    await ForgetAsync(context, cancellationToken);
                    return new CommandResult.Refused("warm-up", failed.Reason);
                }

                var now = time.GetUtcNow();
                await deployments.UpdateAsync(
                    context.Model,
                    context.Version,
                    before => new Deployment
                    {
                        Model = context.Model,
                        Version = context.Version,
                        Endpoints = ready.Endpoints,
                        ServedModel = ready.ServedModel,
                        LoadedAt = before is { Loaded: true } ? before.LoadedAt : now,
                        LoadTime = before is { Loaded: true } ? before.LoadTime : ready.Took,
                        Loaded = true,
                        KeepUntil = null,
                        Hold = before?.Hold,
                    },
                    cancellationToken);

                // Side by side with the candidate, so that both are as fresh. Not the candidate's fault: tried again as any trouble with the servers.
                if (await baseline.LoadAsync(context, plan, cancellationToken) is { } problem)
                {
                    return new CommandResult.Faulted($"The fresh instance of {context.State.Baseline} to compare with cannot be loaded: {problem}.");
                }

                // Before it gets any traffic. Where this fails the upkeep tries again: no release waits for it.
                await holder.HoldAsync(context.Model, context.Version, cancellationToken);
                return new CommandResult.Loaded(ready.Took) { WarmUp = Describe(warm, plan.Requests, ready.Endpoints.Count, FreshBaseline.NameOf(context)) };
            default:
                throw new InvalidOperationException("Unknown outcome of loading a version.");
        }
    }

    private static string? Describe(WarmUpModel? warm, int planned, int replicas, VersionName? baseline) => (Describe(warm, planned, replicas), baseline) switch
    {
        (var told, null) => told,
        (null, { } instance) => $"and to compare with a fresh instance of stable, {instance}",
        ({ } told, { } instance) => $"{told}; to compare with, a fresh instance of stable, {instance}, was loaded and treated likewise",
    };

    private static string? Describe(WarmUpModel? warm, int planned, int replicas) => warm switch
    {
        WarmUpModel.Warm w => string.Create(
            CultureInfo.InvariantCulture,
            $"warmed up with {(w.Requests < planned ? $"{w.Requests} of {planned}" : w.Requests)} {(planned == 1 ? "request" : "requests")} ({w.What}) on {(replicas == 1 ? "its replica" : $"each of {replicas} replicas")}: the first took {w.First.TotalMilliseconds:0.0} ms, the last {w.Last.TotalMilliseconds:0.0} ms"),
        WarmUpModel.NotPossible n => $"not warmed up: {n.Reason}",
        _ => null,
    };

    // One that was loaded before, as a former stable version may be, stays for whom it was kept.
    private async Task ForgetAsync(CommandContext context, CancellationToken cancellationToken)
    {
        if (await deployments.GetAsync(context.Model, context.Version, cancellationToken) is not { Loaded: true })
        {
            await server.UnloadAsync(context.Model, context.Version, cancellationToken);
        }
    }
}
