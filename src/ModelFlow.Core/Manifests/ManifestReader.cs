using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Manifests;

/// <summary>
/// Reads <c>manifest.json</c>. It comes from an uploader and is not trusted: sizes, counts and depth are bounded, unknown
/// and repeated fields are refused, and every mistake is reported with its field, not only the first.
/// The shape is <c>docs/schemas/manifest.schema.json</c>.
/// </summary>
public static partial class ManifestReader
{
    /// <summary>The most bytes a manifest may have: 4 MiB.</summary>
    public const int MaxBytes = 4 * 1024 * 1024;

    /// <summary>The most files a version may have.</summary>
    public const int MaxFiles = 10_000;

    /// <summary>The most bytes one file may have: 50,000 blocks of 4,000 MiB, a block blob's limit.</summary>
    public const long MaxFileBytes = 50_000L * 4_000 * 1024 * 1024;

    /// <summary>The most training parameters, and the most metrics.</summary>
    public const int MaxEntries = 1_000;

    /// <summary>The name under which the manifest itself lies beside the files, which no file may take.</summary>
    public const string FileName = "manifest.json";

    /// <summary>Reads a manifest.</summary>
    public static ParseManifest Read(ReadOnlySpan<byte> utf8)
    {
        var findings = new Findings();
        if (utf8.Length > MaxBytes)
        {
            findings.Add("", $"The manifest has {utf8.Length} bytes; at most {MaxBytes} are allowed.");
            return new ParseManifest.Invalid(findings.Errors);
        }

        if (utf8.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
        {
            utf8 = utf8[3..];
        }

        var tree = JsonTree.Read(utf8, findings);
        if (tree is not null and not MapNode)
        {
            findings.Add("", "A manifest is a JSON object.");
        }

        var manifest = tree is MapNode map ? ReadManifest(new Fields(map, "", findings)) : null;
        return findings.Any || manifest is null ? new ParseManifest.Invalid(findings.Errors) : new ParseManifest.Parsed(manifest);
    }

    /// <summary>
    /// Whether a manifest speaks of the place it lies in: its <c>model</c> and <c>version</c> must be those of the path.
    /// Empty when it does.
    /// </summary>
    public static IReadOnlyList<FieldError> CheckPlace(Manifest manifest, ModelName model, VersionName version)
    {
        var errors = new List<FieldError>();
        if (manifest.Model != model)
        {
            errors.Add(new FieldError("model", $"The manifest says '{manifest.Model}' and the path '{model}'; they must be the same."));
        }

        if (manifest.Version != version)
        {
            errors.Add(new FieldError("version", $"The manifest says '{manifest.Version}' and the path '{version}'; they must be the same."));
        }

        return errors;
    }

    /// <summary>
    /// Whether files with these paths can be those of one version, by the rules for a manifest's <c>files</c>: count, form, none twice,
    /// no <c>manifest.json</c>. Empty when they can.
    /// </summary>
    /// <param name="paths">The paths; a null among them is a mistake.</param>
    /// <param name="field">The field they stand in; an error names the one to blame, for example <c>files[3]</c>.</param>
    public static IReadOnlyList<FieldError> CheckPaths(IReadOnlyList<string?> paths, string field)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var findings = new Findings();
        if (paths.Count is 0 or > MaxFiles)
        {
            findings.Add(field, WrongCount(paths.Count));
            return findings.Errors;
        }

        var together = new ManifestPaths(findings);
        for (var i = 0; i < paths.Count && !findings.Full; i++)
        {
            if (Path(paths[i] ?? "", out var path, out var error))
            {
                together.Add(path, $"{field}[{i}]");
            }
            else
            {
                findings.Add($"{field}[{i}]", error);
            }
        }

        together.Complete();
        return findings.Errors;
    }

    private static string WrongCount(int files) => $"There are {files} files; 1 to {MaxFiles:N0} are allowed.";

    private static Manifest ReadManifest(Fields fields)
    {
        var manifest = new Manifest
        {
            Schema = fields.Optional("schema", Schema, Manifest.CurrentSchema),
            Model = fields.Required<ModelName>("model", ModelName.TryParse),
            Version = fields.Required<VersionName>("version", VersionName.TryParse),
            Format = fields.Required<string>("format", Format),
            Files = ReadFiles(fields),
            Owner = fields.Optional<string?>("owner", Line(200), null),
            Description = fields.Optional<string?>("description", Text(4_000), null),
            Lineage = fields.Map("lineage") is { } lineage ? ReadLineage(lineage) : new Lineage(),
            Metrics = ReadMetrics(fields.Map("metrics")),
        };
        fields.RefuseUnknown();
        return manifest;
    }

    private static List<ManifestFile> ReadFiles(Fields fields)
    {
        if (fields.List("files", required: true) is not { } list)
        {
            return [];
        }

        if (list.Items.Count is 0 or > MaxFiles)
        {
            fields.Report("files", WrongCount(list.Items.Count));
            return [];
        }

        var files = new List<ManifestFile>(list.Items.Count);
        var paths = new ManifestPaths(fields.Findings);
        foreach (var item in fields.MapsOf("files", list))
        {
            var path = item.Required<string>("path", Path);
            files.Add(new ManifestFile(path, item.Required<long>("size", Size), item.Required<Sha256Digest>("sha256", Sha256Digest.TryParse)));
            item.RefuseUnknown();
            paths.Add(path, item.PathOf("path"));
        }

        paths.Complete();
        files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return files;
    }

    private static Lineage ReadLineage(Fields fields)
    {
        var lineage = new Lineage
        {
            Dataset = fields.Map("dataset") is { } dataset ? ReadDataset(dataset) : null,
            Parameters = ReadParameters(fields.Map("parameters")),
            GitCommit = fields.Optional<string?>("gitCommit", Commit, null),
            GitRepository = fields.Optional<string?>("gitRepository", Address, null),
            Parent = fields.Optional<VersionName?>("parent", Parent, null),
            TrainedAt = fields.Optional<DateTimeOffset?>("trainedAt", Time, null),
        };
        fields.RefuseUnknown();
        return lineage;
    }

    private static TrainingData ReadDataset(Fields fields)
    {
        var dataset = new TrainingData(
            fields.Required("name", Line(200))!,
            fields.Optional<Sha256Digest?>("sha256", Digest, null),
            fields.Optional<string?>("uri", Address, null));
        fields.RefuseUnknown();
        return dataset;
    }

    private static Dictionary<string, string> ReadParameters(Fields? fields)
    {
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in Entries<FreeText>(fields, AnyValue))
        {
            parameters.Add(name, value.Text);
        }

        return parameters;
    }

    private static Dictionary<string, double> ReadMetrics(Fields? fields)
    {
        var metrics = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var (name, value) in Entries<double>(fields, Number))
        {
            metrics.Add(name, value);
        }

        return metrics;
    }

    private static IEnumerable<(string Name, T Value)> Entries<T>(Fields? fields, ParseValue<T> parse)
    {
        if (fields is null)
        {
            yield break;
        }

        if (fields.Count > MaxEntries)
        {
            fields.Findings.Add(fields.PathOf(""), $"There are {fields.Count} entries; at most {MaxEntries:N0} are allowed.");
            yield break;
        }

        foreach (var (name, value) in fields.FreeValues(parse))
        {
            if (name.Length is 0 or > 200)
            {
                fields.Findings.Add(fields.PathOf(name), $"The name has {name.Length} characters; 1 to 200 are allowed.");
            }

            yield return (name, value);
        }
    }

    private static bool Schema(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = string.Equals(text, Manifest.CurrentSchema, StringComparison.Ordinal) ? null : $"'{text}' is no schema that is read here; write '{Manifest.CurrentSchema}'.";
        return error is null;
    }

    private static bool Format(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = FormatName().IsMatch(text) ? null : $"'{text}' is not the name of a format: write it in lower case, for example 'onnx'.";
        return error is null;
    }

    private static bool Path(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        if (!RelativePath.Check(text, out error))
        {
            return false;
        }

        error = text.Equals(FileName, StringComparison.OrdinalIgnoreCase) ? $"'{FileName}' is the manifest itself; leave it out of the files." : null;
        return error is null;
    }

    private static bool Size(string text, out long value, [NotNullWhen(false)] out string? error)
    {
        error = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value is >= 0 and <= MaxFileBytes
            ? null
            : $"'{text}' is not a file's size: a whole number of bytes from 0 to {MaxFileBytes}.";
        return error is null;
    }

    private static bool Number(string text, out double value, [NotNullWhen(false)] out string? error)
    {
        error = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value)
            ? null
            : $"'{text}' is not a finite number.";
        return error is null;
    }

    private static bool AnyValue(string text, out FreeText value, [NotNullWhen(false)] out string? error)
    {
        value = new FreeText(text);
        return Text(4_000)(text, out _, out error);
    }

    private static bool Commit(string text, out string? value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = GitObject().IsMatch(text) ? null : $"'{text}' is not a git commit: write its 40 (or 64) lower-case hexadecimal digits, as 'git rev-parse HEAD' prints them.";
        return error is null;
    }

    private static bool Address(string text, out string? value, [NotNullWhen(false)] out string? error)
    {
        if (!Line(2_000)(text, out value, out error))
        {
            return false;
        }

        // A manifest is shown to every reader and kept for good: no place for a password or a signature.
        error = Secret().IsMatch(text) ? "The address holds a password or a signature; leave it out: a manifest is kept for good and many can read it." : null;
        return error is null;
    }

    private static bool Parent(string text, out VersionName? value, [NotNullWhen(false)] out string? error)
    {
        var parsed = VersionName.TryParse(text, out var version, out error);
        value = version;
        return parsed;
    }

    private static bool Digest(string text, out Sha256Digest? value, [NotNullWhen(false)] out string? error)
    {
        var parsed = Sha256Digest.TryParse(text, out var digest, out error);
        value = digest;
        return parsed;
    }

    private static bool Time(string text, out DateTimeOffset? value, [NotNullWhen(false)] out string? error)
    {
        value = null;
        error = null;
        if (DateTimeOffset.TryParseExact(text, Times, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out var time) && Zone().IsMatch(text))
        {
            value = time;
            return true;
        }

        error = $"'{text}' is not a time: write it as 2026-01-31T12:00:00Z, with its zone (ISO 8601).";
        return false;
    }

    private static ParseValue<string?> Line(int most) => (string text, out string? value, [NotNullWhen(false)] out string? error) =>
    {
        value = text;
        error = Measure(text, most) ?? (text.Any(char.IsControl) ? "The text has line breaks or control characters; write one line." : null);
        return error is null;
    };

    private static ParseValue<string?> Text(int most) => (string text, out string? value, [NotNullWhen(false)] out string? error) =>
    {
        value = text;
        error = Measure(text, most) ?? (text.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')) ? "The text has control characters." : null);
        return error is null;
    };

    private static string? Measure(string text, int most) => text.Length > most ? $"The text has {text.Length} characters; at most {most:N0} are allowed." : null;

    private static readonly string[] Times = ["yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.+-]{0,31}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex FormatName();

    [GeneratedRegex(@"^([0-9a-f]{40}|[0-9a-f]{64})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex GitObject();

    [GeneratedRegex(@"(Z|[+-][0-9]{2}:[0-9]{2})\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Zone();

    [GeneratedRegex(@"://[^/?#]*:[^/?#@]*@|[?&](sig|token|password|X-Amz-Signature)=", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Secret();
}
