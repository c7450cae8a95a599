using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Ports;

/// <summary>What every <see cref="IRouteStore"/> checks before it writes; breaking one is a bug of the caller.</summary>
public static class RouteWriteRules
{
    /// <summary>The next route must be of the same model and its generation one more than the current one's (1 for the first).</summary>
    /// <exception cref="ArgumentException">It is not.</exception>
    public static void Check(CurrentRoute? read, Route next)
    {
        ArgumentNullException.ThrowIfNull(next);
        if (read is not null && read.Route.Model != next.Model)
        {
            throw new ArgumentException($"A route of {next.Model} cannot follow on one of {read.Route.Model}.", nameof(next));
        }

        var expected = (read?.Route.Generation ?? 0) + 1;
        if (next.Generation != expected)
        {
            throw new ArgumentException($"Generation {next.Generation} of {next.Model}'s route does not follow on generation {expected - 1}.", nameof(next));
        }
    }
}
