using System.Globalization;
using ModelFlow.EndToEnd.Product;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>Kills the host again and again at random moments, and starts the next one at once.</summary>
/// <param name="modelflow">A first host runs.</param>
/// <param name="count">How often.</param>
/// <param name="seed">The same seed gives the same moments, as far as the machine has the same speed.</param>
internal sealed class RandomKills(Installation modelflow, int count, int seed)
{
    private int _done;
    private int _duringStart;
    private int _provoked;
    private volatile TaskCompletionSource<TimeSpan> _provocation = new();

    /// <summary>How many there were so far.</summary>
    public int Done => Volatile.Read(ref _done);

    /// <summary>How many of them met a host that was still starting.</summary>
    public int DuringStart => _duringStart;

    /// <summary>How many of them were provoked.</summary>
    public int Provoked => _provoked;

    /// <summary>The host that runs now.</summary>
    public HostProcess Host { get; private set; } = modelflow.Host;

    /// <summary>Kills; returns when the host after the last kill is up.</summary>
    /// <param name="told">Told right before each kill.</param>
    /// <param name="progress">How much of the work is done, 0 to 1. Two fifths of the kills may come before any is, the others as it goes on:
    /// on a slow machine they would all meet the first stages otherwise.</param>
    /// <param name="cancellationToken">Ends the killing.</param>
    public async Task RunAsync(Action told, Func<double> progress, CancellationToken cancellationToken)
    {
        var random = new Random(seed);
        while (Done < count)
        {
            // Half of the kills may fall into the start, however slow the machine is; the other half meet a host at work.
            var duringStart = random.Next(2) == 0;
            var after = TimeSpan.FromSeconds(duringStart ? 0.2 + (5.8 * random.NextDouble()) : 5 * random.NextDouble());
            if (!duringStart)
            {
                await Host.UntilUpAsync();
            }

            _provocation = new TaskCompletionSource<TimeSpan>(TaskCreationOptions.RunContinuationsAsynchronously);

            await WaitAsync(after, () => Done < count * (0.4 + (0.6 * progress())), cancellationToken);
            Assert.False(Host.HasEnded, $"The host ended by itself before kill {(Done + 1).ToString(CultureInfo.InvariantCulture)}:\n{Host.Output}");
            told();
            _duringStart += Host.IsUp ? 0 : 1;
            await Host.KillAsync();
            Interlocked.Increment(ref _done);
            Host = modelflow.LaunchHost();
        }

        await Host.UntilUpAsync();
    }

    /// <summary>Makes the next kill come so soon, if the host is up: what is going on now meets it.</summary>
    public void Provoke(TimeSpan after)
    {
        if (Host.IsUp)
        {
            _provocation.TrySetResult(after);
        }
    }

    /// <summary>Waits until so many kills are done.</summary>
    public async Task UntilAsync(int kills, CancellationToken cancellationToken)
    {
        while (Done < kills)
        {
            await Task.Delay(200, cancellationToken);
        }
    }

    private async Task WaitAsync(TimeSpan after, Func<bool> mayKill, CancellationToken cancellationToken)
    {
        var provocation = _provocation.Task;
        for (var due = Task.Delay(after, cancellationToken); await Task.WhenAny(due, provocation) != provocation; due = Task.Delay(200, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (mayKill())
            {
                return;
            }
        }

        _provoked++;
        if (await provocation is var pause && pause > TimeSpan.Zero)
        {
            await Task.Delay(pause, cancellationToken);
        }
    }
}
