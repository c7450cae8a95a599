using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every index of releases must do.</summary>
public abstract class ReleaseIndexContract
{
    private static readonly VersionName Version = VersionName.Parse("v1.0.0-base");

    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected abstract IReleaseIndex Index { get; }

    /// <summary>The same lists, as they are rebuilt.</summary>
    protected abstract IProjectedList List { get; }

    protected abstract IReleaseStore Releases { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Release_that_is_entered_is_running_and_listed()
    {
        await Index.PutAsync(Running(1), Cancel);

        Assert.Contains(Id(1), await Index.ListRunningAsync(Cancel).ToListAsync(Cancel));
        Assert.Equal(Running(1), Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items));
        Assert.Contains(Running(1), (await Index.ListAsync(null, 1000, null, Cancel)).Items);
    }

    [Fact]
    public async Task Entering_it_again_changes_nothing()
    {
        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Running(1), Cancel);

        Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items);
        Assert.Single(await RunningAsync());
    }

    [Fact]
    public async Task Entering_it_again_with_another_time_leaves_one_entry()
    {
        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Running(1) with { StartedAt = Samples.Now.AddHours(1) }, Cancel);

        Assert.Equal(Samples.Now.AddHours(1), Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items).StartedAt);
        Assert.Single((await Index.ListAsync(null, 1000, null, Cancel)).Items, s => s.Id == Id(1));
    }

    [Fact]
    public async Task Ended_release_is_listed_and_not_running()
    {
        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Ended(1), Cancel);
        await Index.PutAsync(Ended(1), Cancel);

        Assert.Empty(await RunningAsync());
        Assert.Equal(Ended(1), Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items));
    }

    [Fact]
    public async Task Release_that_ends_with_another_time_than_it_was_entered_with_leaves_one_entry()
    {
        // Two hosts enter it, each with its own time; the first one's creation counts.
        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Running(1) with { StartedAt = Samples.Now.AddSeconds(1) }, Cancel);

        await Index.PutAsync(Ended(1), Cancel);

        Assert.Equal(Ended(1), Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items));
        Assert.Equal(Ended(1), Assert.Single((await Index.ListAsync(null, 1000, null, Cancel)).Items, s => s.Id == Id(1)));
        Assert.Empty(await RunningAsync());
    }

    [Fact]
    public async Task Ended_release_never_becomes_running_again()
    {
        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Ended(1), Cancel);

        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Running(1) with { StartedAt = Samples.Now.AddHours(1) }, Cancel);

        Assert.Empty(await RunningAsync());
        Assert.Equal(Ended(1), Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items));
    }

    [Fact]
    public async Task Release_that_was_never_entered_can_end()
    {
        await Index.PutAsync(Ended(1), Cancel);

        Assert.Equal(Ended(1), Assert.Single((await Index.ListAsync(Model, 10, null, Cancel)).Items));
        Assert.Empty(await RunningAsync());
    }

    [Fact]
    public async Task Release_is_taken_out_of_the_running_ones()
    {
        await Index.PutAsync(Running(1), Cancel);

        await Index.RemoveRunningAsync(Id(1), Cancel);
        await Index.RemoveRunningAsync(Id(1), Cancel);

        Assert.Empty(await RunningAsync());
    }

    [Fact]
    public async Task Pages_are_newest_first_and_neither_skip_nor_repeat()
    {
        for (var i = 1; i <= 23; i++)
        {
            // Every third has the time of the one before.
            await Index.PutAsync(Running(i) with { StartedAt = Samples.Now.AddMinutes(i - (i % 3 == 0 ? 1 : 0)) }, Cancel);
        }

        var seen = new List<ReleaseSummary>();
        string? continuation = null;
        do
        {
            var page = await Index.ListAsync(Model, 5, continuation, Cancel);
            Assert.InRange(page.Items.Count, 1, 5);
            seen.AddRange(page.Items);
            continuation = page.Continuation;
        }
        while (continuation is not null);

        Assert.Equal(23, seen.Select(s => s.Id).Distinct().Count());
        Assert.Equal(23, seen.Count);
        Assert.Equal(seen.Select(s => s.StartedAt).OrderDescending(), seen.Select(s => s.StartedAt));
    }

    [Fact]
    public async Task Full_last_page_has_no_continuation()
    {
        await Index.PutAsync(Running(1), Cancel);
        await Index.PutAsync(Running(2), Cancel);

        Assert.Null((await Index.ListAsync(Model, 2, null, Cancel)).Continuation);
    }

    [Fact]
    public async Task Latest_attempt_is_the_highest_number()
    {
        Assert.Null(await Index.FindLatestAttemptAsync(Model, Version, Cancel));
        foreach (var attempt in (int[])[1, 9, 10, 2])
        {
            await Index.PutAsync(Running(attempt), Cancel);
        }

        Assert.Equal(Id(10), await Index.FindLatestAttemptAsync(Model, Version, Cancel));
        Assert.Null(await Index.FindLatestAttemptAsync(Model, VersionName.Parse("v1.0.0-bas"), Cancel));
    }

    [Fact]
    public async Task Rebuild_makes_the_lists_from_the_releases()
    {
        // 1 ended without the lists hearing of it, 2 runs and was never entered, 3 was entered and not created yet.
        await Index.PutAsync(Running(1), Cancel);
        await CreateAsync(1);
        var read = (await Releases.LoadAsync(Id(1), Cancel))!;
        var events = Samples.Events(read.State, 1);
        await Releases.SaveAsync(read, Samples.After(read.State, events) with { Stage = new Stage.Ended(Outcome.Stable, "done"), StageSince = Samples.Now }, events, [], Cancel);
        await CreateAsync(2);
        await Index.PutAsync(Running(3), Cancel);

        var rebuilt = await List.RebuildAsync(Cancel);
        Assert.Equal("releases", rebuilt.Name);
        Assert.True(rebuilt is { Entries: >= 2, Entered: >= 2 });

        Assert.Equal([Id(2), Id(3)], await RunningAsync());
        var listed = (await Index.ListAsync(Model, 10, null, Cancel)).Items.ToDictionary(s => s.Id);
        Assert.Equal(3, listed.Count);
        Assert.Equal(Outcome.Stable, listed[Id(1)].Outcome);
        Assert.Equal("done", listed[Id(1)].Reason);
        Assert.Equal("registering", listed[Id(2)].Stage);
    }

    [Fact]
    public async Task Rebuild_drops_what_is_no_release()
    {
        await Index.PutAsync(Ended(1), Cancel);

        Assert.True((await List.RebuildAsync(Cancel)).Removed >= 1);

        Assert.Empty((await Index.ListAsync(Model, 10, null, Cancel)).Items);
        Assert.Null(await Index.FindLatestAttemptAsync(Model, Version, Cancel));
    }

    private ReleaseId Id(int attempt) => new(Model, Version, attempt);

    private ReleaseSummary Running(int attempt) => new() { Id = Id(attempt), StartedBy = "alice", StartedAt = Samples.Now, Stage = "registering" };

    private ReleaseSummary Ended(int attempt) => Running(attempt) with { Stage = "ended", Outcome = Outcome.Rejected, Reason = "größer", EndedAt = Samples.Now };

    private async Task<List<ReleaseId>> RunningAsync() => await Index.ListRunningAsync(Cancel).Where(r => r.Model == Model).Order(Comparer<ReleaseId>.Create((a, b) => a.Attempt.CompareTo(b.Attempt))).ToListAsync(Cancel);

    private async Task CreateAsync(int attempt) => Assert.IsType<CreateRelease.Created>(await Releases.CreateAsync(Samples.State(Id(attempt)), [], Cancel));
}
