using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Retention;

/// <summary>What a model's versions are needed for: read before a plan is made, and again before each of its actions.</summary>
public sealed record RetentionFacts
{
    /// <summary>The registered versions.</summary>
    public required IReadOnlyList<VersionRecord> Versions { get; init; }

    /// <summary>The current route; null before the first.</summary>
    public Route? Route { get; init; }

    /// <summary>What is or was on the model servers: what is loaded is in use or in the rollback window.</summary>
    public IReadOnlyList<Deployment> Deployments { get; init; } = [];

    /// <summary>Versions that a running release brings out or compares with, and which release that is.</summary>
    public IReadOnlyDictionary<VersionName, ReleaseId> InReleases { get; init; } = new Dictionary<VersionName, ReleaseId>();
}

/// <summary>
/// Decides which versions of a model move to a colder tier or are deleted. What is live, loaded, in a running release, pinned, or among
/// the newest stable versions is never touched; nothing is ever moved to a warmer tier.
/// </summary>
public static class RetentionPlanner
{
    /// <summary>What <paramref name="policy"/> would do at <paramref name="now"/>.</summary>
    public static RetentionPlan Plan(RetentionFacts facts, RetentionPolicy policy, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(facts);
        ArgumentNullException.ThrowIfNull(policy);
        var newestStable = facts.Versions
            .Where(v => v is { FirstStableAt: not null, Revoked: null, Deleted: false })
            .OrderByDescending(v => facts.Route?.Stable == v.Version)
            .ThenByDescending(v => v.LastStableAt ?? v.FirstStableAt)
            .Take(policy.KeepStable)
            .Select(v => v.Version)
            .ToHashSet();
        var actions = new List<RetentionAction>();
        var kept = new List<KeptVersion>();
        foreach (var version in facts.Versions.Where(v => !v.Deleted).OrderBy(v => v.Version))
        {
            if (WhyNeeded(version, facts) is { } need)
            {
                kept.Add(Keep(version, need));
            }
            else if (newestStable.Contains(version.Version))
            {
                kept.Add(Keep(version, policy.KeepStable == 1 ? "the newest stable version" : $"one of the {policy.KeepStable} newest stable versions"));
            }
            else
            {
                Age(version, policy, now, actions, kept);
            }
        }

        return new RetentionPlan(now, actions, kept);
    }

    /// <summary>Why a version may not be touched whatever its age; null if only its age counts.</summary>
    public static string? WhyNeeded(VersionRecord version, RetentionFacts facts)
    {
        ArgumentNullException.ThrowIfNull(version);
        ArgumentNullException.ThrowIfNull(facts);
        if (version.Pinned)
        {
            return "pinned";
        }

        if (facts.Route?.Stable == version.Version)
        {
            return "stable";
        }

        if (facts.Route?.Candidates.Any(c => c.Version == version.Version) == true)
        {
            return "has a share of traffic";
        }

        if (facts.Route?.Shadow?.Version == version.Version)
        {
            return "requests are mirrored to it";
        }

        if (facts.InReleases.TryGetValue(version.Version, out var release))
        {
            return $"the release {release} runs";
        }

        return facts.Deployments.FirstOrDefault(d => d.Version == version.Version) switch
        {
            { Loaded: true, KeepUntil: { } until } => $"loaded for rollback until {until:u}",
            { Loaded: true } => "loaded",
            _ => null,
        };
    }

    private static void Age(VersionRecord version, RetentionPolicy policy, DateTimeOffset now, List<RetentionAction> actions, List<KeptVersion> kept)
    {
        var (since, what) = LastUse(version);
        var age = now - since;
        if (policy.DeleteAfter is { } delete && age >= delete)
        {
            actions.Add(new RetentionAction(version.Model, version.Version, version.Tier, null, Delete: true, version.Manifest.TotalBytes, Reason("deleted", delete)));
            return;
        }

        (StorageTier Tier, TimeSpan? After)[] steps =
        [
            (StorageTier.Archive, policy.ArchiveAfter), (StorageTier.Cold, policy.ColdAfter), (StorageTier.Cool, policy.CoolAfter),
        ];
        foreach (var (tier, after) in steps)
        {
            if (after is { } limit && age >= limit && tier > version.Tier)
            {
                actions.Add(new RetentionAction(version.Model, version.Version, version.Tier, tier, Delete: false, version.Manifest.TotalBytes, Reason(tier.ToString().ToLowerInvariant(), limit)));
                return;
            }
        }

        kept.Add(Keep(version, $"{what} {Days(age)} ago: nothing is due yet"));

        string Reason(string fate, TimeSpan after) => $"{what} {Days(age)} ago; {fate} after {Days(after)}{Early(version, now)}";
    }

    // Azure bills the cool, cold and archive tiers for at least 30, 90 and 180 days, also for what leaves them sooner:
    // https://learn.microsoft.com/azure/storage/blobs/access-tiers-overview#summary-of-access-tier-options
    private static string Early(VersionRecord version, DateTimeOffset now)
    {
        var least = version.Tier switch
        {
            StorageTier.Cool => TimeSpan.FromDays(30),
            StorageTier.Cold => TimeSpan.FromDays(90),
            StorageTier.Archive => TimeSpan.FromDays(180),
            _ => TimeSpan.Zero,
        };
        return version.TierSince is { } since && since + least > now
            ? $"; {Days(since + least - now)} early: the {version.Tier.ToString().ToLowerInvariant()} tier is billed for at least {Days(least)}"
            : "";
    }

    // The newest of the times at which somebody had a use for it.
    private static (DateTimeOffset Since, string What) LastUse(VersionRecord version)
    {
        var (since, what) = (version.RegisteredAt, "registered");
        if ((version.LastStableAt ?? version.FirstStableAt) is { } stable && stable >= since)
        {
            (since, what) = (stable, "last stable");
        }

        return version.RestoredAt is { } restored && restored > since ? (restored, "restored") : (since, what);
    }

    private static KeptVersion Keep(VersionRecord version, string reason) => new(version.Model, version.Version, version.Tier, reason);

    private static string Days(TimeSpan span) => span switch
    {
        { TotalDays: >= 2 } => $"{(int)span.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)span.TotalHours} hours",
        { TotalMinutes: >= 2 } => $"{(int)span.TotalMinutes} minutes",
        _ => $"{Math.Max(0, (int)span.TotalSeconds)} seconds",
    };
}
