using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>
/// Hands jobs over to agents that run elsewhere, and takes their outputs back: files that both sides reach. A job may be started
/// several times; its claim lets one start evaluate at a time, and each start has outputs of its own, so that outputs never mix.
/// </summary>
public interface IEvaluationHandover
{
    /// <summary>What is there of a job.</summary>
    Task<HandoverState> LookAsync(string jobId, CancellationToken cancellationToken);

    /// <summary>
    /// Describes start <see cref="HandoverOrder.Start"/> of a job, create-only: the same start again gives the description that is there.
    /// </summary>
    Task<PrepareStart> PrepareAsync(HandoverOrder order, CancellationToken cancellationToken);

    /// <summary>Notes that the platform took a start on. Repeating it is fine; the first name stays.</summary>
    Task NoteStartedAsync(string jobId, int start, string container, CancellationToken cancellationToken);

    /// <summary>The description of a start that was prepared; null if it was not.</summary>
    Task<PreparedStart?> FindAsync(string jobId, int start, CancellationToken cancellationToken);

    /// <summary>The outcome of a start, at most <see cref="RemoteOutcome.Largest"/> bytes; null if there is none yet.</summary>
    Task<byte[]?> ReadOutcomeAsync(string jobId, int start, CancellationToken cancellationToken);

    /// <summary>Opens an output of a start; null if it is not there.</summary>
    Task<Stream?> OpenAsync(string jobId, int start, RemoteFile file, CancellationToken cancellationToken);

    /// <summary>
    /// Takes the claim for good: no start evaluates the job any more, and one that does finds out at its next heartbeat. Repeating it is fine.
    /// </summary>
    Task StopAsync(string jobId, CancellationToken cancellationToken);
}

/// <summary>An output of a start.</summary>
public enum RemoteFile
{
    /// <summary>The report.</summary>
    Report,

    /// <summary>The predictions.</summary>
    Predictions,

    /// <summary>The log.</summary>
    Log,
}

/// <summary>What is to be described.</summary>
/// <param name="Job">The job.</param>
/// <param name="Start">Which start of it, from 1.</param>
/// <param name="Image">The evaluator's image with its digest.</param>
/// <param name="Variables">The evaluator's variables, without places.</param>
/// <param name="ValidFor">How long its grants work, up to a day.</param>
/// <param name="MemoryMiB">The most resident memory the evaluator may hold.</param>
/// <param name="OutputMiB">The most it may write.</param>
/// <param name="MostInputBytes">The most its inputs may have together; null for no limit.</param>
public sealed record HandoverOrder(
    EvaluationJob Job, int Start, string Image, IReadOnlyDictionary<string, string> Variables, TimeSpan ValidFor, int MemoryMiB, int OutputMiB, long? MostInputBytes);

/// <summary>The outcome of describing a start.</summary>
public abstract record PrepareStart
{
    private PrepareStart()
    {
    }

    /// <summary>It is described.</summary>
    public sealed record Prepared(PreparedStart Start) : PrepareStart;

    /// <summary>Its inputs have more bytes than allowed.</summary>
    public sealed record TooLarge(long InputBytes) : PrepareStart;

    /// <summary>An input is not there.</summary>
    public sealed record Missing(string Reason) : PrepareStart;
}

/// <summary>A start that is described.</summary>
/// <param name="JobId">The job.</param>
/// <param name="Number">Which start, from 1.</param>
/// <param name="Image">The image it is to be run with.</param>
/// <param name="Description">A grant to read the description: a secret, and the container's one variable.</param>
/// <param name="InputBytes">The bytes of all its inputs.</param>
/// <param name="PreparedAt">When, by the storage's clock.</param>
public sealed record PreparedStart(string JobId, int Number, string Image, Uri Description, long InputBytes, DateTimeOffset PreparedAt)
{
    /// <summary>Never the grant: it must not get into a log by accident.</summary>
    public override string ToString() => $"{JobId} (start {Number})";
}

/// <summary>What is there of a job.</summary>
/// <param name="Starts">The starts that were prepared; 0 for an unknown job.</param>
/// <param name="SincePrepared">How long ago the last of them was, by the storage's clock.</param>
/// <param name="IsStarted">Whether the platform took the last of them on, as far as was noted.</param>
/// <param name="Claim">The claim; null if nobody evaluates it yet.</param>
/// <param name="ClaimAge">How long ago it was renewed, by the storage's clock.</param>
/// <param name="HasOutcome">Whether the start that holds the claim has left its outcome.</param>
public sealed record HandoverState(int Starts, TimeSpan SincePrepared, bool IsStarted, RemoteClaim? Claim, TimeSpan ClaimAge, bool HasOutcome)
{
    /// <summary>Nothing is there.</summary>
    public static HandoverState Unknown { get; } = new(0, TimeSpan.Zero, IsStarted: false, null, TimeSpan.Zero, HasOutcome: false);

    /// <summary>Whether the claim's holder gives signs of life.</summary>
    public bool IsHeld => Claim is not null && ClaimAge < RemoteClaim.StaleAfter;
}
