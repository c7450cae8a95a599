using ModelFlow.Core.Naming;
using ModelFlow.LocalHost.Driving;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>On a real table.</summary>
public sealed class TableRingRowsTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly ReleaseId A = ReleaseId.Parse("digits-v1.0.0-base-1");
    private static readonly ReleaseId B = ReleaseId.Parse("digits-v1.1.0-mlp-1");
    private readonly HostsTable _table = new(azurite.ConnectionString, "rings" + Guid.NewGuid().ToString("N")[..8]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private TableRingRows Rows => new(_table.Rings);

    public async ValueTask InitializeAsync() => await _table.EnsureCreatedAsync(Cancel);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Ring_is_collected_once()
    {
        await Rows.LeaveAsync(A, Cancel);
        await Rows.LeaveAsync(A, Cancel);
        await Rows.LeaveAsync(B, Cancel);

        Assert.Equal([A, B], await Collect());
        Assert.Empty(await Collect());
    }

    [Fact]
    public async Task Ring_that_nobody_answers_stays()
    {
        await Rows.LeaveAsync(A, Cancel);

        await Rows.CollectAsync(_ => false, Cancel);

        Assert.Equal([A], await Collect());
    }

    [Fact]
    public async Task Ring_that_comes_while_it_is_collected_is_not_lost()
    {
        await Rows.LeaveAsync(A, Cancel);

        await Rows.CollectAsync(id => { Rows.LeaveAsync(id, Cancel).Wait(Cancel); return true; }, Cancel);

        Assert.Equal([A], await Collect());
    }

    [Fact]
    public async Task Under_a_term_that_is_over_nothing_is_written()
    {
        var term = new LeaseTerm(1, validUntil: long.MinValue, TimeProvider.System, CancellationToken.None);
        await Task.Run(async () =>
        {
            LeaseGuard.Enter(term);
            await Assert.ThrowsAsync<LeaseOverException>(() => Rows.LeaveAsync(A, Cancel));
        }, Cancel);

        Assert.Empty(await Collect());
    }

    private async Task<List<ReleaseId>> Collect()
    {
        var rung = new List<ReleaseId>();
        await Rows.CollectAsync(id => { rung.Add(id); return true; }, Cancel);
        return rung;
    }
}
