using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Ports;

namespace ModelFlow.EvaluatorProcess;

/// <summary>Reads what an evaluator left in its output folder, believing nothing of it.</summary>
public static class JobOutputs
{
    /// <summary>What went wrong when a process ended otherwise than with an answer; null if it answered.</summary>
    /// <param name="what">The evaluator, for example <c>the evaluator of v1.0.0 (smoke)</c>.</param>
    /// <param name="end">How it ended.</param>
    /// <param name="errorTail">The end of its standard error.</param>
    /// <param name="limits">What it was allowed.</param>
    public static EvaluationRun? Failure(string what, ChildEnd end, string errorTail, ChildLimits limits)
    {
        ArgumentNullException.ThrowIfNull(end);
        ArgumentNullException.ThrowIfNull(errorTail);
        ArgumentNullException.ThrowIfNull(limits);
        var said = errorTail.Trim().Length == 0 ? "" : $". Its last words: {Clean(errorTail)}";
        return end switch
        {
            ChildEnd.OutOfTime => new EvaluationRun.ModelAtFault($"{what} did not end within {limits.Time} and was killed{said}"),
            ChildEnd.OutOfMemory memory => new EvaluationRun.ModelAtFault($"{what} held {memory.Bytes / 1024 / 1024} MiB of memory, at most {limits.MemoryMiB} MiB are allowed, and was killed{said}"),
            ChildEnd.TooMuchOutput output => new EvaluationRun.ModelAtFault($"{what} wrote {output.Bytes / 1024 / 1024} MiB, at most {limits.OutputMiB} MiB are allowed, and was killed{said}"),
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
        ArgumentNullException.ThrowIfNull(folder);
        if (ReadFile(folder, EvaluatorContract.ResultFile, EvaluatorOutputs.LargestResult, out reason) is not { } bytes)
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

    /// <summary>Reads a plain file of bounded size from the output folder; null, with the reason, otherwise.</summary>
    public static byte[]? ReadFile(JobFolder folder, string name, long mostBytes, out string reason)
    {
        ArgumentNullException.ThrowIfNull(folder);
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

    // Control characters could play tricks on whoever reads the reason in a terminal.
    private static string Clean(string text)
    {
        var trimmed = text.Trim();
        trimmed = trimmed.Length <= 1_000 ? trimmed : $"…{trimmed[^1_000..]}";
        return string.Concat(trimmed.Select(c => char.IsControl(c) ? ' ' : c));
    }
}
