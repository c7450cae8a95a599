using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Tests.Requests;

public sealed class StrictRequestTests
{
    [Theory]
    [InlineData("""{"scope":"*","reason":"x","extra":1}""", "extra")]
    [InlineData("""{"scope":"*","scope":"digits","reason":"x"}""", "scope")]
    [InlineData("""{"scope":["*"],"reason":"x"}""", "scope")]
    [InlineData("""{"scope":"*","reason":5}""", "reason")]
    [InlineData("""{"Scope":"*","reason":"x"}""", "Scope")]
    [InlineData("""{"scope":"DIGITS","reason":"   "}""", "scope", "reason")]
    [InlineData("""{"scope":"**"}""", "scope", "reason")]
    [InlineData("""{"scope":"","reason":"x\u0000y"}""", "scope", "reason")]
    [InlineData("""{"scope":"*","reason":"\u001b[31mred"}""", "reason")]
    public async Task Wrong_field_is_named_and_nothing_changes(string json, params string[] fields)
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", json).BlamesAsync(fields);

        Assert.Empty(await host.Get<IFreezeStore>().ListAsync(Http.Cancel));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"scope\"")]
    [InlineData("{\"scope\":\"*\",}")]
    [InlineData("{\"scope\":\"*\"} trailing")]
    [InlineData("{/* no comments */}")]
    public async Task What_is_not_a_json_object_is_refused(string json)
    {
        await using var host = await ApiHost.StartAsync();

        var problem = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", json).ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");

        Assert.DoesNotContain("System.", problem.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ModelFlow.", problem.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deep_json_is_refused()
    {
        await using var host = await ApiHost.StartAsync();
        var json = new string('[', 5_000) + new string(']', 5_000);

        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", json).ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");
    }

    [Fact]
    public async Task Large_json_is_refused_with_the_limit()
    {
        await using var host = await ApiHost.StartAsync();
        var json = $$"""{"scope":"*","reason":"{{new string('x', 1 << 20)}}"}""";

        var problem = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", json).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "body-too-large");

        Assert.Equal(1 << 20, (int)problem["limitBytes"]!);
    }

    [Fact]
    public async Task Large_body_without_a_length_is_refused_too()
    {
        await using var host = await ApiHost.StartAsync();
        var request = new HttpRequestMessage(HttpMethod.Put, "/api/policies/default") { Content = new StreamContent(new MemoryStream(new byte[300 << 10])) };
        request.Content.Headers.ContentType = new("application/yaml");
        request.Headers.TransferEncodingChunked = true;

        await (await host.AsAsync(Role.Admin)).SendAsync(request, Http.Cancel).ProblemAsync(HttpStatusCode.RequestEntityTooLarge, "body-too-large");
    }

    [Fact]
    public async Task Other_media_type_is_refused()
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", "scope=*", "application/x-www-form-urlencoded").ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
        await (await host.AsAsync(Role.Admin)).SendAsync("PUT", "/api/policies/default", "{}", "application/json").ProblemAsync(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
    }

    [Theory]
    [InlineData("/api/releases?limt=5", "limt")]
    [InlineData("/api/releases?limit=0&model=A&running=yes", "model", "running", "limit")]
    [InlineData("/api/releases?limit=501", "limit")]
    [InlineData("/api/releases?limit=1&limit=2", "limit")]
    [InlineData("/api/releases?limit=-1", "limit")]
    [InlineData("/api/releases?continuation=", "continuation")]
    [InlineData("/api/models/digits?model=other", "model")]
    [InlineData("/api/models/digits/compare", "a")]
    [InlineData("/api/models/digits/compare?a=latest&b=v1.0.0", "a")]
    [InlineData("/api/models/Digits/versions/1.0.0", "model", "version")]
    [InlineData("/api/models/digits/versions/latest", "version")]
    [InlineData("/api/models/digits/route?at=yesterday", "at")]
    [InlineData("/api/models/digits/route?at=2026-11-23", "at")]
    [InlineData("/api/models/digits/route?at=2026-11-23T10:00:00", "at")]
    [InlineData("/api/models/digits/route/history/0", "generation")]
    [InlineData("/api/releases/digits-v1.0.0", "id")]
    [InlineData("/api/releases/digits-v1.0.0-1/events?after=-1&wait=31s", "after", "wait")]
    [InlineData("/api/releases/digits-v1.0.0-1/events?wait=99999999999999d", "wait")]
    [InlineData("/api/policies/abc", "digest")]
    [InlineData("/api/audit/_other", "scope")]
    public async Task Wrong_parameter_is_named(string path, params string[] fields)
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Reader)).SendAsync("GET", path).BlamesAsync(fields);
    }

    [Fact]
    public async Task Two_different_request_ids_are_refused()
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", """{"scope":"*","reason":"x","requestId":"a"}""", key: "b").BlamesAsync("requestId");
        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/freezes", """{"scope":"*","reason":"x"}""", key: "no spaces").BlamesAsync("Idempotency-Key");
    }
}
