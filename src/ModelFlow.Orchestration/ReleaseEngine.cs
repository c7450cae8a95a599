using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration;

/// <summary>
/// The two verbs a host drives a release with: <see cref="AdvanceAsync"/> decides and saves, <see cref="ExecuteAsync"/> with
/// <see cref="StoreResultAsync"/> does one thing to the world and keeps what came of it.
/// </summary>
public sealed class ReleaseEngine(IReleaseStore releases, IReleaseIndex index, PolicyCache policies, CommandRunner commands, TimeProvider time)
{
    private const int MaxConflicts = 10;

    /// <summary>
    /// Loads the release, takes in unread signals and the result of the last command, decides, and saves state, events and
    /// consumed signals in one batch. Null if there is no such release.
    /// </summary>
    /// <param name="id">The release.</param>
    /// <param name="known">The release as the last write left it, when nobody can have sent a signal since; saves a read. Never trusted: the save is conditional on it.</param>
    /// <param name="cancellationToken">Ends the attempt; nothing is half-written.</param>
    /// <exception cref="InvalidOperationException">Others kept writing first.</exception>
    public async Task<Advanced?> AdvanceAsync(ReleaseId id, ReleaseSnapshot? known, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxConflicts; i++)
        {
            var read = known ?? await releases.LoadAsync(id, cancellationToken);
            if (read is null)
            {
                return null;
            }

            known = null;
            var facts = new Facts
            {
                Policy = await policies.GetAsync(read.State.PolicyDigest, cancellationToken),
                Signals = read.Signals,
                Result = read.Result,
            };
            var decision = ReleaseDecider.Decide(read.State, facts, time.GetUtcNow());
            var saved = decision.IsChange
                ? await releases.SaveAsync(read, decision.State, decision.Events, decision.ConsumedSignals, cancellationToken)
                : new SaveRelease.Saved(read);
            if (saved is SaveRelease.Saved s)
            {
                if (decision.Next is NextStep.End)
                {
                    await index.PutAsync(Summary(decision.State), cancellationToken);
                }

                return new Advanced(decision.Next, s.Snapshot);
            }
        }

        throw new InvalidOperationException($"Release {id} was written by others {MaxConflicts} times in a row.");
    }

    /// <summary>Does the pending command. What the world answers is a value; an infrastructure failure is one too.</summary>
    public async Task<CommandResult> ExecuteAsync(ReleaseSnapshot snapshot, CancellationToken cancellationToken)
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

    /// <summary>A release as it stands in lists.</summary>
    public static ReleaseSummary Summary(ReleaseState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var ended = state.Stage as Stage.Ended;
        return new ReleaseSummary
        {
            Id = state.Id,
            StartedBy = state.StartedBy,
            StartedAt = state.StartedAt,
            Stage = state.Stage.Name,
            Outcome = ended?.Outcome,
            Reason = ended?.Reason,
            EndedAt = ended is null ? null : state.StageSince,
        };
    }
}

/// <summary>A release after a decision.</summary>
/// <param name="Next">What it needs next.</param>
/// <param name="Snapshot">As it is stored now.</param>
public sealed record Advanced(NextStep Next, ReleaseSnapshot Snapshot);
