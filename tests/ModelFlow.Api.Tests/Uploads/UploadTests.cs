using System.Net;
using System.Text;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
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

        var grant = await alice.SendAsync("POST", "/api/uploads/grants", """{"model":"digits","version":"v1.0.0","validFor":"30m"}""").JsonAsync(HttpStatusCode.Created);

        Assert.Equal("digits/v1.0.0/", (string)grant["prefix"]!);
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(30), (DateTimeOffset)grant["expiresAt"]!);
        Assert.Equal("alice", await host.Get<IUploadStore>().FindUploaderAsync(ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), Http.Cancel));
    }

    [Fact]
    public async Task Nobody_takes_over_the_uploader_of_a_version_but_an_admin()
    {
        await using var host = await ApiHost.StartAsync();
        const string Json = """{"model":"digits","version":"v1.0.0"}""";
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

        await (await host.AsAsync(Role.Admin)).SendAsync("POST", "/api/uploads/grants", """{"model":"digits","version":"v1.0.0"}""").ProblemAsync(HttpStatusCode.Conflict, "version-exists");
    }

    [Theory]
    [InlineData("{}", "model", "version")]
    [InlineData("""{"model":"digits","version":"latest","validFor":"25h"}""", "version", "validFor")]
    [InlineData("""{"model":"../x","version":"v1.0.0+build"}""", "model", "version")]
    public async Task Wrong_grant_request_names_every_field(string json, params string[] fields)
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Uploader)).SendAsync("POST", "/api/uploads/grants", json).BlamesAsync(fields);
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

    private sealed class UnknownLength(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
