using System.Diagnostics;
using ModelFlow.Core.Naming;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Notifications;

namespace ModelFlow.Orchestration;

/// <summary>
/// The two verbs a host drives a release with: <see cref="AdvanceAsync"/> decides and saves, <see cref="ExecuteAsync"/> with
/// <see cref="StoreResultAsync"/> does one thing to the world and keeps what came of it. A host that has the result at hand may keep it
/// and decide on it at once, with <see cref="FinishAsync"/>.
/// </summary>
public sealed class ReleaseEngine(IReleaseStore releases, IReleaseIndex index, PolicyCache policies, CommandRunner commands, Outbox outbox, IPeopleStore people, TimeProvider time)
{
    private const int MaxConflicts = 10;

    /// <summary>
    /// Loads the release, takes in unread signals and the result of the last command, decides, and saves state, events and
    /// consumed signals in one batch. Null if there is no such release.
    /// </summary>
    /// <param name="id">The release.</param>
    /// <param name="cancellationToken">Ends the attempt; nothing is half-written.</param>
    /// <exception cref="InvalidOperationException">Others kept writing first.</exception>
    public async Task<Advanced?> AdvanceAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        using var activity = ReleaseTelemetry.StartAdvance(id);
        for (var i = 0; i < MaxConflicts; i++)
        {
            if (await releases.LoadAsync(id, cancellationToken) is not { } read)
            {
                return null;
            }

            var decision = await DecideAsync(read, cancellationToken);
            var saved = decision.IsChange
                ? await releases.SaveAsync(read, decision.State, decision.Events, decision.ConsumedSignals, cancellationToken)
                : new SaveRelease.Saved(read);
            if (saved is SaveRelease.Saved { Snapshot: var snapshot })
            {
                if (read is { Result: null, State.Pending: { } given } && decision.State.Pending?.Seq != given.Seq)
                {
                    await commands.AbandonAsync(id, given, cancellationToken);
                }

                return await AdvancedToAsync(read, decision, snapshot, activity, cancellationToken);
            }
        }

        throw new InvalidOperationException($"Release {id} was written by others {MaxConflicts} times in a row.");
    }

    /// <summary>
    /// Keeps the pending command's result and decides on it, in one batch. Takes in no signal that came after <paramref name="snapshot"/>
    /// was read: for a host that knows of none. Null if the release was written by somebody else since: nothing was kept, load it again.
    /// </summary>
    public async Task<Advanced?> FinishAsync(ReleaseSnapshot snapshot, CommandResult result, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        using var activity = ReleaseTelemetry.StartAdvance(snapshot.State.Id);
        var decision = await DecideAsync(snapshot with { Result = result }, cancellationToken);
        var saved = await releases.SaveWithResultAsync(snapshot, result, decision.State, decision.Events, decision.ConsumedSignals, cancellationToken);
        return saved is SaveRelease.Saved { Snapshot: var next } ? await AdvancedToAsync(snapshot, decision, next, activity, cancellationToken) : null;
    }

    /// <summary>Does the pending command, or looks after what it started. What the world answers is a value; an infrastructure failure is one too.</summary>
    public async Task<CommandRun> ExecuteAsync(ReleaseSnapshot snapshot, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var pending = snapshot.State.Pending ?? throw new InvalidOperationException($"Release {snapshot.State.Id} has no pending command.");
        var policy = await policies.GetAsync(snapshot.State.PolicyDigest, cancellationToken);
        return await commands.RunAsync(new CommandContext(snapshot.State, pending, policy), cancellationToken);
    }

    /// <summary>Keeps a command's result; the first one stored counts. Null if the release was written by somebody else since: load it again.</summary>
    public async Task<ReleaseSnapshot?> StoreResultAsync(ReleaseSnapshot snapshot, CommandResult result, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var seq = snapshot.State.Pending!.Seq;
        return await releases.AddResultAsync(snapshot, seq, result, cancellationToken) is StoreResult.Stored stored ? stored.Snapshot : null;
    }

    private async Task<Decision> DecideAsync(ReleaseSnapshot read, CancellationToken cancellationToken)
    {
        var facts = new Facts
        {
            Policy = await policies.GetAsync(read.State.PolicyDigest, cancellationToken),
            Signals = read.Signals,
            Result = read.Result,
            People = AsksPeople(read) ? new PeopleDirectory(await people.ListAsync(cancellationToken)) : PeopleDirectory.Empty,
        };
        return ReleaseDecider.Decide(read.State, facts, time.GetUtcNow());
    }

    private static bool AsksPeople(ReleaseSnapshot read) =>
        read.State.Stage is Stage.AwaitingApproval || read.State.Asked is not null
        || read.Signals.Any(s => s.Kind is SignalKind.Approve or SignalKind.Reject or SignalKind.Withdraw);

    private async Task<Advanced> AdvancedToAsync(ReleaseSnapshot read, Decision decision, ReleaseSnapshot saved, Activity? activity, CancellationToken cancellationToken)
    {
        ReleaseTelemetry.Decided(activity, decision.State);
        if (read.State.Outcome is null && decision.State.Outcome is { } outcome)
        {
            ReleaseTelemetry.Ended(outcome);
        }

        // A release that has ended leaves the running ones only after its last events are entered; until then it is driven again.
        if (decision.Events.Count > 0 || decision.Next is NextStep.End)
        {
            await outbox.EnterAsync(decision.State, decision.Events, cancellationToken);
        }

        if (decision.Next is NextStep.End)
        {
            await index.PutAsync(ReleaseSummary.Of(decision.State), cancellationToken);
        }

        return new Advanced(decision.Next, saved);
    }
}

/// <summary>A release after a decision.</summary>
/// <param name="Next">What it needs next.</param>
/// <param name="Snapshot">As it is stored now.</param>
public sealed record Advanced(NextStep Next, ReleaseSnapshot Snapshot);
