using ModelFlow.Core.Releases.Stages;

namespace ModelFlow.Core.Releases;

/// <summary>
/// The heart: from a release's state, the facts and the time follows the new state, what happened, and what is needed next.
/// Pure: the same arguments give the same answer. The story of each stage is in its file under <c>Stages</c>.
/// </summary>
public static class ReleaseDecider
{
    /// <summary>How often a command that only failed for want of infrastructure is tried before the release fails.</summary>
    public const int MaxRetries = 8;

    // A batch holds 100 rows; a decision takes in at most so many signals, the rest follow in the next.
    private const int MaxSignals = 20;

    // More steps in one decision than there are stages would be a loop.
    private const int MaxSteps = 16;

    /// <summary>A stage's answer when it has changed the stage and the new one must say what is next.</summary>
    internal static readonly NextStep Again = new NextStep.WaitUntil(DateTimeOffset.MinValue);

    /// <summary>Decides. Nothing of an ended release changes.</summary>
    /// <param name="state">The state as it was read.</param>
    /// <param name="facts">What else was read.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="InvalidOperationException">The rules do not lead to a next step: a bug.</exception>
    public static Decision Decide(ReleaseState state, Facts facts, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(facts);
        if (state.Outcome is { } outcome)
        {
            return new Decision(state, [], [], new NextStep.End(outcome), IsChange: false);
        }

        var t = new Transition(state, facts.Policy, facts.People, now);

        // The result first: what has happened counts before what is wished for.
        if (state.Pending is { } pending && facts.Result is { } result)
        {
            t.State = t.State with { Pending = null };
            Take(t, pending, result);
        }

        var consumed = new List<string>();
        foreach (var signal in facts.Signals.Take(MaxSignals))
        {
            if (t.State.Outcome is null && Signals.CanTakeIn(t.State, signal))
            {
                Signals.TakeIn(t, signal);
                consumed.Add(signal.Id);
            }
        }

        var next = Step(t);
        return new Decision(t.State, t.Events, consumed, next, IsChange: consumed.Count > 0 || !t.State.Equals(state));
    }

    private static void Take(Transition t, PendingCommand pending, CommandResult result)
    {
        switch (result)
        {
            case CommandResult.Faulted faulted:
                Retry(t, pending.Command, faulted.Reason);
                return;
            case CommandResult.Refused refused:
                t.Fail(HasHadTraffic(t.State) ? Outcome.RolledBack : Outcome.Rejected, refused.By, refused.Reason);
                return;
        }

        t.State = t.State with { Retries = 0 };
        switch (t.State.Stage)
        {
            case Stage.Registering: RegisteringStage.Take(t, result); break;
            case Stage.Inspecting: InspectingStage.Take(t, result); break;
            case Stage.SmokeTesting: SmokeTestingStage.Take(t, result); break;
            case Stage.Evaluating: EvaluatingStage.Take(t, result); break;
            case Stage.AwaitingTurn: AwaitingTurnStage.Take(t, result); break;
            case Stage.Loading: LoadingStage.Take(t, result); break;
            case Stage.Shadowing stage: ShadowingStage.Take(t, stage, result); break;
            case Stage.Ramping stage: RampingStage.Take(t, stage, result); break;
            case Stage.Promoting stage: PromotingStage.Take(t, stage, result); break;
            case Stage.Withdrawing: WithdrawingStage.Take(t, result); break;
            case Stage.Closing stage: ClosingStage.Take(t, stage, result); break;
        }
    }

    internal static bool HasHadTraffic(ReleaseState state) => state.Stage switch
    {
        Stage.Ramping ramp => ramp.Step > 0 || ramp.Phase != RampPhase.Shifting,
        Stage.Promoting promoting => promoting.From is not null,
        _ => false,
    };

    private static void Retry(Transition t, Command command, string reason)
    {
        // These are owed to the users whatever it takes; a look that cannot be made lets the lease run out by itself.
        var owed = command is Command.RestoreTraffic or Command.CloseRelease or Command.PromoteVersion or Command.LookAtTraffic or Command.LookAtShadow;
        var retries = t.State.Retries + 1;
        if (!owed && retries > MaxRetries)
        {
            t.Fail(Outcome.Failed, "infrastructure", $"{command.GetType().Name} failed {retries} times, last: {reason}");
            return;
        }

        var wait = TimeSpan.FromSeconds(Math.Min(30, 0.25 * Math.Pow(2, Math.Min(retries, 10) - 1)));
        t.State = t.State with { Retries = retries, NotBefore = t.Now + wait };
        t.Record("retrying", $"{command.GetType().Name} failed and is tried again in {wait.TotalSeconds:0.##} s: {reason}");
    }

    private static NextStep Step(Transition t)
    {
        for (var i = 0; i < MaxSteps; i++)
        {
            if (t.State.Pending is { } pending)
            {
                return new NextStep.Run(pending);
            }

            var next = t.State.Stage switch
            {
                Stage.Registering => RegisteringStage.Step(t),
                Stage.Inspecting => InspectingStage.Step(t),
                Stage.SmokeTesting => SmokeTestingStage.Step(t),
                Stage.Evaluating => EvaluatingStage.Step(t),
                Stage.AwaitingApproval stage => AwaitingApprovalStage.Step(t, stage),
                Stage.AwaitingTurn stage => AwaitingTurnStage.Step(t, stage),
                Stage.Loading => LoadingStage.Step(t),
                Stage.Shadowing stage => ShadowingStage.Step(t, stage),
                Stage.Ramping stage => RampingStage.Step(t, stage),
                Stage.Promoting stage => PromotingStage.Step(t, stage),
                Stage.Withdrawing => WithdrawingStage.Step(t),
                Stage.Closing stage => ClosingStage.Step(t, stage),
                Stage.Ended ended => new NextStep.End(ended.Outcome),
                _ => throw new InvalidOperationException($"Stage {t.State.Stage.Name} has no rules."),
            };
            if (!ReferenceEquals(next, Again))
            {
                return next;
            }
        }

        throw new InvalidOperationException($"Release {t.State.Id} does not come to rest in stage {t.State.Stage.Name}.");
    }
}
