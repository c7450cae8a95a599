using CsCheck;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Traffic;

public sealed class RouteTableTests
{
    private static readonly VersionName Stable = VersionName.Parse("v1.0.0");
    private static readonly VersionName Candidate = VersionName.Parse("v1.1.0-mlp");
    private static readonly VersionName Third = VersionName.Parse("v1.2.0-large");
    private static readonly VersionName Fresh = VersionName.Parse("v1.0.0-baseline.kqmvjrhg");
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private static readonly Gen<string> Keys = Gen.String[Gen.Char.AlphaNumeric, 1, 20];

    [Fact]
    public void Choose_candidateAtAnyWeight_getsItsShareOfKeys() => Gen.Select(Gen.Int[0, 10_000], Keys).Sample(
        (weight, salt) =>
        {
            const int Requests = 20_000;
            var table = new RouteTable(Served(salt, Now.AddMinutes(1), new Candidate(Candidate, new Weight(weight))));
            var hits = Enumerable.Range(0, Requests).Count(i => Version(table, "user-" + i) == Candidate);
            var share = weight / 10_000.0;
            // Six standard deviations: passed by chance once in a billion times.
            Assert.InRange(hits / (double)Requests, share - (6 * Math.Sqrt((share * (1 - share)) / Requests)), share + (6 * Math.Sqrt((share * (1 - share)) / Requests)));
        },
        iter: 60);

    [Fact]
    public void Choose_weightRises_keepsEveryKeyThatSawTheCandidate() => Gen.Select(Keys, Keys, Gen.Int[0, 10_000], Gen.Int[0, 10_000]).Sample((key, salt, a, b) =>
    {
        var low = new RouteTable(Served(salt, Now.AddMinutes(1), new Candidate(Candidate, new Weight(Math.Min(a, b)))));
        var high = new RouteTable(Served(salt, Now.AddMinutes(1), new Candidate(Candidate, new Weight(Math.Max(a, b)))));
        Assert.True(Version(low, key) != Candidate || Version(high, key) == Candidate);
    });

    [Fact]
    public void Choose_sameKey_alwaysGetsTheSameVersion() => Gen.Select(Keys, Keys, Gen.Int[0, 5_000], Gen.Int[0, 5_000]).Sample((key, salt, a, b) =>
    {
        ServedRoute Fresh() => Served(salt, Now.AddMinutes(1), new Candidate(Candidate, new Weight(a)), new Candidate(Third, new Weight(b)));
        var first = Version(new RouteTable(Fresh()), key);
        Assert.All(Enumerable.Range(0, 5), _ => Assert.Equal(first, Version(new RouteTable(Fresh()), key)));
    });

    [Fact]
    public void Choose_twoCandidates_eachGetsItsShare()
    {
        var table = new RouteTable(Served("s", Now.AddMinutes(1), new Candidate(Candidate, new Weight(1_000)), new Candidate(Third, new Weight(3_000))));
        var counts = Enumerable.Range(0, 50_000).Select(i => Version(table, "k" + i)).CountBy(v => v).ToDictionary();
        Assert.InRange(counts[Candidate!], 4_600, 5_400);
        Assert.InRange(counts[Third], 14_300, 15_700);
        Assert.InRange(counts[Stable], 29_300, 30_700);
    }

    [Fact]
    public void Mirror_share_getsItOfRequestsNotOfKeysAndChangesNoChoice()
    {
        var table = new RouteTable(Shadowed(Now.AddMinutes(1), 2_500));
        var choice = table.Choose("anna", null, Now);
        Assert.Equal((Stable, TrafficKind.Normal), (table.Versions[choice.Version], choice.Kind));
        var mirrored = Enumerable.Range(0, 20_000).Select(i => table.Mirror(choice, (ulong)i, Now)).Where(m => m.Outcome == ChoiceOutcome.Chosen).ToList();
        Assert.InRange(mirrored.Count, 4_600, 5_400);
        Assert.All(mirrored, m => Assert.Equal((Candidate, TrafficKind.Shadow, choice.SubBucket), (table.Versions[m.Version], m.Kind, m.SubBucket)));
        Assert.Equal(table.Mirror(choice, 7, Now), new RouteTable(Shadowed(Now.AddMinutes(1), 2_500)).Mirror(choice, 7, Now));
    }

    [Fact]
    public void Mirror_leaseOverOrPinnedOrNotLoaded_mirrorsNothing()
    {
        var table = new RouteTable(Shadowed(Now.AddMinutes(1), 10_000));
        var choice = table.Choose("k", null, Now);
        Assert.Equal(ChoiceOutcome.Chosen, table.Mirror(choice, 1, Now).Outcome);
        Assert.NotEqual(ChoiceOutcome.Chosen, table.Mirror(choice, 1, Now.AddMinutes(1)).Outcome);
        Assert.NotEqual(ChoiceOutcome.Chosen, table.Mirror(table.Choose("k", Stable, Now), 1, Now).Outcome);
        Assert.NotEqual(ChoiceOutcome.Chosen, table.Mirror(table.Choose("k", Candidate, Now), 1, Now).Outcome);
        var alone = new RouteTable(Shadowed(Now.AddMinutes(1), 10_000) with { Endpoints = new Dictionary<VersionName, IReadOnlyList<Uri>> { [Stable] = [new Uri("http://127.0.0.1:1/")] } });
        Assert.NotEqual(ChoiceOutcome.Chosen, alone.Mirror(alone.Choose("k", null, Now), 1, Now).Outcome);
        Assert.True(table.IsLeased(Now));
        Assert.False(table.IsLeased(Now.AddMinutes(1)));
    }

    [Fact]
    public void Choose_leaseOver_sendsTheCandidatesKeysToStableAndMarksThem()
    {
        var table = new RouteTable(Served("s", Now, new Candidate(Candidate, new Weight(5_000))));
        var during = new RouteTable(Served("s", Now.AddTicks(1), new Candidate(Candidate, new Weight(5_000))));
        foreach (var key in Enumerable.Range(0, 1_000).Select(i => "k" + i))
        {
            var choice = table.Choose(key, null, Now);
            Assert.Equal(Stable, table.Versions[choice.Version]);
            Assert.Equal(Version(during, key) == Candidate ? TrafficKind.Fallback : TrafficKind.Normal, choice.Kind);
        }

        Assert.False(table.IsLeased(Now));
        Assert.True(during.IsLeased(Now));
    }

    [Fact]
    public void Choose_noLeaseAtAll_candidateGetsNothing()
    {
        var table = new RouteTable(Served("s", null, new Candidate(Candidate, Weight.All)));
        Assert.Equal(Stable, Version(table, "k"));
        Assert.False(table.IsLeased(Now));
    }

    [Fact]
    public void Choose_candidateNotLoaded_fallsBackToStable()
    {
        var served = Served("s", Now.AddMinutes(1), new Candidate(Candidate, Weight.All));
        var table = new RouteTable(served with { Endpoints = Endpoints(Stable) });
        var choice = table.Choose("k", null, Now);
        Assert.Equal((Stable, TrafficKind.Fallback), (table.Versions[choice.Version], choice.Kind));
    }

    [Fact]
    public void Choose_stableNotLoaded_neverGivesACandidateMoreThanItsWeight()
    {
        var served = Served("s", Now.AddMinutes(1), new Candidate(Candidate, new Weight(1_000)));
        var table = new RouteTable(served with { Endpoints = Endpoints(Candidate) });
        var outcomes = Enumerable.Range(0, 10_000).Select(i => table.Choose("k" + i, null, Now).Outcome).CountBy(o => o).ToDictionary();
        Assert.InRange(outcomes[ChoiceOutcome.Chosen], 800, 1_200);
        Assert.Equal(10_000, outcomes.Values.Sum());
        Assert.True(outcomes[ChoiceOutcome.NoVersion] > 8_000);
    }

    [Fact]
    public void Choose_noStableYet_saysSo()
    {
        var served = Served("s", null);
        var table = new RouteTable(served with { Route = served.Route with { Stable = null } });
        Assert.Equal(ChoiceOutcome.NoVersion, table.Choose("k", null, Now).Outcome);
    }

    [Fact]
    public void Choose_pin_goesToThatVersionEvenWithoutALease()
    {
        var table = new RouteTable(Served("s", null, new Candidate(Candidate, new Weight(1))));
        var choice = table.Choose("k", Candidate, Now);
        Assert.Equal((ChoiceOutcome.Chosen, Candidate, TrafficKind.Pinned), (choice.Outcome, table.Versions[choice.Version], choice.Kind));
        Assert.Equal(ChoiceOutcome.PinNotServed, table.Choose("k", VersionName.Parse("v9.0.0"), Now).Outcome);
    }

    [Fact]
    public void Choose_loadedVersionOutsideTheRoute_isReachedByAPinOnly()
    {
        var table = new RouteTable(Served("s", Now.AddMinutes(1), new Candidate(Candidate, new Weight(5_000))));
        Assert.Equal(Third, table.Versions[table.Choose("k", Third, Now).Version]);
        Assert.DoesNotContain(Enumerable.Range(0, 1_000).Select(i => Version(table, "k" + i)), v => v == Third);
    }

    [Fact]
    public void Choose_firstVersionHasNoStable_candidateIndexIsRight()
    {
        var served = Served("s", Now.AddMinutes(1), new Candidate(Candidate, new Weight(0)), new Candidate(Third, Weight.All));
        var table = new RouteTable(served with { Route = served.Route with { Stable = null } });
        Assert.Equal(Third, Version(table, "k"));
    }

    [Fact]
    public void FallBack_fromACandidate_isStableAndMarked()
    {
        var table = new RouteTable(Served("s", Now.AddMinutes(1), new Candidate(Candidate, Weight.All)));
        var choice = table.Choose("k", null, Now);
        var fallback = table.FallBack(choice);
        Assert.Equal((Stable, TrafficKind.Fallback, choice.SubBucket), (table.Versions[fallback.Version], fallback.Kind, fallback.SubBucket));
    }

    [Fact]
    public void Constructor_weightsAboveOneHundredPercent_refuses() => Gen.Int[0, 10_000].Select(Gen.Int[0, 10_000]).Sample((a, b) =>
    {
        var served = Served("s", null, new Candidate(Candidate, new Weight(a)), new Candidate(Third, new Weight(b)));
        if (a + b > 10_000)
        {
            Assert.Throws<ArgumentException>(() => new RouteTable(served));
        }
        else
        {
            Assert.Equal([Stable, Candidate, Third], new RouteTable(served).Versions);
        }
    });

    [Fact]
    public void Constructor_versionTwice_refuses() =>
        Assert.Throws<ArgumentException>(() => new RouteTable(Served("s", null, new Candidate(Stable, new Weight(1)))));

    [Fact]
    public void Choose_freshBaseline_takesItsShareFromStableAlone()
    {
        var plain = new RouteTable(Served("s", Now.AddMinutes(1), new Candidate(Candidate, new Weight(2_000))));
        var table = new RouteTable(WithBaseline("s", Now.AddMinutes(1), 2_000));
        var chosen = Enumerable.Range(0, 20_000).Select(i => (With: Version(table, "k" + i), Without: Version(plain, "k" + i))).ToList();

        Assert.InRange(chosen.Count(c => c.With == Fresh), 3_700, 4_300);
        Assert.InRange(chosen.Count(c => c.With == Stable), 11_600, 12_400);
        Assert.All(chosen, c => Assert.Equal(c.Without, c.With == Fresh ? Stable : c.With));
        Assert.Equal([Stable, Candidate, Fresh, Third], table.Versions);
    }

    [Fact]
    public void Choose_freshBaselineAndWeightRises_noKeyGoesBack() => Gen.Select(Keys, Keys, Gen.Int[1, 9_999], Gen.Int[1, 9_999]).Sample((key, salt, a, b) =>
    {
        var (low, high) = (Version(new RouteTable(WithBaseline(salt, Now.AddMinutes(1), Math.Min(a, b))), key), Version(new RouteTable(WithBaseline(salt, Now.AddMinutes(1), Math.Max(a, b))), key));
        Assert.True(low != Candidate || high == Candidate);
    });

    [Fact]
    public void Choose_freshBaselineWithoutLeaseOrServer_givesItsTrafficBackToStableAndMarksIt()
    {
        var leased = new RouteTable(WithBaseline("s", Now.AddMinutes(1), 5_000));
        var served = WithBaseline("s", Now.AddMinutes(1), 5_000);
        foreach (var table in new[] { new RouteTable(WithBaseline("s", Now, 5_000)), new RouteTable(served with { Endpoints = Endpoints(Stable, Candidate) }) })
        {
            var fresh = Enumerable.Range(0, 200).Select(i => "k" + i).Where(k => Version(leased, k) == Fresh).ToList();
            Assert.NotEmpty(fresh);
            Assert.All(fresh, k => Assert.Equal((Stable, TrafficKind.Fallback), (Version(table, k), table.Choose(k, null, Now).Kind)));
        }
    }

    [Fact]
    public void Constructor_freshBaselineOfNothingOrBeyondOneHundredPercent_refuses()
    {
        var served = WithBaseline("s", null, 5_000);
        Assert.Throws<ArgumentException>(() => new RouteTable(served with { Route = served.Route with { Stable = null } }));
        Assert.Throws<ArgumentException>(() => new RouteTable(served with { Route = served.Route with { Baseline = new BaselineTarget(Fresh, new Weight(5_001)) } }));
        Assert.Throws<ArgumentException>(() => new RouteTable(served with { Route = served.Route with { Baseline = new BaselineTarget(Stable, new Weight(1)) } }));
    }

    private static ServedRoute WithBaseline(string salt, DateTimeOffset? lease, int weight)
    {
        var served = Served(salt, lease, new Candidate(Candidate, new Weight(weight)));
        return served with { Route = served.Route with { Baseline = BaselineTarget.For(Fresh, new Weight(weight)) }, Endpoints = Endpoints(Stable, Candidate, Third, Fresh) };
    }

    private static VersionName Version(RouteTable table, string key) => table.Versions[table.Choose(key, null, Now).Version];

    private static ServedRoute Shadowed(DateTimeOffset lease, int share) =>
        Served("s", lease) with
        {
            Route = Served("s", lease).Route with { Shadow = new ShadowTarget(Candidate, new Weight(share), 1.5) },
            Endpoints = new Dictionary<VersionName, IReadOnlyList<Uri>> { [Stable] = [new Uri("http://127.0.0.1:1/")], [Candidate] = [new Uri("http://127.0.0.1:2/")] },
        };

    private static ServedRoute Served(string salt, DateTimeOffset? lease, params Candidate[] candidates) => new(
        new Route { Model = ModelName.Parse("digits"), Generation = 1, Stable = Stable, Candidates = candidates, Salt = salt, Cause = "test", At = Now },
        lease,
        Endpoints(Stable, Candidate, Third));

    private static Dictionary<VersionName, IReadOnlyList<Uri>> Endpoints(params VersionName[] versions) =>
        versions.ToDictionary(v => v, IReadOnlyList<Uri> (_) => [new Uri("http://127.0.0.1:1/")]);
}
