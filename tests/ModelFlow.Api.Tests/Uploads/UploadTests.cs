using System.Net;
using System.Text.Json;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Tests.Uploads;

public sealed class UploadTests
{
    [Fact]
    public async Task Grant_makes_the_asker_the_uploader()
    {
        await using var host = await ApiHost.StartAsync();
        var alice = await host.AsAsync(Role.Uploader, "alice");

        var grant = await alice.SendAsync("POST", "/api/uploads/grants", """{"model":"digits","version":"v1.0.0","files":["weights/b.bin","a.onnx"],"validFor":"30m"}""").JsonAsync(HttpStatusCode.Created);

        Assert.Equal("digits/v1.0.0/", (string)grant["prefix"]!);
        Assert.Equal(["weights/b.bin", "a.onnx"], grant["files"]!.AsArray().Select(f => (string)f!["path"]!));
        Assert.Equal(["/incoming/digits/v1.0.0/weights/b.bin", "/incoming/digits/v1.0.0/a.onnx"], grant["files"]!.AsArray().Select(f => new Uri((string)f!["url"]!).AbsolutePath));
        Assert.Equal(("manifest.json", "/incoming/digits/v1.0.0/manifest.json"), ((string)grant["manifest"]!["path"]!, new Uri((string)grant["manifest"]!["url"]!).AbsolutePath));
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(30), (DateTimeOffset)grant["expiresAt"]!);
        Assert.Equal("alice", await host.Get<IUploadStore>().FindUploaderAsync(ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), Http.Cancel));
    }

    [Fact]
    public async Task Nobody_takes_over_the_uploader_of_a_version_but_an_admin()
    {
        await using var host = await ApiHost.StartAsync();
        const string Json = """{"model":"digits","version":"v1.0.0","files":["model.onnx"]}""";
        await (await host.AsAsync(Role.Uploader, "alice")).SendAsync("POST", "/api/uploads/grants", Json).JsonAsync(HttpStatusCode.Created);

        await (await host.AsAsync(Role.Uploader, "mallory")).SendAsync("POST", "/api/uploads/grants", Json).ProblemAsync(HttpStatusCode.Conflict, "granted-to-another");

        Assert.Equal("alice", await host.Get<IUploadStore>().FindUploaderAsync(ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), Http.Cancel));
        await (await host.AsAsync(Role.Admin)).SendAsync("POST", "/api/uploads/grants", Json).JsonAsync(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Registered_version_is_granted_to_nobody()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");

        await (await host.AsAsync(Role.Admin)).SendAsync("POST", "/api/uploads/grants", """{"model":"digits","version":"v1.0.0","files":["model.onnx"]}""").ProblemAsync(HttpStatusCode.Conflict, "version-exists");
    }

    [Theory]
    [InlineData("{}", "model", "version", "files")]
    [InlineData("""{"model":"digits","version":"latest","files":["a"],"validFor":"25h"}""", "version", "validFor")]
    [InlineData("""{"model":"../x","version":"v1.0.0+build","files":["a"]}""", "model", "version")]
    [InlineData("""{"model":"digits","version":"v1.0.0","files":[]}""", "files")]
    [InlineData("""{"model":"digits","version":"v1.0.0","files":["a","../b","c",null,"/d","e\\f",""]}""", "files[1]", "files[3]", "files[4]", "files[5]", "files[6]")]
    [InlineData("""{"model":"digits","version":"v1.0.0","files":["a/b","Model.onnx","model.ONNX","A"]}""", "files[2]", "files[3]")]
    [InlineData("""{"model":"digits","version":"v1.0.0","files":["a","manifest.json","Manifest.JSON","b/manifest.json"]}""", "files[1]", "files[2]")]
    [InlineData("""{"model":"digits","version":"v1.0.0","files":["a","../../other/v1.0.0/manifest.json"]}""", "files[1]")]
    public async Task Wrong_grant_request_names_every_field(string json, params string[] fields)
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Uploader)).SendAsync("POST", "/api/uploads/grants", json).BlamesAsync(fields);
    }

    [Theory]
    [InlineData(ManifestReader.MaxFiles, HttpStatusCode.Created)]
    [InlineData(ManifestReader.MaxFiles + 1, HttpStatusCode.BadRequest)]
    public async Task Grant_is_for_as_many_files_as_a_manifest_has_at_most(int files, HttpStatusCode expected)
    {
        await using var host = await ApiHost.StartAsync();

        // Paths as long as they can be together in a manifest: more bytes than other bodies may have.
        var json = Grant(Enumerable.Range(0, files).Select(i => $"{new string('x', 300)}/{i}"));
        using var response = await (await host.AsAsync(Role.Uploader)).SendAsync("POST", "/api/uploads/grants", json);

        Assert.InRange(json.Length, (1 << 20) + 1, ManifestReader.MaxBytes);
        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Grant_of_more_than_a_manifest_can_hold_is_refused()
    {
        await using var host = await ApiHost.StartAsync();

        var json = Grant(Enumerable.Range(0, ManifestReader.MaxFiles).Select(i => $"{new string('x', 450)}/{i}"));
        var problem = await (await host.AsAsync(Role.Uploader)).SendAsync("POST", "/api/uploads/grants", json).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "body-too-large");

        Assert.Equal(ManifestReader.MaxBytes, (int)problem["limitBytes"]!);
    }

    [Fact]
    public async Task Refused_uploads_are_listed_with_their_reason()
    {
        await using var host = await ApiHost.StartAsync();
        var etag = host.Blobs.Put("incoming/digits/latest/manifest.json", "{}"u8);
        await host.Get<IUploadStore>().QuarantineAsync(
            new UploadReference("digits/latest/manifest.json", etag),
            new Refusal { Upload = new UploadReference("digits/latest/manifest.json", etag), By = "name", Reason = "'latest' is not a version name.", At = host.Time.GetUtcNow() },
            Http.Cancel);

        var list = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/uploads/refused").JsonAsync();

        Assert.Equal("name", (string)list["items"]![0]!["by"]!);
        Assert.Contains("latest", (string)list["items"]![0]!["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dataset_keeps_its_bytes_for_good()
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Uploader, "alice");

        var added = await client.SendAsync("PUT", "/api/datasets/digits/eval.csv", "a,b\n1,2\n", "text/csv").JsonAsync();
        var again = await client.SendAsync("PUT", "/api/datasets/digits/eval.csv", "a,b\n1,2\n", "application/octet-stream").JsonAsync();
        await client.SendAsync("PUT", "/api/datasets/digits/eval.csv", "a,b\n3,4\n", "text/csv").ProblemAsync(HttpStatusCode.Conflict, "dataset-exists");

        Assert.Equal(Sha256Digest.Of("a,b\n1,2\n").ToString(), (string)added["sha256"]!);
        Assert.Equal((string)added["sha256"]!, (string)again["sha256"]!);
        var audit = await client.SendAsync("GET", "/api/audit/_system").JsonAsync();
        Assert.Single(audit["items"]!.AsArray());
    }

    [Theory]
    [InlineData("eval.csv")]
    [InlineData("digits/eval.txt")]
    [InlineData("digits/../eval.csv")]
    [InlineData("digits/%2e%2e/x.csv")]
    [InlineData("digits//eval.csv")]
    [InlineData("digits/.hidden.csv")]
    [InlineData("digits/eval.csv%0A")]
    [InlineData("digits%5Ceval.csv")]
    public async Task Wrong_dataset_path_is_refused(string path)
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await (await host.AsAsync(Role.Uploader)).SendAsync("PUT", "/api/datasets/" + path, "a", "text/csv");

        Assert.InRange((int)response.StatusCode, 400, 404);
        Assert.Empty(host.Blobs.List(""));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Dataset_beyond_the_limit_is_refused(bool withLength)
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:MaxDatasetBytes", "2000"));
        var request = new HttpRequestMessage(HttpMethod.Put, "/api/datasets/digits/eval.csv")
        {
            Content = withLength ? new ByteArrayContent(new byte[2_001]) : new StreamContent(new UnknownLength(new byte[2_001])),
        };

        await (await host.AsAsync(Role.Uploader)).SendAsync(request, Http.Cancel).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "body-too-large");

        Assert.Empty(host.Blobs.List(""));
    }

    private static string Grant(IEnumerable<string> files) => $$"""{"model":"digits","version":"v1.0.0","files":{{JsonSerializer.Serialize(files)}}}""";

    private sealed class UnknownLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
