using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Gives the turn back and marks a version that did not become stable for unloading.</summary>
public sealed class CloseReleaseHandler(IRampTurns turns, IRouteStore routes, IDeploymentStore deployments, FreshBaseline baseline, TimeProvider time)
{
    // A gateway that missed the last change may send to the candidate until its lease ends, and requests take time to finish.
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(10);

    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.CloseRelease command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        var unloadAt = time.GetUtcNow() + context.Policy.Ramp.Lease + Drain;
        await baseline.ReleaseAsync(context, unloadAt, cancellationToken);
        if (command.Outcome != Outcome.Stable
            && (await routes.GetAsync(context.Model, cancellationToken))?.Route.Versions.Contains(context.Version) != true)
        {
            await deployments.UpdateAsync(
                context.Model,
                context.Version,
                d => d is null ? null : d with { KeepUntil = d.KeepUntil ?? unloadAt },
                cancellationToken);
        }

        await turns.ReturnAsync(context.Id, cancellationToken);
        return new CommandResult.Closed();
    }
}
