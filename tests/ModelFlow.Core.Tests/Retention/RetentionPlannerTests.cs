using CsCheck;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Retention;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Retention;

public sealed class RetentionPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ModelName Digits = ModelName.Parse("digits");
    private static readonly RetentionPolicy Policy = new() { KeepStable = 1, DeleteAfter = TimeSpan.FromDays(365) };

    public static TheoryData<double, StorageTier, string> Ages => new()
    {
        { 0, StorageTier.Hot, "kept" },
        { 29.9, StorageTier.Hot, "kept" },
        { 30, StorageTier.Hot, "cool" },
        { 30, StorageTier.Cool, "kept" },
        { 30, StorageTier.Archive, "kept" },
        { 90, StorageTier.Hot, "cold" },
        { 179, StorageTier.Cold, "kept" },
        { 180, StorageTier.Cool, "archive" },
        { 364, StorageTier.Archive, "kept" },
        { 365, StorageTier.Hot, "deleted" },
        { 365, StorageTier.Archive, "deleted" },
    };

    [Theory]
    [MemberData(nameof(Ages))]
    public void Age_decides_the_coldest_step_that_is_due(double days, StorageTier tier, string fate)
    {
        var plan = RetentionPlanner.Plan(Facts(Version("v1.0.0", days) with { Tier = tier }), Policy, Now);

        Assert.Equal(fate, FateOf(plan, "v1.0.0"));
    }

    [Fact]
    public void Age_counts_from_the_newest_use()
    {
        var old = Version("v1.0.0", 400) with { FirstStableAt = Now.AddDays(-399), LastStableAt = Now.AddDays(-31) };
        var restored = Version("v1.1.0", 400) with { RestoredAt = Now.AddDays(-1) };
        var newest = Version("v2.0.0", 10) with { FirstStableAt = Now.AddDays(-9) };

        var plan = RetentionPlanner.Plan(Facts(old, restored, newest), Policy, Now);

        Assert.Equal("cool", FateOf(plan, "v1.0.0"));
        Assert.Equal("last stable 31 days ago; cool after 30 days", plan.Actions.Single().Reason);
        Assert.Equal("kept", FateOf(plan, "v1.1.0"));
    }

    public static TheoryData<string, string> Needs => new()
    {
        { "pinned", "pinned" },
        { "stable", "stable" },
        { "candidate", "has a share of traffic" },
        { "release", "the release digits-v1.0.0-2 runs" },
        { "loaded", "loaded" },
        { "window", "loaded for rollback until 2026-06-01 13:00:00Z" },
        { "newest", "the newest stable version" },
    };

    [Theory]
    [MemberData(nameof(Needs))]
    public void What_is_needed_is_never_touched(string need, string reason)
    {
        var name = VersionName.Parse("v1.0.0");
        var version = Version("v1.0.0", 10_000) with { Pinned = need == "pinned", FirstStableAt = need == "newest" ? Now.AddDays(-9_000) : null };
        var facts = Facts(version) with
        {
            Route = need switch
            {
                "stable" => RouteTo(name),
                "candidate" => RouteTo(VersionName.Parse("v0.9.0")) with { Candidates = [new Candidate(name, new Weight(1))] },
                _ => null,
            },
            InReleases = need == "release" ? new Dictionary<VersionName, ReleaseId> { [name] = ReleaseId.Parse("digits-v1.0.0-2") } : new(),
            Deployments = need is "loaded" or "window"
                ? [new Deployment { Model = Digits, Version = name, Endpoints = [], LoadedAt = Now, LoadTime = TimeSpan.Zero, Loaded = true, KeepUntil = need == "window" ? Now.AddHours(1) : null }]
                : [],
        };

        var plan = RetentionPlanner.Plan(facts, Policy, Now);

        Assert.Empty(plan.Actions);
        Assert.Equal(reason, Assert.Single(plan.Kept).Reason);
    }

    [Fact]
    public void Revoked_version_takes_no_place_among_the_newest_stable_ones()
    {
        var revoked = Version("v2.0.0", 100) with { FirstStableAt = Now.AddDays(-99), LastStableAt = Now.AddDays(-40), Revoked = new Revocation("bob", Now, "bad") };
        var sound = Version("v1.0.0", 200) with { FirstStableAt = Now.AddDays(-199), LastStableAt = Now.AddDays(-99) };

        var plan = RetentionPlanner.Plan(Facts(revoked, sound), Policy, Now);

        Assert.Equal("kept", FateOf(plan, "v1.0.0"));
        Assert.Equal("cool", FateOf(plan, "v2.0.0"));
    }

    [Theory]
    [InlineData(StorageTier.Cool, 10, "; 20 days early: the cool tier is billed for at least 30 days")]
    [InlineData(StorageTier.Cool, 30, "")]
    [InlineData(StorageTier.Cold, 89, "; 24 hours early: the cold tier is billed for at least 90 days")]
    [InlineData(StorageTier.Archive, 100, "; 80 days early: the archive tier is billed for at least 180 days")]
    [InlineData(StorageTier.Hot, 0, "")]
    public void Move_that_costs_an_early_deletion_says_so(StorageTier tier, double days, string note)
    {
        var version = Version("v1.0.0", 400) with { Tier = tier, TierSince = Now.AddDays(-days) };

        var plan = RetentionPlanner.Plan(Facts(version), Policy, Now);

        Assert.Equal("registered 400 days ago; deleted after 365 days" + note, Assert.Single(plan.Actions).Reason);
    }

    [Fact]
    public void Deleted_version_is_not_spoken_of_again()
    {
        var plan = RetentionPlanner.Plan(Facts(Version("v1.0.0", 9_000) with { Deleted = true }), Policy, Now);

        Assert.Empty(plan.Actions);
        Assert.Empty(plan.Kept);
    }

    [Fact]
    public void Digest_names_the_actions_and_not_the_time()
    {
        var facts = Facts(Version("v1.0.0", 40), Version("v1.1.0", 100));
        var today = RetentionPlanner.Plan(facts, Policy, Now);

        Assert.Equal(today.Digest, RetentionPlanner.Plan(facts, Policy, Now.AddHours(1)).Digest);
        Assert.NotEqual(today.Digest, RetentionPlanner.Plan(facts, Policy, Now.AddDays(60)).Digest);
        Assert.NotEqual(today.Digest, RetentionPlanner.Plan(Facts(Version("v1.0.0", 40)), Policy, Now).Digest);
    }

    [Fact]
    public void Every_version_has_one_fate_and_nothing_needed_or_warmer_is_ever_planned()
    {
        var version =
            from number in Gen.Int[0, 30]
            from days in Gen.Double[0, 1_000]
            from tier in Gen.Enum<StorageTier>()
            from pinned in Gen.Bool
            from stableDays in Gen.Double[0, 1_000]
            from wasStable in Gen.Bool
            select Version($"v1.{number}.0", days) with { Tier = tier, Pinned = pinned, LastStableAt = wasStable ? Now.AddDays(-stableDays) : null, FirstStableAt = wasStable ? Now.AddDays(-days) : null };
        var policy = from keep in Gen.Int[1, 5] from delete in Gen.Bool select new RetentionPolicy { KeepStable = keep, DeleteAfter = delete ? TimeSpan.FromDays(400) : null };

        Gen.Select(version.Array[0, 12], policy, Gen.Int[0, 30]).Sample((versions, rules, live) =>
        {
            versions = [.. versions.DistinctBy(v => v.Version)];
            var facts = Facts(versions) with { Route = RouteTo(VersionName.Parse($"v1.{live}.0")) };

            var plan = RetentionPlanner.Plan(facts, rules, Now);

            var spoken = plan.Actions.Select(a => a.Version).Concat(plan.Kept.Select(k => k.Version)).Order();
            var keptStable = plan.Kept.Count(k => versions.Single(v => v.Version == k.Version).FirstStableAt is not null);
            return spoken.SequenceEqual(versions.Select(v => v.Version).Order())
                && plan.Actions.All(a => a.Version != facts.Route.Stable && !versions.Single(v => v.Version == a.Version).Pinned)
                && plan.Actions.All(a => a.Delete ? rules.DeleteAfter is not null && a.To is null : a.To > a.From)
                && keptStable >= Math.Min(rules.KeepStable, versions.Count(v => v.FirstStableAt is not null));
        });
    }

    private static string FateOf(RetentionPlan plan, string version) => plan.Actions.SingleOrDefault(a => a.Version.Value == version) switch
    {
        null => plan.Kept.Any(k => k.Version.Value == version) ? "kept" : "nothing",
        { Delete: true } => "deleted",
        var action => action.To.ToString()!.ToLowerInvariant(),
    };

    private static RetentionFacts Facts(params VersionRecord[] versions) => new() { Versions = versions };

    private static Route RouteTo(VersionName stable) => new() { Model = Digits, Generation = 1, Stable = stable, Cause = "test", At = Now };

    private static VersionRecord Version(string name, double days) => new()
    {
        Manifest = new Manifest { Model = Digits, Version = VersionName.Parse(name), Format = "onnx", Files = [new ManifestFile("model.onnx", 10, Sha256Digest.Of("x"))] },
        Digest = Sha256Digest.Of(name),
        RegisteredAt = Now.AddDays(-days),
    };
}
