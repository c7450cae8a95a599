using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every route store must do.</summary>
public abstract class RouteStoreContract
{
    private static readonly DateTimeOffset Later = Samples.Now.AddMinutes(1);

    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected abstract IRouteStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Model_without_a_route_has_none()
    {
        Assert.Null(await Store.GetAsync(Model, Cancel));
        Assert.Null(await Store.GetGenerationAsync(Model, 1, Cancel));
        Assert.Empty(await Store.ReadHistoryAsync(Model, Cancel).ToListAsync(Cancel));
        Assert.False(await Store.RenewLeaseAsync(Model, 1, Later, Cancel));
        await Store.FenceAsync(Model, Cancel);
        Assert.Null(await Store.GetAsync(Model, Cancel));
    }

    [Fact]
    public async Task First_route_is_current_and_in_the_history()
    {
        var route = Samples.Route(Model, 1) with { Candidates = [new Candidate(VersionName.Parse("v1.1.0-mlp"), new Weight(500))], Salt = "größe", Step = 0 };
        route = route with { Baseline = new BaselineTarget(VersionName.Parse("v1.0.0-baseline.kqmvjrhg"), new Weight(500)) };

        var changed = Assert.IsType<ChangeRoute.Changed>(await Store.ChangeAsync(null, route, Later, Cancel));

        Assert.Equal(route, changed.Current.Route);
        Assert.Equal(Later, changed.Current.LeaseUntil);
        Assert.Equal(changed.Current, await Store.GetAsync(Model, Cancel));
        Assert.Equal(route, await Store.GetGenerationAsync(Model, 1, Cancel));
    }

    [Fact]
    public async Task Second_first_route_is_a_conflict()
    {
        await AppendAsync(1);

        Assert.IsType<ChangeRoute.Conflict>(await Store.ChangeAsync(null, Samples.Route(Model, 1, cause: "other"), null, Cancel));

        Assert.Equal("test#1", (await Store.GetAsync(Model, Cancel))!.Route.Cause);
    }

    [Fact]
    public async Task Change_on_an_old_route_is_a_conflict_and_writes_nothing()
    {
        var old = await AppendAsync(1);
        await AppendAsync(2);

        Assert.IsType<ChangeRoute.Conflict>(await Store.ChangeAsync(old, Samples.Route(Model, 2, cause: "late"), Later, Cancel));

        var current = (await Store.GetAsync(Model, Cancel))!;
        Assert.Equal("test#2", current.Route.Cause);
        Assert.Null(current.LeaseUntil);
        Assert.Equal("test#2", (await Store.GetGenerationAsync(Model, 2, Cancel))!.Cause);
    }

    [Fact]
    public async Task Racing_changes_let_exactly_one_through()
    {
        var read = await AppendAsync(1);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Store.ChangeAsync(read, Samples.Route(Model, 2, cause: $"writer#{i}"), null, Cancel)));

        var winner = Assert.Single(outcomes.OfType<ChangeRoute.Changed>()).Current.Route.Cause;
        Assert.Equal(winner, (await Store.GetAsync(Model, Cancel))!.Route.Cause);
        Assert.Equal(winner, (await Store.GetGenerationAsync(Model, 2, Cancel))!.Cause);
    }

    [Fact]
    public async Task Racing_first_routes_let_exactly_one_through()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Store.ChangeAsync(null, Samples.Route(Model, 1, cause: $"writer#{i}"), null, Cancel)));

        var winner = Assert.Single(outcomes.OfType<ChangeRoute.Changed>()).Current.Route.Cause;
        Assert.Equal(winner, (await Store.GetAsync(Model, Cancel))!.Route.Cause);
    }

    [Fact]
    public async Task Generation_that_is_skipped_is_a_bug()
    {
        var read = await AppendAsync(1);

        await Assert.ThrowsAsync<ArgumentException>(() => Store.ChangeAsync(read, Samples.Route(Model, 3), null, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ChangeAsync(read, Samples.Route(Model, 1), null, Cancel));
        await Assert.ThrowsAsync<ArgumentException>(() => Store.ChangeAsync(null, Samples.Route(Model, 2), null, Cancel));
    }

    [Fact]
    public async Task History_is_newest_first_and_whole()
    {
        for (var i = 1; i <= 25; i++)
        {
            await AppendAsync(i);
        }

        var history = await Store.ReadHistoryAsync(Model, Cancel).ToListAsync(Cancel);

        Assert.Equal(Enumerable.Range(1, 25).Reverse().Select(i => (long)i), history.Select(r => r.Generation));
        Assert.Equal("test#7", (await Store.GetGenerationAsync(Model, 7, Cancel))!.Cause);
    }

    [Fact]
    public async Task Lease_is_renewed_without_touching_the_route()
    {
        var read = await AppendAsync(1, Samples.Now);

        Assert.True(await Store.RenewLeaseAsync(Model, 1, Later, Cancel));

        Assert.Equal(read with { LeaseUntil = Later }, await Store.GetAsync(Model, Cancel));
        Assert.IsType<ChangeRoute.Changed>(await Store.ChangeAsync(read, Samples.Route(Model, 2), null, Cancel));
    }

    [Fact]
    public async Task Lease_never_moves_back()
    {
        await AppendAsync(1, Later);

        Assert.True(await Store.RenewLeaseAsync(Model, 1, Samples.Now, Cancel));

        Assert.Equal(Later, (await Store.GetAsync(Model, Cancel))!.LeaseUntil);
    }

    [Fact]
    public async Task Lease_of_another_generation_is_not_renewed()
    {
        await AppendAsync(1, Samples.Now);
        await AppendAsync(2);

        Assert.False(await Store.RenewLeaseAsync(Model, 1, Later, Cancel));
        Assert.False(await Store.RenewLeaseAsync(Model, 3, Later, Cancel));

        Assert.Null((await Store.GetAsync(Model, Cancel))!.LeaseUntil);
    }

    [Fact]
    public async Task Lease_ends_with_its_generation()
    {
        await AppendAsync(1, Later);

        Assert.Null((await AppendAsync(2)).LeaseUntil);
        Assert.Equal(Later, (await AppendAsync(3, Later)).LeaseUntil);
    }

    [Fact]
    public async Task Racing_renewals_end_at_the_latest()
    {
        await AppendAsync(1, Samples.Now);

        var renewed = await Task.WhenAll(Enumerable.Range(1, 10).Select(i => Store.RenewLeaseAsync(Model, 1, Samples.Now.AddSeconds(i), Cancel)));

        Assert.All(renewed, Assert.True);
        Assert.Equal(Samples.Now.AddSeconds(10), (await Store.GetAsync(Model, Cancel))!.LeaseUntil);
    }

    [Fact]
    public async Task Fence_makes_older_reads_worthless_and_keeps_route_and_lease()
    {
        var read = await AppendAsync(1, Later);

        await Store.FenceAsync(Model, Cancel);

        Assert.IsType<ChangeRoute.Conflict>(await Store.ChangeAsync(read, Samples.Route(Model, 2), null, Cancel));
        var fresh = (await Store.GetAsync(Model, Cancel))!;
        Assert.Equal(read.Route, fresh.Route);
        Assert.Equal(Later, fresh.LeaseUntil);
        Assert.IsType<ChangeRoute.Changed>(await Store.ChangeAsync(fresh, Samples.Route(Model, 2), null, Cancel));
    }

    [Fact]
    public async Task List_has_every_models_current_route()
    {
        var other = ModelName.Parse(Unique.Label("austen"));
        await AppendAsync(1);
        await AppendAsync(2, Later);
        await Store.ChangeAsync(null, Samples.Route(other, 1), null, Cancel);

        var listed = await Store.ListAsync(Cancel).Where(r => r.Route.Model == Model || r.Route.Model == other).ToListAsync(Cancel);

        Assert.Equal([await Store.GetAsync(other, Cancel), await Store.GetAsync(Model, Cancel)], listed.OrderBy(r => r.Route.Model));
    }

    protected async Task<CurrentRoute> AppendAsync(long generation, DateTimeOffset? lease = null)
    {
        var read = await Store.GetAsync(Model, Cancel);
        return ((ChangeRoute.Changed)await Store.ChangeAsync(read, Samples.Route(Model, generation), lease, Cancel)).Current;
    }
}
