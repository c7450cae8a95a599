using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Api.Access;
using ModelFlow.Api.Audit;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Auditing;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Audit;

public sealed class AuditTests
{
    [Fact]
    public async Task Export_has_keys_anchors_and_every_chain_and_says_where_it_ends()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync("digits-v1.0.0-1");
        await host.AppendEventsAsync("digits-v1.0.0-1", 2, end: true);
        await AppendAsync(host, "model:digits", "a");
        await AppendAsync(host, "_system", "b");
        Assert.NotNull(await host.Get<AnchorChains>().RunAsync(Http.Cancel));
        var reader = await host.AsAsync(Role.Reader);

        using var response = await reader.SendAsync("GET", "/api/audit/export");
        var lines = (await response.Content.ReadAsStringAsync(Http.Cancel)).TrimEnd('\n').Split('\n').Select(l => JsonNode.Parse(l)!).ToList();

        Assert.Equal("application/jsonl", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(["export", "key", "anchor", "entry", "entry", "release", "event", "event", "event", "end"], lines.Select(l => (string)l["kind"]!));
        Assert.Equal(9, (int)lines[^1]["lines"]!);
        Assert.Equal(["_system", "model:digits", "release:digits-v1.0.0-1"], lines[2]["anchor"]!["heads"]!.AsArray().Select(h => (string)h!["chain"]!));
        var keys = await reader.SendAsync("GET", "/api/audit/keys").JsonAsync();
        Assert.Equal((string)lines[1]["id"]!, (string)keys["signing"]!);
    }

    [Theory]
    [InlineData("?model=digits", "model:digits|release:digits-v1.0.0-1")]
    [InlineData("?scope=_system", "_system")]
    [InlineData("?scope=model:live", "model:live")]
    [InlineData("?release=digits-v1.0.0-1", "release:digits-v1.0.0-1")]
    [InlineData("?since=2026-03-01T12:00:01Z", "")]
    [InlineData("", "_system|model:digits|model:live|release:digits-v1.0.0-1|release:live-v1.0.0-1")]
    public async Task Export_of_a_part_has_its_chains_alone(string query, string chains)
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync("digits-v1.0.0-1", s => s with { Stage = new Stage.Ended(Outcome.Stable, "fine") });
        await host.AddReleaseAsync("live-v1.0.0-1", s => s with { Stage = new Stage.Ended(Outcome.Stable, "fine") });
        await AppendAsync(host, "_system", "a");
        await AppendAsync(host, "model:digits", "b");
        await AppendAsync(host, "model:live", "c");
        var reader = await host.AsAsync(Role.Reader);

        using var response = await reader.SendAsync("GET", "/api/audit/export" + query);
        var lines = (await response.Content.ReadAsStringAsync(Http.Cancel)).TrimEnd('\n').Split('\n').Select(l => JsonNode.Parse(l)!);

        Assert.Equal(chains.Split('|', StringSplitOptions.RemoveEmptyEntries), lines.Select(l => (string?)l["chain"]).OfType<string>().Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Model_that_is_called_as_a_route_is_asked_for_with_its_prefix()
    {
        await using var host = await ApiHost.StartAsync();
        await AppendAsync(host, "model:live", "a");

        var page = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/audit/model:live").JsonAsync();

        Assert.Single(page["items"]!.AsArray());
    }

    [Fact]
    public async Task Live_tells_versions_digests_and_what_made_the_route()
    {
        await using var host = await ApiHost.StartAsync();
        var record = await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.AddReleaseAsync("digits-v1.1.0-1", s => s with { Approvals = [new Approval("carol", Samples.Now, "fine")] });
        await host.MakeStableAsync("digits", "v1.0.0");
        host.Time.Advance(TimeSpan.FromMinutes(10));
        var routes = host.Get<IRouteStore>();
        var current = await routes.GetAsync(ModelName.Parse("digits"), Http.Cancel);
        var ramping = Samples.Route(ModelName.Parse("digits"), 2, "v1.0.0", "digits-v1.1.0-1#step0@1") with
        {
            At = host.Time.GetUtcNow(), Candidates = [new Candidate(VersionName.Parse("v1.1.0"), new Weight(500))], Release = ReleaseId.Parse("digits-v1.1.0-1"), Step = 0,
        };
        await routes.ChangeAsync(current, ramping, host.Time.GetUtcNow().AddMinutes(1), Http.Cancel);
        var reader = await host.AsAsync(Role.Reader);

        var then = await reader.SendAsync("GET", "/api/audit/live?model=digits&at=2026-03-01T12:05Z").JsonAsync();
        var now = await reader.SendAsync("GET", "/api/audit/live?model=digits").JsonAsync();

        Assert.Equal((1, 10_000, record.Digest.ToString()), ((int)then["generation"]!, (int)then["versions"]![0]!["weight"]!, (string)then["versions"]![0]!["digest"]!));
        Assert.NotNull(then["until"]);
        Assert.Null(then["lease"]);
        Assert.Equal([("v1.0.0", 9500, "stable"), ("v1.1.0", 500, "candidate")], now["versions"]!.AsArray().Select(v => ((string)v!["version"]!, (int)v["weight"]!, (string)v["role"]!)));
        Assert.Equal(("digits-v1.1.0-1", "alice", "carol"), ((string)now["madeBy"]!["release"]!, (string)now["madeBy"]!["by"]!, (string)now["madeBy"]!["approvers"]![0]!));
        Assert.False((bool)now["lease"]!["lapsing"]!);
        using var before = await reader.SendAsync("GET", "/api/audit/live?model=digits&at=2026-03-01T11:00Z");
        Assert.Equal(HttpStatusCode.NotFound, before.StatusCode);
    }

    [Fact]
    public async Task Rollback_is_named_as_what_made_the_route()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        host.Time.Advance(TimeSpan.FromMinutes(10));
        await host.MakeStableAsync("digits", "v1.1.0");
        using (await (await host.AsAsync(Role.Operator, "bob")).SendAsync("POST", "/api/models/digits/rollback", """{"reason":"it is slow"}"""))
        {
        }

        var live = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/audit/live?model=digits").JsonAsync();

        Assert.Equal("bob", (string)live["madeBy"]!["by"]!);
        Assert.Contains("it is slow", (string)live["madeBy"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approvals_tell_who_decided_on_what_in_every_attempt()
    {
        await using var host = await ApiHost.StartAsync();
        await AddDecidedAsync(host, 1, "rejected", "dave");
        await AddDecidedAsync(host, 2, "approved", "carol");

        var answer = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/audit/approvals?model=digits&version=v1.0.0").JsonAsync();

        var attempts = answer["items"]!.AsArray();
        Assert.Equal(["digits-v1.0.0-2", "digits-v1.0.0-1"], attempts.Select(a => (string)a!["release"]!));
        var decided = Assert.Single(attempts[0]!["decisions"]!.AsArray())!;
        Assert.Equal(("carol", "approved", "well", "sha256:r", "sha256:e"), ((string)decided["by"]!, (string)decided["decision"]!, (string)decided["comment"]!, (string)decided["report"]!, (string)decided["evidence"]!));
        Assert.Equal("minAccuracy", (string)attempts[0]!["gates"]![0]!["gate"]!);
    }

    [Fact]
    public async Task Person_is_told_in_order_and_page_by_page_and_of_that_time_only()
    {
        await using var host = await ApiHost.StartAsync();
        for (var i = 0; i < 7; i++)
        {
            host.Time.Advance(TimeSpan.FromMinutes(1));
            await AppendAsync(host, i % 2 == 0 ? "_system" : "model:digits", $"{i}", "carol");
            await AppendAsync(host, "_system", $"x{i}", "dave");
        }

        var reader = await host.AsAsync(Role.Reader);
        var seen = new List<string>();
        for (var next = "2026-03-01T12:02:00Z"; next is not null;)
        {
            var page = await reader.SendAsync("GET", $"/api/audit/person?name=carol&limit=2&since={Uri.EscapeDataString(next)}").JsonAsync();
            seen.AddRange(page["items"]!.AsArray().Select(i => (string)i!["subject"]!));
            Assert.True(page["items"]!.AsArray().Count <= 2);
            next = (string?)page["next"];
        }

        // The first is older; the last is of this very moment, and 'until' is before it.
        Assert.Equal(["1", "2", "3", "4", "5"], seen);
    }

    [Theory]
    [InlineData("/api/audit/live", "model")]
    [InlineData("/api/audit/approvals?model=digits", "version")]
    [InlineData("/api/audit/person", "name")]
    [InlineData("/api/audit/person?name=a&since=2030-01-01T00:00Z", "since")]
    [InlineData("/api/audit/export?since=yesterday", "since")]
    [InlineData("/api/audit/export?model=digits&scope=_system", "model")]
    public async Task Question_that_is_not_whole_names_the_field(string path, string field)
    {
        await using var host = await ApiHost.StartAsync();

        var problem = await (await host.AsAsync(Role.Reader)).SendAsync("GET", path).JsonAsync(HttpStatusCode.BadRequest);

        Assert.Contains(problem["errors"]!.AsArray(), e => (string)e!["path"]! == field);
    }

    [Fact]
    public async Task Erasure_needs_a_reason_and_refuses_words_and_working_tokens()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddTokenAsync("carol", Role.Reader);
        var admin = await host.AsAsync(Role.Admin);

        var problem = await admin.SendAsync("POST", "/api/audit/erasures", """{"name":"c"}""").JsonAsync(HttpStatusCode.BadRequest);
        Assert.Equal(["name", "reason"], problem["errors"]!.AsArray().Select(e => (string)e!["path"]!));
        Assert.EndsWith("not-erasable", (string)(await admin.SendAsync("POST", "/api/audit/erasures", """{"name":"carol","reason":"17"}""").JsonAsync(HttpStatusCode.Conflict))["type"]!, StringComparison.Ordinal);
        Assert.EndsWith("not-erasable", (string)(await admin.SendAsync("POST", "/api/audit/erasures", """{"name":"gone","reason":"that gone wished it"}""").JsonAsync(HttpStatusCode.Conflict))["type"]!, StringComparison.Ordinal);
        await admin.SendAsync("POST", "/api/audit/erasures", """{"name":"carol","dryRun":true}""").JsonAsync();
        var counted = await admin.SendAsync("POST", "/api/audit/erasures", """{"name":"gone","dryRun":true}""").JsonAsync();
        Assert.Equal((true, 0), ((bool)counted["dryRun"]!, (int)counted["occurrences"]!));
    }

    [Theory]
    [InlineData("Audit:SigningKeys:0", "bm90aGluZw==")]
    [InlineData("Audit:TrustedKeys:0", "%")]
    [InlineData("Audit:AnchorEvery", "00:00:01")]
    public async Task Setting_that_is_wrong_stops_the_start(string setting, string value)
    {
        var e = await Assert.ThrowsAnyAsync<Exception>(() => ApiHost.StartAsync(configure: s => s.Configure<AuditOptions>(o => Set(o, setting, value))));

        Assert.Contains(setting.Split(':')[1], e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_without_a_key_anchors_nothing_and_says_so_in_its_health()
    {
        await using var host = await ApiHost.StartAsync(configure: s => s.PostConfigure<AuditOptions>(o => o.SigningKeys.Clear()));

        Assert.Null(await host.Get<AnchorChains>().RunAsync(Http.Cancel));

        var health = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/health").JsonAsync();
        Assert.Equal("degraded", (string)health["checks"]!.AsArray().Single(c => (string)c!["name"]! == "auditAnchors")!["status"]!);
    }

    private static void Set(AuditOptions options, string setting, string value)
    {
        switch (setting)
        {
            case "Audit:SigningKeys:0":
                options.SigningKeys.Insert(0, value);
                break;
            case "Audit:TrustedKeys:0":
                options.TrustedKeys.Add(value);
                break;
            default:
                options.AnchorEvery = TimeSpan.Parse(value, System.Globalization.CultureInfo.InvariantCulture);
                break;
        }
    }

    private static Task AppendAsync(ApiHost host, string scope, string subject, string by = "alice") =>
        host.Get<IAuditLog>().AppendAsync(scope, new AuditEntry($"id-{subject}", host.Time.GetUtcNow(), by, "freeze", subject, "froze it"), Http.Cancel);

    private static async Task AddDecidedAsync(ApiHost host, int attempt, string kind, string by)
    {
        var (state, started) = ReleaseEvents.Start(Samples.State(ReleaseId.Parse($"digits-v1.0.0-{attempt}")));
        var evaluated = Event(state, "evaluated", "modelflow", new JsonObject { ["gates"] = new JsonArray(new JsonObject { ["gate"] = "minAccuracy", ["passed"] = true, ["limit"] = 0.9, ["message"] = "well" }) });
        state = Samples.After(state, [evaluated]);
        var decided = Event(state, kind, by, new JsonObject { ["comment"] = "well", ["artifact"] = "sha256:a", ["evidence"] = "sha256:e", ["evaluation"] = "sha256:r" });
        state = Samples.After(state, [decided]);
        await host.Get<IReleaseIndex>().PutAsync(ReleaseSummary.Of(state), Http.Cancel);
        Assert.IsType<CreateRelease.Created>(await host.Get<IReleaseStore>().CreateAsync(state, [started, evaluated, decided], Http.Cancel));
    }

    private static ReleaseEvent Event(ReleaseState state, string kind, string by, JsonObject data)
    {
        var open = new ReleaseEvent { Seq = state.EventCount + 1, Kind = kind, At = Samples.Now, By = by, Stage = "evaluating", Message = "It went on.", Data = data, PreviousHash = state.EventHash, Hash = "" };
        return open with { Hash = ReleaseEvents.HashOf(open) };
    }
}
