using ModelFlow.Core.Inspection;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Catalog;

/// <summary>What is known of a registered version. The manifest and digests never change; the rest is the version's life.</summary>
public sealed record VersionRecord
{
    /// <summary>The manifest as registered.</summary>
    public required Manifest Manifest { get; init; }

    /// <summary>The digest of the manifest in canonical form: with the files' digests in it, it names the version's bytes.</summary>
    public required Sha256Digest Digest { get; init; }

    /// <summary>Who uploaded it; null for a bare drop into the container.</summary>
    public string? Uploader { get; init; }

    /// <summary>When it was registered.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>Inputs and outputs, once inspected.</summary>
    public ModelSignature? Signature { get; init; }

    /// <summary>When it first became stable.</summary>
    public DateTimeOffset? FirstStableAt { get; init; }

    /// <summary>When it was last replaced as stable.</summary>
    public DateTimeOffset? LastStableAt { get; init; }

    /// <summary>Why it may never be served again; null while it may.</summary>
    public Revocation? Revoked { get; init; }

    /// <summary>Kept where it is by a person's wish, whatever the retention policy says.</summary>
    public bool Pinned { get; init; }

    /// <summary>The storage tier of its files.</summary>
    public StorageTier Tier { get; init; } = StorageTier.Hot;

    /// <summary>When a person last had it brought back to the hot tier; counts as a use of it.</summary>
    public DateTimeOffset? RestoredAt { get; init; }

    /// <summary>When its files were moved to <see cref="Tier"/>; null if they never were.</summary>
    public DateTimeOffset? TierSince { get; init; }

    /// <summary>Whether its files were deleted by retention; the metadata stays.</summary>
    public bool Deleted { get; init; }

    /// <summary>The model.</summary>
    public ModelName Model => Manifest.Model;

    /// <summary>The version.</summary>
    public VersionName Version => Manifest.Version;
}

/// <summary>Who forbade a version, when and why.</summary>
/// <param name="By">The identity.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why.</param>
public sealed record Revocation(string By, DateTimeOffset At, string Reason);

/// <summary>A storage tier, from dear and fast to cheap and slow.</summary>
public enum StorageTier
{
    /// <summary>Read at once, dearest to keep.</summary>
    Hot,

    /// <summary>Read at once, at least 30 days.</summary>
    Cool,

    /// <summary>Read at once, at least 90 days.</summary>
    Cold,

    /// <summary>Offline; at least 180 days; a restore takes hours.</summary>
    Archive,
}
