using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// How one model's traffic is split, at one generation. A route is replaced, never edited: the next one has
/// <see cref="Generation"/> + 1 and names the command that made it, and every past one is kept.
/// </summary>
public sealed record Route
{
    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>1 for the first route of a model; grows by exactly one.</summary>
    public required long Generation { get; init; }

    /// <summary>The version that gets all traffic that no candidate gets; null only before a model's first version is stable.</summary>
    public VersionName? Stable { get; init; }

    /// <summary>Versions with a share of traffic, their sum at most 100 %. Their weight holds only while the lease does.</summary>
    public IReadOnlyList<Candidate> Candidates { get; init; } = [];

    /// <summary>
    /// A fresh instance of stable that has a part of stable's share while the lease holds, so that the candidate is not compared with servers that have been warm
    /// for long. Null for none: then the candidate is compared with all of stable.
    /// </summary>
    public BaselineTarget? Baseline { get; init; }

    /// <summary>The version that a share of stable's requests is mirrored to, while the lease holds; its answers reach nobody. Null for none.</summary>
    public ShadowTarget? Shadow { get; init; }

    /// <summary>Where the key is that keeps a user on one version.</summary>
    public StickyPolicy Sticky { get; init; } = new();

    /// <summary>Mixed into the hash of the key; one per release, so that the same people are not always first.</summary>
    public string Salt { get; init; } = "";

    /// <summary>The release whose ramp this is; null when none is ramping.</summary>
    public ReleaseId? Release { get; init; }

    /// <summary>The ramp step, counted from 0; null when none is ramping.</summary>
    public int? Step { get; init; }

    /// <summary>What made this route, unique per change and repeated by a retry of the same change, for example <c>digits-v1.2.0-mlp-1#step0@4</c>.</summary>
    public required string Cause { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What a candidate is compared with: the fresh instance of stable, where there is one, else stable.</summary>
    [JsonIgnore]
    public VersionName? ComparedWith => Baseline?.Instance ?? Stable;

    /// <summary>Every version this route can send a request to: stable, the candidates, the fresh instance of stable, and last the one in the shadow.</summary>
    public IEnumerable<VersionName> Versions
    {
        get
        {
            var versions = Candidates.Select(c => c.Version);
            versions = Stable is { } stable ? versions.Prepend(stable) : versions;
            versions = Baseline is { } baseline ? versions.Append(baseline.Instance) : versions;
            return Shadow is { } shadow ? versions.Append(shadow.Version) : versions;
        }
    }

    /// <summary>Whether anything in it holds only while a lease does.</summary>
    [JsonIgnore]
    public bool NeedsLease => Candidates.Count > 0 || Shadow is not null;

    /// <inheritdoc/>
    public bool Equals(Route? other) => other is not null
        && Model == other.Model && Generation == other.Generation && Stable == other.Stable
        && Candidates.SequenceEqual(other.Candidates) && Baseline == other.Baseline && Shadow == other.Shadow && Sticky == other.Sticky
        && string.Equals(Salt, other.Salt, StringComparison.Ordinal)
        && Release == other.Release && Step == other.Step
        && string.Equals(Cause, other.Cause, StringComparison.Ordinal) && At == other.At;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Model, Generation, Cause);
}

/// <summary>A version with a share of traffic.</summary>
/// <param name="Version">The version.</param>
/// <param name="Weight">Its share.</param>
public sealed record Candidate(VersionName Version, Weight Weight);

/// <summary>A fresh instance of stable.</summary>
/// <param name="Instance">What the model servers call it: see <see cref="BaselineInstance"/>.</param>
/// <param name="Weight">Its share of all traffic, out of stable's.</param>
public sealed record BaselineTarget(VersionName Instance, Weight Weight)
{
    /// <summary>One with as much traffic as the candidate, or with all that stable has left; null where it has none left.</summary>
    public static BaselineTarget? For(VersionName instance, Weight candidate) =>
        candidate == Weight.All ? null : new BaselineTarget(instance, new Weight(Math.Min(candidate.BasisPoints, Weight.All.BasisPoints - candidate.BasisPoints)));

    /// <summary>The candidate's share of the traffic of the two.</summary>
    public Weight ShareOf(Weight candidate) => new(candidate.BasisPoints * Weight.All.BasisPoints / (candidate.BasisPoints + Weight.BasisPoints));
}

/// <summary>A version that requests are mirrored to.</summary>
/// <param name="Version">The version.</param>
/// <param name="Share">The share of the requests that stable answers.</param>
/// <param name="SlowerThan">From which multiple of stable's time on a pair counts as slower, above 1; null to count none.</param>
public sealed record ShadowTarget(VersionName Version, Weight Share, double? SlowerThan);

/// <summary>Until when the candidates' weights of one generation hold. Renewed on fresh evidence only; never part of the route's history.</summary>
/// <param name="Model">The model.</param>
/// <param name="Generation">The generation it was given for; a lease of another generation counts as none.</param>
/// <param name="Until">After this all traffic goes to stable.</param>
public sealed record RouteLease(ModelName Model, long Generation, DateTimeOffset Until);

/// <summary>What a gateway needs to serve one model: the route, its lease, and where the versions are.</summary>
/// <param name="Route">The route.</param>
/// <param name="LeaseUntil">Null when the route has neither candidates nor a shadow.</param>
/// <param name="Endpoints">For each version that is loaded, the base addresses of its replicas; those that the route does not name can be pinned only.</param>
public sealed record ServedRoute(Route Route, DateTimeOffset? LeaseUntil, IReadOnlyDictionary<VersionName, IReadOnlyList<Uri>> Endpoints)
{
    /// <summary>What the servers of a version call it in the bodies of OpenAI's API, where that is not the version's name; null where it always is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<VersionName, string>? ServedModels { get; init; }
}

/// <summary>
/// What the control plane answers to a gateway that polls. Lease ends are times of the control plane's clock; the header
/// <see cref="NowHeader"/> of the answer, and of a pushed route, says what that clock showed, so that clocks need not agree.
/// </summary>
/// <param name="Routes">The routes of all models.</param>
public sealed record GatewayRoutes(IReadOnlyList<ServedRoute> Routes)
{
    /// <summary>The header with the sender's time, ISO 8601.</summary>
    public const string NowHeader = "x-modelflow-now";
}
