using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every store of subscriptions must do.</summary>
public abstract class SubscriptionStoreContract
{
    private readonly string _name = Unique.Label("ops");

    protected abstract ISubscriptionStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Subscription_is_kept_as_it_was_added_and_its_name_is_taken()
    {
        var added = New(_name);

        Assert.True(await Store.AddAsync(added, Cancel));
        Assert.False(await Store.AddAsync(added with { Models = "digits" }, Cancel));

        Same.Json(added, await Store.FindAsync(_name, Cancel));
        Assert.Contains(await Store.ListAsync(Cancel), s => s.Name == _name && s.Models == "*");
    }

    [Fact]
    public async Task Racing_changes_are_all_kept()
    {
        await Store.AddAsync(New(_name), Cancel);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.UpdateAsync(_name, s => s with { Events = [.. s.Events, $"e{i}"] }, Cancel)));

        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"e{i}"), (await Store.FindAsync(_name, Cancel))!.Events.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Removed_subscription_is_gone_and_its_name_free()
    {
        await Store.AddAsync(New(_name), Cancel);

        Assert.True(await Store.RemoveAsync(_name, Cancel));

        Assert.False(await Store.RemoveAsync(_name, Cancel));
        Assert.Null(await Store.FindAsync(_name, Cancel));
        Assert.Null(await Store.UpdateAsync(_name, s => s with { Models = "digits" }, Cancel));
        Assert.True(await Store.AddAsync(New(_name), Cancel));
    }

    internal static Subscription New(string name) => new()
    {
        Name = name,
        Shown = "https://hooks.example.com",
        Address = "1.aa.secret",
        Keys = [new SubscriptionKey("1.aa.key", null), new SubscriptionKey("1.aa.older", Samples.Now)],
        Models = "*",
        CreatedBy = "alice",
        CreatedAt = Samples.Now,
    };
}
