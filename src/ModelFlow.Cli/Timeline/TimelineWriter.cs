using System.Globalization;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Timeline;

/// <summary>Writes what happens to releases as lines a person can follow: time, what it is about, stage, message.</summary>
/// <param name="screen">Where to.</param>
/// <param name="subjects">Whether each line names its release; for several at once.</param>
internal sealed class TimelineWriter(Screen screen, bool subjects = false)
{
    private const int StageWidth = 16;

    /// <summary>
    /// Writes one event. The looks of a ramp that found nothing are left out unless <paramref name="all"/>; with <paramref name="numbers"/> the numbers of
    /// an event that has a look's are written under it.
    /// </summary>
    public void Write(string release, EventItem happened, bool all = false, bool numbers = false)
    {
        if (!all && happened.Kind == "looked")
        {
            return;
        }

        Write(happened.At, subjects ? release : null, happened.Stage, MessageOf(happened), ToneOf(happened));
        if (numbers && happened.Kind is "looked" or "stepPassed" or "harmFound" && happened.Data is { } data && data["metrics"] is JsonArray { Count: > 0 })
        {
            WriteLook(ApiClient.Read<LookItem>(data));
        }
    }

    private void WriteLook(LookItem look)
    {
        screen.Line(LookTable.Header, Tone.Dim);
        foreach (var row in LookTable.Rows(look.Metrics ?? []))
        {
            screen.Line(row.Text, row.Tone);
        }
    }

    /// <summary>Writes a line of one's own in the same form.</summary>
    public void Write(DateTimeOffset at, string? subject, string stage, string message, Tone tone = Tone.Plain)
    {
        var about = subject is null ? "" : subject.PadRight(28) + "  ";
        screen.Line($"{at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture)}  {about}{stage.PadRight(StageWidth)}  {message}", tone);
    }

    /// <summary>What an event says about how things are going.</summary>
    internal static Tone ToneOf(EventItem happened) => happened.Kind switch
    {
        "ended" => (string?)happened.Data?["outcome"] == "stable" ? Tone.Good : Tone.Bad,
        "experimentDecided" when (string?)happened.Data?["verdict"] == "winner" => Tone.Good,
        "experimentDecided" when (string?)happened.Data?["verdict"] == "loser" => Tone.Bad,
        "experimentDecided" => Tone.Busy,
        "failed" or "harmFound" or "rejected" or "trafficRestored" or "leaseLapsing" => Tone.Bad,
        "trafficShifted" or "shadowStarted" => Tone.Strong,
        "stepPassed" or "shadowPassed" or "approved" => Tone.Good,
        "paused" or "resumed" or "promoteAsked" or "abortAsked" or "waiting" or "approvalAsked" or "approvalReminded" or "approvalEscalated" or "approvalOverdue" or "approvalWithdrawn" or "approvalsLapsed" => Tone.Busy,
        "looked" or "signalIgnored" => Tone.Dim,
        _ => Tone.Plain,
    };

    // The reason of a bad end was told by the failure before it.
    private static string MessageOf(EventItem happened) =>
        happened is { Kind: "ended", Data: { } data } && (string?)data["outcome"] is { } outcome and not "stable"
            ? $"{outcome}, by {(string?)data["by"]}"
            : happened.Message + By(happened);

    // Messages of people name them already; the host itself needs no mention.
    private static string By(EventItem happened) =>
        happened.By == "modelflow" || happened.Message.Contains(happened.By, StringComparison.Ordinal) ? "" : $" ({happened.By})";
}
