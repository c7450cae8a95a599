using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every audit log must do.</summary>
public abstract class AuditLogContract
{
    private readonly string _scope = Unique.Label("_system");

    protected abstract IAuditLog Log { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Entries_are_chained_in_order()
    {
        for (var i = 1; i <= 5; i++)
        {
            await Log.AppendAsync(_scope, Entry($"{i}"), Cancel);
        }

        var chain = await AssertChainAsync();

        Assert.Equal(["1", "2", "3", "4", "5"], chain.Select(e => e.Entry.Id));
    }

    [Fact]
    public async Task Entry_with_a_known_id_changes_nothing()
    {
        await Log.AppendAsync(_scope, Entry("a/b #1"), Cancel);
        await Log.AppendAsync(_scope, Entry("a/b #1") with { By = "mallory" }, Cancel);

        Assert.Equal("alice", Assert.Single(await AssertChainAsync()).Entry.By);
    }

    [Fact]
    public async Task Contains_knows_the_entries_of_its_scope_alone()
    {
        await Log.AppendAsync(_scope, Entry("a/b #1"), Cancel);

        Assert.True(await Log.ContainsAsync(_scope, "a/b #1", Cancel));
        Assert.False(await Log.ContainsAsync(_scope, "a/b #2", Cancel));
        Assert.False(await Log.ContainsAsync(_scope + "-other", "a/b #1", Cancel));
    }

    [Fact]
    public async Task Ids_of_any_length_are_told_apart()
    {
        await Log.AppendAsync(_scope, Entry(new string('x', 900) + "1"), Cancel);
        await Log.AppendAsync(_scope, Entry(new string('x', 900) + "2"), Cancel);

        Assert.Equal(2, (await AssertChainAsync()).Count);
    }

    [Fact]
    public async Task Racing_appends_all_get_in_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Log.AppendAsync(_scope, Entry($"{i % 10}"), Cancel)));

        Assert.Equal(Enumerable.Range(0, 10), (await AssertChainAsync()).Select(e => int.Parse(e.Entry.Id)).Order());
    }

    [Fact]
    public async Task Scopes_are_listed_and_know_their_heads()
    {
        Assert.Null(await Log.FindHeadAsync(_scope, Cancel));
        await Log.AppendAsync(_scope, Entry("1"), Cancel);
        await Log.AppendAsync(_scope, Entry("2"), Cancel);
        await Log.AppendAsync($"model:{_scope}", Entry("1"), Cancel);

        var scopes = await Log.ListScopesAsync(Cancel).ToListAsync(Cancel);

        Assert.Single(scopes, _scope);
        Assert.Single(scopes, $"model:{_scope}");
        Assert.Equal((await AssertChainAsync())[^1], await Log.FindHeadAsync(_scope, Cancel));
    }

    [Fact]
    public async Task Scopes_are_apart()
    {
        await Log.AppendAsync(_scope, Entry("1"), Cancel);

        Assert.Empty(await Log.ReadAsync(_scope + "x", Cancel).ToListAsync(Cancel));
    }

    private static AuditEntry Entry(string id) => new(id, Samples.Now, "alice", "freeze", "*", "größer \"quoted\"");

    private async Task<List<ChainedAuditEntry>> AssertChainAsync()
    {
        var chain = await Log.ReadAsync(_scope, Cancel).ToListAsync(Cancel);
        for (var i = 0; i < chain.Count; i++)
        {
            Assert.True(AuditChain.Follows(i == 0 ? null : chain[i - 1], chain[i]), $"entry {i + 1} does not follow");
        }

        return chain;
    }
}
