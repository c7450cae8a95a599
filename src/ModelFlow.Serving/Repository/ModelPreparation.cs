using Microsoft.Extensions.Options;

namespace ModelFlow.Serving.Repository;

/// <summary>
/// Lets the native runtime prepare one model at a time: it uses every processor for that, and only so can the memory that a
/// model takes be told.
/// </summary>
internal sealed class ModelPreparation(IOptions<ServingOptions> options) : IDisposable
{
    private readonly ServingOptions _options = options.Value;
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Prepares the model in <paramref name="path"/>; the caller owns it. Says by how many bytes the process grew.</summary>
    /// <exception cref="UnloadableModelException">The model cannot be served, or took longer than <see cref="ServingOptions.SessionTimeout"/>.</exception>
    public async Task<(OnnxModel Model, long MemoryBytes)> RunAsync(string path, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(_options.SessionTimeout);
            var before = ProcessMemory.Resident();
            try
            {
                var model = await Task.Factory.StartNew(() => OnnxModel.Load(path, _options, patience.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
                return (model, Math.Max(0, ProcessMemory.Resident() - before));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new UnloadableModelException($"ONNX Runtime did not load it within {_options.SessionTimeout} (Serving:SessionTimeout).");
            }
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
