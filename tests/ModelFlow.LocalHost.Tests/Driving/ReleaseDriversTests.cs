using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>Who is driven when, on the real engine, in virtual time that stands still unless a test moves it.</summary>
public sealed class ReleaseDriversTests : IAsyncLifetime
{
    private DrivingBench _bench = null!; // Set by InitializeAsync.

    public async ValueTask InitializeAsync() => _bench = await DrivingBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Ring_without_a_term_does_nothing_and_says_so()
    {
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();

        Assert.False(host.Drivers.TryRing(id));

        Assert.Equal(0, host.Drivers.Count);
        Assert.Empty(host.Releases.Calls);
    }

    [Fact]
    public async Task Running_releases_are_found_at_the_beginning_of_a_term_without_a_ring()
    {
        var (a, b) = (await _bench.StartAsync("model-a"), await _bench.StartAsync("model-b"));
        var host = _bench.AddHost();

        host.Begin();

        await _bench.UntilStageAsync(a, "awaitingApproval");
        await _bench.UntilStageAsync(b, "awaitingApproval");
        Assert.Equal(2, host.Drivers.Count);
    }

    [Fact]
    public async Task Ring_for_a_release_that_is_not_driven_starts_its_driver()
    {
        var host = _bench.AddHost();
        host.Begin();
        var id = await _bench.StartAsync("digits");

        Assert.True(host.Drivers.TryRing(id));

        await _bench.UntilStageAsync(id, "awaitingApproval");
    }

    [Fact]
    public async Task Ring_during_an_advance_is_not_lost()
    {
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await _bench.UntilWaitingForApprovalAsync(id);

        // The advance that takes the first approval in has read already when the second one comes.
        var gate = new Gate();
        host.Releases.After = (call, _) => call == "load" ? gate.PassAsync() : Task.CompletedTask;
        await _bench.ApproveAsync(id, "ann");
        host.Drivers.TryRing(id);
        await gate.Reached;
        await _bench.ApproveAsync(id, "bob");
        host.Drivers.TryRing(id);
        gate.Open();

        await _bench.UntilStageAsync(id, "ended");
        Assert.Equal(Outcome.Stable, (await _bench.FindAsync(id))!.Outcome);
    }

    [Fact]
    public async Task Ring_while_a_command_runs_takes_the_signal_in_and_ends_the_command()
    {
        var (started, cancelled) = (new Gate(), new TaskCompletionSource());
        _bench.Evaluator.Before = async (_, cancel) =>
        {
            cancel.Register(() => cancelled.TrySetResult());
            await started.PassAsync(cancel);
        };
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await started.Reached;

        await _bench.SignalAsync(id, SignalKind.Abort, "bob");
        host.Drivers.TryRing(id);

        await cancelled.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await _bench.UntilStageAsync(id, "ended");
        Assert.Equal(Outcome.Aborted, (await _bench.FindAsync(id))!.Outcome);
    }

    [Fact]
    public async Task Ring_that_meets_a_driver_on_its_way_out_is_not_lost()
    {
        var (creating, id) = await AnnounceAsync("digits");
        var host = _bench.AddHost();
        var looked = new Gate();
        host.Releases.After = (call, _) => call == "load" ? looked.PassAsync() : Task.CompletedTask;
        host.Begin();
        await looked.Reached;

        // The driver has just been told that there is no such release.
        creating.Gate.Open();
        await creating.Started;
        Assert.True(host.Drivers.TryRing(id));
        looked.Open();

        await _bench.UntilStageAsync(id, "awaitingApproval");
    }

    [Fact]
    public async Task Store_that_fails_for_one_release_is_tried_again_ever_later_and_holds_up_no_other()
    {
        var (sick, sound) = (await _bench.StartAsync("model-a"), await _bench.StartAsync("model-b"));
        var host = _bench.AddHost();
        var failing = true;
        host.Releases.Before = (_, id) => failing && id == sick ? throw new IOException("out of order") : Task.CompletedTask;
        host.Begin();
        await _bench.UntilStageAsync(sound, "awaitingApproval");

        foreach (var pause in new[] { 0.4, 0.8, 1.6, 3.2 }.Select(TimeSpan.FromSeconds))
        {
            await DrivingBench.UntilAsync(() => Task.FromResult(_bench.Time.Timers.Contains(pause)));
            var tried = Tries();
            _bench.Time.Advance(pause - TimeSpan.FromMilliseconds(1));
            Assert.Equal(tried, Tries());
            _bench.Time.Advance(TimeSpan.FromMilliseconds(1));
            await DrivingBench.UntilAsync(() => Task.FromResult(Tries() == tried + 1));
        }

        failing = false;
        await DrivingBench.UntilAsync(() => Task.FromResult(_bench.Time.Timers.Contains(TimeSpan.FromSeconds(6.4))));
        _bench.Time.Advance(TimeSpan.FromSeconds(6.4));
        await _bench.UntilStageAsync(sick, "awaitingApproval");
        Assert.Equal(2, host.Drivers.Count);

        int Tries() => host.Releases.Calls.Count(c => c.Release == sick);
    }

    [Fact]
    public async Task Cancellation_that_nobody_asked_for_is_a_failure_like_others()
    {
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();
        var timedOut = 0;
        host.Releases.Before = (_, _) => timedOut++ == 0 ? throw new TaskCanceledException("The storage took too long.") : Task.CompletedTask;
        host.Begin();

        await DrivingBench.UntilAsync(() => Task.FromResult(_bench.Time.Timers.Contains(TimeSpan.FromSeconds(0.4))));
        _bench.Time.Advance(TimeSpan.FromSeconds(0.4));

        await _bench.UntilStageAsync(id, "awaitingApproval");
    }

    [Fact]
    public async Task End_of_the_term_cancels_what_is_under_way_and_nothing_is_written_any_more()
    {
        var (started, ended) = (new Gate(), false);
        _bench.Evaluator.Before = async (_, cancel) =>
        {
            try
            {
                await started.PassAsync(cancel);
            }
            finally
            {
                ended = true;
            }
        };
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await started.Reached;
        var before = host.Releases.Calls.Count;

        await host.EndAsync();

        Assert.True(ended);
        Assert.Equal(before, host.Releases.Calls.Count);
        Assert.Equal(0, host.Drivers.Count);
        Assert.False(host.Drivers.TryRing(id));
        Assert.Null(host.Doorbell.Drivers);
    }

    [Fact]
    public async Task Command_that_returns_after_the_term_ran_out_stores_no_result()
    {
        var command = new Gate();
        _bench.Evaluator.Before = (_, cancel) => command.PassAsync(cancel);
        var id = await _bench.StartAsync("digits");
        var frozen = _bench.AddHost();
        var term = frozen.Begin(validFor: TimeSpan.FromSeconds(4));
        await command.Reached;
        var before = frozen.Releases.Calls.Count;

        // As a process that was frozen wakes: nobody has cancelled anything, and the clock says that the time is over.
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        command.Open();
        await DrivingBench.UntilAsync(() => Task.FromResult(frozen.Drivers.Count == 0));

        Assert.False(term.IsHeld);
        Assert.Equal(before, frozen.Releases.Calls.Count);
        Assert.False(frozen.Drivers.TryRing(id));
        var next = _bench.AddHost();
        next.Begin(epoch: 2);
        await _bench.UntilStageAsync(id, "awaitingApproval");
    }

    [Fact]
    public async Task Next_term_of_the_same_host_goes_on_where_the_last_one_ended()
    {
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await _bench.UntilStageAsync(id, "awaitingApproval");
        await host.EndAsync();
        await _bench.ApproveAsync(id, "ann");
        await _bench.ApproveAsync(id, "bob");

        host.Begin(epoch: 2);

        await _bench.UntilStageAsync(id, "ended");
        Assert.Equal(Outcome.Stable, (await _bench.FindAsync(id))!.Outcome);
    }

    /// <summary>Its host died between the release's last write and the list's.</summary>
    [Fact]
    public async Task Release_that_ended_without_the_list_knowing_is_taken_off_by_the_next_host()
    {
        var id = await _bench.StartAsync("digits");
        var host = _bench.AddHost();
        host.Releases.After = async (call, _) =>
        {
            if (call is "save" or "result" && (await _bench.FindAsync(id))!.Outcome is not null)
            {
                throw new IOException("the answer was lost");
            }
        };
        host.Begin();
        await _bench.UntilWaitingForApprovalAsync(id);
        await _bench.SignalAsync(id, SignalKind.Abort, "bob");
        host.Drivers.TryRing(id);
        await DrivingBench.UntilAsync(() => Task.FromResult(_bench.Time.Timers.Contains(TimeSpan.FromSeconds(0.4))));
        await host.EndAsync();
        Assert.Contains(id, await _bench.RunningAsync());
        var next = _bench.AddHost();

        next.Begin(epoch: 2);

        await DrivingBench.UntilAsync(async () => (await _bench.RunningAsync()).Count == 0);
        Assert.All(next.Releases.Calls, c => Assert.Equal("load", c.Call));
    }

    [Fact]
    public async Task Announced_release_that_never_comes_is_taken_off_the_list_after_a_minute()
    {
        var (_, id) = await AnnounceAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await UntilMissedAsync(host);

        await _bench.PassRechecksAsync(host, 2, driven: 0);
        Assert.Contains(id, await _bench.RunningAsync());
        await _bench.PassRechecksAsync(host, 2, driven: 0);

        Assert.DoesNotContain(id, await _bench.RunningAsync());
    }

    /// <summary>Looked for a moment too early, a release was held to have never been created for as long as it ran.</summary>
    [Fact]
    public async Task Release_that_was_looked_for_before_it_was_created_stays_on_the_list()
    {
        var (creating, id) = await AnnounceAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await UntilMissedAsync(host);
        creating.Gate.Open();
        await creating.Started;
        host.Drivers.TryRing(id);
        await _bench.UntilStageAsync(id, "awaitingApproval");

        await _bench.PassRechecksAsync(host, 5, driven: 1);

        Assert.Contains(id, await _bench.RunningAsync());
    }

    /// <summary>Its creator was frozen between announcing and creating it.</summary>
    [Fact]
    public async Task Release_that_is_created_after_it_was_given_up_is_on_the_list_again()
    {
        var (creating, id) = await AnnounceAsync("digits");
        var host = _bench.AddHost();
        host.Begin();
        await UntilMissedAsync(host);
        await _bench.PassRechecksAsync(host, 4, driven: 0);
        Assert.DoesNotContain(id, await _bench.RunningAsync());

        creating.Gate.Open();
        await creating.Started;

        Assert.Contains(id, await _bench.RunningAsync());
    }

    /// <summary>Until the first look at an announced release found nothing, and is over.</summary>
    private Task UntilMissedAsync(DrivingHost host) => DrivingBench.UntilAsync(() => Task.FromResult(
        host.Drivers.Count == 0 && host.Releases.Calls.Count > 0 && _bench.Time.Timers.Contains(DrivingHost.RecheckEvery)));

    /// <summary>A release that is entered in the list of running ones, and whose creation a gate holds up.</summary>
    private async Task<((Gate Gate, Task Started) Creating, ReleaseId Id)> AnnounceAsync(string model)
    {
        var gate = new Gate();
        _bench.Releases.Before = (call, _) => call == "create" ? gate.PassAsync() : Task.CompletedTask;
        var started = _bench.StartAsync(model);
        await gate.Reached;
        return ((gate, started), ReleaseId.Parse($"{model}-v1.0.0-base-1"));
    }
}
