using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using ModelFlow.Cli.Auditing;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Cli.Tests.Auditing;

/// <summary>Who may write every table and blob, and knows how hashes are made, but has no key: what they can do is seen, and said where.</summary>
public sealed class AttackTests(AzuriteFixture azurite)
{
    private static readonly string Digits = AuditScope.Of(AuditRecord.Model);
    private static readonly string Release = AuditScope.Of(AuditRecord.Release);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Untouched_record_is_sound_and_says_what_is_not_anchored_yet()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.WriteAsync(Digits, 2);
        await record.HappenAsync(1);

        var verdict = await record.VerifyAsync();

        Assert.Empty(verdict.Problems);
        Assert.Equal((3, 11, 3, 1), (verdict.Chains, verdict.Entries, verdict.Unanchored, verdict.Anchors));
    }

    [Fact]
    public async Task Anchors_follow_on_each_other_and_name_what_changed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        var still = await record.AnchorAsync();
        await record.WriteAsync(Digits, 1);
        await record.HappenAsync(1, end: true);
        var changed = await record.AnchorAsync();
        var after = await record.AnchorAsync();

        Assert.Equal([Release], still.Anchor.Heads.Select(h => h.Chain)); // It runs: the next one looks at it again.
        Assert.Equal([(Digits, 4, false), (Release, 5, false)], changed.Anchor.Heads.Select(h => (h.Chain, h.Count, h.Open)));
        Assert.Empty(after.Anchor.Heads);
        Assert.Empty((await record.VerifyAsync()).Problems);

        // Another process names the scopes once more, and goes on with the chain.
        record.NewAnchors();
        var other = await record.AnchorAsync();
        Assert.Equal((5, after.Hash), (other.Anchor.Number, other.Anchor.PreviousHash));
        Assert.Equal([AuditScope.System, Digits], other.Anchor.Heads.Select(h => h.Chain));
        Assert.Empty((await record.VerifyAsync()).Problems);
    }

    [Fact]
    public async Task Entry_that_was_changed_is_named()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.ForgeAsync("Audit", AuditRecord.Partition(Digits), AuditRecord.EntryKey(2), "entry", e => e["entry"]!["by"] = "mallory");

        await AssertWrong(record, (Digits, 2, "changed after it was written"));
    }

    [Fact]
    public async Task Event_that_was_changed_is_named()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.ForgeAsync("Releases", AuditRecord.Release.ToString(), AuditRecord.EventKey(3), "event", e => e["data"]!["x"] = 2);

        await AssertWrong(record, (Release, 3, "changed after it was written"));
    }

    [Fact]
    public async Task Chain_that_was_rewritten_with_right_hashes_is_not_what_was_anchored()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.RewriteAsync(Digits, entries => entries.Select((e, i) => i == 1 ? e with { By = "mallory" } : e));

        await AssertWrong(record, (Digits, 3, "another entry stood here when anchor 1 was made"));
        Assert.False((await record.VerifyAsync(selection: new() { Scope = Digits })).Intact);
    }

    [Fact]
    public async Task Rewritten_chain_that_was_anchored_again_shows_two_pasts()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.RewriteAsync(Digits, entries => entries.Select((e, i) => i == 1 ? e with { By = "mallory" } : e));

        await record.AnchorAsync();

        Assert.Contains("model:digits", record.Anchors.Problem, StringComparison.Ordinal);
        Assert.False((await record.VerifyAsync()).Intact);
    }

    [Fact]
    public async Task Entry_that_was_deleted_is_missed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.DeleteAsync("Audit", AuditRecord.Partition(Digits), row => row == AuditRecord.EntryKey(2));

        Assert.Contains((await record.VerifyAsync()).Problems, p => (p.Chain, p.Seq) == (Digits, 2) && p.What.StartsWith("missing", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Entry_that_was_deleted_and_covered_up_is_missed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.RewriteAsync(Digits, entries => entries.Where((_, i) => i != 1));

        await AssertWrong(record, (Digits, 3, "the chain was cut off: anchor 1"));
    }

    [Fact]
    public async Task Entry_that_was_put_in_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.RewriteAsync(Digits, entries => [entries[0], entries[0] with { Id = "new", By = "mallory" }, .. entries.Skip(1)]);

        await AssertWrong(record, (Digits, 3, "another entry stood here"));
    }

    [Fact]
    public async Task Chain_without_its_end_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.RewriteAsync(Digits, entries => entries.Take(2));

        await AssertWrong(record, (Digits, 3, "cut off: anchor 1"));
    }

    [Fact]
    public async Task Release_without_its_end_and_with_a_state_to_match_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.RewriteReleaseAsync(events => events.Take(2));

        await AssertWrong(record, (Release, 3, "cut off: anchor 1"));
    }

    [Fact]
    public async Task Release_that_was_rewritten_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.RewriteReleaseAsync(events => events.Select(e => e with { By = e.By == "bob" ? "mallory" : e.By }));

        await AssertWrong(record, (Release, 4, "another entry stood here"));
    }

    [Fact]
    public async Task Chains_that_are_gone_are_missed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.DeleteAsync("Audit", AuditRecord.Partition(Digits));
        await record.DeleteAsync("Audit", "_scopes");
        await record.DeleteAsync("Releases", AuditRecord.Release.ToString());
        await record.DeleteAsync("Lists", "releases");

        await AssertWrong(record, (Digits, 1, "the whole chain is missing"), (Release, 1, "the whole chain is missing"));
    }

    [Fact]
    public async Task What_is_newer_than_the_newest_anchor_can_be_taken_away_unseen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.WriteAsync(Digits, 1, by: "mallory");

        await record.RewriteAsync(Digits, entries => entries.Take(3));

        // The window that docs/audit.md speaks of. Salts are kept: the first three have the hashes they had.
        Assert.Empty((await record.VerifyAsync()).Problems);
    }

    [Fact]
    public async Task Anchor_with_another_keys_signature_is_not_believed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        using var other = new AnchorSigner();
        await record.RewriteAsync(Digits, entries => entries.Select((e, i) => i == 1 ? e with { By = "mallory" } : e));
        var old = JsonSerializer.Deserialize<SignedAnchor>(await ReadAnchorAsync(record, 1), CoreJson.Options)!;
        var head = (await record.Get<Core.Ports.IAuditLog>().FindHeadAsync(Digits, Cancel))!;
        var heads = old.Anchor.Heads.Select(h => h.Chain == Digits ? h with { Hash = head.Hash } : h).ToList();
        var keys = record.PublicKeys();

        await WriteAnchorAsync(record, 1, JsonSerializer.Serialize(AnchorSeal.Sign(old.Anchor with { Heads = heads, Key = other.SigningKey! }, other), CoreJson.Options));
        Assert.Contains((await record.VerifyAsync(keys)).Problems, p => p.Chain == "anchors" && p.What.Contains("not among those that are trusted", StringComparison.Ordinal));

        // Under the right key's name.
        await WriteAnchorAsync(record, 1, JsonSerializer.Serialize(AnchorSeal.Sign(old.Anchor with { Heads = heads, Key = other.SigningKey! }, other) with { Anchor = old.Anchor with { Heads = heads }, Hash = AnchorSeal.HashOf(old.Anchor with { Heads = heads }) }, CoreJson.Options));
        Assert.Contains((await record.VerifyAsync(keys)).Problems, p => p.Chain == "anchors" && p.What.Contains("its signature is not of the key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Anchor_that_was_changed_or_written_over_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        var text = await ReadAnchorAsync(record, 1);
        var changed = JsonNode.Parse(text)!;
        changed["anchor"]!["heads"]![1]!["count"] = 1;

        await WriteAnchorAsync(record, 1, changed.ToJsonString());
        Assert.Contains((await record.VerifyAsync()).Problems, p => (p.Chain, p.Seq) == ("anchors", 1) && p.What.Contains("changed after it was signed", StringComparison.Ordinal));

        await WriteAnchorAsync(record, 1, "nothing");
        Assert.Contains((await record.VerifyAsync()).Problems, p => p.Chain == "anchors" && p.What.Contains("cannot be read", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Anchor_that_is_gone_from_the_middle_is_missed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.AnchorAsync();
        await record.AnchorAsync();

        await record.Blobs().DeleteBlobAsync(Path(2), cancellationToken: Cancel);

        Assert.Contains((await record.VerifyAsync()).Problems, p => (p.Chain, p.Seq) == ("anchors", 2) && p.What.Contains("missing: anchor 3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Newest_anchor_that_is_gone_is_missed_by_who_saw_it()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.WriteAsync(Digits, 1);
        await record.AnchorAsync();
        var seen = (await record.VerifyAsync()).Newest!;
        await record.RewriteAsync(Digits, entries => entries.Take(3));

        await record.Blobs().DeleteBlobAsync(Path(2), cancellationToken: Cancel);

        // Nothing inside shows it; what shows it is an anchor that was seen, or a container that does not let it happen.
        Assert.Empty((await record.VerifyAsync()).Problems);
        Assert.Contains((await record.VerifyAsync(witness: seen)).Problems, p => (p.Chain, p.Seq) == ("anchors", 2) && p.What.Contains("was seen before", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Record_without_any_anchor_is_not_sound()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        await record.Blobs().DeleteBlobAsync(Path(1), cancellationToken: Cancel);

        await AssertWrong(record, ("anchors", null, "there is none"));
    }

    [Fact]
    public async Task Key_that_was_changed_is_known_with_the_one_before()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        var before = record.PublicKeys();
        record.Signer.Rotate();
        await record.AnchorAsync();

        Assert.Empty((await record.VerifyAsync()).Problems);
        Assert.Contains("not among those that are trusted", Assert.Single((await record.VerifyAsync(before)).Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_that_lost_a_line_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        var lines = await record.ExportAsync();
        Assert.Empty(AuditRecord.Verify(lines, record.PublicKeys()).Problems);

        for (var i = 0; i < lines.Count; i++)
        {
            Assert.NotEmpty(AuditRecord.Verify(lines.Where((_, n) => n != i), record.PublicKeys()).Problems);
        }
    }

    [Fact]
    public async Task Span_of_time_verifies_by_itself()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        var since = record.Time.GetUtcNow();
        await record.WriteAsync(Digits, 3);
        await record.AnchorAsync();
        var until = record.Time.GetUtcNow();
        await record.WriteAsync(Digits, 3);

        var verdict = await record.VerifyAsync(selection: new() { Since = since, Until = until });

        Assert.Empty(verdict.Problems);
        Assert.Equal((3, true), (verdict.Entries, verdict.Partial));
        await record.ForgeAsync("Audit", AuditRecord.Partition(Digits), AuditRecord.EntryKey(5), "entry", e => e["entry"]!["by"] = "mallory");
        Assert.Equal(5, Assert.Single((await record.VerifyAsync(selection: new() { Since = since, Until = until })).Problems).Seq);
    }

    private static async Task AssertWrong(AuditRecord record, params (string Chain, int? Seq, string Says)[] expected)
    {
        var found = (await record.VerifyAsync()).Problems;
        Assert.True(expected.Length == found.Count, string.Join('\n', found));
        Assert.All(expected, e => Assert.Contains(found, p => p.Chain == e.Chain && p.Seq == e.Seq && p.What.Contains(e.Says, StringComparison.Ordinal)));
    }

    private static string Path(int number) => $"anchors/{number:D10}.json";

    private static async Task<string> ReadAnchorAsync(AuditRecord record, int number) => (await record.Blobs().GetBlobClient(Path(number)).DownloadContentAsync(Cancel)).Value.Content.ToString();

    private static async Task WriteAnchorAsync(AuditRecord record, int number, string text) =>
        await record.Blobs().GetBlobClient(Path(number)).UploadAsync(BinaryData.FromBytes(Encoding.UTF8.GetBytes(text)), overwrite: true, Cancel);
}
