using System.Text.Json.Serialization;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// Pairs of answers to the same request, stable's and that of a candidate in the shadow, as sums that merge. Values that are zero are left
/// out of the JSON.
/// </summary>
public sealed record PairTotals
{
    /// <summary>Nothing.</summary>
    public static readonly PairTotals None = new();

    /// <summary>Requests that both versions came to an end with, good or bad.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Pairs { get; init; }

    /// <summary>Of them: only stable failed (no answer, or a status of 400 or more).</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long StableFailed { get; init; }

    /// <summary>Of them: only the candidate failed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long CandidateFailed { get; init; }

    /// <summary>Of them: both answered with something of which it can be said whether it agrees.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Compared { get; init; }

    /// <summary>The sum of the shares, 0 to 1, of each compared answer that disagrees.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double Disagreement { get; init; }

    /// <summary>Of the pairs: both answered with scores, vectors or text, so that there is a distance.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Scored { get; init; }

    /// <summary>The sum of the distances, each 0 to 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public double ScoreDifference { get; init; }

    /// <summary>Of the pairs: both answered, and the gateway could compare neither agreement nor distance.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long NotCompared { get; init; }

    /// <summary>Of the pairs: both have a duration. A candidate that ran into its time-out has: it took at least that long.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Timed { get; init; }

    /// <summary>Of them: the candidate took longer than the tolerated multiple of stable's time.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Slower { get; init; }

    /// <summary>Stable's times in the timed pairs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public LogHistogram? StableLatency { get; init; }

    /// <summary>Requests that should have been mirrored while too many were under way; no pairs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Dropped { get; init; }

    /// <summary>Requests that should have been mirrored whose body or answer was too large to keep; no pairs.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long TooLarge { get; init; }

    /// <summary>Both together.</summary>
    public PairTotals Plus(PairTotals other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new PairTotals
        {
            Pairs = Pairs + other.Pairs,
            StableFailed = StableFailed + other.StableFailed,
            CandidateFailed = CandidateFailed + other.CandidateFailed,
            Compared = Compared + other.Compared,
            Disagreement = Disagreement + other.Disagreement,
            Scored = Scored + other.Scored,
            ScoreDifference = ScoreDifference + other.ScoreDifference,
            NotCompared = NotCompared + other.NotCompared,
            Timed = Timed + other.Timed,
            Slower = Slower + other.Slower,
            StableLatency = StableLatency is null ? other.StableLatency : other.StableLatency is null ? StableLatency : StableLatency.Merge(other.StableLatency),
            Dropped = Dropped + other.Dropped,
            TooLarge = TooLarge + other.TooLarge,
        };
    }

    /// <summary>Whether sums and counts can be of real pairs: none is negative, and no part is more than the whole.</summary>
    [JsonIgnore]
    public bool IsPossible =>
        StableFailed >= 0 && CandidateFailed >= 0 && Compared >= 0 && Scored >= 0 && NotCompared >= 0 && Slower >= 0 && Dropped >= 0 && TooLarge >= 0
        && StableFailed + CandidateFailed <= Pairs
        && Compared <= Pairs && Scored <= Pairs && NotCompared <= Pairs && Timed <= Pairs && Slower <= Timed
        && Disagreement >= 0 && Disagreement <= Compared + Rounding && ScoreDifference >= 0 && ScoreDifference <= Scored + Rounding;

    // Sums of shares are rounded.
    private double Rounding => 1e-9 * (1 + Pairs);
}
