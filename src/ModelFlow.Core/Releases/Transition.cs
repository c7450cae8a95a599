using System.Text.Json.Nodes;
using ModelFlow.Core.People;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Releases.Stages;

namespace ModelFlow.Core.Releases;

/// <summary>One decision in the making: the stages change it, the decider turns it into a <see cref="Decision"/>.</summary>
internal sealed class Transition(ReleaseState state, Policy policy, PeopleDirectory people, DateTimeOffset now)
{
    private const string System = "modelflow";
    private readonly List<ReleaseEvent> _events = [];

    public ReleaseState State { get; set; } = state;

    public Policy Policy { get; } = policy;

    public PeopleDirectory People { get; } = people;

    public DateTimeOffset Now { get; } = now;

    public IReadOnlyList<ReleaseEvent> Events => _events;

    public bool IsPaused => State.PausedAt is not null;

    public void Record(string kind, string message, string by = System, JsonObject? data = null)
    {
        var e = ReleaseEvents.Seal(State, kind, message, by, Now, data);
        _events.Add(e);
        State = State with { EventCount = e.Seq, EventHash = e.Hash };
    }

    public void Enter(Stage stage, string message, JsonObject? data = null)
    {
        State = State with { Stage = stage, StageSince = Now, Pending = null, NotBefore = null, Retries = 0 };
        Record("stageEntered", message, data: data);
    }

    /// <summary>The latch: the first failure counts. From here on no stage leads to more traffic.</summary>
    public void Fail(Outcome outcome, string by, string reason, string actor = System)
    {
        if (State.Failure is null)
        {
            ExperimentStep.Cut(this, reason);
            State = State with { Failure = new Failure(outcome, by, reason) };
            Record("failed", reason, actor, new JsonObject { ["outcome"] = Camel(outcome), ["by"] = by });
        }

        if (State.AskedForTraffic)
        {
            Enter(new Stage.Withdrawing(), State.Stage is Stage.Shadowing ? "No more requests are mirrored; no user got the version's answers." : "Traffic goes back to the stable version.");
        }
        else
        {
            Close(State.Failure.Outcome);
        }
    }

    /// <summary>Tidies up if there is anything to tidy, then ends.</summary>
    public void Close(Outcome outcome)
    {
        if (State.AskedForTurn)
        {
            Enter(new Stage.Closing(outcome), "The turn is given back.");
        }
        else
        {
            End(outcome);
        }
    }

    public void End(Outcome outcome)
    {
        var reason = State.Failure?.Reason ?? $"{State.Id.Version} is the stable version of {State.Id.Model}.";
        State = State with { Stage = new Stage.Ended(outcome, reason), StageSince = Now, Pending = null, NotBefore = null, Retries = 0 };
        Record("ended", reason, data: new JsonObject { ["outcome"] = Camel(outcome), ["by"] = State.Failure?.By });
    }

    public NextStep Issue(Command command)
    {
        if (State.NotBefore is { } notBefore && notBefore > Now)
        {
            return new NextStep.WaitUntil(notBefore);
        }

        var pending = new PendingCommand(State.CommandSeq + 1, command);
        State = State with { CommandSeq = pending.Seq, Pending = pending, NotBefore = null };
        return new NextStep.Run(pending);
    }

    private static string Camel(Outcome outcome) => char.ToLowerInvariant(outcome.ToString()[0]) + outcome.ToString()[1..];
}
