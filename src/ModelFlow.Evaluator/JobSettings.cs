using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.EngineProcess;

namespace ModelFlow.Evaluator;

/// <summary>What the environment variables ask for; see <see cref="EvaluatorContract"/>.</summary>
internal sealed record JobSettings
{
    public required EvaluationMode Mode { get; init; }

    public required ModelFolder Candidate { get; init; }

    public ModelFolder? Baseline { get; init; }

    /// <summary>The file with the rows; empty in <see cref="EvaluationMode.Inspect"/>.</summary>
    public string Dataset { get; init; } = "";

    public string DatasetPath { get; init; } = "";

    public Sha256Digest DatasetSha256 { get; init; }

    public required string Label { get; init; }

    public required IReadOnlyList<string> Slices { get; init; }

    public required int BatchSize { get; init; }

    public required int Threads { get; init; }

    public required string OutputDirectory { get; init; }

    /// <summary>The engine for language models; null for ModelFlow's own.</summary>
    public EngineCommand? Engine { get; init; }

    /// <summary>Reads the variables; collects every mistake in <paramref name="errors"/>.</summary>
    public static JobSettings? Read(Func<string, string?> variable, out IReadOnlyList<string> errors)
    {
        var found = new List<string>();
        errors = found;
        var mode = Text(EvaluatorContract.Mode, "") switch
        {
            "inspect" => EvaluationMode.Inspect,
            "smoke" => EvaluationMode.Smoke,
            "evaluate" => EvaluationMode.Evaluate,
            var other => Mistake(EvaluationMode.Inspect, $"{EvaluatorContract.Mode} must be inspect, smoke or evaluate, not '{other}'"),
        };
        var candidate = new ModelFolder(
            Folder(EvaluatorContract.ModelDirectory),
            Text(EvaluatorContract.Format, null),
            Text(EvaluatorContract.Version, "the version"),
            Address(EvaluatorContract.EngineUrl));
        var baselineDirectory = variable(EvaluatorContract.BaselineDirectory);
        var baseline = string.IsNullOrEmpty(baselineDirectory) || mode != EvaluationMode.Evaluate
            ? null
            : new ModelFolder(
                Folder(EvaluatorContract.BaselineDirectory),
                Text(EvaluatorContract.BaselineFormat, null),
                Text(EvaluatorContract.BaselineVersion, "stable"),
                Address(EvaluatorContract.BaselineEngineUrl));
        var dataset = "";
        var digest = default(Sha256Digest);
        if (mode != EvaluationMode.Inspect)
        {
            dataset = Text(EvaluatorContract.Dataset, null);
            if (dataset.Length > 0 && !File.Exists(dataset))
            {
                found.Add($"{EvaluatorContract.Dataset} names no file: '{dataset}'");
            }

            var written = variable(EvaluatorContract.DatasetSha256);
            if (!string.IsNullOrEmpty(written) && !Sha256Digest.TryParse(written, out digest, out var error))
            {
                found.Add($"{EvaluatorContract.DatasetSha256}: {error}");
            }
        }

        var settings = new JobSettings
        {
            Mode = mode,
            Candidate = candidate,
            Baseline = baseline,
            Dataset = dataset,
            DatasetPath = Text(EvaluatorContract.DatasetPath, Path.GetFileName(dataset)),
            DatasetSha256 = digest,
            Label = Text(EvaluatorContract.Label, "label"),
            Slices = Names(EvaluatorContract.Slices),
            BatchSize = Number(EvaluatorContract.BatchSize, 64, 4096),
            Threads = Number(EvaluatorContract.Threads, 1, 256),
            OutputDirectory = Folder(EvaluatorContract.OutputDirectory),
            Engine = Engine(),
        };
        return found.Count == 0 ? settings : null;

        T Mistake<T>(T value, string message)
        {
            found.Add(message);
            return value;
        }

        string Text(string name, string? otherwise)
        {
            var value = variable(name);
            return !string.IsNullOrEmpty(value) ? value : otherwise ?? Mistake("", $"{name} is needed");
        }

        string Folder(string name)
        {
            var value = Text(name, null);
            return value.Length == 0 || Directory.Exists(value) ? value : Mistake("", $"{name} names no folder: '{value}'");
        }

        int Number(string name, int otherwise, int most)
        {
            var value = variable(name);
            return string.IsNullOrEmpty(value) ? otherwise
                : int.TryParse(value, out var number) && number >= 1 && number <= most ? number
                : Mistake(otherwise, $"{name} must be a number from 1 to {most}, not '{value}'");
        }

        Uri? Address(string name)
        {
            var value = variable(name);
            return string.IsNullOrEmpty(value) ? null
                : Uri.TryCreate(value, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" ? address
                : Mistake<Uri?>(null, $"{name} must be an http or https address, not '{value}'");
        }

        EngineCommand? Engine()
        {
            var parts = Names(EvaluatorContract.Engine, distinct: false);
            return parts.Count == 0 ? null
                : EngineCommand.TryParse(parts, out var command, out var error) ? command
                : Mistake<EngineCommand?>(null, $"{EvaluatorContract.Engine}: {error}");
        }

        IReadOnlyList<string> Names(string name, bool distinct = true)
        {
            try
            {
                var value = variable(name);
                var names = string.IsNullOrEmpty(value) ? [] : JsonSerializer.Deserialize<string[]>(value) ?? [];
                return Array.TrueForAll(names, n => !string.IsNullOrEmpty(n))
                    ? distinct ? [.. names.Distinct(StringComparer.Ordinal)] : names
                    : Mistake<string[]>([], $"{name} has an empty name in it");
            }
            catch (JsonException)
            {
                return Mistake<string[]>([], $"{name} must be a JSON array of texts, for example [\"writer\"]");
            }
        }
    }
}

/// <summary>A version's files.</summary>
/// <param name="Directory">Where they are.</param>
/// <param name="Format">As the manifest says.</param>
/// <param name="Version">For messages.</param>
/// <param name="EngineUrl">Where an engine serves it already; null where one is to be started.</param>
internal sealed record ModelFolder(string Directory, string Format, string Version, Uri? EngineUrl = null);
