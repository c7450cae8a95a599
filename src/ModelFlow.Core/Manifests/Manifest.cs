using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Manifests;

/// <summary>What an uploader says about a version: its files and where they came from. Read by <c>ManifestReader</c>.</summary>
public sealed record Manifest
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/manifest/v1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The model the version belongs to.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The version.</summary>
    public required VersionName Version { get; init; }

    /// <summary>The model format in lower case, for example <c>onnx</c>, <c>gguf</c>, <c>safetensors</c>.</summary>
    public required string Format { get; init; }

    /// <summary>Every file of the version, 1 to 10,000, in the order of their paths, which are unique without regard to letter case.</summary>
    public required IReadOnlyList<ManifestFile> Files { get; init; }

    /// <summary>Who answers for the version: a person or a team.</summary>
    public string? Owner { get; init; }

    /// <summary>What this version is for, in a sentence or two.</summary>
    public string? Description { get; init; }

    /// <summary>Where the version came from.</summary>
    public Lineage Lineage { get; init; } = new();

    /// <summary>Metrics that training reported; for information, gates never use them.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; init; } = new Dictionary<string, double>(StringComparer.Ordinal);

    /// <summary>The sum of the files' sizes in bytes.</summary>
    public long TotalBytes => Files.Sum(f => f.Size);

    /// <inheritdoc/>
    public bool Equals(Manifest? other) => other is not null
        && string.Equals(Schema, other.Schema, StringComparison.Ordinal)
        && Model == other.Model && Version == other.Version
        && string.Equals(Format, other.Format, StringComparison.Ordinal)
        && Files.SequenceEqual(other.Files)
        && string.Equals(Owner, other.Owner, StringComparison.Ordinal)
        && string.Equals(Description, other.Description, StringComparison.Ordinal)
        && Lineage == other.Lineage
        && Metrics.Count == other.Metrics.Count
        && Metrics.All(m => other.Metrics.TryGetValue(m.Key, out var value) && m.Value.Equals(value));

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Model, Version, Files.Count, Lineage);
}

/// <summary>One file of a version.</summary>
/// <param name="Path">Relative, with <c>/</c>, without <c>.</c> or <c>..</c> segments, at most 512 characters: see <see cref="RelativePath"/>.</param>
/// <param name="Size">Bytes, from 0 to the most a block blob can hold.</param>
/// <param name="Sha256">Digest of the whole file.</param>
public sealed record ManifestFile(string Path, long Size, Sha256Digest Sha256);

/// <summary>Where a version came from.</summary>
public sealed record Lineage
{
    /// <summary>The data set it was trained on.</summary>
    public TrainingData? Dataset { get; init; }

    /// <summary>Training parameters as reported.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The git commit of the training code: 40 or 64 hexadecimal digits.</summary>
    public string? GitCommit { get; init; }

    /// <summary>The repository <see cref="GitCommit"/> is in.</summary>
    public string? GitRepository { get; init; }

    /// <summary>The version this one was fine-tuned or continued from.</summary>
    public VersionName? Parent { get; init; }

    /// <summary>When training ended.</summary>
    public DateTimeOffset? TrainedAt { get; init; }

    /// <inheritdoc/>
    public bool Equals(Lineage? other) => other is not null
        && Dataset == other.Dataset
        && Parameters.Count == other.Parameters.Count
        && Parameters.All(p => other.Parameters.TryGetValue(p.Key, out var value) && string.Equals(p.Value, value, StringComparison.Ordinal))
        && string.Equals(GitCommit, other.GitCommit, StringComparison.Ordinal)
        && string.Equals(GitRepository, other.GitRepository, StringComparison.Ordinal)
        && Parent == other.Parent && TrainedAt == other.TrainedAt;

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Dataset, GitCommit, Parent, TrainedAt, Parameters.Count);
}

/// <summary>A training data set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sha256">Digest of its content, if it has one.</param>
/// <param name="Uri">Where it lies, if that can be said.</param>
public sealed record TrainingData(string Name, Sha256Digest? Sha256, string? Uri);
