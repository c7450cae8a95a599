using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class ReplicaHealthTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly HealthOptions _options = new() { EjectFor = TimeSpan.FromSeconds(5), EjectAtMost = TimeSpan.FromSeconds(20) };

    [Fact]
    public void Failures_inARow_ejectForATimeThatDoublesUpToItsBound()
    {
        var health = new ReplicaHealth(_options, _time);
        Fail(health, 2);
        health.End(RequestOutcome.Answered);
        Assert.Equal(HealthChange.None, Fail(health, 2));
        Assert.True(health.IsHealthy);
        Assert.Equal(HealthChange.Lost, Fail(health, 1));
        foreach (var seconds in new[] { 5, 10, 20, 20 })
        {
            Assert.False(health.IsHealthy);
            _time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.False(health.IsOpen(_time.GetTimestamp()));
            _time.Advance(TimeSpan.FromTicks(1));
            Assert.True(health.IsOpen(_time.GetTimestamp()));
            Assert.Equal(HealthChange.None, Fail(health, 1));
        }
    }

    [Fact]
    public void TimeOver_oneRequestAtATimeTries_andItsSuccessBringsTheReplicaBack()
    {
        var health = new ReplicaHealth(_options, _time);
        Fail(health, 3);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(health.TryBegin());
        Assert.False(health.IsOpen(_time.GetTimestamp()));
        Assert.False(health.TryBegin());
        health.End(RequestOutcome.ClientAbort);
        Assert.True(health.TryBegin());
        Assert.Equal(HealthChange.Back, health.End(RequestOutcome.ClientError));
        Assert.True(health.IsHealthy);
        Fail(health, 2);
        Assert.True(health.IsHealthy);
    }

    [Fact]
    public void FailuresUnderWay_whenItWasEjected_lengthenNothing()
    {
        var health = new ReplicaHealth(_options, _time);
        Fail(health, 30);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.True(health.IsOpen(_time.GetTimestamp()));
    }

    [Fact]
    public void Checks_twoFailed_closeItUntilOneSucceeds()
    {
        var health = new ReplicaHealth(_options, _time);
        Assert.Equal(HealthChange.None, health.Checked(ready: false));
        Assert.Equal(HealthChange.Lost, health.Checked(ready: false));
        Assert.False(health.IsOpen(_time.GetTimestamp()));
        Assert.Equal(HealthChange.None, health.Checked(ready: false));
        Assert.Equal(HealthChange.Back, health.Checked(ready: true));
        Assert.True(health.IsOpen(_time.GetTimestamp()));
    }

    [Fact]
    public void Choice_prefersTheLessBusyReplicaAndTriesEachOnce()
    {
        var target = Target(3);
        target.Replicas[0].Begin();
        target.Replicas[0].Begin();
        target.Replicas[1].Begin();
        var hits = Enumerable.Range(0, 3_000).Select(_ => Choose(target)).CountBy(r => target.Replicas.ToList().IndexOf(r!)).ToDictionary();
        Assert.False(hits.ContainsKey(0));
        Assert.InRange(hits[2], 1_800, 2_200);
        var tried = 0UL;
        var all = new HashSet<Replica>();
        while (target.TryChoose(ref tried, out var replica))
        {
            Assert.True(all.Add(replica));
        }

        Assert.Equal(3, all.Count);
    }

    [Fact]
    public void Choice_ofUnhealthyReplicas_avoidsThemAndTakesAnyWhenAllAre()
    {
        var target = Target(3);
        Fail(target.Replicas[0].Health, 3);
        target.Replicas[1].Health.Checked(ready: false);
        target.Replicas[1].Health.Checked(ready: false);
        Assert.All(Enumerable.Range(0, 100), _ => Assert.Same(target.Replicas[2], Choose(target)));
        Fail(target.Replicas[2].Health, 3);
        Assert.Equal(3, Enumerable.Range(0, 300).Select(_ => Choose(target)).Distinct().Count());
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, Enumerable.Range(0, 2).Select(_ => Choose(target)).Distinct().Count(r => r != target.Replicas[1]));
    }

    [Fact]
    public void Route_renewed_keepsWhatIsKnownOfItsReplicas()
    {
        var pool = new TargetPool(Options.Create(new GatewayOptions { Health = _options }), _time);
        var served = RunningGateway.Replicas(1, new Uri("http://a"), new Uri("http://b"));
        var before = pool.Use(served, [RunningGateway.Stable])[0];
        Fail(before.Replicas[1].Health, 3);
        before.Load.TryEnter(0);
        var after = pool.Use(RunningGateway.Replicas(2, new Uri("http://b"), new Uri("http://c")), [RunningGateway.Stable])[0];
        Assert.Same(before.Replicas[1], after.Replicas[0]);
        Assert.Same(before.Load, after.Load);
        Assert.Equal(2, pool.Replicas().Count);
    }

    [Fact]
    public void Version_thatLeft_isKeptUntilItsRequestsHaveEnded()
    {
        var pool = new TargetPool(Options.Create(new GatewayOptions { Health = _options }), _time);
        var load = pool.Use(RunningGateway.Replicas(1, new Uri("http://a")), [RunningGateway.Stable])[0].Load;
        load.TryEnter(0);
        pool.Use(RunningGateway.Replicas(2), [RunningGateway.Candidate]);
        Assert.Empty(pool.Replicas());
        _time.Advance(TimeSpan.FromMinutes(5));
        pool.Sweep();
        Assert.Same(load, Assert.Single(pool.Busy()));
        load.Exit();
        pool.Sweep();
        Assert.Empty(pool.Busy());
        Assert.NotSame(load, pool.Use(RunningGateway.Replicas(3, new Uri("http://a")), [RunningGateway.Stable])[0].Load);
    }

    private static HealthChange Fail(ReplicaHealth health, int times)
    {
        var last = HealthChange.None;
        for (var i = 0; i < times; i++)
        {
            last = health.End(RequestOutcome.UpstreamError);
        }

        return last;
    }

    private static Replica? Choose(VersionTarget target)
    {
        var tried = 0UL;
        return target.TryChoose(ref tried, out var replica) ? replica : null;
    }

    private VersionTarget Target(int replicas) =>
        new TargetPool(Options.Create(new GatewayOptions { Health = _options }), _time)
            .Use(RunningGateway.Replicas(1, [.. Enumerable.Range(0, replicas).Select(i => new Uri($"http://replica-{i}"))]), [RunningGateway.Stable])[0];
}
