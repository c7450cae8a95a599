namespace ModelFlow.Orchestration.Evaluation;

/// <summary>The files that a job's evaluator wrote, wherever they are.</summary>
public interface IJobFiles
{
    /// <summary>Reads a file of 1 to <paramref name="mostBytes"/> bytes; otherwise no bytes, and the reason.</summary>
    Task<(byte[]? Bytes, string Reason)> ReadAsync(string name, long mostBytes, CancellationToken cancellationToken);

    /// <summary>Opens a file; null if it is not there, empty or no plain file.</summary>
    Task<Stream?> OpenAsync(string name, CancellationToken cancellationToken);
}
