using System.Text;
using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.EvaluatorProcess;

namespace ModelFlow.EvaluationAgent;

/// <summary>How an agent's run ended.</summary>
internal abstract record AgentEnd
{
    private AgentEnd()
    {
    }

    /// <summary>The outcome is put.</summary>
    public sealed record Finished(RemoteOutcome Outcome) : AgentEnd;

    /// <summary>The job is another's, or nobody's any more.</summary>
    public sealed record NotMine(string Reason) : AgentEnd;

    /// <summary>It could not read its job or put its outcome.</summary>
    public sealed record Failed(string Reason) : AgentEnd;
}

/// <summary>One job in this container: description, claim, inputs, evaluator, outputs, and the outcome last.</summary>
internal sealed class AgentRun(AgentSettings settings, HttpClient http, GrantClient grants, ClaimTiming timing, TimeProvider time, TextWriter say)
{
    private const long LargestDescription = 64 * 1024 * 1024;
    private const int LogHead = 768 * 1024;
    private const int LogTail = 256 * 1024;
    private const int PutTries = 6;

    // What GPU libraries and interpreters of an image need to find their parts; never the job's address.
    private static readonly string[] PassedOn = ["PATH", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX", EvaluatorContract.Engine];
    private static readonly string[] PassedOnPrefixes = ["NVIDIA_", "CUDA_", "CUDNN_", "OMP_", "ORT_"];

    private static readonly TimeSpan PutTimeout = TimeSpan.FromMinutes(30);

    /// <summary>Runs it. When cancelled, the evaluator is ended and the claim left to grow old.</summary>
    public async Task<AgentEnd> RunAsync(Uri address, CancellationToken cancellationToken)
    {
        RemoteJob? job;
        try
        {
            var read = await grants.ReadAsync(address, "the job's description", LargestDescription, cancellationToken);
            if (read is null || !RemoteJob.TryRead(read.Content, out job, out var error))
            {
                return new AgentEnd.Failed(read is null ? "there is no job description at the address" : "the job's description cannot be used: it is another version's or damaged");
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            return new AgentEnd.Failed($"the job's description cannot be read: {e.Message}");
        }

        using var claim = new ClaimHolder(job, grants, timing, time);
        if (await claim.TryTakeAsync(cancellationToken) is { } reason)
        {
            return new AgentEnd.NotMine(reason);
        }

        await say.WriteLineAsync($"job {job}: claimed, {job.Inputs.Count} files of {job.Inputs.Sum(i => i.Size):N0} bytes to download");
        using var work = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var holding = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var held = claim.HoldAsync(holding.Token);
        var working = EvaluateAndPutAsync(job, claim, work.Token);
        if (await Task.WhenAny(held, working) == held)
        {
            await work.CancelAsync();
            await working.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            return new AgentEnd.NotMine(await held);
        }

        await holding.CancelAsync();
        await held.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        return await working;
    }

    private async Task<AgentEnd> EvaluateAndPutAsync(RemoteJob job, ClaimHolder claim, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(settings.WorkFolder, Guid.NewGuid().ToString("N"));
        try
        {
            Directory.CreateDirectory(folder);
            var log = new BoundedText(LogHead, LogTail);
            var inputs = new Inputs(http, grants, Path.Combine(folder, "in"));
            using var jobFolder = JobFolder.Create(Path.Combine(folder, "jobs"));
            var outcome = await inputs.DownloadAsync(job, cancellationToken) is { } wrong
                ? Outcome(job, RemoteEnd.Faulted, wrong)
                : await EvaluateAsync(job, inputs, jobFolder, log, cancellationToken);
            if (outcome.End != RemoteEnd.Answered)
            {
                log.Add($"{outcome.End}: {outcome.Reason}\n");
            }

            if (await claim.RenewAsync(cancellationToken) is { } lost)
            {
                return new AgentEnd.NotMine(lost);
            }

            return await PutAsync(job, outcome, jobFolder, log, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or HttpRequestException)
        {
            return new AgentEnd.Failed(e.Message);
        }
        finally
        {
            Remove(folder);
        }
    }

    private async Task<RemoteOutcome> EvaluateAsync(RemoteJob job, Inputs inputs, JobFolder folder, BoundedText log, CancellationToken cancellationToken)
    {
        var variables = inputs.Variables(job);
        log.Add($"job {job}: {string.Join(' ', settings.Command)} in {job.Image}\n");
        foreach (var (name, value) in variables.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            log.Add($"{name}={value}\n");
        }

        foreach (var (name, value) in Passed())
        {
            variables.TryAdd(name, value);
        }

        var limits = new ChildLimits(TimeSpan.FromSeconds(job.TimeLimitSeconds), job.MemoryMiB, job.OutputMiB);
        var began = time.GetTimestamp();
        var (end, errorTail) = await new EvaluatorChild(limits, time).RunAsync(folder, settings.Command, variables, log, _ => { }, cancellationToken);
        log.Add($"\nended after {time.GetElapsedTime(began)}: {end}\n");
        await say.WriteLineAsync($"job {job}: the evaluator ended after {time.GetElapsedTime(began)}: {end}");
        switch (JobOutputs.Failure("the evaluator", end, errorTail, limits))
        {
            case EvaluationRun.ModelAtFault fault:
                return Outcome(job, RemoteEnd.ModelAtFault, fault.Reason);
            case EvaluationRun.Faulted faulted:
                return Outcome(job, RemoteEnd.Faulted, faulted.Reason);
        }

        return JobOutputs.ReadResult(folder, out var reason) is { } result
            ? Outcome(job, RemoteEnd.Answered, reason: null) with { Result = result }
            : Outcome(job, RemoteEnd.Faulted, $"the evaluator gave no usable answer: {reason}");
    }

    private async Task<AgentEnd> PutAsync(RemoteJob job, RemoteOutcome outcome, JobFolder folder, BoundedText log, CancellationToken cancellationToken)
    {
        if (outcome is { End: RemoteEnd.Answered, Result.Status: EvaluatorStatus.Completed })
        {
            var report = JobOutputs.ReadFile(folder, EvaluatorContract.ReportFile, EvaluatorOutputs.LargestReport, out var reason);
            if (report is not null)
            {
                await PutAsync(job.Outputs.Report, EvaluatorContract.ReportFile, () => new MemoryStream(report, writable: false), cancellationToken);
                outcome = outcome with { Report = Sha256Digest.Of(report) };
            }
            else if (File.Exists(Path.Combine(folder.Output, EvaluatorContract.ReportFile)))
            {
                outcome = Outcome(job, RemoteEnd.Faulted, $"the evaluator gave no usable answer: {reason}");
            }

            var predictions = new FileInfo(Path.Combine(folder.Output, EvaluatorContract.PredictionsFile));
            if (predictions.Exists && predictions.LinkTarget is null && predictions.Length > 0)
            {
                await PutAsync(job.Outputs.Predictions, EvaluatorContract.PredictionsFile, predictions.OpenRead, cancellationToken);
                await using var content = predictions.OpenRead();
                outcome = outcome with { Predictions = Sha256Digest.FromHash(await System.Security.Cryptography.SHA256.HashDataAsync(content, cancellationToken)) };
            }
        }

        var text = Encoding.UTF8.GetBytes(log.ToString());
        await PutAsync(job.Outputs.Log, "the log", () => new MemoryStream(text, writable: false), cancellationToken);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(outcome, CoreJson.Options);
        await PutAsync(job.Outputs.Outcome, "the outcome", () => new MemoryStream(bytes, writable: false), cancellationToken);
        return new AgentEnd.Finished(outcome);
    }

    private async Task PutAsync(RemoteGrant grant, string name, Func<Stream> open, CancellationToken cancellationToken)
    {
        // Nobody else puts outputs of this start: what is there is the own try whose answer was lost.
        if (await grants.PutAsync(grant, name, open, replacing: null, PutTries, PutTimeout, cancellationToken) is PutAnswer.Refused refused)
        {
            throw new IOException(refused.Reason);
        }
    }

    private static RemoteOutcome Outcome(RemoteJob job, RemoteEnd end, string? reason) =>
        new() { Job = job.Id, Start = job.Start, End = end, Reason = reason is { Length: > 9_000 } ? reason[..9_000] : reason };

    private static IEnumerable<(string Name, string Value)> Passed()
    {
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            if (PassedOn.Contains(name, StringComparer.Ordinal) || PassedOnPrefixes.Any(p => name.StartsWith(p, StringComparison.Ordinal)))
            {
                yield return (name, (string?)entry.Value ?? "");
            }
        }
    }

    private static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The container's disk goes with the container.
        }
    }
}
