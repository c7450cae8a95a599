using System.Net;
using System.Text.Json;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Catalog;

public sealed class CatalogTests
{
    [Fact]
    public async Task Models_are_listed_with_what_is_live()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.RegisterAsync("empty", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.0.0", new Candidate(VersionName.Parse("v1.1.0"), new Weight(2_500)));
        var operatorClient = await host.AsAsync(Role.Operator);
        await operatorClient.SendAsync("POST", "/api/freezes", """{"scope":"emp*","reason":"holiday"}""").JsonAsync();

        var items = (await operatorClient.SendAsync("GET", "/api/models").JsonAsync())["items"]!.AsArray();

        Assert.Equal(["digits", "empty"], items.Select(i => (string)i!["model"]!));
        Assert.Equal("v1.0.0", (string)items[0]!["stable"]!);
        Assert.Equal(2_500, (int)items[0]!["candidates"]![0]!["weight"]!);
        Assert.False((bool)items[0]!["frozen"]!);
        Assert.Null(items[1]!["stable"]);
        Assert.True((bool)items[1]!["frozen"]!);
    }

    [Fact]
    public async Task Model_shows_route_deployments_and_who_has_the_turn()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        await host.Get<IRampTurns>().TakeAsync(ReleaseId.Parse("digits-v1.1.0-1"), Samples.Now, Http.Cancel);

        var model = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/models/digits").JsonAsync();

        Assert.Equal(1, (int)model["route"]!["route"]!["generation"]!);
        Assert.Equal("v1.0.0", (string)model["deployments"]![0]!["version"]!);
        Assert.Equal("digits-v1.1.0-1", (string)model["ramping"]!);
        Assert.Equal(1, (int)model["versions"]!);
        await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/models/other").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Version_is_found_by_name_and_by_the_alias_stable()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0", v => v with { Uploader = "alice", Signature = Signature("pixels") });
        await host.AddReleaseAsync("digits-v1.0.0-1");
        host.Blobs.Put("reports/digits-v1.0.0-1/evaluation.json", "{}"u8);
        var reader = await host.AsAsync(Role.Reader);
        await reader.SendAsync("GET", "/api/models/digits/versions/stable").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await host.MakeStableAsync("digits", "v1.0.0");

        var version = await reader.SendAsync("GET", "/api/models/digits/versions/stable").JsonAsync();

        Assert.Equal("v1.0.0", (string)version["version"]!);
        Assert.Equal("alice", (string)version["uploader"]!);
        Assert.Equal(("stable", 10_000), ((string)version["live"]!, (int)version["weight"]!));
        Assert.Equal("pixels", (string)version["signature"]!["inputs"]![0]!["name"]!);
        Assert.Equal("model.onnx", (string)version["manifest"]!["files"]![0]!["path"]!);
        Assert.Equal("digits-v1.0.0-1", (string)version["latestRelease"]!);
        Assert.Equal("evaluation.json", (string)version["reports"]![0]!);
        await reader.SendAsync("GET", "/api/models/digits/versions/v2.0.0").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Alias_is_no_name_where_something_changes()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        var client = await host.AsAsync(Role.Operator);

        await client.SendAsync("POST", "/api/models/digits/versions/stable/pin").BlamesAsync("version");
        await client.SendAsync("POST", "/api/models/digits/versions/stable/revoke", """{"reason":"x"}""").BlamesAsync("version");
    }

    [Fact]
    public async Task Pin_is_recorded_once_and_unpin_again()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        var client = await host.AsAsync(Role.Operator, "bob");

        var pinned = await client.SendAsync("POST", "/api/models/digits/versions/v1.0.0/pin", """{"reason":"audit"}""").JsonAsync();
        await client.SendAsync("POST", "/api/models/digits/versions/v1.0.0/pin").JsonAsync();
        var unpinned = await client.SendAsync("POST", "/api/models/digits/versions/v1.0.0/unpin").JsonAsync();
        var audit = await client.SendAsync("GET", "/api/audit/digits").JsonAsync();

        Assert.True((bool)pinned["pinned"]!);
        Assert.False((bool)unpinned["pinned"]!);
        Assert.Equal(["pin", "unpin"], audit["items"]!.AsArray().Select(i => (string)i!["entry"]!["action"]!));
        Assert.All(audit["items"]!.AsArray(), i => Assert.Equal("bob", (string)i!["entry"]!["by"]!));
    }

    [Fact]
    public async Task Restore_verifies_the_files_and_finds_damage()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0", v => v with { Tier = StorageTier.Archive });
        host.Blobs.SetTier("models/digits/v1.0.0/model.onnx", StorageTier.Archive);
        await host.RegisterAsync("digits", "v1.1.0", v => v with { Tier = StorageTier.Cold });
        host.Blobs.Put("models/digits/v1.1.0/model.onnx", "other"u8);
        await host.RegisterAsync("digits", "v1.2.0", v => v with { Deleted = true });
        var client = await host.AsAsync(Role.Operator);

        var restored = await client.SendAsync("POST", "/api/models/digits/versions/v1.0.0/restore").JsonAsync();
        var damaged = await client.SendAsync("POST", "/api/models/digits/versions/v1.1.0/restore").ProblemAsync(HttpStatusCode.Conflict, "files-damaged");

        Assert.Equal(("restored", "hot", 5), ((string)restored["status"]!, (string)restored["tier"]!, (int)restored["bytesVerified"]!));
        Assert.Equal("model.onnx", (string)damaged["file"]!);
        await client.SendAsync("POST", "/api/models/digits/versions/v1.2.0/restore").ProblemAsync(HttpStatusCode.Conflict, "version-deleted");
        await client.SendAsync("POST", "/api/models/digits/versions/v9.0.0/restore").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        var record = await host.Get<IVersionCatalog>().GetAsync(ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), Http.Cancel);
        Assert.Equal((StorageTier.Hot, host.Time.GetUtcNow()), (record!.Tier, record.RestoredAt));
    }

    [Fact]
    public async Task Restore_from_a_slow_archive_says_to_ask_again()
    {
        var artifacts = new SlowArchive();
        await using var host = await ApiHost.StartAsync(s => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<IArtifactStore>(s, artifacts));
        await host.RegisterAsync("digits", "v1.0.0", v => v with { Tier = StorageTier.Archive });
        var client = await host.AsAsync(Role.Operator);

        var first = await client.SendAsync("POST", "/api/models/digits/versions/v1.0.0/restore").JsonAsync(HttpStatusCode.Accepted);
        artifacts.Ready = true;
        var second = await client.SendAsync("POST", "/api/models/digits/versions/v1.0.0/restore").JsonAsync();

        Assert.Equal(("rehydrating", "archive"), ((string)first["status"]!, (string)first["tier"]!));
        Assert.Equal("restored", (string)second["status"]!);
    }

    [Fact]
    public async Task Compare_shows_manifests_signatures_and_scores_of_both()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0", v => v with
        {
            Signature = Signature("pixels"),
            Manifest = v.Manifest with { Metrics = new Dictionary<string, double> { ["accuracy"] = 0.87 }, Lineage = new Lineage { Parameters = new Dictionary<string, string> { ["hidden"] = "32" } } },
        });
        await host.RegisterAsync("digits", "v1.1.0", v => v with
        {
            Signature = Signature("image"),
            Manifest = v.Manifest with { Metrics = new Dictionary<string, double> { ["accuracy"] = 0.97, ["loss"] = 0.1 }, Lineage = new Lineage { Parent = VersionName.Parse("v1.0.0") } },
        });
        await host.AddReleaseAsync("digits-v1.1.0-1", s => s with { Baseline = VersionName.Parse("v1.0.0") });
        PutReport(host, "digits-v1.1.0-1", Report(good: true, baseline: false));

        var answer = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/models/digits/compare?a=v1.0.0&b=v1.1.0").JsonAsync();

        Assert.Contains(answer["manifest"]!.AsArray(), d => (string)d!["field"]! == "lineage.parent" && (string)d["b"]! == "v1.0.0");
        Assert.Contains(answer["manifest"]!.AsArray(), d => (string)d!["field"]! == "lineage.parameters.hidden" && (string)d["a"]! == "32" && d["b"] is null);
        Assert.True((bool)answer["signature"]!["breaking"]!);
        Assert.Equal(["accuracy", "loss"], answer["training"]!.AsArray().Select(m => (string)m!["name"]!));
        Assert.Equal(0.1, (double)answer["training"]![0]!["difference"]!, 6);
        var evaluation = answer["evaluation"]!;
        Assert.True((bool)evaluation["together"]!);
        Assert.Equal((0.5, 1.0), ((double)evaluation["metrics"]![0]!["a"]!, (double)evaluation["metrics"]![0]!["b"]!));
        Assert.Contains(evaluation["slices"]!.AsArray(), s => (string)s!["slice"]! == "label=8" && (string)s["metric"]! == "recall" && (double)s["difference"]! == 1);
        Assert.Equal(0.95, (double)evaluation["confidence"]!);
        Assert.True((double)evaluation["metrics"]![0]!["interval"]!["low"]! < 0.5);
        Assert.Null(evaluation["metrics"]![1]!["interval"]);
        var predictions = evaluation["predictions"]!;
        Assert.Equal((2, 1, 0, 1, 0, 1), ((int)predictions["rows"]!, (int)predictions["bothRight"]!, (int)predictions["onlyARight"]!, (int)predictions["onlyBRight"]!, (int)predictions["neitherRight"]!, (int)predictions["flipped"]!));
        Assert.Equal("""{"row":1,"label":"8","a":"7","b":"8"}""", predictions["items"]![0]!.ToJsonString());
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("1", 1)]
    public async Task Compare_lists_as_many_predictions_as_are_asked_for(string asked, int listed)
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.AddReleaseAsync("digits-v1.1.0-1", s => s with { Baseline = VersionName.Parse("v1.0.0") });
        PutReport(host, "digits-v1.1.0-1", Report(good: true, baseline: false));
        var client = await host.AsAsync(Role.Reader);

        var answer = await client.SendAsync("GET", $"/api/models/digits/compare?a=v1.0.0&b=v1.1.0&predictions={asked}").JsonAsync();
        var refused = await client.SendAsync("GET", "/api/models/digits/compare?a=v1.0.0&b=v1.1.0&predictions=10001");

        Assert.Equal(listed, answer["evaluation"]!["predictions"]!["items"]!.AsArray().Count);
        Assert.Equal(1, (int)answer["evaluation"]!["predictions"]!["flipped"]!);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Compare_of_separate_evaluations_says_what_does_not_compare()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.AddReleaseAsync("digits-v1.0.0-1");
        await host.AddReleaseAsync("digits-v1.1.0-1");
        var client = await host.AsAsync(Role.Reader);
        const string Path = "/api/models/digits/compare?a=v1.1.0&b=v1.0.0";

        var without = await client.SendAsync("GET", Path).JsonAsync();
        PutReport(host, "digits-v1.0.0-1", Report(good: false, baseline: null));
        PutReport(host, "digits-v1.1.0-1", Report(good: true, baseline: null) with { Dataset = new EvaluatedDataset("digits/other.csv", Sha256Digest.Of("other"), 2) });
        var with = await client.SendAsync("GET", Path).JsonAsync();

        Assert.Null(without["evaluation"]);
        Assert.False((bool)with["evaluation"]!["comparable"]!);
        Assert.Contains("digits/other.csv", (string)with["evaluation"]!["reason"]!, StringComparison.Ordinal);
        Assert.Equal(-0.5, (double)with["evaluation"]!["metrics"]![0]!["difference"]!);
    }

    private static void PutReport(ApiHost host, string release, EvaluationReport report)
    {
        Assert.Empty(EvaluationReportReader.Check(report));
        host.Blobs.Put($"reports/{release}/evaluation.json", JsonSerializer.SerializeToUtf8Bytes(report, CoreJson.Options));
    }

    // Two rows, of classes 7 and 8; the worse version knows only the 7.
    private static EvaluationReport Report(bool good, bool? baseline) => new()
    {
        Dataset = new EvaluatedDataset("digits/eval.csv", Sha256Digest.Of("eval"), 2),
        Label = "label",
        Classes = ["7", "8"],
        BatchSize = 1,
        Candidate = Measured(good),
        Baseline = baseline is { } known ? Measured(known) : null,
        Paired = baseline is null ? null : new PairedOutcomes(1, 1, 0, 0),
        Answers = new EvaluatedAnswers { Truth = [0, 1], Candidate = Answers(good), Baseline = baseline is { } other ? Answers(other) : null },
        Slices = [Slice("7", true, baseline is null ? null : true), Slice("8", good, baseline)],
    };

    private static int[] Answers(bool good) => good ? [0, 1] : [0, 0];

    private static SliceReport Slice(string value, bool right, bool? baseline) => new()
    {
        Column = "label",
        Value = value,
        Rows = 1,
        Candidate = Score(right),
        Baseline = baseline is { } known ? Score(known) : null,
        Paired = baseline is { } other ? (other ? new PairedOutcomes(1, 0, 0, 0) : new PairedOutcomes(0, 1, 0, 0)) : null,
    };

    private static SliceScores Score(bool right) => right ? new SliceScores(1, 1) : new SliceScores(0, 0);

    private static ModelMeasurements Measured(bool good) => new()
    {
        Accuracy = good ? 1 : 0.5,
        ConfusionMatrix = [[1, 0, 0], good ? [0, 1, 0] : [1, 0, 0]],
        LoadTimeMs = 1,
        Latency = new LatencyMeasurements { P50Ms = 1, P95Ms = 1, P99Ms = 1, SamplesMs = [1] },
        ThroughputRowsPerSecond = 1_000,
    };

    private static ModelSignature Signature(string input) => new([new TensorSignature(input, "FP32", [-1, 64])], [new TensorSignature("label", "INT64", [-1])]);

    private sealed class SlowArchive : IArtifactStore
    {
        public bool Ready { get; set; }

        public Task<Uri> GrantReadAsync(ModelName model, VersionName version, string path, TimeSpan validFor, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<SetTier> SetTierAsync(VersionRecord version, StorageTier tier, CancellationToken cancellationToken) =>
            Task.FromResult<SetTier>(Ready ? new SetTier.Moved() : new SetTier.Rehydrating());

        public Task<VerifyFiles> VerifyAsync(VersionRecord version, IProgress<long>? bytesVerified, CancellationToken cancellationToken) =>
            Task.FromResult<VerifyFiles>(new VerifyFiles.Intact(5));

        public Task<DeleteFiles> DeleteAsync(VersionRecord version, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
