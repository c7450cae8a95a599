using System.Text.Json;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Retention;

/// <summary>What retention would do at one time, and what it would leave alone and why.</summary>
/// <param name="At">The time it was made for.</param>
/// <param name="Actions">What would be done, by model and version.</param>
/// <param name="Kept">What would stay where it is, by model and version.</param>
public sealed record RetentionPlan(DateTimeOffset At, IReadOnlyList<RetentionAction> Actions, IReadOnlyList<KeptVersion> Kept)
{
    /// <summary>Names what would be done, whatever the time and the words of the reasons: the same actions have the same digest.</summary>
    public Sha256Digest Digest => Sha256Digest.Parse(HashChain.Next(
        "",
        JsonSerializer.SerializeToNode(Actions.Select(a => new { a.Model, a.Version, a.From, a.To, a.Delete }), CoreJson.Options)!)); // An array never becomes null.
}

/// <summary>One version's move.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="From">The tier it is in.</param>
/// <param name="To">The colder tier it goes to; null when it is deleted.</param>
/// <param name="Delete">Whether its files are deleted.</param>
/// <param name="Bytes">The size of its files.</param>
/// <param name="Reason">Why, with the times.</param>
public sealed record RetentionAction(ModelName Model, VersionName Version, StorageTier From, StorageTier? To, bool Delete, long Bytes, string Reason);

/// <summary>A version that stays where it is.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Tier">The tier it is in.</param>
/// <param name="Reason">Why.</param>
public sealed record KeptVersion(ModelName Model, VersionName Version, StorageTier Tier, string Reason);
