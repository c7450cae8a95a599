using ModelFlow.Core.Catalog;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Loads the version on the model servers, without traffic.</summary>
public sealed class LoadVersionHandler(IModelServer server, IVersionCatalog catalog, IDeploymentStore deployments, VersionHolder holder, TimeProvider time)
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

                // Before it gets any traffic. Where this fails the upkeep tries again: no release waits for it.
                await holder.HoldAsync(context.Model, context.Version, cancellationToken);
                return new CommandResult.Loaded(ready.Took);
            default:
                throw new InvalidOperationException("Unknown outcome of loading a version.");
        }
    }
}
