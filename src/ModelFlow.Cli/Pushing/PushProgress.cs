using ModelFlow.Cli.Output;
using Spectre.Console;

namespace ModelFlow.Cli.Pushing;

/// <summary>Shows how far a push is: a bar on a terminal, a line every tenth otherwise, nothing for a push of a moment.</summary>
internal sealed class PushProgress(Screen screen, TimeProvider time, long total) : IProgress<Sent>
{
    private readonly long _start = time.GetTimestamp();
    private long _sent;
    private long _skipped;
    private long _saidTenth;
    private ProgressTask? _bar;

    /// <summary>Bytes that did not have to be sent.</summary>
    public long Skipped => Interlocked.Read(ref _skipped);

    /// <summary>Since it began.</summary>
    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    public async Task<T> RunAsync<T>(Func<Task<T>> work)
    {
        if (screen.Terminal is not { } terminal)
        {
            return await work();
        }

        return await terminal.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new DownloadedColumn { Base = FileSizeBase.Binary }, new TransferSpeedColumn { Base = FileSizeBase.Binary }, new RemainingTimeColumn())
            .StartAsync(async context =>
            {
                _bar = context.AddTask("uploading", maxValue: Math.Max(1, total));
                return await work();
            });
    }

    public void Report(Sent value)
    {
        var sent = Interlocked.Add(ref _sent, value.Bytes);
        if (value.Skipped)
        {
            Interlocked.Add(ref _skipped, value.Bytes);
        }

        _bar?.Increment(value.Bytes);
        if (screen.Terminal is not null || total == 0 || Elapsed < TimeSpan.FromSeconds(2))
        {
            return;
        }

        var tenth = sent * 10 / total;
        var said = Interlocked.Read(ref _saidTenth);
        if (tenth > said && Interlocked.CompareExchange(ref _saidTenth, tenth, said) == said)
        {
            screen.Note($"{tenth * 10} % of {Show.Bytes(total)}, {Show.Bytes((long)(sent / Elapsed.TotalSeconds))}/s");
        }
    }
}
