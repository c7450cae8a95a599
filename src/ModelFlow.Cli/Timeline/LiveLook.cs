using System.Text.Json.Nodes;
using System.Threading.Channels;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace ModelFlow.Cli.Timeline;

/// <summary>
/// Follows a release's events, and on a terminal keeps the newest look at live traffic below them while it ramps. Elsewhere there are the
/// events alone: their numbers say what changed.
/// </summary>
internal static class LiveLook
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(2);

    /// <summary>Gives each event to <paramref name="write"/>, in order, to the last one.</summary>
    public static async Task RunAsync(Call call, string release, IAsyncEnumerable<(JsonNode Json, EventItem Event)> events, Action<JsonNode, EventItem> write)
    {
        if (call.Json || call.Screen.Terminal is not { } terminal)
        {
            await foreach (var (json, happened) in events.WithCancellation(call.CancellationToken))
            {
                write(json, happened);
            }

            return;
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        var channel = Channel.CreateBounded<(JsonNode Json, EventItem Event)>(1_000);
        var reading = ReadAsync(events, channel.Writer, ending.Token);
        try
        {
            await terminal.Live(new Text("")).AutoClear(true).StartAsync(live => ShowAsync(call, release, channel.Reader, live, write));
        }
        finally
        {
            await ending.CancelAsync();
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>A look as it stands below the events.</summary>
    internal static IRenderable Panel(ReleaseDetail release)
    {
        if (release.LastLook is not { } look)
        {
            return new Text(release.Stage == "ramping" ? "No look yet." : "");
        }

        var summary = LookTable.Summary(look, release.Weight);
        return new Rows([Styled(summary), Styled(new Cell(LookTable.Header, Tone.Dim)), .. LookTable.Rows(look.Metrics ?? []).Select(Styled)]);
    }

    private static Text Styled(Cell cell) => new(
        Screen.Clean(cell.Text),
        new Style(cell.Tone switch
        {
            Tone.Good => Color.Green,
            Tone.Bad => Color.Red,
            Tone.Busy => Color.Yellow,
            Tone.Dim => Color.Grey,
            _ => null,
        }));

    private static async Task ReadAsync(IAsyncEnumerable<(JsonNode Json, EventItem Event)> events, ChannelWriter<(JsonNode Json, EventItem Event)> writer, CancellationToken cancellationToken)
    {
        Exception? failed = null;
        try
        {
            await foreach (var item in events.WithCancellation(cancellationToken))
            {
                await writer.WriteAsync(item, cancellationToken);
            }
        }
        catch (Exception e) when (e is CommandFailedException or OperationCanceledException)
        {
            failed = e;
        }

        // What went wrong is told to who reads.
        writer.Complete(failed);
    }

    private static async Task ShowAsync(Call call, string release, ChannelReader<(JsonNode Json, EventItem Event)> events, LiveDisplayContext live, Action<JsonNode, EventItem> write)
    {
        var ramping = false;
        var waiting = events.WaitToReadAsync(call.CancellationToken).AsTask();
        while (true)
        {
            Task due = ramping ? Task.Delay(Every, call.Surroundings.Time, call.CancellationToken) : waiting;
            if (await Task.WhenAny(waiting, due) == waiting)
            {
                if (!await waiting)
                {
                    return;
                }

                while (events.TryRead(out var item))
                {
                    ramping = item.Event.Stage == "ramping";
                    write(item.Json, item.Event);
                }

                waiting = events.WaitToReadAsync(call.CancellationToken).AsTask();
            }

            live.UpdateTarget(ramping ? await AskAsync(call, release) : new Text(""));
        }
    }

    private static async Task<IRenderable> AskAsync(Call call, string release)
    {
        try
        {
            return Panel(ApiClient.Read<ReleaseDetail>(await call.Api.GetAsync(ApiClient.Path($"api/releases/{release}"), call.CancellationToken)));
        }
        catch (CommandFailedException e) when (e.ExitCode == ExitCode.Unreachable)
        {
            // The follower says so, and goes on trying.
            return new Text(e.Message);
        }
    }
}
