using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.EvaluatorProcess;

namespace ModelFlow.EvaluationAgent;

/// <summary>Brings a job's inputs to this machine, each verified by size and digest before it has its name.</summary>
internal sealed class Inputs(HttpClient http, GrantClient grants, string folder)
{
    private const int Tries = 4;
    private const int FilesAtATime = 4;

    /// <summary>Downloads everything; null if it is there, otherwise what is wrong.</summary>
    public async Task<string?> DownloadAsync(RemoteJob job, CancellationToken cancellationToken)
    {
        string? wrong = null;
        try
        {
            await Parallel.ForEachAsync(job.Inputs, new ParallelOptions { MaxDegreeOfParallelism = FilesAtATime, CancellationToken = cancellationToken }, async (input, cancel) =>
            {
                if (Volatile.Read(ref wrong) is null && await DownloadAsync(input, cancel) is { } reason)
                {
                    Interlocked.CompareExchange(ref wrong, reason, null);
                }
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"the inputs could not be downloaded: {e.Message}";
        }

        return wrong;
    }

    /// <summary>The evaluator's variables, with the places on this machine.</summary>
    public Dictionary<string, string> Variables(RemoteJob job)
    {
        var variables = new Dictionary<string, string>(job.Variables, StringComparer.Ordinal)
        {
            [EvaluatorContract.ModelDirectory] = FolderOf(RemoteInputKind.Model),
        };
        if (job.Inputs.Any(i => i.Kind == RemoteInputKind.Baseline))
        {
            variables[EvaluatorContract.BaselineDirectory] = FolderOf(RemoteInputKind.Baseline);
        }

        if (job.Inputs.FirstOrDefault(i => i.Kind == RemoteInputKind.Dataset) is { } dataset)
        {
            variables[EvaluatorContract.Dataset] = PathOf(dataset);
        }

        return variables;
    }

    private async Task<string?> DownloadAsync(RemoteInput input, CancellationToken cancellationToken)
    {
        var path = PathOf(input);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!); // inside the folder
        return await grants.RetryAsync<string?>(input.Path, Tries, async cancel =>
            await VerifiedDownload.ToFileAsync(http, input.From, path, input.Size, input.Sha256, cancel) is Downloaded.Refused refused ? refused.Reason : null, cancellationToken);
    }

    // The description's paths were checked when it was read.
    private string PathOf(RemoteInput input) => Path.Combine(FolderOf(input.Kind), input.Path);

    private string FolderOf(RemoteInputKind kind) => Path.Combine(folder, kind switch
    {
        RemoteInputKind.Model => "model",
        RemoteInputKind.Baseline => "baseline",
        _ => "dataset",
    });
}
