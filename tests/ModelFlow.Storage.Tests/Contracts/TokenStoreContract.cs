using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every token store must do.</summary>
public abstract class TokenStoreContract
{
    private readonly string _name = Unique.Label("alice/ä #1");

    protected abstract ITokenStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Token_is_found_by_its_secrets_hash()
    {
        var token = New(_name);

        Assert.True(await Store.AddAsync(token, Cancel));

        Same.Json(token, await Store.FindAsync(token.SecretHash, Cancel));
        Assert.Null(await Store.FindAsync(Sha256Digest.Of("guess"), Cancel));
        Assert.Contains(await Store.ListAsync(Cancel).ToListAsync(Cancel), t => t.Name == _name);
    }

    [Fact]
    public async Task Name_is_taken_once()
    {
        await Store.AddAsync(New(_name), Cancel);

        Assert.False(await Store.AddAsync(New(_name) with { SecretHash = Sha256Digest.Of(_name + "other") }, Cancel));

        Assert.Null(await Store.FindAsync(Sha256Digest.Of(_name + "other"), Cancel));
    }

    [Fact]
    public async Task Racing_adds_of_one_name_let_exactly_one_in()
    {
        var added = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.AddAsync(New(_name) with { SecretHash = Sha256Digest.Of($"{_name}{i}") }, Cancel)));

        Assert.Single(added, a => a);
    }

    [Fact]
    public async Task Revocation_is_for_good_and_keeps_its_first_time()
    {
        var token = New(_name);
        await Store.AddAsync(token, Cancel);

        Assert.True(await Store.RevokeAsync(_name, Samples.Now, Cancel));
        Assert.True(await Store.RevokeAsync(_name, Samples.Now.AddDays(1), Cancel));

        Assert.Equal(Samples.Now, (await Store.FindAsync(token.SecretHash, Cancel))!.RevokedAt);
        Assert.False(await Store.AddAsync(token, Cancel));
        Assert.False(await Store.RevokeAsync(Unique.Label("nobody"), Samples.Now, Cancel));
    }

    private static TokenRecord New(string name) => new() { Name = name, SecretHash = Sha256Digest.Of(name), Roles = ["reader", "operator"], CreatedAt = Samples.Now, ExpiresAt = Samples.Now.AddDays(1) };
}
