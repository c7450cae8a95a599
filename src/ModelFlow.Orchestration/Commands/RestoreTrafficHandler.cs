using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Takes the candidate out of the route.</summary>
public sealed class RestoreTrafficHandler(IRouteStore routes, RouteChanger changer, TimeProvider time)
{
    private const int MaxOvertakes = 5;

    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.RestoreTraffic command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        for (var i = 0; i < MaxOvertakes; i++)
        {
            var current = await routes.GetAsync(context.Model, cancellationToken);
            if (current is null)
            {
                return new CommandResult.TrafficRestored(0);
            }

            var generation = current.Route.Generation;
            var cause = context.CauseOf("restore", command.AfterGeneration);
            var hasCandidate = current.Route.Candidates.Any(c => c.Version == context.Version) || current.Route.Shadow?.Version == context.Version;
            if (!hasCandidate && generation > command.AfterGeneration)
            {
                // Somebody's change is newer than any that this release could still make: it is fenced out already.
                return new CommandResult.TrafficRestored(generation);
            }

            var changed = await changer.ChangeAsync(
                context.Model,
                generation,
                cause,
                route => Task.FromResult<NextRoute>(new NextRoute.Change(
                    route! with
                    {
                        Generation = generation + 1,
                        Candidates = [.. route.Candidates.Where(c => c.Version != context.Version)],
                        Baseline = null,
                        Shadow = null,
                        Salt = "",
                        Release = null,
                        Step = null,
                        Cause = cause,
                        At = time.GetUtcNow(),
                    },
                    LeaseUntil: null)),
                cancellationToken);
            if (changed is RouteChanged.Done done)
            {
                return new CommandResult.TrafficRestored(done.Generation);
            }
        }

        return new CommandResult.Faulted($"The route of {context.Model} was changed by others {MaxOvertakes} times in a row.");
    }
}
