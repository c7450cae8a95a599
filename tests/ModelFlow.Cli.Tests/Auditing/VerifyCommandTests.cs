using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Cli.Auditing;
using ModelFlow.Cli.Tests.Support;
using ModelFlow.Core.Audit;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Cli.Tests.Auditing;

/// <summary>The commands around the verifier: where the record and the keys come from, what is remembered, how it ends.</summary>
public sealed class VerifyCommandTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly string Digits = AuditScope.Of(AuditRecord.Model);

    private FakeHost _host = null!; // Set before a test runs.
    private Support.Cli _cli = null!;
    private AuditRecord _record = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await FakeHost.StartAsync();
        _cli = Support.Cli.For(_host);
        _record = await AuditRecord.CreateAsync(azurite);
    }

    public async ValueTask DisposeAsync()
    {
        _record.Dispose();
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Verify_ofTheHost_saysWhoseKeysWereBelieved()
    {
        await ServeAsync();

        var run = await _cli.RunAsync("audit", "verify", "--model", "digits");

        Assert.True(run.Exit == 0, run.Out + run.Error);
        Assert.Equal("?model=digits", _host.Requests.Single().Query);
        Assert.Contains("8 entries in 3 chains, 1 anchors: all is as it was written.", run.Out, StringComparison.Ordinal);
        Assert.Contains("keys that the record itself names", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_brokenChain_isExitCodeAndSaysWhere()
    {
        await _record.ForgeAsync("Audit", AuditRecord.Partition(Digits), AuditRecord.EntryKey(2), "entry", e => e["entry"]!["by"] = "mallory");
        await ServeAsync();

        var run = await _cli.RunAsync("audit", "verify");
        Assert.Equal(1, run.Exit);
        Assert.Equal("model:digits #2: it was changed after it was written", run.Lines[0]);

        var json = JsonNode.Parse((await _cli.RunAsync("audit", "verify", "--json")).Out)!;
        Assert.False((bool)json["intact"]!);
        Assert.Equal(2, (int)json["problems"]![0]!["seq"]!);
    }

    [Fact]
    public async Task Verify_givenKeys_believesNoOthers()
    {
        await ServeAsync();
        var right = _cli.Write("right.pem", string.Join('\n', _record.Signer.Keys.Select(k => AnchorKeys.Pem(Convert.ToBase64String(k.PublicKey.Span)))));
        _record.Signer.Rotate();
        var wrong = _cli.Write("wrong.pem", AnchorKeys.Pem(Convert.ToBase64String(_record.Signer.Keys[0].PublicKey.Span)));

        var good = await _cli.RunAsync("audit", "verify", "--public-key", right);
        Assert.True(good.Exit == 0, good.Out + good.Error);
        Assert.Contains("under the keys you gave", good.Out, StringComparison.Ordinal);
        var bad = await _cli.RunAsync("audit", "verify", "--public-key", wrong);
        Assert.Equal(1, bad.Exit);
        Assert.Contains("not among those that are trusted", bad.Out, StringComparison.Ordinal);
        Assert.Equal(2, (await _cli.RunAsync("audit", "verify", "--public-key", _cli.Write("no.pem", "no key"))).Exit);
        Assert.Equal(3, (await _cli.RunAsync("audit", "verify", "--public-key", "nowhere.pem")).Exit);
    }

    [Fact]
    public async Task Verify_file_asksNoHost()
    {
        await ServeAsync();
        var export = await _cli.RunAsync("audit", "export");
        Assert.Equal(0, export.Exit);
        var file = _cli.Write("record.jsonl", export.Out);
        while (_host.Requests.TryDequeue(out _))
        {
        }

        Assert.Equal(0, (await _cli.RunAsync("audit", "verify", "--file", file)).Exit);
        Assert.Empty(_host.Requests);
        Assert.Equal(1, (await _cli.RunAsync("audit", "verify", "--file", _cli.Write("cut.jsonl", string.Join('\n', export.Lines.SkipLast(2))))).Exit);
        Assert.Equal(3, (await _cli.RunAsync("audit", "verify", "--file", "nowhere.jsonl")).Exit);
    }

    [Fact]
    public async Task Verify_witness_missesAnAnchorThatWasSeen()
    {
        await _record.WriteAsync(Digits, 1);
        await _record.AnchorAsync();
        await ServeAsync();
        Assert.Equal(0, (await _cli.RunAsync("audit", "verify", "--witness", "last.json")).Exit);
        await _record.Blobs().DeleteBlobAsync("anchors/0000000002.json", cancellationToken: TestContext.Current.CancellationToken);
        await ServeAsync();

        Assert.Equal(0, (await _cli.RunAsync("audit", "verify")).Exit);
        var missed = await _cli.RunAsync("audit", "verify", "--witness", "last.json");

        Assert.Equal(1, missed.Exit);
        Assert.Equal("anchors #2: it was seen before and is not there any more", missed.Lines[0]);
        Assert.Contains("\"number\": 2", await File.ReadAllTextAsync(Path.Combine(_cli.Folder, "last.json"), TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_oldAnchor_isWrongWithMaxAge()
    {
        _record.Time.Advance(TimeSpan.FromHours(3));
        await ServeAsync();

        Assert.Equal(0, (await _cli.RunAsync("audit", "verify", "--max-age", "4")).Exit);
        Assert.Equal(1, (await _cli.RunAsync("audit", "verify", "--max-age", "2")).Exit);
    }

    [Fact]
    public async Task Export_cutOff_isAFailure()
    {
        var lines = await _record.ExportAsync();
        _host.On("GET /api/audit/export", _ => Results.Text(string.Join('\n', lines.SkipLast(1)), "application/jsonl"));

        Assert.Equal(6, (await _cli.RunAsync("audit", "export")).Exit);
    }

    private async Task ServeAsync()
    {
        var lines = await _record.ExportAsync();
        _host.On("GET /api/audit/export", _ => Results.Text(string.Join('\n', lines) + "\n", "application/jsonl"));
    }
}
