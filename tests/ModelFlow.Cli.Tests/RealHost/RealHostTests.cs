using System.Text.Json.Nodes;
using ModelFlow.Cli.Tests.Support;
using ModelFlow.Testing;

namespace ModelFlow.Cli.Tests.RealHost;

/// <summary>The command line against the host it is made for, started and ended by it: every answer is one it can read.</summary>
[Trait("Speed", "Slow")]
public sealed class RealHostTests : IAsyncLifetime
{
    private static readonly string Samples = Path.Combine(RepositoryRoot.Find(), "samples", "digits");

    private readonly Support.Cli _cli = new() { Environment = { ["MODELFLOW_HOME"] = RepositoryRoot.Find() } };

    public async ValueTask InitializeAsync()
    {
        var up = await _cli.RunAsync("up", "--detach", "--api-port", "0", "--gateway-port", "0");
        Assert.True(up.Exit == 0, up.Error + up.Out);
    }

    public async ValueTask DisposeAsync()
    {
        await _cli.RunAsync(CancellationToken.None, "down");
        _cli.Dispose();
    }

    [Fact]
    public async Task Commands_onARealHost_doWhatTheySay()
    {
        // From nothing to a stable version.
        Assert.Contains("admin (admin)", (await Ok("status")).Out, StringComparison.Ordinal);
        Assert.Equal("", (await Ok("models")).Out);
        await Ok("dataset", "add", Sample("golden.jsonl"), "digits/golden.jsonl");
        Assert.Contains("ecc6d84bf21e78666f231efb284714011aca38fa5f5516a528ca386f7329af5b", (await Ok("dataset", "add", Sample("eval.jsonl"), "digits/eval.jsonl")).Out, StringComparison.Ordinal);
        Assert.Equal(1, (await _cli.RunAsync("policy", "check", _cli.Write("bad.yaml", "ramp: { lease: 1s }"))).Exit);
        await Ok("policy", "set", Sample("policy.yaml"));
        Assert.Equal(await File.ReadAllTextAsync(Sample("policy.yaml"), TestContext.Current.CancellationToken), (await Ok("policy", "show")).Out);

        var approver = (await Ok("token", "create", "carol", "--role", "approver,reader")).Out.Trim();
        var release = _cli.RunAsync("push", Sample("v1.0.0-base.onnx"), "--model", "digits", "--version", "v1.0.0-base", "--owner", "vision team", "--param", "rows=300", "--metric", "accuracy=0.876", "--wait");
        await UntilAsync(async () => (await _cli.RunAsync("show", "digits-v1.0.0-base-1", "--json")) is { Exit: 0 } shown && (string?)JsonNode.Parse(shown.Out)!["stage"] == "awaitingApproval");
        Assert.Equal(5, (await _cli.RunAsync("freeze", "*", "-m", "x", "--token", approver)).Exit);
        Assert.Contains("carol", (await Ok("approve", "digits-v1.0.0-base-1", "-m", "fine", "--token", approver)).Out, StringComparison.Ordinal);
        var released = await release;
        Assert.True(released.Exit == 0, released.Error + released.Out);
        Assert.StartsWith("Release digits-v1.0.0-base-1\n", released.Out, StringComparison.Ordinal);

        // What there is now.
        Assert.Contains("digits  v1.0.0-base", (await Ok("models")).Out, StringComparison.Ordinal);
        Assert.Contains("vision team", (await Ok("show", "digits", "stable")).Out, StringComparison.Ordinal);
        Assert.Contains("generation 1", (await Ok("show", "digits")).Out, StringComparison.Ordinal);
        Assert.Contains("minAccuracy", (await Ok("show", "digits-v1.0.0-base-1")).Out, StringComparison.Ordinal);
        Assert.Contains("v1.0.0-base", (await Ok("route", "digits", "--history")).Out, StringComparison.Ordinal);
        Assert.Contains("the chain is whole", (await Ok("audit", "digits-v1.0.0-base-1", "--verify")).Out, StringComparison.Ordinal);
        Assert.Contains("the chain is whole", (await Ok("audit", "_system", "--verify")).Out, StringComparison.Ordinal);
        Assert.Contains("uploadGranted", (await Ok("audit", "digits")).Out, StringComparison.Ordinal);
        Assert.Contains("evaluation.json", (await Ok("report", "digits-v1.0.0-base-1")).Out, StringComparison.Ordinal);
        Assert.Equal(597, (int)JsonNode.Parse((await Ok("report", "digits-v1.0.0-base-1", "evaluation.json")).Out)!["dataset"]!["rows"]!);

        // What is refused, and how it is told.
        Assert.Equal(4, (await _cli.RunAsync("push", Sample("v1.1.0-mlp.onnx"), "--model", "digits", "--version", "v1.0.0-base")).Exit);
        Assert.Equal(2, (await _cli.RunAsync("push", Sample("v1.1.0-mlp.onnx"), "--model", "digits", "--version", "latest")).Exit);
        var nan = await _cli.RunAsync("push", Sample("v1.5.0-nan.onnx"), "--model", "digits", "--version", "v1.5.0-nan", "--wait");
        Assert.Equal(1, nan.Exit);
        Assert.EndsWith("rejected, by smoke\n", nan.Out, StringComparison.Ordinal);
        Assert.Equal(4, (await _cli.RunAsync("rollback", "digits", "-m", "nothing to go back to")).Exit);
        Assert.Equal(4, (await _cli.RunAsync("abort", "digits-v1.0.0-base-1")).Exit);
        Assert.Equal(3, (await _cli.RunAsync("show", "nobody")).Exit);
        Assert.Contains("There are no", (await _cli.RunAsync("releases", "--model", "nobody")).Error, StringComparison.Ordinal);
        Assert.Contains("v1.5.0-nan", (await Ok("compare", "digits", "v1.0.0-base", "v1.5.0-nan")).Out, StringComparison.Ordinal);

        // Operations.
        Assert.Matches(@"(?m)^releases +2 +0 +0", (await Ok("lists", "rebuild", "-m", "to be sure")).Out);
        Assert.Contains("to be sure", (await Ok("audit", "_system")).Out, StringComparison.Ordinal);
        await Ok("freeze", "dig*", "-m", "holiday");
        Assert.Contains("holiday", (await Ok("freezes")).Out, StringComparison.Ordinal);
        await Ok("unfreeze", "dig*");
        await Ok("pin", "digits", "v1.5.0-nan", "-m", "evidence");
        Assert.Contains("pinned", (await Ok("retention", "plan", "--kept")).Out, StringComparison.Ordinal);
        await Ok("retention", "apply");
        await Ok("unpin", "digits", "v1.5.0-nan");
        Assert.Contains("verified", (await Ok("restore", "digits", "v1.0.0-base")).Out, StringComparison.Ordinal);
        await Ok("revoke", "digits", "v1.5.0-nan", "-m", "not a number", "--yes");
        Assert.Contains("revoked", (await Ok("versions", "digits")).Out, StringComparison.Ordinal);
        Assert.Equal(4, (await _cli.RunAsync("retry", "digits", "v1.5.0-nan")).Exit);
        await Ok("token", "revoke", "carol");
        Assert.Contains("carol", (await Ok("token", "list")).Out, StringComparison.Ordinal);
    }

    private static string Sample(string name) => Path.Combine(Samples, name);

    private async Task<Run> Ok(params string[] args)
    {
        var run = await _cli.RunAsync(args);
        Assert.True(run.Exit == 0, $"{string.Join(' ', args)}: {run.Exit}\n{run.Error}{run.Out}");
        return run;
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow.AddMinutes(2);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "It did not come to that within two minutes.");
            await Task.Delay(200, TestContext.Current.CancellationToken);
        }
    }
}
