using System.Text.Json;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Orchestration.Evaluation;

/// <summary>
/// Runs evaluations in containers that a platform starts. It holds nothing between two calls: what is known of a job is in the handover
/// and on the platform, so any host may look after it, and the same job again finds the run. A start that nobody can be sure of is made
/// again; the claim sees to it that one container evaluates.
/// </summary>
public sealed class RemoteEvaluationRunner(
    RemoteEvaluationSettings settings, IEvaluationHandover handover, IEvaluationPlatform platform, IImageDigests images, IReportStore reports, ILogger<RemoteEvaluationRunner> logger)
    : IEvaluationRunner
{
    /// <summary>How often a job is started at most.</summary>
    public const int MostStarts = 3;

    /// <summary>The longest time limit of a job: grants live a day, and a container may wait for its machine.</summary>
    public static readonly TimeSpan LongestTimeLimit = TimeSpan.FromHours(20);

    private static readonly TimeSpan LongestGrant = TimeSpan.FromDays(1);
    private static readonly TimeSpan TransferTime = TimeSpan.FromMinutes(30);

    // A platform's list may lag behind its start call.
    private static readonly TimeSpan StartGrace = TimeSpan.FromMinutes(10);

    private readonly KeptReports _reports = new(reports);

    /// <inheritdoc/>
    public IReadOnlySet<string> SupportedFormats => settings.Formats;

    /// <inheritdoc/>
    public async Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        if (await _reports.FindAsync(job, cancellationToken) is { } earlier)
        {
            return new EvaluationRun.Completed(earlier);
        }

        if (job.TimeLimit > LongestTimeLimit)
        {
            return new EvaluationRun.Faulted($"the time limit {job.TimeLimit} is longer than the {LongestTimeLimit} that an evaluation in a container may take");
        }

        var state = await handover.LookAsync(job.Id, cancellationToken);
        if (state.HasOutcome)
        {
            return await ConcludeAsync(job, state.Claim!.Start, cancellationToken);
        }

        if (state.Claim?.IsStopped == true)
        {
            return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} was stopped");
        }

        if (state.Starts == 0)
        {
            return await StartAsync(job, 1, cancellationToken);
        }

        if (state.SincePrepared > ValidFor(job))
        {
            await StopAsync(job.Id, cancellationToken);
            return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} gave no answer within {ValidFor(job)} and was stopped");
        }

        return state.IsHeld ? new EvaluationRun.Running(settings.PollEvery) : await LookAtPlatformAsync(job, state, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task StopAsync(string jobId, CancellationToken cancellationToken)
    {
        var state = await handover.LookAsync(jobId, cancellationToken);
        if (state.Starts == 0 || state.HasOutcome)
        {
            return;
        }

        // First the claim: a container that the platform is about to start must find it taken.
        await handover.StopAsync(jobId, cancellationToken);
        var certain = true;
        for (var number = 1; number <= state.Starts; number++)
        {
            if (await handover.FindAsync(jobId, number, cancellationToken) is { } start)
            {
                certain &= await platform.StopAsync(start, cancellationToken);
            }
        }

        if (!certain)
        {
            logger.EvaluationNotStopped(exception: null, jobId);
        }

        logger.EvaluationStopped(jobId, platform.Name);
    }

    // Nobody gives signs of life: the container waits for its machine, was never started, or died.
    private async Task<EvaluationRun> LookAtPlatformAsync(EvaluationJob job, HandoverState state, CancellationToken cancellationToken)
    {
        if (await handover.FindAsync(job.Id, state.Starts, cancellationToken) is not { } start)
        {
            return new EvaluationRun.Running(settings.PollEvery);
        }

        var died = state.Claim?.Start == start.Number;
        switch (await platform.LookAsync(start, cancellationToken))
        {
            case ContainerState.Unknown unknown:
                return new EvaluationRun.Running(unknown.After);
            case ContainerState.Active when died:
                // It runs and cannot renew its claim, so it cannot answer either; or its end is not yet known.
                await platform.StopAsync(start, cancellationToken);
                return await StartAgainAsync(job, start.Number, $"start {start.Number} gave no sign of life for {state.ClaimAge}", cancellationToken);
            case ContainerState.Active when state.SincePrepared > settings.QueueLimit:
                await StopAsync(job.Id, cancellationToken);
                return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} did not begin within {settings.QueueLimit}: {platform.Name} had no machine for it");
            case ContainerState.Active:
                return new EvaluationRun.Running(settings.PollEvery);
            case ContainerState.Ended ended:
                // It may have answered since the handover was looked at.
                var now = await handover.LookAsync(job.Id, cancellationToken);
                return now.HasOutcome ? await ConcludeAsync(job, now.Claim!.Start, cancellationToken)
                    : now.IsHeld || now.Claim?.IsStopped == true ? new EvaluationRun.Running(settings.PollEvery)
                    : await StartAgainAsync(job, start.Number, $"{ended.Name} ended without an answer: {ended.How}", cancellationToken);
            case ContainerState.None when died:
                return await StartAgainAsync(job, start.Number, $"start {start.Number} is gone and gave no sign of life for {state.ClaimAge}", cancellationToken);
            case ContainerState.None when state.IsStarted:
                return state.SincePrepared < StartGrace
                    ? new EvaluationRun.Running(settings.PollEvery)
                    : await StartAgainAsync(job, start.Number, $"start {start.Number} was taken on and then unknown", cancellationToken);
            default:
                // The host that described it did not get to start it, or nobody knows whether it did. Once more is harmless.
                return state.SincePrepared < settings.QueueLimit
                    ? await StartContainerAsync(job, start, cancellationToken)
                    : await StartAgainAsync(job, start.Number, $"start {start.Number} never came to run", cancellationToken);
        }
    }

    private async Task<EvaluationRun> StartAgainAsync(EvaluationJob job, int last, string reason, CancellationToken cancellationToken)
    {
        logger.EvaluationStartsAgain(job.Id, last + 1, reason);
        return last < MostStarts
            ? await StartAsync(job, last + 1, cancellationToken)
            : new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} was started {last} times on {platform.Name} and never answered; the last time {reason}");
    }

    private async Task<EvaluationRun> StartAsync(EvaluationJob job, int number, CancellationToken cancellationToken)
    {
        string? image;
        try
        {
            // A tag may move between two starts; a job's starts all run the bytes that its first one named.
            image = number > 1 && await handover.FindAsync(job.Id, number - 1, cancellationToken) is { } earlier
                ? earlier.Image
                : await images.ResolveAsync(settings.Image, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return new EvaluationRun.Faulted($"the digest of the evaluator's image could not be learned: {e.Message}");
        }

        if (image is null)
        {
            return new EvaluationRun.Faulted($"the evaluator's image '{settings.Image}' has no digest: it is not in its registry, or cannot be read");
        }

        var outputBytes = settings.OutputMiB * 1024L * 1024;
        var order = new HandoverOrder(
            job, number, image, EvaluatorOutputs.Variables(job, settings.Threads), ValidFor(job), settings.MemoryMiB, settings.OutputMiB, settings.DiskBytes - outputBytes);
        switch (await handover.PrepareAsync(order, cancellationToken))
        {
            case PrepareStart.Prepared prepared:
                return await StartContainerAsync(job, prepared.Start, cancellationToken);
            case PrepareStart.TooLarge large:
                return new EvaluationRun.Faulted(
                    $"{EvaluatorOutputs.Subject(job)} needs {Gibibytes(large.InputBytes + outputBytes)} of disk ({Gibibytes(large.InputBytes)} of files and {Gibibytes(outputBytes)} for what it writes); a container of {platform.Name} has {Gibibytes(settings.DiskBytes!.Value)}. {settings.DiskRemedy}");
            case PrepareStart.Missing missing:
                return new EvaluationRun.Faulted(missing.Reason);
            default:
                throw new InvalidOperationException("Unknown outcome of describing a start.");
        }
    }

    private async Task<EvaluationRun> StartContainerAsync(EvaluationJob job, PreparedStart start, CancellationToken cancellationToken)
    {
        switch (await platform.StartAsync(start, ValidFor(job), cancellationToken))
        {
            case StartContainer.Started started:
                await handover.NoteStartedAsync(job.Id, start.Number, started.Name ?? "", cancellationToken);
                logger.EvaluationStarted(job.Id, start.Number, started.Name, start.Image);
                return new EvaluationRun.Running(settings.PollEvery);
            case StartContainer.Later later:
                logger.EvaluationStartUncertain(job.Id, start.Number, later.Reason, later.After);
                return new EvaluationRun.Running(later.After);
            case StartContainer.Refused refused:
                return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} could not be started on {platform.Name}: {refused.Reason}");
            default:
                throw new InvalidOperationException("Unknown outcome of starting a container.");
        }
    }

    private async Task<EvaluationRun> ConcludeAsync(EvaluationJob job, int number, CancellationToken cancellationToken)
    {
        var bytes = await handover.ReadOutcomeAsync(job.Id, number, cancellationToken);
        if (bytes is null || !RemoteOutcome.TryRead(bytes, out var outcome, out var error))
        {
            return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} left an outcome that cannot be used: it is no outcome document");
        }

        if (!string.Equals(outcome.Job, job.Id, StringComparison.Ordinal) || outcome.Start != number)
        {
            return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} left an outcome of another job");
        }

        await KeepEvidenceAsync(job, number, cancellationToken);
        switch (outcome.End)
        {
            case RemoteEnd.ModelAtFault:
                return new EvaluationRun.ModelAtFault($"{EvaluatorOutputs.Subject(job)}: {outcome.Reason}");
            case RemoteEnd.Faulted:
                return new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)}: {outcome.Reason}");
            default:
                var files = new HandoverFiles(handover, job.Id, number, outcome);
                return await new EvaluationConclusion(_reports).ConcludeAsync(job, outcome.Result!, files, cancellationToken); // an answer has a result
        }
    }

    // The same for every call: a second host keeps the same bytes.
    private async Task KeepEvidenceAsync(EvaluationJob job, int number, CancellationToken cancellationToken)
    {
        var start = await handover.FindAsync(job.Id, number, cancellationToken);
        var evidence = new EvaluationEvidence("modelflow/evaluation-run/v1", job.Id, EvaluatorOutputs.Name(job.Mode), platform.Name, start?.Image, number);
        await _reports.AddAsync(job, $"{evidence.Mode}-{job.Id}.run.json", JsonSerializer.SerializeToUtf8Bytes(evidence, CoreJson.Indented), cancellationToken);
        await using var log = await handover.OpenAsync(job.Id, number, RemoteFile.Log, cancellationToken);
        if (log is not null)
        {
            await _reports.AddAsync(job, $"{evidence.Mode}-{job.Id}.log", log, cancellationToken);
        }
    }

    private TimeSpan ValidFor(EvaluationJob job)
    {
        var wished = job.TimeLimit + settings.QueueLimit + TransferTime;
        return wished < LongestGrant ? wished : LongestGrant;
    }

    private static string Gibibytes(long bytes) => $"{bytes / 1024.0 / 1024 / 1024:0.##} GiB";

    private sealed record EvaluationEvidence(string Schema, string Job, string Mode, string Platform, string? Image, int Start);

    /// <summary>A start's outputs; none that differs from what its outcome says.</summary>
    private sealed class HandoverFiles(IEvaluationHandover handover, string jobId, int start, RemoteOutcome outcome) : IJobFiles
    {
        public async Task<(byte[]? Bytes, string Reason)> ReadAsync(string name, long mostBytes, CancellationToken cancellationToken)
        {
            await using var stream = await handover.OpenAsync(jobId, start, RemoteFile.Report, cancellationToken);
            if (stream is null || outcome.Report is null)
            {
                return (null, $"it wrote no {name}");
            }

            using var buffer = new MemoryStream();
            var chunk = new byte[64 * 1024];
            int read;
            while ((read = await stream.ReadAsync(chunk, cancellationToken)) > 0)
            {
                buffer.Write(chunk, 0, read);
                if (buffer.Length > mostBytes)
                {
                    return (null, $"{name} has more than the {mostBytes} bytes that are allowed");
                }
            }

            var bytes = buffer.ToArray();
            return Sha256Digest.Of(bytes) == outcome.Report ? (bytes, "") : (null, $"{name} has another digest than its outcome says");
        }

        public async Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken) =>
            outcome.Predictions is null ? null : await handover.OpenAsync(jobId, start, RemoteFile.Predictions, cancellationToken);
    }
}
