using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every store of people must do.</summary>
public abstract class PeopleStoreContract
{
    private readonly string _name = Unique.Label("ada") + "@example.com";

    protected abstract IPeopleStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Person_is_listed_as_entered_and_as_changed()
    {
        var person = New();
        await Store.UpdateAsync(_name, _ => person, Cancel);
        Same.Json(person, Assert.Single(await Store.ListAsync(Cancel), p => p.Name == _name));

        var removed = await Store.UpdateAsync(_name, p => p! with { RemovedAt = Samples.Now }, Cancel);
        Assert.Equal(Samples.Now, removed!.RemovedAt);
        Assert.Equal(Samples.Now, Assert.Single(await Store.ListAsync(Cancel), p => p.Name == _name).RemovedAt);
    }

    [Fact]
    public async Task Change_that_wants_nothing_written_enters_nobody()
    {
        Assert.Null(await Store.UpdateAsync(_name, p => p, Cancel));
        Assert.DoesNotContain(await Store.ListAsync(Cancel), p => p.Name == _name);
    }

    [Fact]
    public async Task Racing_changes_are_all_kept()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.UpdateAsync(_name, p => (p ?? New() with { Groups = [] }) with { Groups = [.. p?.Groups ?? [], $"g{i}"] }, Cancel)));

        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"g{i}"), Assert.Single(await Store.ListAsync(Cancel), p => p.Name == _name).Groups.Order(StringComparer.Ordinal));
    }

    private Person New() => new() { Name = _name, Identities = ["entra:1234", "ada-laptop"], Groups = ["ml-leads"], CreatedAt = Samples.Now };
}
