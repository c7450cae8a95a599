namespace ModelFlow.Cli.Contracts;

/// <summary>A page of a list.</summary>
internal sealed record Page<T>(IReadOnlyList<T> Items);

/// <summary>A model and what is live.</summary>
internal sealed record ModelItem(string Model, string? Stable, IReadOnlyList<CandidateItem>? Candidates, long? Generation, string? Ramping, bool Frozen);

/// <summary>A version with a share of traffic.</summary>
internal sealed record CandidateItem(string Version, int Weight);

/// <summary>A model in full.</summary>
internal sealed record ModelDetail(
    string Model,
    string? Stable,
    IReadOnlyList<CandidateItem>? Candidates,
    long? Generation,
    string? Ramping,
    bool Frozen,
    LiveRoute? Route,
    IReadOnlyList<DeploymentItem>? Deployments,
    IReadOnlyList<FreezeItem>? Freezes,
    string? Policy,
    int Versions);

/// <summary>A route and until when its candidates' weights hold.</summary>
internal sealed record LiveRoute(RouteItem Route, DateTimeOffset? LeaseUntil);

/// <summary>One generation of a model's route.</summary>
internal sealed record RouteItem(
    string Model,
    long Generation,
    string? Stable,
    IReadOnlyList<CandidateItem>? Candidates,
    string? Release,
    int? Step,
    string Cause,
    DateTimeOffset At);

/// <summary>A version on the model servers.</summary>
internal sealed record DeploymentItem(string Version, DateTimeOffset LoadedAt, TimeSpan LoadTime, bool Loaded, DateTimeOffset? KeepUntil);

/// <summary>A freeze.</summary>
internal sealed record FreezeItem(string Scope, string By, DateTimeOffset At, string Reason);

/// <summary>A version in a list.</summary>
internal record VersionItem
{
    public required string Model { get; init; }

    public required string Version { get; init; }

    public required string Digest { get; init; }

    public string? Format { get; init; }

    public long Bytes { get; init; }

    public string? Uploader { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? FirstStableAt { get; init; }

    public DateTimeOffset? LastStableAt { get; init; }

    public string? Tier { get; init; }

    public bool Pinned { get; init; }

    public bool Deleted { get; init; }

    public RevocationItem? Revoked { get; init; }

    public string? Live { get; init; }

    public int? Weight { get; init; }
}

/// <summary>A version in full.</summary>
internal sealed record VersionDetail : VersionItem
{
    public ManifestItem? Manifest { get; init; }

    public SignatureItem? Signature { get; init; }

    public DeploymentItem? Deployment { get; init; }

    public string? LatestRelease { get; init; }

    public IReadOnlyList<string>? Reports { get; init; }
}

/// <summary>Who forbade a version and why.</summary>
internal sealed record RevocationItem(string By, DateTimeOffset At, string Reason);

/// <summary>A manifest, as far as it is shown.</summary>
internal sealed record ManifestItem(IReadOnlyList<ManifestFileItem> Files, string? Owner, string? Description, LineageItem? Lineage, IReadOnlyDictionary<string, double>? Metrics);

/// <summary>A file of a version.</summary>
internal sealed record ManifestFileItem(string Path, long Size, string Sha256);

/// <summary>Where a version came from.</summary>
internal sealed record LineageItem(DatasetItem? Dataset, IReadOnlyDictionary<string, string>? Parameters, string? GitCommit, string? GitRepository, string? Parent, DateTimeOffset? TrainedAt);

/// <summary>A training data set.</summary>
internal sealed record DatasetItem(string Name, string? Sha256, string? Uri);

/// <summary>Inputs and outputs of a version.</summary>
internal sealed record SignatureItem(IReadOnlyList<TensorItem> Inputs, IReadOnlyList<TensorItem> Outputs);

/// <summary>One input or output.</summary>
internal sealed record TensorItem(string Name, string Datatype, IReadOnlyList<long> Shape)
{
    public override string ToString() => $"{Name} {Datatype}[{string.Join(",", Shape.Select(d => d < 0 ? "N" : d.ToString(System.Globalization.CultureInfo.InvariantCulture)))}]";
}

/// <summary>Two versions side by side.</summary>
internal sealed record Comparison(
    VersionItem A,
    VersionItem B,
    SignatureChange? Signature,
    IReadOnlyList<FieldChange>? Manifest,
    IReadOnlyList<MetricChange>? Training,
    EvaluationChange? Evaluation);

/// <summary>How inputs and outputs differ.</summary>
internal sealed record SignatureChange(bool Same, bool Breaking, IReadOnlyList<string>? Changes);

/// <summary>A field of the manifest that differs.</summary>
internal sealed record FieldChange(string Field, string? A, string? B);

/// <summary>A number of both.</summary>
internal sealed record MetricChange(string Name, double? A, double? B, double? Difference, IntervalItem? Interval);

/// <summary>A number of both on one slice.</summary>
internal sealed record SliceChange(string Slice, string Metric, double? A, double? B, double? Difference, IntervalItem? Interval);

/// <summary>An interval of a difference.</summary>
internal sealed record IntervalItem(double Low, double High);

/// <summary>What both answered to the same rows.</summary>
internal sealed record PredictionChange(long Rows, long OnlyARight, long OnlyBRight, long Flipped, IReadOnlyList<FlippedItem>? Items);

/// <summary>A row that they answered differently.</summary>
internal sealed record FlippedItem(long Row, string? Id, string Label, string? A, string? B);

/// <summary>What the evaluations of both found.</summary>
internal sealed record EvaluationChange(
    bool Comparable,
    bool? Together,
    string? Reason,
    double Confidence,
    IReadOnlyList<MetricChange>? Metrics,
    IReadOnlyList<SliceChange>? Slices,
    PredictionChange? Predictions);
