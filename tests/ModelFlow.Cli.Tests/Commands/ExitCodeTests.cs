using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Cli.Tests.Support;

namespace ModelFlow.Cli.Tests.Commands;

public sealed class ExitCodeTests : IAsyncLifetime
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
    [InlineData(400, 2)]
    [InlineData(413, 2)]
    [InlineData(415, 2)]
    [InlineData(404, 3)]
    [InlineData(409, 4)]
    [InlineData(401, 5)]
    [InlineData(403, 5)]
    [InlineData(429, 5)]
    [InlineData(503, 6)]
    [InlineData(500, 1)]
    public async Task Refusal_status_isExitCode(int status, int exit)
    {
        _host.OnProblem("GET /api/models", status, "some-type", "What happened.", "What to do.");
        var run = await _cli.RunAsync("models");
        Assert.Equal(exit, run.Exit);
        Assert.Equal("modelflow: What happened.\n  What to do.\n", run.Error);
        Assert.Empty(run.Out);
    }

    [Fact]
    public async Task Refusal_withFields_showsEach()
    {
        _host.OnProblem("POST /api/tokens", 400, "invalid-request", "first", "Correct them.", """[{"path":"roles[0]","message":"'boss' is no role."},{"path":"","message":"Whole."}]""");
        var run = await _cli.RunAsync("token", "create", "bob", "--role", "boss");
        Assert.Equal(2, run.Exit);
        Assert.Equal("modelflow: The title.\n  roles[0]: 'boss' is no role.\n  Whole.\n  Correct them.\n", run.Error);
    }

    [Fact]
    public async Task Refusal_withJson_printsTheProblemToo()
    {
        _host.OnProblem("GET /api/models/x", 404, "not-found", "There is no model x.");
        var run = await _cli.RunAsync("show", "x", "--json");
        Assert.Equal(3, run.Exit);
        Assert.Equal("urn:modelflow:problem:not-found", (string?)JsonNode.Parse(run.Out)!["type"]);
    }

    [Fact]
    public async Task Refusal_unauthorizedWithoutToken_saysHowToGiveOne()
    {
        _cli.Environment.Remove("MODELFLOW_TOKEN");
        _host.OnProblem("GET /api/models", 401, "unauthenticated", "A token is needed.", "Send one.");
        var run = await _cli.RunAsync("models");
        Assert.Equal(5, run.Exit);
        Assert.Contains("MODELFLOW_TOKEN", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_nobodyListens_unreachable()
    {
        await _host.DisposeAsync();
        var run = await _cli.RunAsync("models");
        Assert.Equal(6, run.Exit);
        Assert.Contains("modelflow up", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_isSomethingElse_saysSo()
    {
        _host.On("GET /api/models", _ => Results.Text("<html>", "text/html"));
        var run = await _cli.RunAsync("models");
        Assert.Equal(1, run.Exit);
        Assert.Contains("not JSON", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_busyOnce_isAskedAgainWithTheSameId()
    {
        var first = true;
        _host.On("POST /api/freezes", _ =>
        {
            if (first)
            {
                first = false;
                return Results.StatusCode(503);
            }

            return Results.Text("""{"scope":"*","by":"me","at":"2026-01-01T00:00:00Z","reason":"x"}""", "application/json");
        });
        Assert.Equal(0, (await _cli.RunAsync("freeze", "*", "-m", "x")).Exit);
        Assert.Equal(2, _host.Requests.Count);
        var id = Assert.Single(_host.Requests.Select(r => r.IdempotencyKey).Distinct());
        Assert.Matches("^[0-9a-f]{32}$", id);
    }

    [Theory]
    [InlineData("stable", 0)]
    [InlineData("rolledBack", 1)]
    [InlineData("rejected", 1)]
    [InlineData("aborted", 1)]
    public async Task Watch_outcome_isExitCode(string outcome, int exit)
    {
        _host.On("GET /api/releases/digits-v1.0.0-1/events", Events.Page(next: 1, ended: true, Events.Ended(1, outcome)));
        Assert.Equal(exit, (await _cli.RunAsync("watch", "digits-v1.0.0-1")).Exit);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task PolicyCheck_verdict_isExitCode(bool valid, int exit)
    {
        _cli.Write("policy.yaml", "schema: modelflow/policy/v1");
        _host.On("POST /api/policies/check", $$"""{"valid":{{(valid ? "true" : "false")}},"digest":"sha256:abc","errors":[{"path":"smoke","message":"needed"}]}""");
        var run = await _cli.RunAsync("policy", "check", "policy.yaml");
        Assert.Equal(exit, run.Exit);
        Assert.Equal("smoke: needed", run.Lines[0]);
        Assert.Equal("schema: modelflow/policy/v1", _host.Requests.Single().Body);
        Assert.StartsWith("application/yaml", _host.Requests.Single().ContentType, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public async Task AuditVerify_chain_isExitCode(bool intact, int exit)
    {
        _host.On("GET /api/audit/digits/verify", $$"""{"scope":"digits","entries":3,"intact":{{(intact ? "true" : "false")}},"brokenAt":2,"reason":"it was changed"}""");
        Assert.Equal(exit, (await _cli.RunAsync("audit", "digits", "--verify")).Exit);
    }

    [Fact]
    public async Task Revoke_notAtATerminal_needsYes()
    {
        Assert.Equal(2, (await _cli.RunAsync("revoke", "digits", "v1.0.0", "-m", "bad")).Exit);
        Assert.Empty(_host.Requests);
    }

    [Fact]
    public async Task Revoke_stillServing_isRefused()
    {
        _host.On("POST /api/models/digits/versions/v1.0.0/revoke", """{"model":"digits","version":"v1.0.0","revoked":{"by":"me","at":"2026-01-01T00:00:00Z","reason":"bad"},"releases":[],"stillServing":true,"warning":"Nothing to roll back to."}""");
        var run = await _cli.RunAsync("revoke", "digits", "v1.0.0", "-m", "bad", "--yes");
        Assert.Equal(1, run.Exit);
        Assert.Contains("Nothing to roll back to.", run.Out, StringComparison.Ordinal);
    }
}
