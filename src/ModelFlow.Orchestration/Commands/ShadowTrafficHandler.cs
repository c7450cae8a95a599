using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Mirrors a share of stable's requests to the candidate.</summary>
public sealed class ShadowTrafficHandler(RouteChanger changer, IVersionCatalog catalog, FreezeGuard freezes, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.ShadowTraffic command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        if (await catalog.GetAsync(context.Model, context.Version, cancellationToken) is { Revoked: { } revoked })
        {
            return new CommandResult.Refused("revoked", $"{context.Version} was revoked by {revoked.By}: {revoked.Reason}");
        }

        var policy = context.Policy.Ramp.Shadow ?? throw new InvalidOperationException($"The policy of {context.Id} has no shadow step.");
        var now = time.GetUtcNow();
        var cause = context.CauseOf("shadow", command.AfterGeneration);
        var changed = await changer.ChangeAsync(
            context.Model,
            command.AfterGeneration,
            cause,
            async current => await freezes.FindAsync(context.Model, cancellationToken) is { } freeze
                ? new NextRoute.Held(freeze)
                : new NextRoute.Change(
                    new Route
                    {
                        Model = context.Model,
                        Generation = command.AfterGeneration + 1,
                        Stable = current?.Stable,
                        Shadow = new ShadowTarget(context.Version, policy.Share, policy.LatencyRatio),
                        Sticky = context.Policy.Ramp.Sticky,
                        Salt = context.Id.ToString(),
                        Release = context.Id,
                        Cause = cause,
                        At = now,
                    },
                    now + context.Policy.Ramp.Lease),
            cancellationToken);
        return changed switch
        {
            RouteChanged.Done done => new CommandResult.TrafficShifted(done.Generation),
            RouteChanged.Overtaken overtaken => new CommandResult.Fenced(overtaken.Generation, overtaken.Cause),
            RouteChanged.Held held => new CommandResult.TurnBusy(held.Reason),
            _ => throw new InvalidOperationException("Unknown outcome of changing a route."),
        };
    }
}
