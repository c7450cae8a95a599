using Azure;
using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;

namespace ModelFlow.Storage.Tests.Releases;

/// <summary>Damaged lists, in tables of their own: after a rebuild they say what is there, and nothing that happened meanwhile is lost.</summary>
public sealed class RebuildTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly ModelName Model = ModelName.Parse("digits");
    private static readonly VersionName Version = VersionName.Parse("v1.0.0");

    private readonly string _prefix = "r" + Guid.NewGuid().ToString("N")[..12];
    private IServiceProvider _provider = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IReleaseIndex Index => _provider.GetRequiredService<IReleaseIndex>();

    private IReleaseStore Releases => _provider.GetRequiredService<IReleaseStore>();

    private TableClient Lists => new(azurite.ConnectionString, _prefix + "Lists");

    public async ValueTask InitializeAsync()
    {
        _provider = StorageHarness.Build(azurite.ConnectionString, o => o.Prefix = _prefix);
        await _provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel);
    }

    public async ValueTask DisposeAsync()
    {
        var tables = new TableServiceClient(azurite.ConnectionString);
        await foreach (var table in tables.QueryAsync(t => t.Name.CompareTo(_prefix) >= 0 && t.Name.CompareTo(_prefix + "~") < 0))
        {
            await tables.DeleteTableAsync(table.Name);
        }
    }

    [Fact]
    public async Task Lists_that_are_right_are_read_and_not_written()
    {
        await StartAsync(1);
        await EndAsync(await StartAsync(2));
        await DecideAsync(await StartAsync(3), new Stage.Inspecting());
        using var calls = new FaultInjectingTransport();
        var watched = StorageHarness.Build(azurite.ConnectionString, o => (o.Prefix, o.Transport) = (_prefix, calls)).GetServices<IProjectedList>().Single(l => l.Name == "releases");

        Assert.Equal(new RebuiltList("releases", 3, 0, 0), await watched.RebuildAsync(Cancel));

        Assert.Equal(2, calls.CallCount);
    }

    [Theory]
    [InlineData("run:")]
    [InlineData("all:")]
    [InlineData("model:")]
    [InlineData("attempt:")]
    [InlineData("")]
    public async Task Entries_that_are_missing_are_entered(string prefix)
    {
        await StartAsync(1);
        await EndAsync(await StartAsync(2));
        var right = await RowsAsync();
        await DeleteAsync(prefix);

        var rebuilt = await RebuildAsync();

        Assert.Equal(new RebuiltList("releases", 2, prefix == "run:" ? 1 : 2, 0), rebuilt);
        Assert.Equal(right, await RowsAsync());
    }

    [Theory]
    [InlineData("all:")]
    [InlineData("model:")]
    [InlineData("attempt:")]
    [InlineData("")]
    public async Task Entries_of_no_release_are_taken_out(string prefix)
    {
        await StartAsync(1);
        var right = await RowsAsync();
        await Index.PutAsync(Summary(7) with { Outcome = Outcome.Rejected, EndedAt = Samples.Now }, Cancel);
        foreach (var row in await RowsAsync())
        {
            if (row.Contains("-7", StringComparison.Ordinal) && !row.StartsWith(prefix, StringComparison.Ordinal))
            {
                await Lists.DeleteEntityAsync("releases", row.Split(' ')[0], ETag.All, Cancel);
            }
        }

        Assert.Equal(new RebuiltList("releases", 1, 0, 1), await RebuildAsync());

        Assert.Equal(right, await RowsAsync());
    }

    [Fact]
    public async Task Lists_that_are_gone_are_entered_in_batches()
    {
        await Parallel.ForEachAsync(Enumerable.Range(1, 70), Cancel, async (attempt, _) => await EndAsync(await StartAsync(attempt)));
        await StartAsync(71);
        var right = await RowsAsync();
        await DeleteAsync("");
        using var calls = new FaultInjectingTransport();
        var watched = StorageHarness.Build(azurite.ConnectionString, o => (o.Prefix, o.Transport) = (_prefix, calls)).GetServices<IProjectedList>().Single(l => l.Name == "releases");

        Assert.Equal(new RebuiltList("releases", 71, 71, 0), await watched.RebuildAsync(Cancel));

        Assert.InRange(calls.CallCount, 3, 12);
        Assert.Equal(right, await RowsAsync());
    }

    [Fact]
    public async Task Entries_at_another_time_are_taken_out()
    {
        await StartAsync(1);
        var right = await RowsAsync();
        var state = (await Releases.LoadAsync(Id(1), Cancel))!.State;
        await DeleteAsync("");
        await Index.PutAsync(ReleaseSummary.Of(state) with { StartedAt = state.StartedAt.AddHours(1) }, Cancel);

        Assert.Equal(new RebuiltList("releases", 1, 1, 1), await RebuildAsync());

        Assert.Equal(right, await RowsAsync());
    }

    [Fact]
    public async Task Running_release_that_is_listed_as_ended_runs_again()
    {
        var running = await StartAsync(1);
        await Index.PutAsync(Summary(1) with { StartedAt = running.State.StartedAt, Outcome = Outcome.Rejected, EndedAt = Samples.Now }, Cancel);
        Assert.Empty(await Index.ListRunningAsync(Cancel).ToListAsync(Cancel));

        Assert.Equal(new RebuiltList("releases", 1, 1, 0), await RebuildAsync());

        Assert.Equal([Id(1)], await Index.ListRunningAsync(Cancel).ToListAsync(Cancel));
        Assert.Null(Assert.Single((await Index.ListAsync(null, 10, null, Cancel)).Items).Outcome);
    }

    [Fact]
    public async Task Release_that_is_about_to_be_created_stays_and_one_that_never_was_goes_when_it_no_longer_runs()
    {
        await Index.PutAsync(Summary(1), Cancel);

        Assert.Equal(new RebuiltList("releases", 0, 0, 0), await RebuildAsync());
        Assert.Equal([Id(1)], await Index.ListRunningAsync(Cancel).ToListAsync(Cancel));

        await Index.RemoveRunningAsync(Id(1), Cancel);
        Assert.Equal(new RebuiltList("releases", 0, 0, 1), await RebuildAsync());
        Assert.Empty(await RowsAsync());
    }

    [Fact]
    public async Task Releases_that_start_and_end_during_rebuilds_are_all_listed_as_they_are()
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var rebuilding = Task.Run(async () =>
        {
            var count = 0;
            for (; !stop.IsCancellationRequested; count++)
            {
                await RebuildAsync();
            }

            return count;
        }, Cancel);

        await Parallel.ForEachAsync(Enumerable.Range(1, 60), new ParallelOptions { MaxDegreeOfParallelism = 4, CancellationToken = Cancel }, async (attempt, _) =>
        {
            var started = await StartAsync(attempt);
            if (attempt % 3 != 0)
            {
                await EndAsync(started);
            }
        });
        await stop.CancelAsync();
        Assert.True(await rebuilding > 1);

        var listed = (await Index.ListAsync(Model, 100, null, Cancel)).Items;
        Assert.Equal(Enumerable.Range(1, 60), listed.Select(s => s.Id.Attempt).Order());
        Assert.Equal(Enumerable.Range(1, 60).Where(a => a % 3 == 0), (await Index.ListRunningAsync(Cancel).ToListAsync(Cancel)).Select(r => r.Attempt).Order());
        Assert.All(listed, s => Assert.Equal(s.Id.Attempt % 3 == 0, s.Outcome is null));
        Assert.Equal(new RebuiltList("releases", 60, 0, 0), await RebuildAsync());
    }

    [Fact]
    public async Task Models_with_a_version_are_entered_and_others_taken_out()
    {
        var catalog = _provider.GetRequiredService<IVersionCatalog>();
        var version = new Core.Catalog.VersionRecord { Manifest = Samples.Manifest(Model, Version, "x"u8), Digest = Sha256Digest.Of("x"), RegisteredAt = Samples.Now };
        await catalog.AddAsync(version, Cancel);
        var models = new TableClient(azurite.ConnectionString, _prefix + "Models");
        await models.DeleteEntityAsync("_models", "digits", ETag.All, Cancel);
        await models.AddEntityAsync(new TableEntity("_models", "gone"), Cancel);

        Assert.Equal(new RebuiltList("models", 1, 1, 1), await RebuildAsync("models"));
        Assert.Equal([Model], await catalog.ListModelsAsync(Cancel).ToListAsync(Cancel));
        Assert.Equal(new RebuiltList("models", 1, 0, 0), await RebuildAsync("models"));

        // A model that was taken out comes back with its first version, whatever the catalogue remembers.
        await models.DeleteEntityAsync("_models", "digits", ETag.All, Cancel);
        await catalog.AddAsync(version, Cancel);
        Assert.Equal([Model], await catalog.ListModelsAsync(Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Models_with_a_route_are_entered()
    {
        var routes = _provider.GetRequiredService<IRouteStore>();
        Assert.IsType<ChangeRoute.Changed>(await routes.ChangeAsync(null, Samples.Route(Model, 1), null, Cancel));
        await Lists.DeleteEntityAsync("routes", "digits", ETag.All, Cancel);
        await Lists.AddEntityAsync(new TableEntity("routes", "none"), Cancel);

        Assert.Equal(new RebuiltList("routes", 1, 1, 0), await RebuildAsync("routes"));

        Assert.Equal([Model], await routes.ListAsync(Cancel).Select(r => r.Route.Model).ToListAsync(Cancel));
    }

    private static ReleaseId Id(int attempt) => new(Model, Version, attempt);

    private static ReleaseSummary Summary(int attempt) => ReleaseSummary.Of(Samples.State(Id(attempt)));

    private async Task<RebuiltList> RebuildAsync(string list = "releases") => await _provider.GetServices<IProjectedList>().Single(l => l.Name == list).RebuildAsync(Cancel);

    private async Task<ReleaseSnapshot> StartAsync(int attempt)
    {
        var state = Samples.State(Id(attempt));
        await Index.PutAsync(ReleaseSummary.Of(state), Cancel);
        return Assert.IsType<CreateRelease.Created>(await Releases.CreateAsync(state, [], Cancel)).Snapshot;
    }

    private async Task EndAsync(ReleaseSnapshot read) =>
        await Index.PutAsync(ReleaseSummary.Of((await DecideAsync(read, new Stage.Ended(Outcome.Stable, "done"))).State), Cancel);

    private async Task<ReleaseSnapshot> DecideAsync(ReleaseSnapshot read, Stage stage)
    {
        var events = Samples.Events(read.State, 1);
        return Assert.IsType<SaveRelease.Saved>(await Releases.SaveAsync(read, Samples.After(read.State, events) with { Stage = stage }, events, [], Cancel)).Snapshot;
    }

    private async Task<List<string>> RowsAsync() =>
        await Lists.QueryAsync<TableEntity>("PartitionKey eq 'releases'", cancellationToken: Cancel)
            .Select(r => $"{r.RowKey} {string.Join(' ', r.Where(p => p.Value is string && p.Key is not ("PartitionKey" or "RowKey" or "odata.etag")).Select(p => p.Value))}")
            .ToListAsync(Cancel);

    private async Task DeleteAsync(string prefix)
    {
        await foreach (var row in Lists.QueryAsync<TableEntity>("PartitionKey eq 'releases'", cancellationToken: Cancel).Where(r => r.RowKey.StartsWith(prefix, StringComparison.Ordinal)))
        {
            await Lists.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, Cancel);
        }
    }
}
