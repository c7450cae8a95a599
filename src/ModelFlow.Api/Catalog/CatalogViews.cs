using System.Diagnostics.CodeAnalysis;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Api.Catalog;

/// <summary>A model in the list.</summary>
public record ModelItem
{
    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>Its stable version; absent before the first one is live.</summary>
    public VersionName? Stable { get; init; }

    /// <summary>Versions with a share of its traffic.</summary>
    public required IReadOnlyList<Candidate> Candidates { get; init; }

    /// <summary>The generation of its route.</summary>
    public long? Generation { get; init; }

    /// <summary>The release that may move its traffic now.</summary>
    public ReleaseId? Ramping { get; init; }

    /// <summary>Whether a freeze covers it.</summary>
    public required bool Frozen { get; init; }
}

/// <summary>A model.</summary>
public sealed record ModelDetail : ModelItem
{
    /// <summary>An empty one, for readers of JSON.</summary>
    public ModelDetail()
    {
    }

    [SetsRequiredMembers]
    internal ModelDetail(ModelItem item)
        : base(item)
    {
        (Deployments, Freezes, Versions) = ([], [], 0);
    }

    /// <summary>What is live now.</summary>
    public Traffic.RouteView? Route { get; init; }

    /// <summary>Every version that is or was on the model servers.</summary>
    public required IReadOnlyList<Deployment> Deployments { get; init; }

    /// <summary>The freezes that cover it.</summary>
    public required IReadOnlyList<Freeze> Freezes { get; init; }

    /// <summary>The policy a new release would start under.</summary>
    public Sha256Digest? Policy { get; init; }

    /// <summary>How many versions are registered.</summary>
    public required int Versions { get; init; }
}

/// <summary>A version in the list.</summary>
public record VersionItem
{
    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The version.</summary>
    public required VersionName Version { get; init; }

    /// <summary>Names its bytes.</summary>
    public required Sha256Digest Digest { get; init; }

    /// <summary>The model format.</summary>
    public required string Format { get; init; }

    /// <summary>The size of all its files.</summary>
    public required long Bytes { get; init; }

    /// <summary>Who uploaded it; absent for a bare drop.</summary>
    public string? Uploader { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When it first became stable.</summary>
    public DateTimeOffset? FirstStableAt { get; init; }

    /// <summary>When it was last replaced as stable.</summary>
    public DateTimeOffset? LastStableAt { get; init; }

    /// <summary>The storage tier of its files.</summary>
    public required StorageTier Tier { get; init; }

    /// <summary>Whether retention leaves it alone.</summary>
    public required bool Pinned { get; init; }

    /// <summary>Whether its files were deleted.</summary>
    public required bool Deleted { get; init; }

    /// <summary>Why it may never be served again.</summary>
    public Revocation? Revoked { get; init; }

    /// <summary><c>stable</c>, <c>candidate</c> or <c>shadow</c>; absent when the route does not name it.</summary>
    public string? Live { get; init; }

    /// <summary>Its share of traffic by the route.</summary>
    public Weight? Weight { get; init; }

    /// <summary>The list's view of a version.</summary>
    internal static VersionItem Of(VersionRecord record, Route? route)
    {
        var candidate = route?.Candidates.FirstOrDefault(c => c.Version == record.Version);
        var stable = candidate is null && route?.Stable == record.Version;
        return new VersionItem
        {
            Model = record.Model,
            Version = record.Version,
            Digest = record.Digest,
            Format = record.Manifest.Format,
            Bytes = record.Manifest.TotalBytes,
            Uploader = record.Uploader,
            RegisteredAt = record.RegisteredAt,
            FirstStableAt = record.FirstStableAt,
            LastStableAt = record.LastStableAt,
            Tier = record.Tier,
            Pinned = record.Pinned,
            Deleted = record.Deleted,
            Revoked = record.Revoked,
            Live = candidate is not null ? "candidate" : stable ? "stable" : route?.Shadow?.Version == record.Version ? "shadow" : null,
            Weight = candidate?.Weight ?? (stable ? new Weight(10_000 - route!.Candidates.Sum(c => c.Weight.BasisPoints)) : null), // stable implies a route.
        };
    }
}

/// <summary>A version.</summary>
public sealed record VersionDetail : VersionItem
{
    /// <summary>An empty one, for readers of JSON.</summary>
    public VersionDetail()
    {
    }

    [SetsRequiredMembers]
    internal VersionDetail(VersionItem item)
        : base(item)
    {
    }

    /// <summary>The manifest as registered.</summary>
    public Manifest? Manifest { get; init; }

    /// <summary>Inputs and outputs, once inspected.</summary>
    public ModelSignature? Signature { get; init; }

    /// <summary>Where it is on the model servers; absent if it never was.</summary>
    public Deployment? Deployment { get; init; }

    /// <summary>Its newest release.</summary>
    public ReleaseId? LatestRelease { get; init; }

    /// <summary>The report files of <see cref="LatestRelease"/>.</summary>
    public IReadOnlyList<string> Reports { get; init; } = [];
}
