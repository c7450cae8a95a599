using System.Diagnostics;
using System.Diagnostics.Metrics;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration;

/// <summary>
/// What the loop tells OpenTelemetry, whichever host drives it; both sources are named <see cref="Name"/>. A host that adds no exporter pays next to nothing.
/// Metrics name no release and no model, so that their number stays small; traces do.
/// </summary>
public static class ReleaseTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "ModelFlow.Orchestration";

    /// <summary>Counter, {command}: runs of commands that came to a result, by <see cref="CommandTag"/> and <see cref="OutcomeTag"/> (<c>done</c>, <c>refused</c>, <c>faulted</c>).</summary>
    public const string Commands = "modelflow.commands";

    /// <summary>Histogram, seconds: how long one run of a command took, by the same tags and <c>running</c> for one that started or looked at something that goes on elsewhere.</summary>
    public const string CommandDuration = "modelflow.command.duration";

    /// <summary>Counter, {release}: releases that ended, by <see cref="OutcomeTag"/> (<c>Stable</c>, <c>Rejected</c>, …).</summary>
    public const string ReleasesEnded = "modelflow.releases.ended";

    /// <summary>Tag: the command's name, as in <see cref="Command"/>.</summary>
    public const string CommandTag = "modelflow.command";

    /// <summary>Tag: how it ended.</summary>
    public const string OutcomeTag = "modelflow.outcome";

    /// <summary>Tag of activities: the release's id.</summary>
    public const string ReleaseTag = "modelflow.release";

    /// <summary>Tag of <c>Advance</c>: the stage after the decision.</summary>
    public const string StageTag = "modelflow.stage";

    private static readonly ActivitySource Source = new(Name);
    private static readonly Meter Meter = new(Name);
    private static readonly Counter<long> CommandCount = Meter.CreateCounter<long>(Commands, "{command}", "Runs of commands that came to a result.");
    private static readonly Histogram<double> Duration = Meter.CreateHistogram<double>(CommandDuration, "s", "How long one run of a command took.");
    private static readonly Counter<long> EndedCount = Meter.CreateCounter<long>(ReleasesEnded, "{release}", "Releases that ended.");

    internal static Activity? StartAdvance(ReleaseId release) => Source.StartActivity("Advance")?.SetTag(ReleaseTag, release.ToString());

    internal static Activity? StartCommand(ReleaseId release, string command) =>
        Source.StartActivity(command)?.SetTag(ReleaseTag, release.ToString()).SetTag(CommandTag, command);

    internal static void Decided(Activity? activity, ReleaseState state) => activity?.SetTag(StageTag, state.Stage.Name);

    internal static void Ran(Activity? activity, string command, CommandRun run, TimeSpan took)
    {
        var outcome = run switch
        {
            CommandRun.NotYet => "running",
            CommandRun.Done { Result: CommandResult.Faulted } => "faulted",
            CommandRun.Done { Result: CommandResult.Refused } => "refused",
            _ => "done",
        };
        var tags = new TagList { { CommandTag, command }, { OutcomeTag, outcome } };
        Duration.Record(took.TotalSeconds, tags);
        if (run is CommandRun.Done { Result: var result })
        {
            CommandCount.Add(1, tags);
            if (result is CommandResult.Faulted faulted)
            {
                activity?.SetStatus(ActivityStatusCode.Error, faulted.Reason);
            }
        }

        activity?.SetTag(OutcomeTag, outcome);
    }

    internal static void Ended(Outcome outcome) => EndedCount.Add(1, new KeyValuePair<string, object?>(OutcomeTag, outcome.ToString()));
}
