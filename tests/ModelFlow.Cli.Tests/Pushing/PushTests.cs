using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Azure.Storage.Sas;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Cli.Pushing;
using ModelFlow.Cli.Tests.Support;
using ModelFlow.Core.Manifests;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Cli.Tests.Pushing;

/// <summary>Push into a real Azurite under a grant as a host gives it; the manifest is read by the host's own reader.</summary>
public sealed class PushTests : IAsyncLifetime
{
    private const int MiB = 1024 * 1024;
    private const BlobSasPermissions All = BlobSasPermissions.Read | BlobSasPermissions.Create | BlobSasPermissions.Write;

    private readonly BlobContainerClient _incoming;
    private FakeHost _host = null!;
    private Support.Cli _cli = null!;

    public PushTests(AzuriteFixture azurite) =>
        _incoming = new BlobContainerClient(azurite.ConnectionString, $"incoming-{Guid.NewGuid():N}");

    public async ValueTask InitializeAsync()
    {
        await _incoming.CreateAsync();
        _host = await FakeHost.StartAsync();
        _cli = Support.Cli.For(_host);
        Grant(All);
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
        await _incoming.DeleteAsync();
    }

    [Fact]
    public async Task Push_folder_putsFilesAndAManifestThatTheHostReads()
    {
        var large = Fill("out/weights/large.bin", (3 * MiB) + 17);
        var small = Fill("out/model.onnx", 100);
        Fill("out/empty.txt", 0);
        _cli.Write("out/.git/config", "not a part");
        var run = await _cli.RunAsync(
            "push", "out", "--model", "digits", "--version", "v1.0.0-base", "--block-size", "1", "--owner", "vision team", "--description", "a test",
            "--dataset", "train", "--dataset-sha256", new string('a', 64), "--git-commit", new string('b', 40), "--parent", "v0.9.0",
            "--trained-at", "2026-01-31T12:00:00Z", "--param", "hidden=64", "--param", "note=a=b", "--metric", "accuracy=0.97");
        Assert.True(run.Exit == 0, run.Error);

        var manifest = Assert.IsType<ParseManifest.Parsed>(ManifestReader.Read((await ContentAsync("manifest.json")).ToArray())).Manifest;
        Assert.Equal(["empty.txt", "model.onnx", "weights/large.bin"], manifest.Files.Select(f => f.Path));
        Assert.Equal([Hash([]), Hash(small), Hash(large)], manifest.Files.Select(f => f.Sha256.Hex));
        Assert.Equal(("onnx", "vision team", "a test", "train", "v0.9.0"), (manifest.Format, manifest.Owner, manifest.Description, manifest.Lineage.Dataset!.Name, manifest.Lineage.Parent!.Value.Value));
        Assert.Equal("a=b", manifest.Lineage.Parameters["note"]);
        Assert.Equal(0.97, manifest.Metrics["accuracy"]);
        Assert.Equal(large, (await ContentAsync("weights/large.bin")).ToArray());
        Assert.Equal(small, (await ContentAsync("model.onnx")).ToArray());

        var names = await _incoming.GetBlobsAsync(cancellationToken: TestContext.Current.CancellationToken).Select(b => b.Name).ToListAsync(TestContext.Current.CancellationToken);
        Assert.Equal(4, names.Count);
        Assert.All(names, n => Assert.StartsWith("digits/v1.0.0-base/", n, StringComparison.Ordinal));
        var asked = _host.Requests.Single().Json;
        Assert.Equal(("digits", "v1.0.0-base", "2h"), ((string)asked["model"]!, (string)asked["version"]!, (string)asked["validFor"]!));
        Assert.Equal(["empty.txt", "model.onnx", "weights/large.bin"], asked["files"]!.AsArray().Select(f => (string)f!));
    }

    [Fact]
    public async Task Push_afterACut_sendsOnlyWhatIsMissing()
    {
        var content = Fill("model.onnx", 8 * MiB);
        // What a push that was cut leaves: some blocks staged, nothing committed. Staged by the program itself, cut after three blocks.
        await using (var cut = await CutProxy.StartAsync(_incoming.Uri, blocks: 3))
        {
            Grant(All, cut.Address);
            using var stopped = new CancellationTokenSource();
            cut.Reached += stopped.Cancel;
            var first = await _cli.RunAsync(stopped.Token, Push("model.onnx"));
            Assert.Equal(ExitCode.Cancelled, first.Exit);
        }

        var staged = (await Blob("model.onnx").GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: TestContext.Current.CancellationToken)).Value.UncommittedBlocks.Count();
        Assert.InRange(staged, 3, 7);
        Assert.False(await Blob("manifest.json").ExistsAsync(TestContext.Current.CancellationToken));

        Grant(All);
        var second = await _cli.RunAsync([.. Push("model.onnx"), "--json"]);
        Assert.True(second.Exit == 0, second.Error);
        Assert.Equal(staged * MiB, (int)JsonNode.Parse(second.Out)!["skippedBytes"]!);
        Assert.Equal(content, (await ContentAsync("model.onnx")).ToArray());
    }

    [Fact]
    public async Task Push_blockDamagedOnItsWay_isRefusedByTheStorage()
    {
        Fill("model.onnx", 3 * MiB);
        await using var proxy = await CutProxy.StartAsync(_incoming.Uri, blocks: int.MaxValue);
        proxy.Damage = true;
        Grant(All, proxy.Address);
        var run = await _cli.RunAsync(Push("model.onnx"));
        Assert.Equal(1, run.Exit);
        Assert.Contains("The upload was cut", run.Error, StringComparison.Ordinal);
        Assert.False(await Blob("model.onnx").ExistsAsync(TestContext.Current.CancellationToken));
        Assert.False(await Blob("manifest.json").ExistsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Push_again_sendsNothingButTheManifest()
    {
        Fill("model.onnx", 4 * MiB);
        await _cli.RunAsync(Push("model.onnx"));
        var before = await Blob("model.onnx").GetPropertiesAsync(cancellationToken: TestContext.Current.CancellationToken);
        var run = await _cli.RunAsync([.. Push("model.onnx"), "--json"]);
        Assert.Equal(4 * MiB, (int)JsonNode.Parse(run.Out)!["skippedBytes"]!);
        Assert.Equal(before.Value.ETag, (await Blob("model.onnx").GetPropertiesAsync(cancellationToken: TestContext.Current.CancellationToken)).Value.ETag);
    }

    [Fact]
    public async Task Push_fileThatChangedSince_sendsTheChangedBlock()
    {
        var content = Fill("model.onnx", 4 * MiB);
        await _cli.RunAsync(Push("model.onnx"));
        content[(2 * MiB) + 5] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(_cli.Folder, "model.onnx"), content, TestContext.Current.CancellationToken);
        var run = await _cli.RunAsync([.. Push("model.onnx"), "--json"]);
        Assert.Equal(3 * MiB, (int)JsonNode.Parse(run.Out)!["skippedBytes"]!);
        Assert.Equal(content, (await ContentAsync("model.onnx")).ToArray());
        Assert.Equal(Hash(content), (string?)JsonNode.Parse(await ContentAsync("manifest.json"))!["files"]![0]!["sha256"]);
    }

    [Fact]
    public async Task Push_grantThatMayNotRead_sendsEverythingAgain()
    {
        Grant(BlobSasPermissions.Create | BlobSasPermissions.Write);
        Fill("model.onnx", 2 * MiB);
        await _cli.RunAsync(Push("model.onnx"));
        var run = await _cli.RunAsync([.. Push("model.onnx"), "--json"]);
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal(0, (int)JsonNode.Parse(run.Out)!["skippedBytes"]!);
    }

    [Fact]
    public async Task Push_grantThatIsOver_saysSoWithoutTheSignature()
    {
        Grant(BlobSasPermissions.Write, expires: DateTimeOffset.UtcNow.AddMinutes(-5));
        Fill("model.onnx", 10);
        var run = await _cli.RunAsync(Push("model.onnx"));
        Assert.Equal(ExitCode.Unauthorized, run.Exit);
        Assert.DoesNotContain("sig=", run.Error + run.Out, StringComparison.Ordinal);
        Assert.Contains("Run the same command again", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_thatOutlastsItsGrant_asksForAnother()
    {
        var content = Fill("model.onnx", 6 * MiB);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _cli.Time = time;
        var old = 0;
        await using var first = await CutProxy.StartAsync(_incoming.Uri, blocks: int.MaxValue);
        first.Came = block =>
        {
            old = block;
            time.Advance(block == 2 ? PushGrant.RenewalAge : TimeSpan.Zero);
        };
        var grants = 0;
        _host.On("POST /api/uploads/grants", asked => Granted(asked, All, ++grants == 1 ? first.Address : null));

        var run = await _cli.RunAsync("push", "model.onnx", "--model", "digits", "--version", "v1.0.0-base", "--block-size", "1", "--parallel", "1");

        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal((2, 2), (old, grants));
        Assert.Single(_host.Requests.Select(r => r.Body).Distinct());
        Assert.Equal(content, (await ContentAsync("model.onnx")).ToArray());
    }

    [Theory]
    [InlineData(502, 95, 0)]
    [InlineData(502, 120, ExitCode.Unreachable)]
    [InlineData(409, 95, ExitCode.Conflict)]
    public async Task Push_thatGetsNoOtherGrant_goesOnWhileTheOldOneWorks(int status, int minutes, int exit)
    {
        Fill("model.onnx", 4 * MiB);
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        _cli.Time = time;
        await using var proxy = await CutProxy.StartAsync(_incoming.Uri, blocks: int.MaxValue);
        proxy.Came = block => time.Advance(block == 2 ? TimeSpan.FromMinutes(minutes) : TimeSpan.Zero);
        var grants = 0;
        _host.On("POST /api/uploads/grants", asked => ++grants == 1
            ? Granted(asked, All, proxy.Address)
            : Results.Text("""{"type":"urn:modelflow:problem:x","title":"No.","status":1,"detail":"Not now."}""", "application/problem+json", statusCode: status));

        var run = await _cli.RunAsync("push", "model.onnx", "--model", "digits", "--version", "v1.0.0-base", "--block-size", "1", "--parallel", "1");

        Assert.True(run.Exit == exit, run.Error);
        Assert.Equal(2, grants);
        Assert.Equal(exit == 0, await Blob("manifest.json").ExistsAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Push_thousandsOfFiles_areOneQuestion()
    {
        const int Files = 1_000;
        for (var i = 0; i < Files; i++)
        {
            Fill($"out/teile/größe-{i}.bin", 1);
        }

        var run = await _cli.RunAsync([.. Push("out"), "--format", "onnx"]);

        Assert.True(run.Exit == 0, run.Error);
        var asked = _host.Requests.Single();
        Assert.Equal(Files, asked.Json["files"]!.AsArray().Count);
        Assert.Contains("größe-999", asked.Body, StringComparison.Ordinal);
        Assert.Equal(Files + 1, await _incoming.GetBlobsAsync(cancellationToken: TestContext.Current.CancellationToken).CountAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Push_fileThatTheHostRefuses_isNamedBeforeAnythingIsSent()
    {
        Fill("out/model.onnx", 10);
        Fill("out/a\\b.onnx", 10);
        _host.OnProblem("POST /api/uploads/grants", 400, "invalid-request", "no", errors: """[{"path":"files[0]","message":"The path 'a\\\\b.onnx' has a backslash."}]""");

        var run = await _cli.RunAsync(Push("out"));

        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains("files[0]: The path", run.Error, StringComparison.Ordinal);
        Assert.Empty(await _incoming.GetBlobsAsync(cancellationToken: TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Push_hostThatForgetsAFile_isToldApart()
    {
        Fill("model.onnx", 10);
        _host.On("POST /api/uploads/grants", """{"prefix":"p/","files":[],"manifest":{"path":"manifest.json","url":"http://127.0.0.1:1/x"}}""", 201);

        var run = await _cli.RunAsync(Push("model.onnx"));

        Assert.Equal(ExitCode.Refused, run.Exit);
        Assert.Contains("no address for model.onnx", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_manifestInTheFolder_isTheBase()
    {
        Fill("out/model.onnx", 10);
        _cli.Write("out/manifest.json", """{"model":"digits","version":"v1.0.0-base","owner":"them","files":[{"path":"gone","size":1,"sha256":"x"}],"lineage":{"parameters":{"a":"1"}},"metrics":{"loss":0.5}}""");
        var run = await _cli.RunAsync([.. Push("out"), "--param", "b=2", "--owner", "us"]);
        Assert.True(run.Exit == 0, run.Error);
        var manifest = Assert.IsType<ParseManifest.Parsed>(ManifestReader.Read((await ContentAsync("manifest.json")).ToArray())).Manifest;
        Assert.Equal("us", manifest.Owner);
        Assert.Equal(["model.onnx"], manifest.Files.Select(f => f.Path));
        Assert.Equal(["a", "b"], manifest.Lineage.Parameters.Keys);
        Assert.Equal(0.5, manifest.Metrics["loss"]);
    }

    [Fact]
    public async Task Push_link_isFollowedToItsFile()
    {
        var content = Fill("store/blob", 2000);
        Directory.CreateDirectory(Path.Combine(_cli.Folder, "out"));
        File.CreateSymbolicLink(Path.Combine(_cli.Folder, "out/model.onnx"), Path.Combine("..", "store", "blob"));
        Assert.Equal(0, (await _cli.RunAsync(Push("out"))).Exit);
        Assert.Equal(content, (await ContentAsync("model.onnx")).ToArray());
    }

    [Theory]
    [InlineData("missing.onnx", 3, "no file or folder")]
    [InlineData("empty", 2, "no files")]
    [InlineData("notes.txt", 2, "--format")]
    [InlineData("both", 2, "several formats")]
    [InlineData("disagrees", 2, "Make them agree")]
    [InlineData("linked", 2, "link to a folder")]
    [InlineData("dangling", 3, "link to nothing")]
    public async Task Push_wrongSource_isRefusedBeforeAnythingIsSent(string path, int exit, string why)
    {
        Directory.CreateDirectory(Path.Combine(_cli.Folder, "empty/.hidden"));
        Fill("notes.txt", 1);
        Fill("both/a.onnx", 1);
        Fill("both/b.gguf", 1);
        Fill("disagrees/a.onnx", 1);
        _cli.Write("disagrees/manifest.json", """{"model":"other"}""");
        Fill("linked/a.onnx", 1);
        Directory.CreateSymbolicLink(Path.Combine(_cli.Folder, "linked/more"), "../both");
        Directory.CreateDirectory(Path.Combine(_cli.Folder, "dangling"));
        File.CreateSymbolicLink(Path.Combine(_cli.Folder, "dangling/a.onnx"), "nowhere");
        var run = await _cli.RunAsync(Push(path));
        Assert.Equal(exit, run.Exit);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.Empty(_host.Requests);
    }

    [Theory]
    [InlineData("--param", "novalue", "name=value")]
    [InlineData("--metric", "a=many", "not a number")]
    [InlineData("--dataset-uri", "https://x", "--dataset NAME")]
    [InlineData("--git-commit", "main", "git rev-parse HEAD")]
    [InlineData("--trained-at", "2026-01-31", "with its zone")]
    public async Task Push_wrongOption_isUsage(string option, string value, string why)
    {
        Fill("model.onnx", 1);
        var run = await _cli.RunAsync([.. Push("model.onnx"), option, value]);
        Assert.Equal(2, run.Exit);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
        Assert.Empty(_host.Requests);
    }

    [Fact]
    public async Task Push_wait_followsTheReleaseOfItsOwnManifest()
    {
        Fill("model.onnx", 10);
        // An earlier attempt of the same version from another upload must not be taken for this one.
        _host.On("GET /api/releases", """{"items":[{"id":"digits-v1.0.0-base-1","model":"digits","version":"v1.0.0-base","stage":"ended","outcome":"rejected"},{"id":"digits-v1.0.0-base-2","model":"digits","version":"v1.0.0-base","stage":"registering"}]}""");
        _host.On("GET /api/releases/digits-v1.0.0-base-1", Release("digits-v1.0.0-base-1", "\"0xOTHER\""));
        // The list may know a release a moment before it can be read.
        var early = true;
        _host.On("GET /api/releases/digits-v1.0.0-base-2", _ =>
        {
            if (early)
            {
                early = false;
                return Results.NotFound();
            }

            return Results.Text(Release("digits-v1.0.0-base-2", Blob("manifest.json").GetProperties().Value.ETag.ToString()), "application/json");
        });
        _host.On("GET /api/uploads/refused", """{"items":[]}""");
        _host.On("GET /api/releases/digits-v1.0.0-base-2/events", Events.Page(1, true, Events.Ended(1, "stable")));
        var run = await _cli.RunAsync([.. Push("model.onnx"), "--wait"]);
        Assert.Equal(0, run.Exit);
        Assert.Equal("Release digits-v1.0.0-base-2", run.Lines[0]);
    }

    [Fact]
    public async Task Push_waitAndRefused_saysWhy()
    {
        Fill("model.onnx", 10);
        _host.On("GET /api/releases", """{"items":[]}""");
        _host.On("GET /api/uploads/refused", _ => Results.Text(
            """{"items":[{"upload":{"manifestPath":"digits/v1.0.0-base/manifest.json","eTag":ETAG},"by":"exists","reason":"It is registered already.","at":"2026-01-01T00:00:00Z","folder":"quarantine/x"}]}"""
                .Replace("ETAG", JsonValue.Create(Blob("manifest.json").GetProperties().Value.ETag.ToString()).ToJsonString(), StringComparison.Ordinal),
            "application/json"));
        var run = await _cli.RunAsync([.. Push("model.onnx"), "--wait"]);
        Assert.Equal(1, run.Exit);
        Assert.Equal("Refused (exists): It is registered already.", run.Lines[0]);
    }

    private static string[] Push(string path) => ["push", path, "--model", "digits", "--version", "v1.0.0-base", "--block-size", "1", "--parallel", "2"];

    private static string Release(string id, string etag) =>
        new JsonObject { ["id"] = id, ["model"] = "digits", ["version"] = "v1.0.0-base", ["stage"] = "registering", ["state"] = new JsonObject { ["upload"] = new JsonObject { ["eTag"] = etag } } }.ToJsonString();

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private byte[] Fill(string name, int bytes)
    {
        var content = new byte[bytes];
        new Random(bytes).NextBytes(content);
        var path = Path.Combine(_cli.Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return content;
    }

    private BlockBlobClient Blob(string path) => _incoming.GetBlockBlobClient("digits/v1.0.0-base/" + path);

    private async Task<BinaryData> ContentAsync(string path) => (await Blob(path).DownloadContentAsync(TestContext.Current.CancellationToken)).Value.Content;

    private void Grant(BlobSasPermissions permissions, Uri? through = null, DateTimeOffset? expires = null) =>
        _host.On("POST /api/uploads/grants", asked => Granted(asked, permissions, through, expires));

    private IResult Granted(Asked asked, BlobSasPermissions permissions, Uri? through = null, DateTimeOffset? expires = null)
    {
        JsonObject File(string path)
        {
            var uri = new UriBuilder(Blob(path).GenerateSasUri(permissions, expires ?? DateTimeOffset.UtcNow.AddHours(1)));
            uri.Port = through?.Port ?? uri.Port;
            return new JsonObject { ["path"] = path, ["url"] = uri.Uri.ToString() };
        }

        var answer = new JsonObject
        {
            ["model"] = "digits",
            ["version"] = "v1.0.0-base",
            ["prefix"] = "digits/v1.0.0-base/",
            ["files"] = new JsonArray([.. asked.Json["files"]!.AsArray().Select(f => (JsonNode)File((string)f!))]),
            ["manifest"] = File("manifest.json"),
            ["expiresAt"] = "2030-01-01T00:00:00Z",
        };
        return Results.Text(answer.ToJsonString(), "application/json", statusCode: 201);
    }
}
