using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every store of deliveries must do.</summary>
public abstract class DeliveryStoreContract
{
    private readonly string _to = Unique.Label("ops");

    protected abstract IDeliveryStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Delivery_that_is_entered_twice_is_entered_once()
    {
        await Store.EnterAsync(_to, [New(1)], Cancel);

        await Store.EnterAsync(_to, [New(1) with { Body = "{}" }, New(2)], Cancel);

        Assert.Equal([1, 2], (await Store.DueAsync(_to, Samples.Now, 10, Cancel)).Select(Number).Order());
        Same.Json(New(1), await Store.FindAsync(_to, New(1).Id, Cancel));
        Assert.Null(await Store.FindAsync(_to, "r.9", Cancel));
    }

    [Fact]
    public async Task Many_deliveries_are_entered_whatever_a_batch_takes()
    {
        var many = Enumerable.Range(1, 95).Select(New).ToList();
        await Store.EnterAsync(_to, [many[40]], Cancel);

        await Store.EnterAsync(_to, many, Cancel);

        Assert.Equal(95, (await Store.DueAsync(_to, Samples.Now, 200, Cancel)).Count);
    }

    [Fact]
    public async Task Due_are_those_whose_time_has_come_the_most_overdue_first()
    {
        await Store.EnterAsync(_to, [New(1), New(2) with { NextTryAt = Samples.Now.AddSeconds(-5) }, New(3) with { NextTryAt = Samples.Now.AddTicks(1) }], Cancel);

        Assert.Equal([2, 1], (await Store.DueAsync(_to, Samples.Now, 10, Cancel)).Select(Number));
        Assert.Equal([2], (await Store.DueAsync(_to, Samples.Now, 1, Cancel)).Select(Number));
        Assert.Equal(3, (await Store.DueAsync(_to, Samples.Now.AddTicks(1), 10, Cancel)).Count);
        Assert.Empty(await Store.DueAsync(_to + "x", Samples.Now, 10, Cancel));
    }

    [Fact]
    public async Task Replaced_delivery_is_due_as_it_says_then()
    {
        await Store.EnterAsync(_to, [New(1)], Cancel);
        var failed = New(1).After(Failed, null);

        Assert.True(await Store.ReplaceAsync(_to, New(1), failed, Cancel));

        Assert.Empty(await Store.DueAsync(_to, Samples.Now, 10, Cancel));
        Same.Json(failed, Assert.Single(await Store.DueAsync(_to, Samples.Now.AddMinutes(1), 10, Cancel)));
        var arrived = failed.After(new DeliveryTry(Samples.Now, TimeSpan.FromSeconds(1), 204, null), null);
        Assert.True(await Store.ReplaceAsync(_to, failed, arrived, Cancel));
        Assert.Empty(await Store.DueAsync(_to, Samples.Now.AddYears(1), 10, Cancel));
        Same.Json(arrived, await Store.FindAsync(_to, arrived.Id, Cancel));
        Assert.True(await Store.ReplaceAsync(_to, arrived, arrived.Again(Samples.Now), Cancel));
        Assert.Single(await Store.DueAsync(_to, Samples.Now, 10, Cancel));
    }

    [Fact]
    public async Task Delivery_that_was_changed_meanwhile_is_not_replaced()
    {
        await Store.EnterAsync(_to, [New(1)], Cancel);
        var failed = New(1).After(Failed, null);

        var replaced = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Store.ReplaceAsync(_to, New(1), failed with { Body = Guid.NewGuid().ToString() }, Cancel)));

        Assert.Single(replaced, r => r);
        Assert.False(await Store.ReplaceAsync(_to, New(1), failed, Cancel));
        Assert.False(await Store.ReplaceAsync(_to, New(7), failed, Cancel));
        Assert.Single(await Store.DueAsync(_to, Samples.Now.AddMinutes(1), 10, Cancel));
    }

    [Fact]
    public async Task Log_is_read_newest_first_in_pages()
    {
        await Store.EnterAsync(_to, [.. Enumerable.Range(1, 7).Select(i => New(i) with { At = Samples.Now.AddMinutes(i) })], Cancel);

        var seen = new List<int>();
        string? continuation = null;
        do
        {
            var page = await Store.ListAsync(_to, 3, continuation, Cancel);
            seen.AddRange(page.Items.Select(Number));
            continuation = page.Continuation;
            Assert.True(continuation is null || continuation.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_'), continuation);
        }
        while (continuation is not null);

        Assert.Equal([7, 6, 5, 4, 3, 2, 1], seen);
    }

    [Fact]
    public async Task Prune_deletes_old_ones_that_are_not_sent_any_more()
    {
        var arrived = New(1).After(new DeliveryTry(Samples.Now, TimeSpan.Zero, 200, null), null);
        await Store.EnterAsync(_to, [arrived, New(2), arrived with { Id = "r.3", At = Samples.Now.AddDays(1) }], Cancel);

        await Store.PruneAsync(_to, Samples.Now.AddDays(1), Cancel);

        Assert.Equal([3, 2], (await Store.ListAsync(_to, 10, null, Cancel)).Items.Select(Number));
        Assert.Null(await Store.FindAsync(_to, arrived.Id, Cancel));
        await Store.PruneAsync(_to, Samples.Now.AddDays(1).AddTicks(1), Cancel);
        Assert.Equal([2], (await Store.ListAsync(_to, 10, null, Cancel)).Items.Select(Number));
    }

    [Fact]
    public async Task Removed_deliveries_are_gone_and_those_of_others_stay()
    {
        await Store.EnterAsync(_to, [.. Enumerable.Range(1, 60).Select(New)], Cancel);
        await Store.EnterAsync(_to + "x", [New(1)], Cancel);

        await Store.RemoveAllAsync(_to, Cancel);

        Assert.Empty((await Store.ListAsync(_to, 10, null, Cancel)).Items);
        Assert.Empty(await Store.DueAsync(_to, Samples.Now, 10, Cancel));
        Assert.Single((await Store.ListAsync(_to + "x", 10, null, Cancel)).Items);
        await Store.EnterAsync(_to, [New(1)], Cancel);
        Assert.Single(await Store.DueAsync(_to, Samples.Now, 10, Cancel));
    }

    [Fact]
    public async Task Cursor_begins_at_0_and_is_kept()
    {
        var release = ReleaseId.Parse($"{_to}-v1.0.0-1");

        Assert.Equal(0, await Store.ReadCursorAsync(release, Cancel));
        await Store.MoveCursorAsync(release, 7, Cancel);
        await Store.MoveCursorAsync(release, 9, Cancel);

        Assert.Equal(9, await Store.ReadCursorAsync(release, Cancel));
    }

    private static DeliveryTry Failed => new(Samples.Now, TimeSpan.FromMilliseconds(12), 500, "the receiver answered 500");

    private static Delivery New(int number) => new() { Id = $"r.{number}", At = Samples.Now, Body = """{"id":"größer"}""", NextTryAt = Samples.Now };

    private static int Number(Delivery delivery) => int.Parse(delivery.Id[2..]);
}
