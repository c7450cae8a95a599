using System.Globalization;
using System.Text.Json;
using ModelFlow.Core.Ports;

namespace ModelFlow.Core.Evaluation;

/// <summary>What is asked of an evaluator's output before it is believed, wherever the evaluator ran.</summary>
public static class EvaluatorOutputs
{
    /// <summary>The most a <c>result.json</c> may have, in bytes.</summary>
    public const long LargestResult = 1024 * 1024;

    /// <summary>The most an <c>evaluation.json</c> may have, in bytes.</summary>
    public const long LargestReport = 64 * 1024 * 1024;

    /// <summary>Checks that a report is sound and about this job; gives what is wrong with it, or null.</summary>
    public static string? Mistake(ReadOnlySpan<byte> bytes, EvaluationJob job, out EvaluationReport? report)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (!EvaluationReportReader.TryRead(bytes, out report, out var errors))
        {
            return $"{EvaluatorContract.ReportFile} cannot be used: {string.Join("; ", errors.Take(3))}";
        }

        if (report.Dataset.Sha256 != job.Dataset?.Sha256)
        {
            return $"{EvaluatorContract.ReportFile} is about another data set";
        }

        return job.Baseline is null == (report.Baseline is null && report.BaselineUnavailable is null)
            ? null
            : $"{EvaluatorContract.ReportFile} {(job.Baseline is null ? "compares with a version that was not given" : "says nothing of the version to compare with")}";
    }

    /// <summary>The evaluator of a job, for messages.</summary>
    public static string Subject(EvaluationJob job)
    {
        ArgumentNullException.ThrowIfNull(job);
        return $"the evaluator of {job.Version.Version} ({Name(job.Mode)})";
    }

    /// <summary>A mode as <see cref="EvaluatorContract.Mode"/> has it.</summary>
    public static string Name(EvaluationMode mode) => mode switch
    {
        EvaluationMode.Inspect => "inspect",
        EvaluationMode.Smoke => "smoke",
        _ => "evaluate",
    };

    /// <summary>
    /// The job in the words of <see cref="EvaluatorContract"/>: everything but the places on the machine that runs it.
    /// </summary>
    public static Dictionary<string, string> Variables(EvaluationJob job, int threads)
    {
        ArgumentNullException.ThrowIfNull(job);
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [EvaluatorContract.Mode] = Name(job.Mode),
            [EvaluatorContract.Format] = job.Version.Manifest.Format,
            [EvaluatorContract.Version] = job.Version.Version.Value,
            [EvaluatorContract.Threads] = threads.ToString(CultureInfo.InvariantCulture),
        };
        if (job.Baseline is not null)
        {
            variables[EvaluatorContract.BaselineFormat] = job.Baseline.Manifest.Format;
            variables[EvaluatorContract.BaselineVersion] = job.Baseline.Version.Value;
        }

        if (job.Dataset is not null)
        {
            variables[EvaluatorContract.DatasetPath] = job.Dataset.Path;
            variables[EvaluatorContract.DatasetSha256] = job.Dataset.Sha256.Hex;
        }

        if (job.Policy is not null)
        {
            variables[EvaluatorContract.Label] = job.Policy.Label;
            variables[EvaluatorContract.Slices] = JsonSerializer.Serialize(job.Policy.Slices);
            variables[EvaluatorContract.BatchSize] = job.Policy.BatchSize.ToString(CultureInfo.InvariantCulture);
        }

        return variables;
    }
}
