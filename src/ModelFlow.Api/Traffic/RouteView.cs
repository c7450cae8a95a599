using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Api.Traffic;

/// <summary>A route and until when its candidates' weights hold.</summary>
/// <param name="Route">The route.</param>
/// <param name="LeaseUntil">After this all traffic goes to stable; absent without candidates and for past routes.</param>
public sealed record RouteView(Route Route, DateTimeOffset? LeaseUntil)
{
    internal static RouteView? Of(CurrentRoute? current) => current is null ? null : new RouteView(current.Route, current.LeaseUntil);
}
