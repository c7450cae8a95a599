using CsCheck;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests.Routing;

/// <summary>The split over a million requests, on the gateway's own routing: book, live route, table.</summary>
public sealed class ExactnessTests
{
    private const int Requests = 1_000_000;

    // A share's distance from its weight, in standard deviations, that chance alone passes with a probability below 2e-9 (normal tail; at a
    // million requests and weights of 1 % and more the binomial is that close to it).
    private const double Deviations = 6;

    private static readonly VersionName Third = VersionName.Parse("v1.2.0-large");
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly Gen<string> Texts = Gen.String[Gen.Char.AlphaNumeric, 1, 20];

    [Theory]
    [InlineData(100, 0)]
    [InlineData(500, 2_500)]
    [InlineData(2_500, 7_500)]
    [InlineData(5_000, 0)]
    public void Split_ofAMillionKeys_isWithinSixStandardDeviationsOfTheWeights(int first, int second)
    {
        var gateway = Gateway();
        var route = gateway.Take(1, first, second);
        var counts = new Dictionary<VersionName, int> { [RunningGateway.Stable] = 0, [RunningGateway.Candidate] = 0, [Third] = 0 };
        for (var i = 0; i < Requests; i++)
        {
            counts[gateway.Choose(route, "user-" + i)]++;
        }

        AssertShare(counts[RunningGateway.Candidate], first);
        AssertShare(counts[Third], second);
        AssertShare(counts[RunningGateway.Stable], 10_000 - first - second);
    }

    [Fact]
    public void Split_ofAMillionRequestsWithoutAKey_isWithinSixStandardDeviationsOfTheWeights()
    {
        var gateway = Gateway();
        var route = gateway.Take(1, 500, 2_500);
        var random = new Random(20_260_102);
        var counts = new Dictionary<VersionName, int> { [RunningGateway.Stable] = 0, [RunningGateway.Candidate] = 0, [Third] = 0 };
        for (var i = 0; i < Requests; i++)
        {
            counts[gateway.Choose(route, (ulong)random.NextInt64(long.MinValue, long.MaxValue))]++;
        }

        AssertShare(counts[RunningGateway.Candidate], 500);
        AssertShare(counts[Third], 2_500);
        AssertShare(counts[RunningGateway.Stable], 7_000);
    }

    [Fact]
    public void Keys_throughAMillionRequestsOfAGeneration_stayWhereTheyAre_inEveryGatewayAndAfterRestartsAndRenewals()
    {
        const int Users = 50_000;
        var gateway = Gateway();
        var route = gateway.Take(1, 2_500, 1_000);
        var first = Enumerable.Range(0, Users).Select(i => gateway.Choose(route, "user-" + i)).ToArray();
        for (var round = 1; round < Requests / Users; round++)
        {
            // Each a restart or another gateway; in between leases are renewed and replicas come and go.
            var other = round % 4 == 0 ? Gateway() : gateway;
            route = other.Take(1, 2_500, 1_000, replicas: 1 + (round % 3), lease: Start.AddMinutes(5 + round));
            for (var i = 0; i < Users; i++)
            {
                if (other.Choose(route, "user-" + i) != first[i])
                {
                    Assert.Fail($"user-{i} moved in round {round}.");
                }
            }
        }
    }

    [Fact]
    public void Weight_rises_noKeyGoesBack() => Gen.Select(Texts, Gen.Int[0, 10_000].Array[2, 6], Gen.Int[0, 1_000_000]).Sample((salt, weights, from) =>
    {
        Array.Sort(weights);
        var (a, b) = (Gateway(), Gateway());
        var saw = new HashSet<string>(StringComparer.Ordinal);
        for (var step = 0; step < weights.Length; step++)
        {
            // The next generation of a ramp has the same salt. One of the gateways is new each time: it was restarted.
            var gateway = step % 2 == 0 ? a : Gateway();
            var (route, same) = (gateway.Take(step + 1, weights[step], 0, salt), b.Take(step + 1, weights[step], 0, salt));
            for (var i = from; i < from + 500; i++)
            {
                var key = "user-" + i;
                var version = gateway.Choose(route, key);
                Assert.Equal(version, b.Choose(same, key));
                Assert.True(version == RunningGateway.Candidate || !saw.Contains(key), $"{key} went back at {weights[step]} basis points under the salt '{salt}'.");
                if (version == RunningGateway.Candidate)
                {
                    saw.Add(key);
                }
            }
        }
    });

    [Fact]
    public void Routes_ofTheNextRelease_beginWithOtherKeys()
    {
        var gateway = Gateway();
        var before = gateway.Take(1, 1_000, 0, "digits-v1.1.0-mlp-1");
        var first = Enumerable.Range(0, 100_000).Where(i => gateway.Choose(before, "user-" + i) == RunningGateway.Candidate).ToHashSet();
        var after = gateway.Take(2, 1_000, 0, "digits-v1.1.0-mlp-2");
        var again = first.Count(i => gateway.Choose(after, "user-" + i) == RunningGateway.Candidate);

        // Of those some 10,000 keys each has the chance of any other.
        AssertShare(again, 1_000, first.Count);
    }

    private static void AssertShare(int hits, int basisPoints, int of = Requests)
    {
        var share = basisPoints / 10_000.0;
        var bound = Deviations * Math.Sqrt(share * (1 - share) / of);
        Assert.InRange(hits / (double)of, share - bound, share + bound);
    }

    private static Book Gateway() => new();

    private sealed class Book
    {
        private readonly RouteBook _book;
        private readonly GatewayClock _clock;

        public Book()
        {
            var time = new FakeTimeProvider(Start);
            _clock = new GatewayClock(time);
            _book = new RouteBook(_clock, new TargetPool(Options.Create(new GatewayOptions()), time));
        }

        public LiveRoute Take(long generation, int first, int second, string salt = "digits-v1.1.0-mlp-1", int replicas = 1, DateTimeOffset? lease = null)
        {
            IReadOnlyList<Uri> at = [.. Enumerable.Range(1, replicas).Select(i => new Uri($"http://127.0.0.1:{i}/"))];
            var endpoints = new[] { RunningGateway.Stable, RunningGateway.Candidate, Third }.ToDictionary(v => v, _ => at);
            var served = RunningGateway.Route(generation, null, lease: lease ?? Start.AddMinutes(5), salt: salt) with { Endpoints = endpoints };
            _book.TakeOurs(served with
            {
                Route = served.Route with { Candidates = [new Candidate(RunningGateway.Candidate, new Weight(first)), new Candidate(Third, new Weight(second))] },
            });
            Assert.True(_book.TryFind("digits", out var route));
            Assert.Equal(generation, route.Route.Generation);
            return route;
        }

        public VersionName Choose(LiveRoute route, string key) => VersionOf(route, route.Table.Choose(key, null, _clock.Now));

        public VersionName Choose(LiveRoute route, ulong hash) => VersionOf(route, route.Table.Choose(hash, null, _clock.Now));

        private static VersionName VersionOf(LiveRoute route, RouteChoice choice)
        {
            Assert.True(choice is { Outcome: ChoiceOutcome.Chosen, Kind: TrafficKind.Normal });
            return route.Targets[choice.Version].Load.Version;
        }
    }
}
