using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Evaluation.Remote;

/// <summary>
/// All that an agent in a container needs for one evaluation: variables, inputs, and where its outputs go. It is read with one address,
/// the container's only variable. Its grants are secrets, each for one file; <c>docs/evaluator-contract.md</c> describes it for the
/// authors of other agents.
/// </summary>
public sealed record RemoteJob
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/evaluation-job/v1";

    /// <summary>The container's one environment variable: the address this document is read from. A secret.</summary>
    public const string AddressVariable = "MODELFLOW_JOB_ADDRESS";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The job.</summary>
    public required string Id { get; init; }

    /// <summary>Which start of the job this is for, from 1. Each start has outputs of its own; all share the claim.</summary>
    public required int Start { get; init; }

    /// <summary>The evaluator's image with its digest, as it was started.</summary>
    public required string Image { get; init; }

    /// <summary>The variables of <see cref="EvaluatorContract"/>, without those that name places on the machine.</summary>
    public required IReadOnlyDictionary<string, string> Variables { get; init; }

    /// <summary>The files to download.</summary>
    public required IReadOnlyList<RemoteInput> Inputs { get; init; }

    /// <summary>The claim: created or replaced under a condition, read for the age of what is there.</summary>
    public required RemoteGrant Claim { get; init; }

    /// <summary>Where each output goes: create-only.</summary>
    public required RemoteOutputs Outputs { get; init; }

    /// <summary>After this many seconds the evaluator is killed.</summary>
    public required int TimeLimitSeconds { get; init; }

    /// <summary>The most resident memory the evaluator may hold, in MiB.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>The most the evaluator may write, in MiB.</summary>
    public required int OutputMiB { get; init; }

    /// <summary>When the grants end.</summary>
    public required DateTimeOffset GrantsEndAt { get; init; }

    /// <summary>Reads a description, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out RemoteJob? job, [NotNullWhen(false)] out string? error)
    {
        job = null;
        try
        {
            var read = JsonSerializer.Deserialize<RemoteJob>(utf8, CoreJson.Options);
            error = read?.Mistake() ?? (read is null ? "it is null" : null);
            job = error is null ? read : null;
        }
        catch (JsonException e)
        {
            error = $"it is not a {CurrentSchema} document: {e.Message}";
        }

        if (job is not null)
        {
            error = null;
            return true;
        }

        error ??= "it cannot be read";
        return false;
    }

    /// <summary>Never its grants: it must not get into a log by accident.</summary>
    public override string ToString() => $"{Id} (start {Start})";

    private string? Mistake() => !string.Equals(Schema, CurrentSchema, StringComparison.Ordinal) ? $"its schema is not '{CurrentSchema}'"
        : Start < 1 || TimeLimitSeconds < 1 || MemoryMiB < 1 || OutputMiB < 1 ? "a number in it is less than 1"
        : Inputs.FirstOrDefault(i => !RelativePath.IsSafe(i.Path)) is { } unsafePath ? $"the path '{unsafePath.Path}' is not a plain relative path"
        : null;

    // The manifest's rules are stricter; this is what keeps a file inside its folder.
    private static class RelativePath
    {
        public static bool IsSafe(string path) =>
            path.Length > 0 && !path.Contains('\\', StringComparison.Ordinal) && !path.Contains('\0', StringComparison.Ordinal)
            && path.Split('/').All(p => p.Length > 0 && p is not ("." or ".."));
    }
}

/// <summary>What an input file is for.</summary>
public enum RemoteInputKind
{
    /// <summary>A file of the version.</summary>
    Model,

    /// <summary>A file of the version to compare with.</summary>
    Baseline,

    /// <summary>The file with the rows.</summary>
    Dataset,
}

/// <summary>A file to download.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Path">Its path in the folder of its kind, with <c>/</c>.</param>
/// <param name="Size">Its bytes.</param>
/// <param name="Sha256">Its digest.</param>
/// <param name="From">A grant to read it and nothing else.</param>
public sealed record RemoteInput(RemoteInputKind Kind, string Path, long Size, Sha256Digest Sha256, Uri From);

/// <summary>A grant to put one file.</summary>
/// <param name="Address">Where.</param>
/// <param name="Headers">What every PUT must carry beside the content.</param>
public sealed record RemoteGrant(Uri Address, IReadOnlyDictionary<string, string> Headers);

/// <summary>Where the outputs of one start go.</summary>
/// <param name="Outcome">A <see cref="RemoteOutcome"/>, written last.</param>
/// <param name="Report"><see cref="EvaluatorContract.ReportFile"/>.</param>
/// <param name="Predictions"><see cref="EvaluatorContract.PredictionsFile"/>.</param>
/// <param name="Log">Standard output and standard error.</param>
public sealed record RemoteOutputs(RemoteGrant Outcome, RemoteGrant Report, RemoteGrant Predictions, RemoteGrant Log);
