using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ModelFlow.Cli.Pushing;

/// <summary>What the command line says about a version. Null: not said.</summary>
internal sealed record ManifestOptions
{
    public required string Model { get; init; }

    public required string Version { get; init; }

    public string? Format { get; init; }

    public string? Owner { get; init; }

    public string? Description { get; init; }

    public string? Dataset { get; init; }

    public string? DatasetSha256 { get; init; }

    public string? DatasetUri { get; init; }

    public string? GitCommit { get; init; }

    public string? GitRepository { get; init; }

    public string? Parent { get; init; }

    public string? TrainedAt { get; init; }

    public IReadOnlyList<string> Parameters { get; init; } = [];

    public IReadOnlyList<string> Metrics { get; init; } = [];
}

/// <summary>
/// Makes <c>manifest.json</c> (<c>docs/schemas/manifest.schema.json</c>): what a manifest beside the files says, changed by the
/// command line, with the files as they were read.
/// </summary>
internal static partial class ManifestBuilder
{
    // By ending, for files whose format is plain from it.
    private static readonly Dictionary<string, string> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        [".onnx"] = "onnx",
        [".gguf"] = "gguf",
        [".safetensors"] = "safetensors",
        [".pt"] = "pytorch",
        [".pth"] = "pytorch",
        [".keras"] = "keras",
        [".tflite"] = "tflite",
    };

    /// <summary>Everything but the files; checked before a byte is sent.</summary>
    public static JsonObject Describe(PushSource source, ManifestOptions options)
    {
        var manifest = source.Manifest?.DeepClone().AsObject() ?? [];
        Agree(manifest, "model", options.Model);
        Agree(manifest, "version", options.Version);
        manifest["schema"] = "modelflow/manifest/v1";
        manifest["model"] = options.Model;
        manifest["version"] = options.Version;
        manifest["format"] = options.Format ?? (string?)manifest["format"] ?? FormatOf(source.Files);
        manifest.Remove("files");
        Set(manifest, "owner", options.Owner);
        Set(manifest, "description", options.Description);

        var lineage = Child(manifest, "lineage");
        var dataset = Child(lineage, "dataset");
        Set(dataset, "name", options.Dataset);
        Set(dataset, "sha256", options.DatasetSha256);
        Set(dataset, "uri", options.DatasetUri);
        if (dataset.Count > 0 && dataset["name"] is null)
        {
            throw new CommandFailedException(ExitCode.Usage, "A data set needs its name.", "Add --dataset NAME.");
        }

        Set(lineage, "gitCommit", options.GitCommit);
        Set(lineage, "gitRepository", options.GitRepository);
        Set(lineage, "parent", options.Parent);
        Set(lineage, "trainedAt", options.TrainedAt);
        var parameters = Child(lineage, "parameters");
        foreach (var (name, value) in options.Parameters.Select(p => Split("--param", p)))
        {
            parameters[name] = value;
        }

        var metrics = Child(manifest, "metrics");
        foreach (var (name, value) in options.Metrics.Select(m => Split("--metric", m)))
        {
            metrics[name] = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
                ? number
                : throw new CommandFailedException(ExitCode.Usage, $"--metric {name}={value}: '{value}' is not a number.");
        }

        CheckShapes(lineage);
        RemoveEmpty(lineage, "dataset");
        RemoveEmpty(lineage, "parameters");
        RemoveEmpty(manifest, "lineage");
        RemoveEmpty(manifest, "metrics");
        return manifest;
    }

    /// <summary>The manifest with the files as they were uploaded.</summary>
    public static JsonObject WithFiles(JsonObject described, IEnumerable<UploadedFile> files)
    {
        var manifest = described.DeepClone().AsObject();
        manifest["files"] = new JsonArray([.. files.OrderBy(f => f.File.Path, StringComparer.Ordinal).Select(f => (JsonNode)new JsonObject
        {
            ["path"] = f.File.Path,
            ["size"] = f.File.Size,
            ["sha256"] = f.Sha256,
        })]);
        return manifest;
    }

    // The host checks everything; what is easily mistyped is checked before gigabytes are sent.
    private static void CheckShapes(JsonObject lineage)
    {
        Expect(lineage["gitCommit"], Commit(), "is not a git commit: write its 40 hexadecimal digits, as 'git rev-parse HEAD' prints them.");
        Expect(lineage["dataset"]?["sha256"], Digest(), "is not a SHA-256 digest: write its 64 hexadecimal digits, as 'sha256sum FILE' prints them.");
        Expect(lineage["trainedAt"], Time(), "is not a time with its zone: write it like 2026-01-31T12:00:00Z.");
    }

    private static void Expect(JsonNode? value, Regex shape, string problem)
    {
        if (value is not null && !(value is JsonValue v && v.TryGetValue<string>(out var text) && shape.IsMatch(text)))
        {
            throw new CommandFailedException(ExitCode.Usage, $"{value.ToJsonString().Trim('"')} {problem}");
        }
    }

    private static string FormatOf(IReadOnlyList<PushFile> files)
    {
        var formats = files.Select(f => Formats.GetValueOrDefault(Path.GetExtension(f.Path))).Where(f => f is not null).Distinct(StringComparer.Ordinal).ToList();
        return formats.Count == 1
            ? formats[0]!
            : throw new CommandFailedException(ExitCode.Usage, formats.Count == 0 ? "The files' endings do not say the model format." : $"The files look like several formats ({string.Join(", ", formats)}).", "Name it with --format, for example --format onnx.");
    }

    private static void Agree(JsonObject manifest, string field, string value)
    {
        if ((string?)manifest[field] is { } said && !said.Equals(value, StringComparison.Ordinal))
        {
            throw new CommandFailedException(ExitCode.Usage, $"manifest.json says {field} '{said}', the command line '{value}'.", "Make them agree.");
        }
    }

    private static JsonObject Child(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject child)
        {
            return child;
        }

        child = [];
        parent[name] = child;
        return child;
    }

    private static void Set(JsonObject parent, string name, string? value)
    {
        if (value is not null)
        {
            parent[name] = value;
        }
    }

    private static void RemoveEmpty(JsonObject parent, string name)
    {
        if (parent[name] is JsonObject { Count: 0 })
        {
            parent.Remove(name);
        }
    }

    private static (string Name, string Value) Split(string option, string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return equals > 0
            ? (text[..equals], text[(equals + 1)..])
            : throw new CommandFailedException(ExitCode.Usage, $"{option} {text}: write it as name=value.");
    }

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Commit();

    [GeneratedRegex(@"^(sha256:)?[0-9a-fA-F]{64}\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Digest();

    [GeneratedRegex(@"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Time();
}
