using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Retention;

/// <summary>
/// Decides which versions have a legal hold: those in a route, and those on the model servers, which are candidates before their first
/// request, in service, or in the rollback window. Whatever is held here, <see cref="RetentionPlanner.WhyNeeded"/> keeps where it is.
/// </summary>
public static class HoldPlanner
{
    /// <summary>How long it is trusted that files which had their hold still have it.</summary>
    public static readonly TimeSpan TrustedFor = TimeSpan.FromDays(1);

    /// <summary>Whether a version must have a hold.</summary>
    public static bool IsNeeded(Deployment deployment, Route? route)
    {
        ArgumentNullException.ThrowIfNull(deployment);

        // An instance has no files of its own, and the version it is one of is in the route beside it.
        return deployment.InstanceOf is null && (deployment.Loaded || route?.Versions.Contains(deployment.Version) == true);
    }

    /// <summary>What is to be done at <paramref name="now"/>: holds to set first, those with traffic before others, then holds to lift.</summary>
    /// <param name="deployments">Every deployment, with the hold that is known of it.</param>
    /// <param name="routes">The current routes.</param>
    /// <param name="now">The time.</param>
    public static IReadOnlyList<HoldAction> Plan(IEnumerable<Deployment> deployments, IReadOnlyDictionary<ModelName, Route> routes, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(deployments);
        ArgumentNullException.ThrowIfNull(routes);
        var actions = new List<(int Order, HoldAction Action)>();
        foreach (var deployment in deployments)
        {
            var route = routes.GetValueOrDefault(deployment.Model);
            if (!IsNeeded(deployment, route))
            {
                if (deployment.Hold is not null)
                {
                    actions.Add((2, new HoldAction(deployment.Model, deployment.Version, Hold: false)));
                }
            }
            else if (deployment.Hold?.SeenAt is not { } seen || now - seen >= TrustedFor)
            {
                actions.Add((route?.Versions.Contains(deployment.Version) == true ? 0 : 1, new HoldAction(deployment.Model, deployment.Version, Hold: true)));
            }
        }

        return [.. actions.OrderBy(a => a.Order).Select(a => a.Action)];
    }
}

/// <summary>One version's hold to set or to lift.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Hold">Whether it is to be set.</param>
public sealed record HoldAction(ModelName Model, VersionName Version, bool Hold);
