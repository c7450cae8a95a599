using System.Net;
using System.Text;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Releases;

public sealed class ReleaseTests
{
    private const string Id = "digits-v1.2.0-mlp-1";

    [Theory]
    [InlineData("decisions", """{"decision":"approve","comment":"fine"}""", SignalKind.Approve, Role.Approver)]
    [InlineData("decisions", """{"decision":"withdraw"}""", SignalKind.Withdraw, Role.Approver)]
    [InlineData("decisions", """{"decision":"reject","comment":"no"}""", SignalKind.Reject, Role.Approver)]
    [InlineData("pause", null, SignalKind.Pause, Role.Operator)]
    [InlineData("resume", "{}", SignalKind.Resume, Role.Operator)]
    [InlineData("promote", """{"comment":"sure"}""", SignalKind.Promote, Role.Operator)]
    [InlineData("abort", """{"comment":"enough"}""", SignalKind.Abort, Role.Operator)]
    public async Task Signal_is_stored_with_the_identity_before_it_is_answered_and_rings(string action, string? json, SignalKind kind, Role role)
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        var client = await host.AsAsync(role, "carol");

        var answer = await client.SendAsync("POST", $"/api/releases/{Id}/{action}", json).JsonAsync(HttpStatusCode.Accepted);

        var signal = Assert.Single((await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!.Signals);
        Assert.Equal((kind, "carol", host.Time.GetUtcNow()), (signal.Kind, signal.By, signal.At));
        Assert.Equal(signal.Id, (string)answer["signal"]!);
        Assert.False((bool)answer["repeated"]!);
        Assert.Equal(1, (int)answer["eventsAfter"]!);
        Assert.Equal(ReleaseId.Parse(Id), Assert.Single(host.Doorbell.Rings));
    }

    [Fact]
    public async Task Same_request_of_the_same_identity_is_one_signal_and_of_another_a_second()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        var carol = await host.AsAsync(Role.Approver, "carol");
        var dave = await host.AsAsync(Role.Approver, "dave");
        const string Json = """{"decision":"approve","requestId":"r-1"}""";

        await carol.SendAsync("POST", $"/api/releases/{Id}/decisions", Json).JsonAsync(HttpStatusCode.Accepted);
        var repeated = await carol.SendAsync("POST", $"/api/releases/{Id}/decisions", """{"decision":"approve"}""", key: "r-1").JsonAsync(HttpStatusCode.Accepted);
        var other = await dave.SendAsync("POST", $"/api/releases/{Id}/decisions", Json).JsonAsync(HttpStatusCode.Accepted);

        Assert.True((bool)repeated["repeated"]!);
        Assert.False((bool)other["repeated"]!);
        var signals = (await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!.Signals;
        Assert.Equal(["carol", "dave"], signals.Select(s => s.By).Order());
    }

    [Fact]
    public async Task Same_request_id_for_another_action_is_another_signal()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        var client = await host.AsAsync(Role.Operator);

        await client.SendAsync("POST", $"/api/releases/{Id}/pause", key: "r").JsonAsync(HttpStatusCode.Accepted);
        var resumed = await client.SendAsync("POST", $"/api/releases/{Id}/resume", key: "r").JsonAsync(HttpStatusCode.Accepted);

        Assert.False((bool)resumed["repeated"]!);
    }

    [Theory]
    [InlineData("{}", "decision")]
    [InlineData("""{"decision":"Approve"}""", "decision")]
    [InlineData("""{"decision":"reject"}""", "comment")]
    [InlineData("""{"decision":"reject","comment":" "}""", "comment")]
    public async Task Unclear_decision_changes_nothing(string json, string field)
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);

        await (await host.AsAsync(Role.Approver)).SendAsync("POST", $"/api/releases/{Id}/decisions", json).BlamesAsync(field);

        Assert.Empty((await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!.Signals);
    }

    [Fact]
    public async Task Release_that_ended_or_never_was_takes_no_signal()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id, s => s with { Stage = new Stage.Ended(Outcome.RolledBack, "guardrail") });
        var client = await host.AsAsync(Role.Operator);

        var over = await client.SendAsync("POST", $"/api/releases/{Id}/abort").ProblemAsync(HttpStatusCode.Conflict, "release-over");
        await client.SendAsync("POST", "/api/releases/digits-v9.0.0-1/abort").ProblemAsync(HttpStatusCode.NotFound, "not-found");

        Assert.Equal("rolledBack", (string)over["outcome"]!);
    }

    [Fact]
    public async Task List_is_newest_first_and_paged()
    {
        await using var host = await ApiHost.StartAsync();
        for (var i = 0; i < 5; i++)
        {
            var at = Samples.Now.AddMinutes(i);
            await host.AddReleaseAsync($"digits-v1.{i}.0-1", s => s with { StartedAt = at });
        }

        await host.AddReleaseAsync("other-v1.0.0-1");
        var client = await host.AsAsync(Role.Reader);

        var seen = new List<string>();
        string? continuation = null;
        do
        {
            var page = await client.SendAsync("GET", $"/api/releases?model=digits&limit=2{(continuation is null ? "" : $"&continuation={Uri.EscapeDataString(continuation)}")}").JsonAsync();
            seen.AddRange(page["items"]!.AsArray().Select(i => (string)i!["id"]!));
            continuation = (string?)page["continuation"];
        }
        while (continuation is not null);

        Assert.Equal(["digits-v1.4.0-1", "digits-v1.3.0-1", "digits-v1.2.0-1", "digits-v1.1.0-1", "digits-v1.0.0-1"], seen);
    }

    [Fact]
    public async Task Running_list_leaves_out_what_has_ended()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        await host.AddReleaseAsync("digits-v1.1.0-1", s => s with { Stage = new Stage.Ended(Outcome.Stable, "fine") });

        var list = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/releases?running=true").JsonAsync();

        Assert.Equal([Id], list["items"]!.AsArray().Select(i => (string)i!["id"]!));
    }

    [Fact]
    public async Task Release_that_several_rules_ask_for_says_before_what()
    {
        await using var host = await ApiHost.StartAsync();
        ApprovalDemand Demand(ApprovalPoint before, int days) => new() { Rule = new ApprovalRule { Before = before, Required = 1 }, ExpiresAt = Samples.Now.AddDays(days) };
        await host.AddReleaseAsync(Id, s => s with
        {
            Stage = new Stage.AwaitingApproval(1, Samples.Now.AddDays(3)),
            Asked = new ApprovalRequest { Evidence = Sha256Digest.Of("e"), AskedAt = Samples.Now, Then = AfterApproval.Turn, Demands = [Demand(ApprovalPoint.Ramp, 3), Demand(ApprovalPoint.Promotion, 2)] },
        });

        var release = await (await host.AsAsync(Role.Reader)).SendAsync("GET", $"/api/releases/{Id}").JsonAsync();

        Assert.StartsWith("approvals before ramp and promotion, until 2026-03-03", (string)release["waitingFor"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Release_says_what_it_waits_for()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id, s => s with
        {
            Stage = new Stage.AwaitingApproval(2, Samples.Now.AddDays(3)),
            Approvals = [new Approval("carol", Samples.Now, "fine")],
            Uploader = "alice",
        });

        var release = await (await host.AsAsync(Role.Reader)).SendAsync("GET", $"/api/releases/{Id}").JsonAsync();

        Assert.Equal("awaitingApproval", (string)release["stage"]!);
        Assert.StartsWith("1 of 2 approvals, until 2026-03-04", (string)release["waitingFor"]!, StringComparison.Ordinal);
        Assert.Equal("alice", (string)release["uploader"]!);
        Assert.Equal("awaitingApproval", (string)release["state"]!["stage"]!["name"]!);
    }

    [Fact]
    public async Task Events_are_read_from_a_number_on_and_say_when_they_are_all()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        await host.AppendEventsAsync(Id, 3, end: true);
        var client = await host.AsAsync(Role.Reader);

        var some = await client.SendAsync("GET", $"/api/releases/{Id}/events?after=1&limit=2").JsonAsync();
        var rest = await client.SendAsync("GET", $"/api/releases/{Id}/events?after={some["next"]}&wait=20s").JsonAsync();
        var none = await client.SendAsync("GET", $"/api/releases/{Id}/events?after=4&wait=20s").JsonAsync();

        Assert.Equal([2, 3], some["items"]!.AsArray().Select(i => (int)i!["seq"]!));
        Assert.False((bool)some["ended"]!);
        Assert.Equal([4], rest["items"]!.AsArray().Select(i => (int)i!["seq"]!));
        Assert.True((bool)rest["ended"]!);
        Assert.Empty(none["items"]!.AsArray());
        Assert.True((bool)none["ended"]!);
    }

    [Fact]
    public async Task Held_request_is_answered_when_something_happens()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        var client = await host.AsAsync(Role.Reader);

        var held = client.SendAsync("GET", $"/api/releases/{Id}/events?after=1&wait=30s").JsonAsync();
        await AdvanceAsync(host, held, TimeSpan.FromSeconds(5));
        Assert.False(held.IsCompleted);
        await host.AppendEventsAsync(Id, 1, end: false);
        await AdvanceAsync(host, held, TimeSpan.FromSeconds(5));

        Assert.Equal([2], (await held)["items"]!.AsArray().Select(i => (int)i!["seq"]!));
    }

    [Fact]
    public async Task Held_request_is_answered_empty_when_its_time_is_over()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        var client = await host.AsAsync(Role.Reader);

        var held = client.SendAsync("GET", $"/api/releases/{Id}/events?after=1&wait=10s").JsonAsync();
        await AdvanceAsync(host, held, TimeSpan.FromSeconds(30));

        var answer = await held;
        Assert.Empty(answer["items"]!.AsArray());
        Assert.Equal(1, (int)answer["next"]!);
        Assert.True(host.Time.GetUtcNow() - Samples.Now >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Chain_is_verified_and_a_forged_event_is_found()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        await host.AppendEventsAsync(Id, 2, end: false);
        await host.AddReleaseAsync("digits-v1.3.0-1");
        await host.AppendEventsAsync("digits-v1.3.0-1", 3, end: false, forge: 3);
        var client = await host.AsAsync(Role.Reader);

        var sound = await client.SendAsync("GET", $"/api/releases/{Id}/events/verify").JsonAsync();
        var broken = await client.SendAsync("GET", "/api/releases/digits-v1.3.0-1/events/verify").JsonAsync();

        Assert.Equal((true, 3), ((bool)sound["intact"]!, (int)sound["entries"]!));
        Assert.Equal((false, 3), ((bool)broken["intact"]!, (int)broken["brokenAt"]!));
    }

    [Fact]
    public async Task Report_is_downloaded_by_its_listed_name_only()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        host.Blobs.Put($"reports/{Id}/evaluation.json", "{}"u8);
        host.Blobs.Put("reports/secret.json", "{}"u8);
        var client = await host.AsAsync(Role.Reader);

        var list = await client.SendAsync("GET", $"/api/releases/{Id}/reports").JsonAsync();
        using var file = await client.SendAsync("GET", $"/api/releases/{Id}/reports/evaluation.json");

        Assert.Equal(["evaluation.json"], list["items"]!.AsArray().Select(i => (string)i!));
        Assert.Equal("application/json", file.Content.Headers.ContentType?.MediaType);
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition?.DispositionType);
        Assert.Equal("{}", await file.Content.ReadAsStringAsync(Http.Cancel));
        await client.SendAsync("GET", $"/api/releases/{Id}/reports/..%2Fsecret.json").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await client.SendAsync("GET", $"/api/releases/{Id}/reports/other.json").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Fact]
    public async Task Start_is_a_further_attempt_and_refused_while_one_runs()
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Operator, "bob");
        const string Json = """{"model":"digits","version":"v1.2.0-mlp"}""";

        await client.SendAsync("POST", "/api/releases", Json).ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await host.RegisterAsync("digits", "v1.2.0-mlp");
        await client.SendAsync("POST", "/api/releases", Json).ProblemAsync(HttpStatusCode.Conflict, "no-policy");
        await host.Get<IPolicyStore>().SetAsync(null, PolicyText.Minimal, Http.Cancel);
        var started = await client.SendAsync("POST", "/api/releases", Json).JsonAsync(HttpStatusCode.Created);
        var running = await client.SendAsync("POST", "/api/releases", Json).ProblemAsync(HttpStatusCode.Conflict, "release-running");

        Assert.Equal(Id, (string)started["release"]!);
        Assert.Equal(Id, (string)running["release"]!);
        Assert.Equal("bob", (await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!.State.StartedBy);
    }

    private static async Task AdvanceAsync(ApiHost host, Task waited, TimeSpan most)
    {
        for (var passed = TimeSpan.Zero; passed < most && !waited.IsCompleted; passed += TimeSpan.FromMilliseconds(250))
        {
            host.Time.Advance(TimeSpan.FromMilliseconds(250));

            // Lets the server, which runs on other threads, set its next timer.
            await Task.WhenAny(waited, Task.Delay(20, Http.Cancel));
        }
    }
}
