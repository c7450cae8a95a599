using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Orchestration.Evaluation;

/// <summary>
/// Keeps a job's outputs with its release's reports, and finds them again when the same job is asked for a second time because the
/// host died between running it and noting its result. An evaluation's report is kept last, so that what it belongs to is there.
/// </summary>
public sealed class KeptReports(IReportStore reports)
{
    private const int MostLogs = 100;

    /// <summary>What an earlier run of the job found; null if there was none that came to an answer.</summary>
    public async Task<EvaluatorOutput?> FindAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (job.Mode == EvaluationMode.Evaluate
            && await ReadAsync(job, EvaluatorContract.ReportFile, EvaluatorOutputs.LargestReport, cancellationToken) is { } kept
            && EvaluatorOutputs.Mistake(kept, job, out var report) is null)
        {
            return new EvaluatorOutput.Evaluated(report!, Sha256Digest.Of(kept)); // no mistake: it was read
        }

        return await ReadAsync(job, ResultName(job), EvaluatorOutputs.LargestResult, cancellationToken) is { } bytes && EvaluatorResult.TryRead(bytes, out var result, out _)
            ? Output(job.Mode, result)
            : null;
    }

    /// <summary>Keeps the answer of every job but a completed evaluation, whose report is its answer.</summary>
    public Task<bool> KeepResultAsync(EvaluationJob job, EvaluatorResult result, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return AddAsync(job, ResultName(job), JsonSerializer.SerializeToUtf8Bytes(result, CoreJson.Indented), cancellationToken);
    }

    /// <summary>Keeps a file; false if other bytes have its name.</summary>
    public async Task<bool> AddAsync(EvaluationJob job, string name, byte[] bytes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        using var stream = new MemoryStream(bytes, writable: false);
        return await reports.AddAsync(job.Release, name, stream, cancellationToken);
    }

    /// <summary>Keeps a file without reading it into memory; false if other bytes have its name.</summary>
    public Task<bool> AddAsync(EvaluationJob job, string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return reports.AddAsync(job.Release, name, content, cancellationToken);
    }

    /// <summary>Keeps a log as <c>evaluate.log</c>, or <c>evaluate-2.log</c> and so on for further tries.</summary>
    public async Task KeepLogAsync(EvaluationJob job, byte[] log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        var name = EvaluatorOutputs.Name(job.Mode);
        for (var i = 1; i <= MostLogs; i++)
        {
            if (await AddAsync(job, i == 1 ? $"{name}.log" : $"{name}-{i}.log", log, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>A result in the port's words; null if it lacks what its mode must give.</summary>
    public static EvaluatorOutput? Output(EvaluationMode mode, EvaluatorResult result) => (result?.Status, mode) switch
    {
        (EvaluatorStatus.Refused, _) => new EvaluatorOutput.Refused(result.By ?? "inspection", result.Reason ?? ""),
        (EvaluatorStatus.Completed, EvaluationMode.Inspect) when result.Signature is { } signature => new EvaluatorOutput.Inspected(signature, result.Summary ?? ""),
        (EvaluatorStatus.Completed, EvaluationMode.Smoke) => new EvaluatorOutput.SmokeTested(result.Summary ?? ""),
        _ => null,
    };

    private static string ResultName(EvaluationJob job) => $"{EvaluatorOutputs.Name(job.Mode)}-{job.Id}.json";

    private async Task<byte[]?> ReadAsync(EvaluationJob job, string name, long mostBytes, CancellationToken cancellationToken)
    {
        await using var stream = await reports.OpenAsync(job.Release, name, cancellationToken);
        if (stream is null)
        {
            return null;
        }

        using var buffer = new MemoryStream();
        var chunk = new byte[64 * 1024];
        int read;
        while ((read = await stream.ReadAsync(chunk, cancellationToken)) > 0)
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > mostBytes)
            {
                return null;
            }
        }

        return buffer.ToArray();
    }
}
