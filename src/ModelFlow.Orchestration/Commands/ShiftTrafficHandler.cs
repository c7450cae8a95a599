using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Gives the candidate a share of traffic.</summary>
public sealed class ShiftTrafficHandler(RouteChanger changer, IVersionCatalog catalog, FreezeGuard freezes, FreshBaseline baseline, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.ShiftTraffic command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        if (await catalog.GetAsync(context.Model, context.Version, cancellationToken) is { Revoked: { } revoked })
        {
            return new CommandResult.Refused("revoked", $"{context.Version} was revoked by {revoked.By}: {revoked.Reason}");
        }

        var now = time.GetUtcNow();
        var target = await baseline.TargetAsync(context, command.Weight, cancellationToken);
        var cause = context.CauseOf($"step{command.Step}", command.AfterGeneration);
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
                        Candidates = [new Candidate(context.Version, command.Weight)],
                        Baseline = current?.Stable == context.State.Baseline ? target : null,
                        Sticky = context.Policy.Ramp.Sticky,
                        Salt = SaltOf(context.Id),
                        Release = context.Id,
                        Step = command.Step,
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

    // One per version and attempt, so that the same people are not always first.
    private static string SaltOf(ReleaseId id) => id.ToString();
}
