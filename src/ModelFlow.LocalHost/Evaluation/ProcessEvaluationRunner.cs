using System.Text;
using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Ports;
using ModelFlow.EvaluatorProcess;
using ModelFlow.LocalHost.Files;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.LocalHost.Evaluation;

/// <summary>
/// Runs evaluators as child processes of this host. A version's files are downloaded, verified and cached; the evaluator sees nothing
/// of the host but its job; what it leaves is checked before it is believed, and kept with the release's reports.
/// </summary>
public sealed class ProcessEvaluationRunner : IEvaluationRunner, IDisposable
{
    private readonly EvaluationOptions _options;
    private readonly ModelFileCache _cache;
    private readonly KeptReports _reports;
    private readonly EvaluationConclusion _conclusion;
    private readonly TimeProvider _time;
    private readonly ILogger<ProcessEvaluationRunner> _logger;
    private readonly SemaphoreSlim _slots;
    private readonly string _jobs;

    /// <summary>Runs nothing yet; call <see cref="EndOrphansAsync"/> before the first job.</summary>
    /// <param name="options">Limits and folders; <see cref="EvaluationOptions.WorkFolder"/> is set.</param>
    /// <param name="artifacts">Where versions come from.</param>
    /// <param name="datasets">Where data sets come from.</param>
    /// <param name="reports">Where outputs go.</param>
    /// <param name="http">Follows the stores' grants.</param>
    /// <param name="time">Measures time limits.</param>
    /// <param name="logger">Told of starts and ends.</param>
    public ProcessEvaluationRunner(
        EvaluationOptions options,
        IArtifactStore artifacts,
        IDatasetStore datasets,
        IReportStore reports,
        HttpClient http,
        TimeProvider time,
        ILogger<ProcessEvaluationRunner> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.WorkFolder.Length == 0)
        {
            throw new ArgumentException("The work folder is not set.", nameof(options));
        }

        _options = options;
        _time = time;
        _logger = logger;
        var work = Path.GetFullPath(options.WorkFolder);
        _jobs = Path.Combine(work, "jobs");
        _cache = new ModelFileCache(artifacts, datasets, http, Path.Combine(work, "cache"), options.CacheMiB * 1024L * 1024);
        _reports = new KeptReports(reports);
        _conclusion = new EvaluationConclusion(_reports);
        _slots = new SemaphoreSlim(options.MaxParallel, options.MaxParallel);
        SupportedFormats = (options.Formats.Count > 0 ? options.Formats : ["onnx", "gguf"]).ToHashSet(StringComparer.Ordinal);
    }

    /// <inheritdoc/>
    public IReadOnlySet<string> SupportedFormats { get; }

    /// <summary>
    /// Ends evaluators that an earlier host on the same work folder left running, and removes what they wrote. Only to be called
    /// while no other host uses the folder. Returns how many still ran.
    /// </summary>
    public async Task<int> EndOrphansAsync(CancellationToken cancellationToken)
    {
        var ended = 0;
        foreach (var folder in JobFolder.List(_jobs))
        {
            if (folder.ReadProcess() is { } process)
            {
                // The id may be another's by now; then only the mark tells who belongs to the job.
                if (process.IsAlive())
                {
                    ended++;
                    Log.EndingOrphan(_logger, process.Id);
                }

                await ProcessGroup.KillAsync(process.IsAlive() ? process.Id : ProcessGroup.NoLeader, folder.Mark, _time, cancellationToken);
            }

            folder.Dispose();
        }

        return ended;
    }

    /// <inheritdoc/>
    public async Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        await _slots.WaitAsync(cancellationToken);
        try
        {
            if (await _reports.FindAsync(job, cancellationToken) is { } earlier)
            {
                Log.FoundEarlier(_logger, job.Id);
                return new EvaluationRun.Completed(earlier);
            }

            return await FetchAndRunAsync(job, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or UnauthorizedAccessException)
        {
            Log.JobFaulted(_logger, job.Id, e);
            return new EvaluationRun.Faulted($"the evaluation of {job.Version.Version} ({EvaluatorOutputs.Name(job.Mode)}) could not be run: {e.Message}");
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _slots.Dispose();
        _cache.Dispose();
    }

    private async Task<EvaluationRun> FetchAndRunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        var fetches = new List<FetchFiles>();
        try
        {
            fetches.Add(await _cache.GetVersionAsync(job.Version, cancellationToken));
            if (job.Baseline is not null)
            {
                fetches.Add(await _cache.GetVersionAsync(job.Baseline, cancellationToken));
            }

            if (job.Dataset is not null)
            {
                fetches.Add(await _cache.GetDatasetAsync(job.Dataset, cancellationToken));
            }

            if (fetches.OfType<FetchFiles.Unavailable>().FirstOrDefault() is { } unavailable)
            {
                return new EvaluationRun.Faulted(unavailable.Reason);
            }

            var paths = fetches.OfType<FetchFiles.Here>().Select(h => h.Files.Path).ToList();
            var variables = Variables(job, paths[0], job.Baseline is null ? null : paths[1], job.Dataset is null ? null : paths[^1]);
            return await RunChildAsync(job, variables, cancellationToken);
        }
        finally
        {
            foreach (var fetch in fetches.OfType<FetchFiles.Here>())
            {
                fetch.Files.Dispose();
            }
        }
    }

    private async Task<EvaluationRun> RunChildAsync(EvaluationJob job, Dictionary<string, string> variables, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> command = _options.Command.Count > 0 ? [.. _options.Command] : [Programs.FindOwn("ModelFlow.Evaluator", "modelflow-evaluator")];
        using var folder = JobFolder.Create(_jobs);
        var log = new BoundedText(_options.LogKiB * 768, _options.LogKiB * 256);
        log.Add($"job {job.Id}: {string.Join(' ', command)}\n");
        foreach (var (name, value) in variables.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            log.Add($"{name}={value}\n");
        }

        var began = _time.GetTimestamp();
        var limits = new ChildLimits(job.TimeLimit, _options.MemoryMiB, _options.OutputMiB);
        var (end, errorTail) = await new EvaluatorChild(limits, _time).RunAsync(
            folder, command, variables, log, id => Log.JobStarted(_logger, job.Id, id), cancellationToken);
        var took = _time.GetElapsedTime(began);
        Log.JobEnded(_logger, job.Id, $"{end}", took);
        log.Add($"\nended after {took}: {end}\n");
        var run = JobOutputs.Failure(EvaluatorOutputs.Subject(job), end, errorTail, limits) ?? await AnswerAsync(job, folder, cancellationToken);
        if (run is not EvaluationRun.Completed)
        {
            log.Add($"{run}\n");
        }

        await _reports.KeepLogAsync(job, Encoding.UTF8.GetBytes(log.ToString()), cancellationToken);
        return run;
    }

    private async Task<EvaluationRun> AnswerAsync(EvaluationJob job, JobFolder folder, CancellationToken cancellationToken) =>
        JobOutputs.ReadResult(folder, out var reason) is { } result
            ? await _conclusion.ConcludeAsync(job, result, new FolderFiles(folder), cancellationToken)
            : new EvaluationRun.Faulted($"{EvaluatorOutputs.Subject(job)} gave no usable answer: {reason}");

    private Dictionary<string, string> Variables(EvaluationJob job, string candidate, string? baseline, string? dataset)
    {
        var variables = EvaluatorOutputs.Variables(job, _options.Threads);
        variables[EvaluatorContract.ModelDirectory] = candidate;
        if (_options.Engine.Count > 0)
        {
            variables[EvaluatorContract.Engine] = JsonSerializer.Serialize(_options.Engine);
        }

        if (baseline is not null)
        {
            variables[EvaluatorContract.BaselineDirectory] = baseline;
        }

        if (dataset is not null)
        {
            variables[EvaluatorContract.Dataset] = dataset;
        }

        return variables;
    }
}
