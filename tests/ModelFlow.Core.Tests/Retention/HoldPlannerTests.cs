using CsCheck;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Retention;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Retention;

public sealed class HoldPlannerTests
{
    private static readonly DateTimeOffset Now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly ModelName Digits = ModelName.Parse("digits");

    public static TheoryData<string, bool, double?, string> Cases => new()
    {
        { "stable", false, null, "set" },
        { "candidate", false, null, "set" },
        { "loaded", false, null, "set" },
        { "window", false, null, "set" },
        { "stable", true, null, "set" },
        { "loaded", true, null, "set" },
        { "stable", true, 23.9, "nothing" },
        { "window", true, 23.9, "nothing" },
        { "stable", true, 24, "set" },
        { "unloaded", true, 1, "lift" },
        { "unloaded", true, null, "lift" },
        { "unloaded", false, null, "nothing" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Hold_follows_what_the_version_is_needed_for(string need, bool noted, double? seenHoursAgo, string expected)
    {
        var version = VersionName.Parse("v1.0.0");
        var deployment = Deployed(version, loaded: need is "loaded" or "window") with
        {
            KeepUntil = need == "window" ? Now.AddHours(1) : null,
            Hold = noted ? new VersionHold { Since = Now.AddDays(-9), SeenAt = seenHoursAgo is { } hours ? Now.AddHours(-hours) : null } : null,
        };
        var route = need switch
        {
            "stable" => RouteTo(version),
            "candidate" => RouteTo(VersionName.Parse("v0.9.0")) with { Candidates = [new Candidate(version, new Weight(1))] },
            _ => RouteTo(VersionName.Parse("v0.9.0")),
        };

        var plan = HoldPlanner.Plan([deployment], new Dictionary<ModelName, Route> { [Digits] = route }, Now);

        Assert.Equal(expected, plan switch { [] => "nothing", [{ Hold: true }] => "set", [{ Hold: false }] => "lift", _ => "more" });
    }

    [Fact]
    public void What_has_traffic_comes_first_and_lifting_last()
    {
        Deployment[] deployments =
        [
            Deployed(VersionName.Parse("v1.0.0"), loaded: false) with { Hold = new VersionHold { Since = Now } },
            Deployed(VersionName.Parse("v1.1.0"), loaded: true),
            Deployed(VersionName.Parse("v1.2.0"), loaded: true),
        ];

        var plan = HoldPlanner.Plan(deployments, new Dictionary<ModelName, Route> { [Digits] = RouteTo(VersionName.Parse("v1.2.0")) }, Now);

        Assert.Equal(["v1.2.0", "v1.1.0", "v1.0.0"], plan.Select(a => a.Version.Value));
    }

    [Fact]
    public void Nothing_that_is_held_is_ever_touched_by_retention_and_doing_the_plan_leaves_nothing_to_do()
    {
        var version =
            from loaded in Gen.Bool
            from keepHours in Gen.Double[-5, 5].Select(h => h > 0 ? Now.AddHours(h) : (DateTimeOffset?)null)
            from noted in Gen.Bool
            from seen in Gen.Double[-1, 50].Select(h => h >= 0 ? Now.AddHours(-h) : (DateTimeOffset?)null)
            select (loaded, keepHours, hold: noted ? new VersionHold { Since = Now.AddDays(-3), SeenAt = seen } : null);

        Gen.Select(version.Array[0, 8], Gen.Int[0, 9], Gen.Int[0, 9].Array[0, 2]).Sample((versions, stable, candidates) =>
        {
            VersionName Name(int i) => VersionName.Parse($"v1.{i}.0");
            var deployments = versions.Select((v, i) => Deployed(Name(i), v.loaded) with { KeepUntil = v.keepHours, Hold = v.hold }).ToList();
            var route = RouteTo(Name(stable)) with { Candidates = [.. candidates.Distinct().Where(c => c != stable).Select(c => new Candidate(Name(c), new Weight(1)))] };
            var routes = new Dictionary<ModelName, Route> { [Digits] = route };
            var facts = new RetentionFacts { Versions = [.. deployments.Select(d => Old(d.Version))], Route = route, Deployments = deployments };

            var plan = HoldPlanner.Plan(deployments, routes, Now);
            var retention = RetentionPlanner.Plan(facts, new RetentionPolicy { KeepStable = 1, DeleteAfter = TimeSpan.FromDays(1) }, Now);
            var after = deployments.Select(d => plan.SingleOrDefault(a => a.Version == d.Version) switch
            {
                { Hold: true } => d with { Hold = (d.Hold ?? new VersionHold { Since = Now }) with { SeenAt = Now } },
                { Hold: false } => d with { Hold = null },
                _ => d,
            }).ToList();

            return HoldPlanner.Plan(after, routes, Now).Count == 0
                && after.All(d => d.Hold is not null == HoldPlanner.IsNeeded(d, route))
                && after.All(d => d.Hold is null || retention.Actions.All(a => a.Version != d.Version));
        });
    }

    private static Deployment Deployed(VersionName version, bool loaded) => new()
    {
        Model = Digits,
        Version = version,
        Endpoints = [],
        LoadedAt = Now,
        LoadTime = TimeSpan.Zero,
        Loaded = loaded,
    };

    private static Route RouteTo(VersionName stable) => new() { Model = Digits, Generation = 1, Stable = stable, Cause = "test", At = Now };

    private static VersionRecord Old(VersionName version) => new()
    {
        Manifest = new Manifest { Model = Digits, Version = version, Format = "onnx", Files = [new ManifestFile("model.onnx", 10, Sha256Digest.Of("x"))] },
        Digest = Sha256Digest.Of("x"),
        RegisteredAt = Now.AddDays(-900),
    };
}
