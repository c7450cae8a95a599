using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.LocalHost.Leasing;

namespace ModelFlow.LocalHost.Tests.Leasing;

public sealed class HostLeaseTests : IAsyncDisposable
{
    private readonly InMemoryLeaseStore _row = new();
    private readonly List<TestHost> _hosts = [];

    [Fact]
    public async Task First_host_becomes_active_with_epoch_1()
    {
        var host = Start();

        await host.BecomesActive();

        Assert.Equal(1, host.Lease.Term!.Epoch);
    }

    [Fact]
    public async Task Second_host_stands_by_while_the_first_renews()
    {
        var first = Start();
        await first.BecomesActive();
        var second = Start();

        for (var i = 0; i < 60; i++)
        {
            await Pass(TimeSpan.FromMilliseconds(500));
        }

        Assert.NotNull(first.Lease.Term);
        Assert.Null(second.Lease.Term);
        Assert.Equal(1, _row.Row!.Record.Epoch);
    }

    [Fact]
    public async Task Standby_takes_over_after_the_lease_when_the_active_falls_silent_and_no_two_are_ever_active()
    {
        var first = Start();
        await first.BecomesActive();
        var second = Start();
        await Pass(TimeSpan.FromSeconds(2));

        first.View.Cut = true;
        var silent = TimeSpan.Zero;
        while (second.Lease.Term is null)
        {
            Assert.True(silent < TimeSpan.FromSeconds(8), "nobody took over");
            await Pass(TimeSpan.FromMilliseconds(100));
            silent += TimeSpan.FromMilliseconds(100);
            Assert.False(first.Lease.Term is not null && second.Lease.Term is not null, "two hosts are active");
        }

        Assert.Equal(2, second.Lease.Term!.Epoch);
        Assert.Null(first.Lease.Term);
        await first.StopsWorking();
    }

    [Fact]
    public async Task Frozen_host_is_not_active_when_it_wakes_and_stands_by()
    {
        var first = Start();
        await first.BecomesActive();
        var second = Start();
        await Pass(TimeSpan.FromSeconds(1));
        var term = first.Lease.Term!;

        first.Frozen = true;
        for (var i = 0; i < 80; i++)
        {
            await Pass(TimeSpan.FromMilliseconds(100));
        }

        Assert.NotNull(second.Lease.Term);
        first.Time.Advance(TimeSpan.FromSeconds(8));
        Assert.False(term.IsHeld);
        first.Frozen = false;
        await first.StopsWorking();
        Assert.Equal(second.Lease.Host, _row.Row!.Record.Host);
    }

    [Fact]
    public async Task Clocks_that_disagree_by_hours_change_nothing()
    {
        var first = Start(wallClock: new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await first.BecomesActive();
        var second = Start(wallClock: new DateTimeOffset(2026, 1, 1, 9, 0, 0, TimeSpan.Zero));

        for (var i = 0; i < 40; i++)
        {
            await Pass(TimeSpan.FromMilliseconds(500));
        }

        Assert.NotNull(first.Lease.Term);
        Assert.Null(second.Lease.Term);
    }

    [Fact]
    public async Task Renewal_whose_answer_is_lost_keeps_the_lease()
    {
        var host = Start();
        await host.BecomesActive();

        host.View.LoseNextAnswer = true;
        for (var i = 0; i < 20; i++)
        {
            await Pass(TimeSpan.FromMilliseconds(500));
        }

        Assert.Equal(1, host.Lease.Term!.Epoch);
    }

    /// <summary>On a busy machine an answer is given up after a second: that alone must not cost a term of four.</summary>
    [Fact]
    public async Task Renewal_whose_answer_is_given_up_late_keeps_the_lease()
    {
        var host = Start();
        await host.BecomesActive();

        host.View.UntilLost = cancel => Task.Delay(TimeSpan.FromSeconds(1), host.Time, cancel);
        host.View.LoseNextAnswer = true;
        for (var i = 0; i < 20; i++)
        {
            await Pass(TimeSpan.FromMilliseconds(500));
            Assert.NotNull(host.Lease.Term);
        }

        Assert.False(host.View.LoseNextAnswer);
        Assert.Equal(1, _row.Row!.Record.Epoch);
    }

    /// <summary>Epochs say who may write, not how often hosts changed places: a host may follow itself.</summary>
    [Fact]
    public async Task Host_that_is_late_and_alone_takes_the_lease_again_in_a_later_epoch()
    {
        var host = Start();
        await host.BecomesActive();
        var term = host.Lease.Term!;

        host.View.Cut = true;
        await Pass(TimeSpan.FromSeconds(5));
        Assert.False(term.IsHeld);
        await host.StopsWorking();
        host.View.Cut = false;
        await Pass(TimeSpan.FromSeconds(6));

        await host.BecomesActive();
        Assert.Equal(2, host.Lease.Term!.Epoch);
        Assert.False(term.IsHeld);
    }

    [Fact]
    public async Task Stopping_gives_the_lease_back_and_the_standby_need_not_wait()
    {
        var first = Start();
        await first.BecomesActive();
        var second = Start();
        await Pass(TimeSpan.FromSeconds(1));

        await first.StopAsync();
        await Pass(TimeSpan.FromSeconds(1));

        await second.BecomesActive();
        Assert.Equal(2, second.Lease.Term!.Epoch);
    }

    [Fact]
    public async Task Work_that_fails_gives_the_lease_back_and_pauses()
    {
        var host = Start(work: _ => throw new InvalidOperationException("broken"));
        await Until(() => _row.Row is { Record.Released: true });
        Assert.Equal(1, _row.Row!.Record.Epoch);

        await Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(1, _row.Row!.Record.Epoch);

        for (var i = 0; i < 10; i++)
        {
            await Pass(TimeSpan.FromSeconds(1));
        }

        Assert.True(_row.Row!.Record.Epoch > 1);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.StopAsync();
            host.Dispose();
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "the condition did not come true");
            await Task.Delay(2);
        }
    }

    private TestHost Start(DateTimeOffset? wallClock = null, Func<LeaseTerm, Task>? work = null)
    {
        var host = new TestHost(_row.For(), wallClock ?? DateTimeOffset.UnixEpoch, work);
        _hosts.Add(host);
        return host;
    }

    /// <summary>Time goes by for every host that is not frozen, in small steps so that timers and their continuations interleave.</summary>
    private async Task Pass(TimeSpan time)
    {
        for (var left = time; left > TimeSpan.Zero; left -= TimeSpan.FromMilliseconds(100))
        {
            foreach (var host in _hosts.Where(h => !h.Frozen))
            {
                host.Time.Advance(TimeSpan.FromMilliseconds(100));
            }

            await Task.Delay(2);
        }
    }

    private sealed class TestHost : IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly Task _running;
        private volatile bool _working;

        public TestHost(InMemoryLeaseStore.View view, DateTimeOffset wallClock, Func<LeaseTerm, Task>? work)
        {
            View = view;
            Time = new FakeTimeProvider(wallClock);
            Lease = new HostLease(view, Options.Create(new LeaseOptions()), Time, NullLogger<HostLease>.Instance);
            _running = Task.Run(() => Lease.RunAsync(work ?? WorkAsync, _stopping.Token));
        }

        public InMemoryLeaseStore.View View { get; }

        public FakeTimeProvider Time { get; }

        public HostLease Lease { get; }

        public bool Frozen { get; set; }

        public Task BecomesActive() => Until(() => Lease.Term is not null);

        public Task StopsWorking() => Until(() => !_working);

        public async Task StopAsync()
        {
            await _stopping.CancelAsync();
            await _running;
        }

        public void Dispose() => _stopping.Dispose();

        private async Task WorkAsync(LeaseTerm term)
        {
            _working = true;
            await Task.Delay(Timeout.Infinite, term.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _working = false;
        }
    }
}
