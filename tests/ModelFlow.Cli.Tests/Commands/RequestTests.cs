using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Cli.Tests.Support;

namespace ModelFlow.Cli.Tests.Commands;

/// <summary>Each command asks the host for what docs/http-api.md says, with the token, and <c>--json</c> prints the answer as it came.</summary>
public sealed class RequestTests : IAsyncLifetime
{
    private FakeHost _host = null!;
    private Support.Cli _cli = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await FakeHost.StartAsync();
        _cli = Support.Cli.For(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    [Theory]
    [InlineData("models", "GET /api/models", "")]
    [InlineData("versions digits", "GET /api/models/digits/versions", "")]
    [InlineData("show digits", "GET /api/models/digits", "")]
    [InlineData("show digits stable", "GET /api/models/digits/versions/stable", "")]
    [InlineData("show digits-v1.0.0-base-2", "GET /api/releases/digits-v1.0.0-base-2", "")]
    [InlineData("compare digits v1.0.0 v1.1.0", "GET /api/models/digits/compare", "?a=v1.0.0&b=v1.1.0&predictions=20")]
    [InlineData("report digits-v1.0.0-1", "GET /api/releases/digits-v1.0.0-1/reports", "")]
    [InlineData("analysis digits-v1.0.0-1", "GET /api/releases/digits-v1.0.0-1/analysis", "")]
    [InlineData("analysis digits-v1.0.0-1 --points 500", "GET /api/releases/digits-v1.0.0-1/analysis", "?points=500")]
    [InlineData("route digits", "GET /api/models/digits/route", "")]
    [InlineData("route digits --at 2026-01-01T00:00:00Z", "GET /api/models/digits/route", "?at=2026-01-01T00%3A00%3A00Z")]
    [InlineData("freezes", "GET /api/freezes", "")]
    [InlineData("retention plan --model digits", "GET /api/retention/plan", "?model=digits")]
    [InlineData("policy show", "GET /api/policies/default", "")]
    [InlineData("policy show --model digits", "GET /api/models/digits/policy", "")]
    [InlineData("policy show abc", "GET /api/policies/abc", "")]
    [InlineData("token list", "GET /api/tokens", "")]
    [InlineData("webhook list", "GET /api/subscriptions", "")]
    [InlineData("audit digits --after 3", "GET /api/audit/digits", "?after=3&limit=500")]
    [InlineData("audit digits-v1.0.0-1", "GET /api/releases/digits-v1.0.0-1/events", "?after=0&limit=500")]
    [InlineData("audit live digits --at 2026-11-25T10:42Z", "GET /api/audit/live", "?model=digits&at=2026-11-25T10%3A42Z")]
    [InlineData("audit live digits", "GET /api/audit/live", "?model=digits")]
    [InlineData("audit approvals digits v1.0.0", "GET /api/audit/approvals", "?model=digits&version=v1.0.0")]
    [InlineData("audit person carol --since 2026-11-01T00:00Z", "GET /api/audit/person", "?name=carol&since=2026-11-01T00%3A00Z&limit=500")]
    [InlineData("audit model:live", "GET /api/audit/model:live", "?after=0&limit=500")]
    [InlineData("audit key", "GET /api/audit/keys", "")]
    [InlineData("show ../tokens", "GET /api/models/..%2Ftokens", "")]
    public async Task Get_command_asksAndPrintsTheAnswer(string line, string what, string query)
    {
        _host.On(what, """{"items":[],"new":"field"}""");
        var run = await _cli.RunAsync([.. line.Split(' '), "--json"]);
        Assert.True(run.Exit == 0, run.Error);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"items":[],"new":"field"}"""), JsonNode.Parse(run.Out)), run.Out);
        var asked = Assert.Single(_host.Requests);
        Assert.Equal((what, query, "Bearer mf_test", ""), (asked.What, asked.Query, asked.Authorization, asked.IdempotencyKey));
    }

    [Theory]
    [InlineData("approve digits-v1.0.0-1 -m fine", "POST /api/releases/digits-v1.0.0-1/decisions", """{"decision":"approve","comment":"fine"}""")]
    [InlineData("approve digits-v1.0.0-1", "POST /api/releases/digits-v1.0.0-1/decisions", """{"decision":"approve"}""")]
    [InlineData("reject digits-v1.0.0-1 -m no", "POST /api/releases/digits-v1.0.0-1/decisions", """{"decision":"reject","comment":"no"}""")]
    [InlineData("pause digits-v1.0.0-1", "POST /api/releases/digits-v1.0.0-1/pause", "{}")]
    [InlineData("resume digits-v1.0.0-1", "POST /api/releases/digits-v1.0.0-1/resume", "{}")]
    [InlineData("promote digits-v1.0.0-1", "POST /api/releases/digits-v1.0.0-1/promote", "{}")]
    [InlineData("abort digits-v1.0.0-1 -m stop", "POST /api/releases/digits-v1.0.0-1/abort", """{"comment":"stop"}""")]
    [InlineData("retry digits v1.0.0", "POST /api/releases", """{"model":"digits","version":"v1.0.0"}""")]
    [InlineData("rollback digits -m bad", "POST /api/models/digits/rollback", """{"load":false,"reason":"bad"}""")]
    [InlineData("rollback digits --to v1.0.0 --load -m bad", "POST /api/models/digits/rollback", """{"to":"v1.0.0","load":true,"reason":"bad"}""")]
    [InlineData("freeze dig* -m x", "POST /api/freezes", """{"scope":"dig*","reason":"x"}""")]
    [InlineData("lists rebuild -m restored", "POST /api/lists/rebuild", """{"reason":"restored"}""")]
    [InlineData("audit erase carol -m 17 --yes", "POST /api/audit/erasures", """{"name":"carol","reason":"17"}""")]
    [InlineData("audit erase carol --dry-run", "POST /api/audit/erasures", """{"name":"carol","dryRun":true}""")]
    [InlineData("pin digits v1.0.0 -m keep", "POST /api/models/digits/versions/v1.0.0/pin", """{"reason":"keep"}""")]
    [InlineData("unpin digits v1.0.0", "POST /api/models/digits/versions/v1.0.0/unpin", "{}")]
    [InlineData("webhook add ops https://hooks.example.com/x", "POST /api/subscriptions", """{"name":"ops","address":"https://hooks.example.com/x"}""")]
    [InlineData("webhook add ops https://hooks.example.com/x --models digits-* -e ended,harmFound -e approved", "POST /api/subscriptions", """{"name":"ops","address":"https://hooks.example.com/x","models":"digits-*","events":["ended","harmFound","approved"]}""")]
    [InlineData("webhook pause ops -m moving", "POST /api/subscriptions/ops/pause", """{"reason":"moving"}""")]
    [InlineData("webhook resume ops", "POST /api/subscriptions/ops/resume", "{}")]
    [InlineData("webhook key ops", "POST /api/subscriptions/ops/key", "{}")]
    [InlineData("webhook test ops", "POST /api/subscriptions/ops/test", "{}")]
    [InlineData("webhook resend ops digits-v1.0.0-1.14", "POST /api/subscriptions/ops/deliveries/digits-v1.0.0-1.14/redeliver", "{}")]
    [InlineData("token create bob -r reader,approver -r operator --expires-in 90d", "POST /api/tokens", """{"name":"bob","roles":["reader","approver","operator"],"expiresIn":"90d"}""")]
    public async Task Post_command_sendsTheBodyWithAnId(string line, string what, string body)
    {
        _host.On(what, """{"release":"digits-v1.0.0-2"}""", 202);
        var run = await _cli.RunAsync([.. line.Split(' '), "--json"]);
        Assert.True(run.Exit == 0, run.Error);
        var asked = Assert.Single(_host.Requests);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(body), asked.Json), asked.Body);
        Assert.Equal((what, "Bearer mf_test"), (asked.What, asked.Authorization));
        Assert.Matches("^[0-9a-f]{32}$", asked.IdempotencyKey);
    }

    [Theory]
    [InlineData("unfreeze * -m done", "DELETE /api/freezes/*", "?reason=done")]
    [InlineData("token revoke bob", "DELETE /api/tokens/bob", "")]
    public async Task Delete_command_asks(string line, string what, string query)
    {
        _host.On(what, _ => Results.NoContent());
        var run = await _cli.RunAsync(line.Split(' '));
        Assert.True(run.Exit == 0, run.Error);
        Assert.Equal((what, query), (_host.Requests.Single().What, _host.Requests.Single().Query));
    }

    [Theory]
    [InlineData(0, 1, 0)]
    [InlineData(1, 0, 1)]
    [InlineData(0, 0, 1)]
    public async Task PolicyTest_sendsThePolicy_andEndsByWhatItFound(int falseAlarms, int stopped, int exit)
    {
        _cli.Input = "ramp: {}\n";
        _host.On("POST /api/policies/test", $$$"""
            {"policy":"sha256:abcdef0123456789","seed":"7","past":{"endedWell":1,"falseAlarms":{{{falseAlarms}}},"endedWellUndecided":0,"harmful":0,"foundAgain":0,"missed":0},
             "faults":[{"fault":"errors+5pp","standing":"harmful","runs":1,"stopped":{{{stopped}}},"passed":{{{1 - stopped}}},"undecided":0,"requestsUntilStopped":96,"timeUntilStopped":"00:00:14","harmedUntilStopped":6}],
             "steps":[{"step":0,"weight":500,"releases":1,"watched":"00:00:12","recordedWatched":"00:00:10","healthyAfter":"00:00:11","cutShort":1}],
             "releases":[{"release":"digits-v1.1.0-1","outcome":"stable","harmFound":false,"unchanged":{"end":"passed","reason":"every step passed","candidateRequests":812,"harmedRequests":0,"watched":"00:00:48","steps":[]},"faults":[]}],
             "skipped":[{"release":"digits-v1.0.1-1","why":"it is gone"}],"notes":["Mind this."]}
            """);

        var run = await _cli.RunAsync("policy", "test", "-", "--model", "digits", "--releases", "5", "--since", "30d", "--faults", "errors+5pp", "--seed", "7");

        var asked = Assert.Single(_host.Requests);
        Assert.Equal(("?model=digits&releases=5&since=30d&faults=errors%2B5pp&seed=7", "ramp: {}\n"), (asked.Query, asked.Body));
        Assert.Equal(exit, run.Exit);
        Assert.Contains("digits-v1.1.0-1  stable  passed             812       48 s     every step passed", run.Out, StringComparison.Ordinal);
        Assert.Contains("errors+5pp  beyond the tolerance  1", run.Out, StringComparison.Ordinal);
        Assert.Contains("Left out: digits-v1.0.1-1: it is gone.", run.Error, StringComparison.Ordinal);
        Assert.Contains("Mind this.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PolicySet_model_putsTheYamlAsItIs()
    {
        var yaml = "# ü\nschema: modelflow/policy/v1\n";
        _cli.Input = yaml;
        _host.On("PUT /api/models/digits/policy", """{"valid":true,"digest":"sha256:abcdef0123456789","errors":[],"warnings":[{"path":"smoke.dataset.path","message":"there is no data set"}]}""");
        var run = await _cli.RunAsync("policy", "set", "-", "--model", "digits");
        Assert.Equal(0, run.Exit);
        Assert.Equal(yaml, _host.Requests.Single().Body);
        Assert.Equal(["warning: smoke.dataset.path: there is no data set", "New releases of digits start under abcdef012345."], run.Lines);
    }

    [Fact]
    public async Task DatasetAdd_file_putsItsBytesAndPrintsWhatAPolicyNeeds()
    {
        _cli.Write("e.jsonl", "{}\n");
        _host.On("PUT /api/datasets/digits/eval.jsonl", """{"path":"digits/eval.jsonl","sha256":"sha256:00ff"}""");
        var run = await _cli.RunAsync("dataset", "add", "e.jsonl", "digits/eval.jsonl");
        Assert.Equal("dataset:\n  path: digits/eval.jsonl\n  sha256: 00ff\n", run.Out);
        Assert.Equal("{}\n", _host.Requests.Single().Body);
    }

    [Fact]
    public async Task Retry_release_startsItsVersionAgain()
    {
        _host.On("GET /api/releases/digits-v1.0.0-1", """{"id":"digits-v1.0.0-1","model":"digits","version":"v1.0.0","stage":"ended","outcome":"aborted"}""");
        _host.On("POST /api/releases", """{"release":"digits-v1.0.0-2"}""", 201);
        var run = await _cli.RunAsync("retry", "digits-v1.0.0-1");
        Assert.Equal("Started digits-v1.0.0-2.\n", run.Out);
        Assert.Equal("v1.0.0", (string?)_host.Requests.Last().Json["version"]);
    }

    [Fact]
    public async Task Releases_moreThanAPage_followsTheContinuation()
    {
        _host.On("GET /api/releases", asked => Results.Text(
            asked.Query.Contains("continuation=next%2F1", StringComparison.Ordinal)
                ? """{"items":[{"id":"b-v1.0.0-1","model":"b","version":"v1.0.0","stage":"ended","outcome":"stable"}]}"""
                : """{"items":[{"id":"a-v1.0.0-1","model":"a","version":"v1.0.0","stage":"ramping"}],"continuation":"next/1"}""",
            "application/json"));
        var run = await _cli.RunAsync("releases", "--limit", "10");
        Assert.Equal(3, run.Lines.Count);
        Assert.Contains("?limit=10", _host.Requests.First().Query, StringComparison.Ordinal);
        Assert.Equal(2, _host.Requests.Count);
    }

    [Fact]
    public async Task RetentionApply_yes_appliesThePlanThatWasShown()
    {
        _host.On("GET /api/retention/plan", """{"digest":"sha256:plan","at":"2026-01-01T00:00:00Z","actions":[{"model":"digits","version":"v1.0.0","from":"hot","to":"cool","delete":false,"bytes":2048,"reason":"old"}],"kept":[]}""");
        _host.On("POST /api/retention/apply", """{"digest":"sha256:plan","results":[{"model":"digits","version":"v1.0.0","from":"hot","to":"cool","delete":false,"status":"done"}]}""");
        Assert.Equal(2, (await _cli.RunAsync("retention", "apply")).Exit);
        var run = await _cli.RunAsync("retention", "apply", "--yes");
        Assert.Equal(0, run.Exit);
        Assert.Equal("sha256:plan", (string?)_host.Requests.Last().Json["digest"]);
    }

    [Fact]
    public async Task ListsRebuild_plain_saysHowManyEntries()
    {
        _host.On("POST /api/lists/rebuild", """{"items":[{"name":"models","entries":2,"entered":0,"removed":1},{"name":"releases","entries":12,"entered":3,"removed":0}]}""");
        var run = await _cli.RunAsync("lists", "rebuild");
        Assert.Equal(0, run.Exit);
        Assert.Matches(@"^LIST +ENTRIES +PUT RIGHT +TAKEN OUT$", run.Lines[0]);
        Assert.Matches(@"^models +2 +0 +1$", run.Lines[1].TrimEnd());
        Assert.Matches(@"^releases +12 +3 +0$", run.Lines[2].TrimEnd());
        Assert.Contains("ten thousand", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task TokenCreate_plain_printsTheTokenAlone()
    {
        _host.On("POST /api/tokens", """{"name":"bob","roles":["reader"],"createdAt":"2026-01-01T00:00:00Z","token":"mf_secret"}""", 201);
        var run = await _cli.RunAsync("token", "create", "bob", "-r", "reader");
        Assert.Equal("mf_secret\n", run.Out);
    }

    [Fact]
    public async Task Report_named_printsOrWritesIt()
    {
        _host.On("GET /api/releases/digits-v1.0.0-1/reports/evaluation.json", """{"accuracy":1}""");
        Assert.Equal("{\"accuracy\":1}\n", (await _cli.RunAsync("report", "digits-v1.0.0-1", "evaluation.json")).Out);
        Assert.Equal(0, (await _cli.RunAsync("report", "digits-v1.0.0-1", "evaluation.json", "-o", "e.json")).Exit);
        Assert.Equal("""{"accuracy":1}""", await File.ReadAllTextAsync(Path.Combine(_cli.Folder, "e.json"), TestContext.Current.CancellationToken));
    }
}
