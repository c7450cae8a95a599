using System.Text.Json;
using Azure.Storage.Blobs;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Orchestration;
using ModelFlow.Orchestration.Analysis;
using ModelFlow.Storage.Traffic;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.World;

namespace ModelFlow.Storage.Tests.Releases;

/// <summary>The live analysis of a whole release, from what the tables keep of it.</summary>
public sealed class AnalysisOnTablesTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Release_onTables_isAnalysedAsItsLooksWere_untilItsWindowsArePruned()
    {
        await using var world = new SimulatedWorld(services => services.AddModelFlowStorage(o =>
        {
            o.ConnectionString = azurite.ConnectionString;
            o.Prefix = "analysis";
        }));
        await world.Get<StorageSetup>().EnsureCreatedAsync(Cancel);
        await world.SetPolicyAsync();
        var incoming = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient("analysisincoming");
        await world.RunAsync((await world.UploadAsync(PutAsync, "digits", "v1.0.0-base"))!.Value);
        world.Behave("v1.1.0-mlp", new VersionBehaviour { LatencyMs = 9, ErrorRate = 0.02 });
        var id = (await world.UploadAsync(PutAsync, "digits", "v1.1.0-mlp"))!.Value;
        var state = await world.RunAsync(id, s => s is { Stage: Stage.Ramping { Step: 1, Phase: RampPhase.Baking }, LastLook.CandidateRequests: > 400 });
        var windows = new TableTrafficWindows(world.Get<StorageClients>(), world.Time);
        var gateway = (await world.Gateway.ListGatewaysAsync(DateTimeOffset.MinValue, Cancel)).Single();
        for (var generation = 1; generation <= 3; generation++)
        {
            await windows.AddAsync(new(gateway, await world.Gateway.ReadAsync(id.Model, generation, DateTimeOffset.MinValue, Cancel).ToListAsync(Cancel)), Cancel);
        }

        var releases = world.Get<IReleaseStore>();
        var analyze = new AnalyzeRelease(releases, new RecordedRamps(releases, world.Get<IRouteStore>(), windows), world.Get<PolicyCache>(), new ReplayRoom());
        var whole = (await analyze.RunAsync(id, SeriesBuilder.MostPoints, Cancel))!.Series;
        await windows.PruneAsync(world.Time.GetUtcNow() - TimeSpan.FromSeconds(15), Cancel);
        var pruned = (await analyze.RunAsync(id, SeriesBuilder.MostPoints, Cancel))!.Series;

        Assert.True(whole.Complete, string.Join('\n', whole.Notes));
        Assert.Equal(2, whole.Steps.Count);
        foreach (var metric in state.LastLook!.Metrics)
        {
            var point = whole.Steps[^1].Metrics.Single(m => m.Metric == metric.Metric).Points[^1];
            Assert.Equal(
                (metric.Verdict, metric.Stable, metric.Candidate, metric.Harm?.Value, metric.Health?.Value, JsonSerializer.Serialize(metric.Interval, CoreJson.Options)),
                (point.Verdict, point.Stable, point.Candidate, point.Harm, point.Health, JsonSerializer.Serialize(point.Interval, CoreJson.Options)));
        }

        Assert.False(pruned.Complete);
        Assert.All(pruned.Steps, s => Assert.Equal(LookSource.Events, s.Source));
        Assert.NotEmpty(pruned.Steps[0].Metrics[0].Points);

        async Task PutAsync(string path, ReadOnlyMemory<byte> content) => await incoming.GetBlobClient(path).UploadAsync(new BinaryData(content), Cancel);
    }
}
