using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Experiments;

/// <summary>What an experiment says: its result once it is decided, until then how far it is. Kept with its release.</summary>
public sealed record ExperimentReport
{
    /// <summary>The ramp step, counted from 0.</summary>
    public required int Step { get; init; }

    /// <summary>What is compared.</summary>
    public required ExperimentMetric Metric { get; init; }

    /// <summary>When its result counts.</summary>
    public required ExperimentMode Mode { get; init; }

    /// <summary>How sure a result has to be.</summary>
    public required double Confidence { get; init; }

    /// <summary>The least difference that matters.</summary>
    public required double MinimumEffect { get; init; }

    /// <summary>Fixed mode: outcomes that each version has at the one look; null in sequential mode.</summary>
    public long? SampleSize { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset BegunAt { get; init; }

    /// <summary>When it was decided or ended; null while it runs.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    /// <summary>What it came to.</summary>
    public ExperimentVerdict Verdict { get; init; } = ExperimentVerdict.Running;

    /// <summary>In a sentence, with the numbers.</summary>
    public string Message { get; init; } = "It has begun.";

    /// <summary>Stable's outcomes.</summary>
    public ExperimentArm Stable { get; init; } = new(0, 0, 1);

    /// <summary>The candidate's outcomes.</summary>
    public ExperimentArm Candidate { get; init; } = new(0, 0, 1);

    /// <summary>Candidate minus stable; null while nothing may be said: before both have outcomes, and in fixed mode before its look.</summary>
    public double? Effect { get; init; }

    /// <summary>Bounds of the true difference: at all looks at once in sequential mode, at its one look in fixed mode.</summary>
    public MetricInterval? Interval { get; init; }

    /// <summary>What happened to each slice that clients named, by name.</summary>
    public IReadOnlyList<SliceReport> Slices { get; init; } = [];
}

/// <summary>What an experiment came to.</summary>
public enum ExperimentVerdict
{
    /// <summary>Nothing yet.</summary>
    Running,

    /// <summary>It is established that the candidate is better.</summary>
    Winner,

    /// <summary>It is established that it is worse, or worse in a guarded slice.</summary>
    Loser,

    /// <summary>It is established that they differ by less than matters.</summary>
    NoDifference,

    /// <summary>Its time was over before anything was established: never the same as no difference.</summary>
    Inconclusive,

    /// <summary>Something else ended it: an operator, a guardrail, a newer version.</summary>
    NotDecided,
}

/// <summary>One version's outcomes.</summary>
/// <param name="Outcomes">How many.</param>
/// <param name="Mean">Their mean, 0 to 1; 0 of none.</param>
/// <param name="DesignEffect">How many count as one, as those of one user resemble each other; estimated.</param>
public sealed record ExperimentArm(long Outcomes, double Mean, double DesignEffect);

/// <summary>What happened to one slice.</summary>
/// <param name="Slice">Its name; <c>other</c> for all that were not told apart.</param>
/// <param name="Guarded">Whether harm in it loses the experiment.</param>
/// <param name="Stable">Stable in it.</param>
/// <param name="Candidate">The candidate in it.</param>
/// <param name="Effect">Candidate minus stable; null while nothing may be said.</param>
/// <param name="Interval">Wider than that of the whole: all shown slices hold together. See <see cref="ExperimentReport.Interval"/>.</param>
public sealed record SliceReport(string Slice, bool Guarded, SliceArm Stable, SliceArm Candidate, double? Effect = null, MetricInterval? Interval = null);

/// <summary>One version in a slice.</summary>
/// <param name="Requests">Its requests.</param>
/// <param name="Errors">Of them failed by its fault.</param>
/// <param name="Outcomes">Its outcomes of the experiment's metric.</param>
/// <param name="Mean">Their mean, 0 to 1; 0 of none.</param>
public sealed record SliceArm(long Requests, long Errors, long Outcomes, double Mean);
