using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
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
            Verified(await api.GetAsync($"api/releases/{expected.Id}/events/verify", cancellationToken), events.Count),
            Differs("outcome", expected.Outcome, (string)detail["outcome"]!),
            Differs("ended by", expected.EndedBy, state.Failure?.By),
            Differs("signals left", "0", detail["signals"]!.AsArray().Count(s => !MayBeLeft(s!, expected)).ToString(CultureInfo.InvariantCulture)),
            Differs("first event", "started", events[0].Kind),
            Differs("last event", "ended", events[^1].Kind),
            Fits("stages", expected.Stages, string.Join(' ', events.Where(e => e.Kind == "stageEntered").Select(e => e.Stage))),
            Steps(expected, steps, [.. events.Where(e => e.Kind == "trafficShifted").Select(e => (int)e.Data!["step"]!)]),
            Differs("approvals", expected.IsApproved ? "ann bob" : "", string.Join(' ', events.Where(e => e.Kind == "approved").Select(e => e.By).Order(StringComparer.Ordinal))),
            Differs("operator's events", expected.OperatorEvents, string.Join(' ', events.Where(e => e.Kind is "paused" or "resumed" or "abortAsked").Select(e => $"{(e.By == "operator" ? "" : e.By)}{e.Kind}"))),
            Differs("ignored signals", "", string.Join("; ", events.Where(e => e.Kind == "signalIgnored" && !(expected.IsRolledBack && e.Message.StartsWith("RolledBack", StringComparison.Ordinal))).Select(e => e.Message))),
            Differs("steps passed while paused", "0", events.SkipWhile(e => e.Kind != "paused").TakeWhile(e => e.Kind != "resumed").Count(e => e.Kind is "stepPassed" or "promoted").ToString(CultureInfo.InvariantCulture)),
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

    // A release that is over when it learns of a rollback does not read about it any more.
    private static bool MayBeLeft(JsonNode signal, ExpectedRelease expected) => expected.IsRolledBack && (string)signal["kind"]! == "rolledBack";

    private static string? Verified(JsonNode answer, int events) =>
        (bool)answer["intact"]! && (int)answer["entries"]! == events ? null : $"verified: {answer.ToJsonString()} of {events} events";

    // One that an operator ends has had some of them; the last may have been on its way.
    private static string? Steps(ExpectedRelease expected, int steps, IReadOnlyList<int> found)
    {
        var all = expected.IsFirst || !expected.IsApproved ? 0 : steps;
        return found.SequenceEqual(Enumerable.Range(0, found.Count)) && (expected.Outcome == "stable" ? found.Count == all : found.Count <= all)
            ? null
            : $"steps: {string.Join(' ', found)} of {all}";
    }

    private static string? Fits(string what, string pattern, string actual) =>
        Regex.IsMatch(actual, $"^{pattern}$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)) ? null : $"{what}: expected '{pattern}', found '{actual}'";

    private static string? Differs(string what, string? expected, string? actual) =>
        string.Equals(expected, actual, StringComparison.Ordinal) ? null : $"{what}: expected '{expected}', found '{actual}'";
}
