using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.LocalHost.Evaluation;

/// <summary>Reads what an evaluator left in its output folder, believing nothing of it.</summary>
internal static class JobOutputs
{
    public const long LargestResult = 1024 * 1024;
    public const long LargestReport = 64 * 1024 * 1024;

    /// <summary>What went wrong when a process ended otherwise than with an answer; null if it answered.</summary>
    public static EvaluationRun? Failure(EvaluationJob job, ChildEnd end, string errorTail, EvaluationOptions options)
    {
        var what = $"the evaluator of {job.Version.Version} ({Name(job.Mode)})";
        var said = errorTail.Trim().Length == 0 ? "" : $". Its last words: {Clean(errorTail)}";
        return end switch
        {
            ChildEnd.OutOfTime => new EvaluationRun.ModelAtFault($"{what} did not end within {job.TimeLimit} and was killed{said}"),
            ChildEnd.OutOfMemory memory => new EvaluationRun.ModelAtFault($"{what} held {memory.Bytes / 1024 / 1024} MiB of memory, at most {options.MemoryMiB} MiB are allowed, and was killed{said}"),
            ChildEnd.TooMuchOutput output => new EvaluationRun.ModelAtFault($"{what} wrote {output.Bytes / 1024 / 1024} MiB, at most {options.OutputMiB} MiB are allowed, and was killed{said}"),
            ChildEnd.NotStarted reason => new EvaluationRun.Faulted($"the evaluator cannot be started: {reason.Reason}"),
            ChildEnd.Exited { Code: EvaluatorContract.ExitAnswered or EvaluatorContract.ExitFaulted } => null,
            ChildEnd.Exited { Code: EvaluatorContract.ExitUsage } => new EvaluationRun.Faulted($"{what} did not understand its job{said}"),
            ChildEnd.Exited { Code: 126 or 127 } => new EvaluationRun.Faulted($"the evaluator cannot be started{said}"),

            // Somebody else killed it: an operator, or the kernel because the whole machine ran out of memory.
            ChildEnd.Exited { Code: 128 + 9 or 128 + 15 } killed => new EvaluationRun.Faulted($"{what} was ended from outside by {EvaluatorChild.SignalName(killed.Code)}{said}"),
            ChildEnd.Exited { Code: > 128 and < 192 } crashed => new EvaluationRun.ModelAtFault($"{what} crashed: {EvaluatorChild.SignalName(crashed.Code)}{said}"),
            ChildEnd.Exited other => new EvaluationRun.ModelAtFault($"{what} ended with exit code {other.Code}{said}"),
            _ => throw new InvalidOperationException("unknown end"),
        };
    }

    /// <summary>Reads <c>result.json</c>; null, with the reason, if it is not there or not one.</summary>
    public static EvaluatorResult? ReadResult(JobFolder folder, out string reason)
    {
        if (ReadFile(folder, EvaluatorContract.ResultFile, LargestResult, out reason) is not { } bytes)
        {
            return null;
        }

        if (EvaluatorResult.TryRead(bytes, out var result, out var error))
        {
            return result;
        }

        reason = $"{EvaluatorContract.ResultFile} cannot be used: {error}";
        return null;
    }

    /// <summary>Checks that a report is sound and about this job; gives what is wrong with it, or null.</summary>
    public static string? Mistake(ReadOnlySpan<byte> bytes, EvaluationJob job, out EvaluationReport? report)
    {
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

    /// <summary>Reads a plain file of bounded size from the output folder; null, with the reason, otherwise.</summary>
    public static byte[]? ReadFile(JobFolder folder, string name, long mostBytes, out string reason)
    {
        reason = "";
        var info = new FileInfo(Path.Combine(folder.Output, name));
        if (info.LinkTarget is not null || (info.Exists && info.Attributes.HasFlag(FileAttributes.Directory)))
        {
            reason = $"{name} is not a plain file";
        }
        else if (!info.Exists)
        {
            reason = $"it wrote no {name}";
        }
        else if (info.Length == 0 || info.Length > mostBytes)
        {
            // A pipe or device has no length either and is never opened.
            reason = $"{name} has {info.Length} bytes; 1 to {mostBytes} are allowed";
        }

        return reason.Length == 0 ? File.ReadAllBytes(info.FullName) : null;
    }

    public static string Name(EvaluationMode mode) => mode switch
    {
        EvaluationMode.Inspect => "inspect",
        EvaluationMode.Smoke => "smoke",
        _ => "evaluate",
    };

    // Control characters could play tricks on whoever reads the reason in a terminal.
    private static string Clean(string text)
    {
        var trimmed = text.Trim();
        trimmed = trimmed.Length <= 1_000 ? trimmed : $"…{trimmed[^1_000..]}";
        return string.Concat(trimmed.Select(c => char.IsControl(c) ? ' ' : c));
    }
}
