using System.Runtime.InteropServices;
using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// What one version did in one window for one kind of traffic and one of 64 groups of sticky keys. The groups are there because
/// requests of one user resemble each other: whoever compares versions can treat a group, not a request, as the independent thing.
/// Values that are zero or empty are left out of the JSON.
/// </summary>
public sealed record TrafficCell
{
    /// <summary>The version the request was meant for.</summary>
    public required VersionName Version { get; init; }

    /// <summary>The group of the sticky key, 0 to 63: see <see cref="Bucketing"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int SubBucket { get; init; }

    /// <summary>How the requests came to this version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public TrafficKind Kind { get; init; }

    /// <summary>Requests that came to an end, good or bad, without those whose client went away first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Requests { get; init; }

    /// <summary>Of them: answered with a status of 500 or more, or with an answer that broke off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long UpstreamErrors { get; init; }

    /// <summary>Of them: not answered in time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Timeouts { get; init; }

    /// <summary>Of them: the version's server took no connection.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ConnectErrors { get; init; }

    /// <summary>Of them: answered with a status of 400 to 499. The client's mistake, so not an error of the version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ClientErrors { get; init; }

    /// <summary>Requests whose client went away before the end; not among <see cref="Requests"/> and not held against the version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long ClientAborts { get; init; }

    /// <summary>
    /// Time from the request's arrival to the last byte of its answer, of requests answered with a status below 400, and of timeouts:
    /// these took at least that long, and a slow version must not look fast by running into them.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LogHistogram? Latency { get; init; }

    /// <summary>Time from the request's arrival to the first byte of its answer, of requests answered with a status below 400.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LogHistogram? TimeToFirstByte { get; init; }

    /// <summary>Time from the request's arrival to the first token of its answer, of answers that were streams of tokens with a status below 400.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LogHistogram? TimeToFirstToken { get; init; }

    /// <summary>How long clients that went away had waited: a lower bound of what the answer would have taken.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LogHistogram? AbortedAfter { get; init; }

    /// <summary>Tokens in prompts, where the model server reports them.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long PromptTokens { get; init; }

    /// <summary>Tokens generated, where the model server reports them; of a stream that does not, the pieces that came with content.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long CompletionTokens { get; init; }

    /// <summary>Marks that users gave answers of this version.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FeedbackTotals Feedback { get; init; }

    /// <summary>
    /// Sticky keys that this gateway saw for the first time under this generation; a request without a key is its own key.
    /// Remembered in a fixed bit table, so of very many keys some are missed, of every version the same share.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long FirstSeenKeys { get; init; }

    /// <summary>Pairs of this version's answers with stable's to the same requests; null but in cells of the kind <see cref="TrafficKind.Shadow"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PairTotals? Pairs { get; init; }

    /// <summary>Requests that failed by the version's fault.</summary>
    [JsonIgnore]
    public long Errors => UpstreamErrors + Timeouts + ConnectErrors;
}

/// <summary>How a request came to a version.</summary>
public enum TrafficKind
{
    /// <summary>By the key's bucket: the only kind that is compared.</summary>
    Normal,

    /// <summary>The caller asked for the version.</summary>
    Pinned,

    /// <summary>A copy whose answer nobody saw.</summary>
    Shadow,

    /// <summary>By the key's bucket it belonged to a candidate, or to a fresh instance of stable, but that one had no lease or no server, so stable answered.</summary>
    Fallback,
}

/// <summary>Marks that users gave: enough to compute mean and variance.</summary>
/// <param name="Count">How many.</param>
/// <param name="Sum">Their sum; a mark is between 0 and 1.</param>
/// <param name="SumOfSquares">The sum of their squares.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FeedbackTotals(long Count, double Sum, double SumOfSquares)
{
    /// <summary>Both together.</summary>
    public static FeedbackTotals operator +(FeedbackTotals left, FeedbackTotals right) =>
        new(left.Count + right.Count, left.Sum + right.Sum, left.SumOfSquares + right.SumOfSquares);

    /// <summary>Both together.</summary>
    public static FeedbackTotals Add(FeedbackTotals left, FeedbackTotals right) => left + right;
}
