using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Evaluation;

/// <summary>Makes an evaluator's answer the outcome of its job, believing nothing of it, and keeps it with the release's reports.</summary>
public sealed class EvaluationConclusion(KeptReports reports)
{
    /// <summary>Checks <paramref name="result"/> and the files that belong to it.</summary>
    public async Task<EvaluationRun> ConcludeAsync(EvaluationJob job, EvaluatorResult result, IJobFiles files, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        ArgumentNullException.ThrowIfNull(result);
        ArgumentNullException.ThrowIfNull(files);
        var what = EvaluatorOutputs.Subject(job);
        if (result.Status == EvaluatorStatus.Faulted)
        {
            return new EvaluationRun.Faulted($"{what}: {result.Reason}");
        }

        if (result.Status == EvaluatorStatus.Completed && job.Mode == EvaluationMode.Evaluate)
        {
            return await EvaluatedAsync(job, files, what, cancellationToken);
        }

        if (KeptReports.Output(job.Mode, result) is not { } output)
        {
            return new EvaluationRun.Faulted($"{what} gave no usable answer: {EvaluatorContract.ResultFile} has no signature");
        }

        await reports.KeepResultAsync(job, result, cancellationToken);
        return new EvaluationRun.Completed(output);
    }

    private async Task<EvaluationRun> EvaluatedAsync(EvaluationJob job, IJobFiles files, string what, CancellationToken cancellationToken)
    {
        var (bytes, reason) = await files.ReadAsync(EvaluatorContract.ReportFile, EvaluatorOutputs.LargestReport, cancellationToken);
        if (bytes is null)
        {
            return new EvaluationRun.Faulted($"{what} gave no usable answer: {reason}");
        }

        if (EvaluatorOutputs.Mistake(bytes, job, out var report) is { } mistake)
        {
            return new EvaluationRun.Faulted($"{what} gave no usable answer: {mistake}");
        }

        // Not every evaluator writes single answers, and the gates do not need them. Those of an attempt that was cut off here before
        // its report was kept stay: the answers do not depend on the attempt, only the times do.
        await using (var predictions = await files.OpenAsync(EvaluatorContract.PredictionsFile, cancellationToken))
        {
            if (predictions is not null)
            {
                await reports.AddAsync(job, EvaluatorContract.PredictionsFile, predictions, cancellationToken);
            }
        }

        if (await reports.AddAsync(job, EvaluatorContract.ReportFile, bytes, cancellationToken))
        {
            return new EvaluationRun.Completed(new EvaluatorOutput.Evaluated(report!, Sha256Digest.Of(bytes))); // no mistake: it was read
        }

        return new EvaluationRun.Faulted($"another {EvaluatorContract.ReportFile} is kept with {job.Release} and is not about this job");
    }
}
