using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Traffic;

/// <summary>
/// The one way routes are changed by releases: on condition of the generation the release knows, signed with the command that
/// made the change, so that a command run again finds its own change, and one that comes late finds itself fenced out.
/// </summary>
public sealed class RouteChanger(IRouteStore routes, ServedRoutes served)
{
    private const int MaxConflicts = 5;

    /// <summary>Replaces the route if its generation is still <paramref name="after"/>, and tells the gateways.</summary>
    /// <param name="model">The model.</param>
    /// <param name="after">The generation the caller knows; 0 for none.</param>
    /// <param name="cause">Signs the change; the same when it is tried again.</param>
    /// <param name="next">The route to come after the current one (null if there is none), or why it has to wait.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="InvalidOperationException">Others kept writing the same generation.</exception>
    public async Task<RouteChanged> ChangeAsync(ModelName model, long after, string cause, Func<Route?, Task<NextRoute>> next, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(next);
        for (var i = 0; i < MaxConflicts; i++)
        {
            var current = await routes.GetAsync(model, cancellationToken);
            if (current is not null && string.Equals(current.Route.Cause, cause, StringComparison.Ordinal))
            {
                await served.PushAsync(current, cancellationToken);
                return new RouteChanged.Done(current.Route.Generation);
            }

            var generation = current?.Route.Generation ?? 0;
            if (generation != after)
            {
                return new RouteChanged.Overtaken(generation, current?.Route.Cause ?? "no route");
            }

            var wanted = await next(current?.Route);
            if (wanted is NextRoute.Held held)
            {
                return new RouteChanged.Held(held.Reason);
            }

            var change = (NextRoute.Change)wanted;
            if (await routes.ChangeAsync(current, change.Route, change.LeaseUntil, cancellationToken) is ChangeRoute.Changed changed)
            {
                await served.PushAsync(changed.Current, cancellationToken);
                return new RouteChanged.Done(changed.Current.Route.Generation);
            }
        }

        throw new InvalidOperationException($"The route of {model} was written by others {MaxConflicts} times in a row.");
    }
}

/// <summary>What is to come after a route.</summary>
public abstract record NextRoute
{
    private NextRoute()
    {
    }

    /// <summary>This route.</summary>
    public sealed record Change(Route Route, DateTimeOffset? LeaseUntil) : NextRoute;

    /// <summary>Nothing for now.</summary>
    public sealed record Held(string Reason) : NextRoute;
}

/// <summary>The outcome of changing a route.</summary>
public abstract record RouteChanged
{
    private RouteChanged()
    {
    }

    /// <summary>It is current, now or from an earlier run of the same command.</summary>
    public sealed record Done(long Generation) : RouteChanged;

    /// <summary>Somebody else has changed the route since.</summary>
    public sealed record Overtaken(long Generation, string Cause) : RouteChanged;

    /// <summary>Not now.</summary>
    public sealed record Held(string Reason) : RouteChanged;
}
