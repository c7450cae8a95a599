using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Routing;

/// <summary>
/// Versions and replicas as they go on from route to route: what is known of a replica's health, and what is under way, outlasts a change
/// of the route. What no route names any longer is kept until its requests have ended.
/// </summary>
public sealed class TargetPool(IOptions<GatewayOptions> options, TimeProvider time)
{
    // A request that has chosen by the old route and not yet begun must find its version still here.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly Lock _changing = new();
    private readonly Dictionary<(ModelName Model, VersionName Version), Version> _versions = [];

    /// <summary>What a route that is about to be used sends requests to. Called for each new route, in their order.</summary>
    internal VersionTarget[] Use(ServedRoute served, IReadOnlyList<VersionName> versions)
    {
        lock (_changing)
        {
            var now = time.GetTimestamp();
            foreach (var version in _versions.Values.Where(v => v.Load.Model == served.Route.Model))
            {
                version.LeftAt ??= now;
            }

            return [.. versions.Select(v => Use(served, v))];
        }
    }

    /// <summary>The versions with requests under way.</summary>
    public IReadOnlyList<VersionLoad> Busy()
    {
        lock (_changing)
        {
            return [.. _versions.Values.Select(v => v.Load).Where(l => l.InFlight > 0)];
        }
    }

    /// <summary>Every replica that a route names, with its version.</summary>
    internal IReadOnlyList<(VersionLoad Version, Replica Replica)> Replicas()
    {
        lock (_changing)
        {
            return [.. _versions.Values.Where(v => v.LeftAt is null).SelectMany(v => v.Current.Select(r => (v.Load, r)))];
        }
    }

    /// <summary>Forgets what no route names any longer. Called every second or so.</summary>
    internal void Sweep()
    {
        lock (_changing)
        {
            var over = _versions.Where(p => p.Value is { LeftAt: { } left, Load.InFlight: 0 } && time.GetElapsedTime(left) > Grace).Select(p => p.Key).ToList();
            foreach (var key in over)
            {
                _versions.Remove(key);
            }
        }
    }

    private VersionTarget Use(ServedRoute served, VersionName name)
    {
        var model = served.Route.Model;
        if (!_versions.TryGetValue((model, name), out var version))
        {
            _versions[(model, name)] = version = new Version(new VersionLoad(model, name));
        }

        var before = version.ByEndpoint;
        version.LeftAt = null;
        version.ByEndpoint = [];
        foreach (var endpoint in served.Endpoints.GetValueOrDefault(name) ?? [])
        {
            version.ByEndpoint[endpoint] = before.GetValueOrDefault(endpoint) ?? new Replica(endpoint, model, name, new ReplicaHealth(options.Value.Health, time));
        }

        var told = name == served.Route.Baseline?.Instance ? served.Route.Stable ?? name : name;
        return new VersionTarget(name.Value, told.Value, served.ServedModels?.GetValueOrDefault(name), version.Load, [.. version.Current], time);
    }

    private sealed class Version(VersionLoad load)
    {
        public VersionLoad Load => load;

        public long? LeftAt { get; set; }

        public Dictionary<Uri, Replica> ByEndpoint { get; set; } = [];

        public IEnumerable<Replica> Current => ByEndpoint.Values;
    }
}
