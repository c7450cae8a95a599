using System.Globalization;
using System.Text.Json;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>What is kept of a release, held against what should have happened, once.</summary>
internal static class ReleaseRecord
{
    // These tell of one and the same thing as often as it happens.
    private static readonly string[] MayRepeat = ["looked", "rampPhase", "leaseLapsing", "leaseRenewed", "retrying", "waiting"];

    /// <summary>Reads the release and its events, and finds everything that is wrong with them.</summary>
    /// <param name="api">Where from.</param>
    /// <param name="expected">What should have come of it.</param>
    /// <param name="steps">How many steps its ramp has.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<IReadOnlyList<string>> CheckAsync(PatientApi api, ExpectedRelease expected, int steps, CancellationToken cancellationToken)
    {
        var detail = await api.GetAsync($"api/releases/{expected.Id}", cancellationToken);
        var state = detail["state"].Deserialize<ReleaseState>(CoreJson.Options)!;
        var events = await ReadEventsAsync(api, expected.Id, cancellationToken);
        var wrong = new List<string?>
        {
            ReleaseEvents.Verify(events, state),
            Differs("outcome", expected.Outcome, (string)detail["outcome"]!),
            Differs("refused by", expected.RefusedBy, state.Failure?.By),
            Differs("signals left", "0", detail["signals"]!.AsArray().Count.ToString(CultureInfo.InvariantCulture)),
            Differs("first event", "started", events[0].Kind),
            Differs("last event", "ended", events[^1].Kind),
            Differs("stages", Stages(expected), string.Join(' ', events.Where(e => e.Kind == "stageEntered").Select(e => e.Stage))),
            Differs("steps", expected.Ramps ? string.Join(' ', Enumerable.Range(0, steps)) : "", string.Join(' ', events.Where(e => e.Kind == "trafficShifted").Select(e => e.Data!["step"]))),
            Differs("approvals", expected.RefusedBy is null ? "ann bob" : "", string.Join(' ', events.Where(e => e.Kind == "approved").Select(e => e.By).Order(StringComparer.Ordinal))),
        };
        wrong.AddRange(events
            .Where(e => !MayRepeat.Contains(e.Kind, StringComparer.Ordinal))
            .GroupBy(e => (e.Kind, e.Stage, e.Message, e.By))
            .Where(g => g.Count() > 1)
            .Select(g => $"events {string.Join(", ", g.Select(e => e.Seq))} are the same: {g.Key}"));
        var story = string.Join('\n', events.Select(e => $"  {e.Seq} {e.At:HH:mm:ss.fff} {e.Stage} {e.Kind}: {e.Message}"));
        return [.. wrong.OfType<string>().Select(w => $"{expected.Id}: {w}\n{story}")];
    }

    private static async Task<List<ReleaseEvent>> ReadEventsAsync(PatientApi api, string release, CancellationToken cancellationToken)
    {
        var events = new List<ReleaseEvent>();
        while (true)
        {
            var page = await api.GetAsync($"api/releases/{release}/events?after={(events.Count == 0 ? 0 : events[^1].Seq).ToString(CultureInfo.InvariantCulture)}", cancellationToken);
            var items = page["items"].Deserialize<List<ReleaseEvent>>(CoreJson.Options)!;
            events.AddRange(items);
            if ((bool)page["ended"]! || items.Count == 0)
            {
                return events;
            }
        }
    }

    // Every stage is entered once; which they are follows from where the story ends.
    private static string Stages(ExpectedRelease expected) => expected switch
    {
        { RefusedBy: "inspection" } => "inspecting",
        { RefusedBy: "smoke" } => "inspecting smokeTesting",
        { RefusedBy: "gate" } => "inspecting smokeTesting evaluating",
        { Ramps: true } => "inspecting smokeTesting evaluating awaitingApproval awaitingTurn loading ramping promoting closing",
        _ => "inspecting smokeTesting evaluating awaitingApproval awaitingTurn loading promoting closing",
    };

    private static string? Differs(string what, string? expected, string? actual) =>
        string.Equals(expected, actual, StringComparison.Ordinal) ? null : $"{what}: expected '{expected}', found '{actual}'";
}
