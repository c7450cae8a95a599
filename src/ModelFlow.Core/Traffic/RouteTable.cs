using System.Runtime.InteropServices;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>A served route made ready for choosing a version for each request. Immutable, for any number of threads; choosing takes no memory.</summary>
public sealed class RouteTable
{
    private readonly VersionName[] _versions;
    private readonly bool[] _loaded;
    private readonly int[] _below;
    private readonly int _stable;
    private readonly int _shadow = -1;
    private readonly int _baseline = -1;
    private readonly int _baselineFrom = Bucketing.Buckets;
    private readonly ulong _seed;

    /// <summary>Prepares <paramref name="served"/>.</summary>
    /// <exception cref="ArgumentException">The weights are more than 100 %, a version is named twice, or there is a fresh instance of no stable version.</exception>
    public RouteTable(ServedRoute served)
    {
        Served = served;
        var route = served.Route;
        if (route.Versions.Distinct().Count() != route.Versions.Count())
        {
            throw new ArgumentException($"The route of {route.Model} at generation {route.Generation} names a version twice.", nameof(served));
        }

        _versions = [.. route.Versions, .. served.Endpoints.Keys.Except(route.Versions).Order()];
        _stable = route.Stable is null ? -1 : 0;
        _loaded = [.. _versions.Select(v => served.Endpoints.TryGetValue(v, out var at) && at.Count > 0)];
        _below = new int[route.Candidates.Count];
        var sum = 0;
        for (var i = 0; i < _below.Length; i++)
        {
            _below[i] = sum += route.Candidates[i].Weight.BasisPoints;
        }

        if (route.Baseline is { } baseline)
        {
            if (route.Stable is null)
            {
                throw new ArgumentException($"The route of {route.Model} at generation {route.Generation} has a fresh instance of stable, and no stable version.", nameof(served));
            }

            sum += baseline.Weight.BasisPoints;
            _baseline = route.Candidates.Count + _stable + 1;
            _baselineFrom = Bucketing.Buckets - baseline.Weight.BasisPoints;
        }

        if (sum > Bucketing.Buckets)
        {
            throw new ArgumentException($"The weights of {route.Model} at generation {route.Generation} are {sum} basis points; at most 10000 are allowed.", nameof(served));
        }

        if (route.Shadow is not null)
        {
            _shadow = route.Candidates.Count + _stable + 1 + (_baseline < 0 ? 0 : 1);
        }

        _seed = Bucketing.SeedOf(route.Salt);
    }

    /// <summary>What it was made of.</summary>
    public ServedRoute Served { get; }

    /// <summary>
    /// The versions that <see cref="RouteChoice.Version"/> is an index of: stable, if there is one, then the candidates, then the fresh instance of stable,
    /// then the one in the shadow, then other loaded versions, which only a pin reaches.
    /// </summary>
    public IReadOnlyList<VersionName> Versions => _versions;

    /// <summary>Whether the candidates' weights and the shadow hold at <paramref name="now"/>; true where there are none.</summary>
    public bool IsLeased(DateTimeOffset now) => (_below.Length == 0 && _shadow < 0) || now < Served.LeaseUntil;

    /// <summary>
    /// The version for a request. By its bucket a key belongs to a candidate or to stable; a candidate without a lease or without a
    /// server is replaced by stable, never stable by a candidate. A fresh instance of stable has the highest buckets, as candidates have the lowest: whatever the weights,
    /// a key goes from stable to the candidate and never back. It is replaced by stable as a candidate is. A pin goes to exactly the version it names, lease or not.
    /// </summary>
    /// <param name="key">The sticky key.</param>
    /// <param name="pin">The version that the caller asked for, if it may; null otherwise.</param>
    /// <param name="now">The time, to hold the lease against.</param>
    public RouteChoice Choose(ReadOnlySpan<char> key, VersionName? pin, DateTimeOffset now) => Choose(Bucketing.Hash(_seed, key), pin, now);

    /// <summary>The same for the hash of a key; for a request without a key, a random number.</summary>
    public RouteChoice Choose(ulong hash, VersionName? pin, DateTimeOffset now)
    {
        if (pin is { } wanted)
        {
            var index = Array.IndexOf(_versions, wanted);
            return index >= 0 && _loaded[index]
                ? new RouteChoice(ChoiceOutcome.Chosen, index, TrafficKind.Pinned, hash)
                : new RouteChoice(ChoiceOutcome.PinNotServed, -1, TrafficKind.Pinned, hash);
        }

        var bucket = Bucketing.BucketOf(hash);
        for (var i = 0; i < _below.Length; i++)
        {
            if (bucket < _below[i])
            {
                var index = i + 1 + _stable;
                return now < Served.LeaseUntil && _loaded[index]
                    ? new RouteChoice(ChoiceOutcome.Chosen, index, TrafficKind.Normal, hash)
                    : Stable(TrafficKind.Fallback, hash);
            }
        }

        return bucket < _baselineFrom ? Stable(TrafficKind.Normal, hash)
            : now < Served.LeaseUntil && _loaded[_baseline] ? new RouteChoice(ChoiceOutcome.Chosen, _baseline, TrafficKind.Normal, hash)
            : Stable(TrafficKind.Fallback, hash);
    }

    /// <summary>
    /// The version in the shadow, if a request is one of those that are mirrored to it: one that stable answers by its bucket, and whose own hash,
    /// not its key's, falls into the share, so that no user is mirrored more than others. Not <see cref="ChoiceOutcome.Chosen"/> otherwise.
    /// </summary>
    /// <param name="choice">What was chosen for the request.</param>
    /// <param name="unique">What tells the request apart from others: of its <see cref="RequestId"/>.</param>
    /// <param name="now">The time, to hold the lease against.</param>
    public RouteChoice Mirror(RouteChoice choice, ulong unique, DateTimeOffset now)
    {
        var mirrored = _shadow >= 0 && choice is { Outcome: ChoiceOutcome.Chosen, Kind: TrafficKind.Normal } && choice.Version == _stable
            && now < Served.LeaseUntil && _loaded[_shadow]
            && Bucketing.BucketOf(Bucketing.Hash(_seed, unique)) < Served.Route.Shadow!.Share.BasisPoints; // _shadow says there is one.
        return mirrored ? new RouteChoice(ChoiceOutcome.Chosen, _shadow, TrafficKind.Shadow, choice.KeyHash) : new RouteChoice(ChoiceOutcome.NoVersion, -1, TrafficKind.Shadow, choice.KeyHash);
    }

    /// <summary>Stable in place of a candidate that turned out not to answer.</summary>
    public RouteChoice FallBack(RouteChoice from) => Stable(TrafficKind.Fallback, from.KeyHash);

    private RouteChoice Stable(TrafficKind kind, ulong hash) => _stable >= 0 && _loaded[_stable]
        ? new RouteChoice(ChoiceOutcome.Chosen, _stable, kind, hash)
        : new RouteChoice(ChoiceOutcome.NoVersion, -1, kind, hash);
}

/// <summary>What was chosen for a request.</summary>
/// <param name="Outcome">Whether a version was.</param>
/// <param name="Version">Its index in <see cref="RouteTable.Versions"/>; -1 if none was.</param>
/// <param name="Kind">What the request counts as.</param>
/// <param name="KeyHash">The hash of its key: see <see cref="Bucketing"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RouteChoice(ChoiceOutcome Outcome, int Version, TrafficKind Kind, ulong KeyHash)
{
    /// <summary>The group of the key, 0 to 63.</summary>
    public int SubBucket => Bucketing.SubBucketOf(KeyHash);
}

/// <summary>Whether a version was chosen.</summary>
public enum ChoiceOutcome
{
    /// <summary>One was.</summary>
    Chosen,

    /// <summary>The request belongs to stable, and there is none or it is not loaded.</summary>
    NoVersion,

    /// <summary>The version asked for is not loaded.</summary>
    PinNotServed,
}
