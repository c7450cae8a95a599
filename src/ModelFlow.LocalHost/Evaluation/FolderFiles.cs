using ModelFlow.EvaluatorProcess;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.LocalHost.Evaluation;

/// <summary>The output folder of a job on this machine.</summary>
internal sealed class FolderFiles(JobFolder folder) : IJobFiles
{
    public Task<(byte[]? Bytes, string Reason)> ReadAsync(string name, long mostBytes, CancellationToken cancellationToken) =>
        Task.FromResult((JobOutputs.ReadFile(folder, name, mostBytes, out var reason), reason));

    public Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken)
    {
        var file = new FileInfo(Path.Combine(folder.Output, name));
        return Task.FromResult<Stream?>(file.Exists && file.LinkTarget is null && file.Length > 0 ? file.OpenRead() : null);
    }
}
