using System.Text.Json;
using Azure.Data.Tables;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Cli.Tests.Auditing;

/// <summary>A name that is erased from real tables is nowhere in them, and the record still verifies.</summary>
public sealed class ErasureTests(AzuriteFixture azurite)
{
    private static readonly string Digits = AuditScope.Of(AuditRecord.Model);
    private static readonly Requester Admin = new("root", "request-1");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Erased_name_is_in_no_row_and_the_chains_are_whole()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await FillAsync(record);
        Assert.NotEmpty(await RowsWithAsync(record, "bob"));

        var counted = Assert.IsType<ErasedName.Done>(await record.Eraser().EraseAsync("bob", null, rehearse: true, Admin, Cancel));
        Assert.Null(counted.Placeholder);
        var done = Assert.IsType<ErasedName.Done>(await record.Eraser().EraseAsync("bob", "request 17", rehearse: false, Admin, Cancel));

        Assert.Equal(JsonSerializer.Serialize(counted.Counts), JsonSerializer.Serialize(done.Counts));
        Assert.Equal(5, done.Counts.Entries); // Four approvals, and one entry of the audit log.
        Assert.Empty(await RowsWithAsync(record, "bob"));
        Assert.StartsWith("erased-", done.Placeholder, StringComparison.Ordinal);
        var verdict = await record.VerifyAsync();
        Assert.Empty(verdict.Problems);
        Assert.Equal(5, verdict.Redacted);

        // Also after the erasure itself is anchored, and what is left reads as before.
        await record.AnchorAsync();
        Assert.Empty((await record.VerifyAsync()).Problems);
        var left = await record.Get<IReleaseStore>().ReadEventsAsync(AuditRecord.Release, 1, Cancel).FirstAsync(Cancel);
        Assert.Equal((done.Placeholder, $"{done.Placeholder} approved (1 of 1)."), (left.By, left.Message));
        Assert.Null(left.Data!["signal"]);
        var audited = await record.Get<IAuditLog>().ReadAsync(AuditScope.System, Cancel).LastAsync(Cancel);
        Assert.Equal(("root", "namesErased", done.Placeholder), (audited.Entry.By, audited.Entry.Action, audited.Entry.Subject));
    }

    [Fact]
    public async Task Erasure_again_finds_nothing_and_says_nothing()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await FillAsync(record);
        await record.Eraser().EraseAsync("bob", "request 17", rehearse: false, Admin, Cancel);
        var before = await record.Get<IAuditLog>().ReadAsync(AuditScope.System, Cancel).CountAsync(Cancel);

        var again = Assert.IsType<ErasedName.Done>(await record.Eraser().EraseAsync("bob", "request 17", rehearse: false, new Requester("root", "request-2"), Cancel));

        Assert.Equal((null, 0), (again.Placeholder, again.Counts.Occurrences));
        Assert.Equal(before, await record.Get<IAuditLog>().ReadAsync(AuditScope.System, Cancel).CountAsync(Cancel));
    }

    [Fact]
    public async Task Two_names_of_one_entry_are_erased_one_after_the_other()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.HappenAsync(1, end: true);
        await record.Get<IAuditLog>().AppendAsync(Digits, new AuditEntry("both", record.Time.GetUtcNow(), "bob", "tokenCreated", "carol", "gave 'carol' a token"), Cancel);

        await record.Eraser().EraseAsync("bob", "17", rehearse: false, Admin, Cancel);
        await record.Eraser().EraseAsync("carol", "18", rehearse: false, new Requester("root", "request-2"), Cancel);

        Assert.Empty(await RowsWithAsync(record, "bob"));
        Assert.Empty(await RowsWithAsync(record, "carol"));
        Assert.Empty((await record.VerifyAsync()).Problems);
    }

    [Fact]
    public async Task Redacted_entry_that_is_changed_afterwards_is_seen()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await FillAsync(record);
        await record.Eraser().EraseAsync("bob", "17", rehearse: false, Admin, Cancel);

        await record.ForgeAsync("Releases", AuditRecord.Release.ToString(), AuditRecord.EventKey(3), "event", e => e["by"] = "mallory");

        Assert.Equal(3, Assert.Single((await record.VerifyAsync()).Problems).Seq);
    }

    [Fact]
    public async Task List_of_redactions_that_the_audit_log_does_not_know_is_not_believed()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.ForgeAsync("Audit", AuditRecord.Partition(Digits), AuditRecord.EntryKey(2), "entry", e => e["entry"]!["by"] = "mallory");
        var forged = await record.Get<IAuditLog>().ReadAsync(Digits, Cancel).ElementAtAsync(1, Cancel);

        var list = new Redactions("erased-0", record.Time.GetUtcNow(), [new RedactedEntry(Digits, 2, forged.Hash, Redactions.HashOf(forged))]);
        await record.Get<IAuditArchive>().AddAsync("redactions/erased-0-1.json", JsonSerializer.Serialize(list, CoreJson.Options), Cancel);

        Assert.Contains("changed after it was written", Assert.Single((await record.VerifyAsync()).Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entry_that_was_changed_before_is_not_vouched_for()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.ForgeAsync("Audit", AuditRecord.Partition(Digits), AuditRecord.EntryKey(2), "entry", e => e["entry"]!["action"] = "unfreeze");

        var broken = Assert.IsType<ErasedName.Broken>(await record.Eraser().EraseAsync("alice", "17", rehearse: false, Admin, Cancel));

        Assert.Equal((Digits, 2), (broken.Chain, broken.Seq));
        Assert.NotEmpty(await RowsWithAsync(record, "alice"));
    }

    [Fact]
    public async Task Release_that_runs_is_left_out_and_named()
    {
        using var record = await AuditRecord.CreateAsync(azurite);

        var done = Assert.IsType<ErasedName.Done>(await record.Eraser().EraseAsync("bob", "17", rehearse: false, Admin, Cancel));

        Assert.Equal([AuditRecord.Release.ToString()], done.Counts.Running);
        Assert.Equal("bob", (await record.Get<IReleaseStore>().ReadEventsAsync(AuditRecord.Release, 1, Cancel).FirstAsync(Cancel)).By);
    }

    [Fact]
    public async Task Sign_in_stays_while_a_release_that_runs_has_the_name()
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.Get<IPeopleStore>().UpdateAsync("bob", _ => new Person { Name = "bob", CreatedAt = Samples.Now, RemovedAt = Samples.Now }, Cancel);

        await record.Eraser().EraseAsync("bob", "17", rehearse: false, Admin, Cancel);
        Assert.Single(await record.Get<IPeopleStore>().ListAsync(Cancel));

        await record.HappenAsync(1, end: true);
        await record.Eraser().EraseAsync("bob", "17", rehearse: false, new Requester("root", "request-2"), Cancel);
        Assert.Empty(await record.Get<IPeopleStore>().ListAsync(Cancel));
        Assert.Empty((await record.VerifyAsync()).Problems);
    }

    [Theory]
    [InlineData("modelflow")]
    [InlineData("admin")]
    [InlineData("approved")]
    [InlineData("v1.0.0")]
    [InlineData("digits")]
    [InlineData("working")]
    [InlineData("counting")]
    public async Task Word_that_means_something_else_and_working_token_are_refused(string name)
    {
        using var record = await AuditRecord.CreateAsync(azurite);
        await record.Get<IVersionCatalog>().AddAsync(Samples.Version(AuditRecord.Model, VersionName.Parse("v1.0.0")), Cancel);
        await record.Get<ITokenStore>().AddAsync(new TokenRecord { Name = "working", SecretHash = Sha256Digest.Of("w"), Roles = ["reader"], CreatedAt = Samples.Now }, Cancel);

        await record.Get<IPeopleStore>().UpdateAsync("counting", _ => new Person { Name = "counting", CreatedAt = Samples.Now }, Cancel);

        Assert.IsType<ErasedName.Refused>(await record.Eraser().EraseAsync(name, "17", rehearse: false, Admin, Cancel));
    }

    private static async Task FillAsync(AuditRecord record)
    {
        await record.WriteAsync(Digits, 1, by: "bob");
        await record.Get<ITokenStore>().AddAsync(new TokenRecord { Name = "bob", SecretHash = Sha256Digest.Of("b"), Roles = ["reader"], CreatedAt = Samples.Now }, Cancel);
        await record.Get<ITokenStore>().RevokeAsync("bob", Samples.Now, Cancel);
        await record.Get<IVersionCatalog>().AddAsync(Samples.Version(AuditRecord.Model, VersionName.Parse("v1.0.0")) with { Uploader = "bob" }, Cancel);
        await record.Get<IPeopleStore>().UpdateAsync("bob", _ => new Person { Name = "bob", Identities = ["entra:1"], CreatedAt = Samples.Now, RemovedAt = Samples.Now }, Cancel);
        await record.Get<IPeopleStore>().UpdateAsync("robert", _ => new Person { Name = "robert", Identities = ["bob"], CreatedAt = Samples.Now }, Cancel);
        await record.Get<IReleaseStore>().AddSignalAsync(AuditRecord.Release, Samples.Signal("approve-0"), Cancel);
        await record.HappenAsync(1, end: true);
    }

    private static async Task<List<string>> RowsWithAsync(AuditRecord record, string name)
    {
        var rows = new List<string>();
        foreach (var table in new[] { "Releases", "Models", "Versions", "Deployments", "Routes", "Tokens", "Lists", "Audit", "Notifications" })
        {
            await foreach (var row in record.Table(table).QueryAsync<TableEntity>(cancellationToken: Cancel))
            {
                if (row.Any(p => p.Value?.ToString()?.Contains(name, StringComparison.Ordinal) == true))
                {
                    rows.Add($"{table}/{row.PartitionKey}/{row.RowKey}");
                }
            }
        }

        return rows;
    }
}
