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

    /// <summary>Every file of the version, at least one, paths unique without regard to letter case.</summary>
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
}

/// <summary>One file of a version.</summary>
/// <param name="Path">Relative, with <c>/</c>, without <c>.</c> or <c>..</c> segments.</param>
/// <param name="Size">Bytes.</param>
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
}

/// <summary>A training data set.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sha256">Digest of its content, if it has one.</param>
/// <param name="Uri">Where it lies, if that can be said.</param>
public sealed record TrainingData(string Name, Sha256Digest? Sha256, string? Uri);
