using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Analysis;
using ModelFlow.Testing.InMemory;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Analysis;

/// <summary>The series of whole releases, against the looks as they were made.</summary>
public sealed class AnalyzeReleaseTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private static readonly string WithShadow = SimulatedWorld.Policy.Replace("ramp:\n", "ramp:\n  shadow: { share: 20%, bake: 20s, minPairs: 100 }\n", StringComparison.Ordinal);

    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;
    private readonly List<GuardrailReport> _looked = [];

    public AnalyzeReleaseTests() => _world = new SimulatedWorld(_stores.AddTo);

    public async ValueTask InitializeAsync()
    {
        await _world.SetPolicyAsync();
        await _world.RunAsync((await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base"))!.Value);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(0, 5, Outcome.Stable)]
    [InlineData(0.5, 5, Outcome.RolledBack)]
    [InlineData(0.02, 60, Outcome.RolledBack)]
    public async Task Series_ofAReleaseThatEnded_isWhatItsLooksFound(double errorRate, double latencyMs, Outcome outcome)
    {
        var id = await ReleaseAsync(errorRate, latencyMs);

        var analyzed = await AnalyzeAsync(id);

        Assert.Equal(outcome, analyzed.State.Outcome);
        AssertSame(_looked, analyzed.Series);
    }

    [Fact]
    public async Task Series_ofARunningRelease_reachesItsLastLook()
    {
        var id = await ReleaseAsync(0, 5, until: s => s is { Stage: Stage.Ramping { Step: 2, Phase: RampPhase.Baking }, LastLook.CandidateRequests: > 500 });

        var analyzed = await AnalyzeAsync(id);

        Assert.Equal(3, analyzed.Series.Steps.Count);
        Assert.Null(analyzed.Series.Steps[^1].To);
        AssertSame(_looked, analyzed.Series);
    }

    [Fact]
    public async Task Windows_thatAreGone_areSaidToBe_andTheEventsTellWhatTheyCan()
    {
        var id = await ReleaseAsync(0, 5);
        var windows = await CopiedWindowsAsync(id);
        await windows.PruneAsync(_world.Time.GetUtcNow() - TimeSpan.FromSeconds(50), Cancel);

        var series = (await AnalyzeAsync(id, windows)).Series;

        Assert.False(series.Complete);
        Assert.Contains(series.Notes, n => n.StartsWith("Step 1:", StringComparison.Ordinal) && n.Contains("no longer stored", StringComparison.Ordinal));
        Assert.All(series.Steps, s => Assert.Equal(LookSource.Events, s.Source));
        Assert.All(series.Steps, s => Assert.NotEmpty(s.Metrics[0].Points));
        Assert.True(series.Steps[0].WindowsFound < series.Steps[0].WindowsTakenIn);
    }

    [Fact]
    public async Task Release_ofAnOlderVersionOfModelFlow_isComputedFromItsWindows_andSaysSo()
    {
        var id = await ReleaseAsync(0, 5);
        var releases = new InMemoryReleaseStore();
        var state = (await _world.Get<IReleaseStore>().LoadAsync(id, Cancel))!.State;
        var events = await _world.Get<IReleaseStore>().ReadEventsAsync(id, 0, Cancel).ToListAsync(Cancel);
        Assert.IsType<CreateRelease.Created>(await releases.CreateAsync(state with { Evidence = state.Evidence! with { Looks = [] } }, events, Cancel));

        var analyze = new AnalyzeRelease(releases, new RecordedRamps(releases, _world.Get<IRouteStore>(), _world.Gateway), _world.Get<PolicyCache>(), new ReplayRoom());
        var series = (await analyze.RunAsync(id, SeriesBuilder.MostPoints, Cancel))!.Series;

        Assert.False(series.Complete);
        Assert.All(series.Steps, s => Assert.Equal(LookSource.Approximated, s.Source));
        Assert.Equal(4, series.Notes.Count(n => n.Contains("was not logged", StringComparison.Ordinal)));
        Assert.Equal(state.LastLook!.CandidateRequests, series.Steps[^1].Metrics[0].Points[^1].CandidateRequests);
    }

    [Fact]
    public async Task Release_withoutARamp_hasNoSteps_andNoneThatNeverWas_isFound()
    {
        var first = await _world.Get<AnalyzeRelease>().RunAsync(ReleaseId.Parse("digits-v1.0.0-base-1"), 300, Cancel);
        var never = await _world.Get<AnalyzeRelease>().RunAsync(ReleaseId.Parse("digits-v9.0.0-base-1"), 300, Cancel);

        Assert.Empty(first!.Series.Steps);
        Assert.True(first.Series.Complete);
        Assert.Null(never);
    }

    [Theory]
    [InlineData(0, Outcome.Stable)]
    [InlineData(0.4, Outcome.Rejected)]
    public async Task ShadowStep_ofARelease_isWhatItsLooksFound(double disagreement, Outcome outcome)
    {
        await _world.SetPolicyAsync(WithShadow);
        var id = await ReleaseAsync(0, 5, disagreement: disagreement);

        var (state, series) = await AnalyzeAsync(id);

        Assert.Equal(outcome, state.Outcome);
        AssertSame(_looked, series);
        var shadow = series.Shadow!;
        Assert.Equal((new Weight(2_000), LookSource.Replayed, state.Shadow!.Generation), (shadow.Share, shadow.Source, shadow.Generation));
        Assert.Equal(state.Shadow.Pairs.Pairs, shadow.Pairs);
        Assert.Equal(outcome == Outcome.Stable ? Verdict.Healthy : Verdict.Harmful, shadow.Verdict);
        Assert.Equal(shadow.To, series.Steps.Count == 0 ? shadow.To : series.Steps[0].From);
        Assert.Equal((shadow.WindowsTakenIn, shadow.Looks), (shadow.WindowsFound, shadow.Metrics[0].Points.Count));
        Assert.All(shadow.Metrics.SelectMany(m => m.Points), p => Assert.True(p.Pairs > 0));
        Assert.All(series.Steps.SelectMany(s => s.Metrics).SelectMany(m => m.Points), p => Assert.Null(p.Pairs));
        Assert.Equal(series.Budget.Shadow!.Value, shadow.Metrics.Sum(m => m.BudgetSpent), 1e-9);
    }

    [Fact]
    public async Task ShadowStep_whoseWindowsAreGone_isToldByTheEvents_andNotMixedWithTheFirstWeight()
    {
        await _world.SetPolicyAsync(WithShadow);
        var id = await ReleaseAsync(0, 5);

        var series = (await AnalyzeAsync(id, new InMemoryTrafficWindows(_world.Time))).Series;

        Assert.False(series.Complete);
        Assert.Contains(series.Notes, n => n.StartsWith("Shadow step: ", StringComparison.Ordinal) && n.Contains("no longer stored", StringComparison.Ordinal));
        Assert.Equal((LookSource.Events, Verdict.Healthy), (series.Shadow!.Source, series.Shadow.Verdict));
        Assert.All(series.Shadow.Metrics, m => Assert.StartsWith("shadow.", m.Metric, StringComparison.Ordinal));
        Assert.All(series.Steps.SelectMany(s => s.Metrics), m => Assert.DoesNotContain("shadow", m.Metric, StringComparison.Ordinal));
    }

    private static void AssertSame(IEnumerable<GuardrailReport> looked, AnalysisSeries series)
    {
        Assert.True(series.Complete, string.Join('\n', series.Notes));
        Assert.Equal(series.Looks, series.Shown);
        var expected = looked.SelectMany(r => r.Metrics.Select(m => (m.Metric, m.Verdict, r.StableRequests, r.CandidateRequests, m.Stable, m.Candidate, m.Interval, m.Harm?.Value, m.Health?.Value).ToString())).Order(StringComparer.Ordinal);
        var found = series.Steps.Select(s => s.Metrics).Prepend(series.Shadow?.Metrics ?? []).SelectMany(s => s.SelectMany(m => m.Points.Select(p =>
            (m.Metric, p.Verdict, p.StableRequests, p.CandidateRequests, p.Stable, p.Candidate, p.Interval, p.Harm, p.Health).ToString()))).Order(StringComparer.Ordinal);
        Assert.NotEmpty(found);
        Assert.Equal(expected, found);
    }

    private async Task<ReleaseId> ReleaseAsync(double errorRate, double latencyMs, Func<ReleaseState, bool>? until = null, double disagreement = 0)
    {
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { ErrorRate = errorRate, LatencyMs = latencyMs, Disagreement = disagreement });
        var id = (await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.1.0-mlp"))!.Value;
        await _world.RunAsync(id, state =>
        {
            if (state.LastLook is { } look && (_looked.Count == 0 || !ReferenceEquals(Last(look), look)))
            {
                _looked.Add(look);
            }

            return until?.Invoke(state) == true;
        });
        return id;

        // The stores hand out copies: a look that says the same of the same requests is the same one.
        GuardrailReport Last(GuardrailReport look) => _looked[^1] is var last && last.CandidateRequests == look.CandidateRequests && last.StableRequests == look.StableRequests ? look : last;
    }

    private async Task<AnalyzedRelease> AnalyzeAsync(ReleaseId id, ITrafficWindows? windows = null)
    {
        var releases = _world.Get<IReleaseStore>();
        var analyze = windows is null ? _world.Get<AnalyzeRelease>()
            : new AnalyzeRelease(releases, new RecordedRamps(releases, _world.Get<IRouteStore>(), windows), _world.Get<PolicyCache>(), new ReplayRoom());
        return (await analyze.RunAsync(id, SeriesBuilder.MostPoints, Cancel))!;
    }

    private async Task<InMemoryTrafficWindows> CopiedWindowsAsync(ReleaseId id)
    {
        var copy = new InMemoryTrafficWindows(_world.Time);
        var gateway = (await _world.Gateway.ListGatewaysAsync(DateTimeOffset.MinValue, Cancel)).Single();
        for (var generation = 1; generation <= 6; generation++)
        {
            await copy.AddAsync(new(gateway, await _world.Gateway.ReadAsync(id.Model, generation, DateTimeOffset.MinValue, Cancel).ToListAsync(Cancel)), Cancel);
        }

        return copy;
    }
}
