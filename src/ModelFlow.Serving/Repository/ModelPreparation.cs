using Microsoft.Extensions.Options;
using ModelFlow.EngineProcess;

namespace ModelFlow.Serving.Repository;

/// <summary>
/// Lets the native runtime prepare one model at a time: it uses every processor for that, and only so can the memory that a
/// model takes be told.
/// </summary>
internal sealed class ModelPreparation(IOptions<ServingOptions> options, HttpClient http, TimeProvider time, ILogger<ModelPreparation> logger) : IDisposable
{
    private readonly ServingOptions _options = options.Value;
    private readonly SemaphoreSlim _one = new(1, 1);

    /// <summary>Prepares the model in <paramref name="path"/>; the caller owns it. Says by how many bytes the process grew.</summary>
    /// <exception cref="UnloadableModelException">The model cannot be served, or took longer than <see cref="ServingOptions.SessionTimeout"/>.</exception>
    public async Task<(OpenedModel Model, long MemoryBytes)> RunAsync(string path, CancellationToken cancellationToken)
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
                return (new OpenedModel(model, null), Math.Max(0, ProcessMemory.Resident() - before));
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

    /// <summary>Starts an engine on the file in <paramref name="path"/>; the caller owns it.</summary>
    /// <exception cref="UnloadableModelException">The engine cannot serve it.</exception>
    /// <exception cref="EngineMissingException">The engine cannot be started.</exception>
    public async Task<TextModel> StartEngineAsync(string path, string name, CancellationToken cancellationToken)
    {
        EngineCommand command;
        try
        {
            command = _options.EngineCommand ?? EngineCommand.Own("ModelFlow.Serving");
        }
        catch (FileNotFoundException e)
        {
            throw new EngineMissingException(e.Message);
        }

        var threads = _options.EngineThreads > 0 ? _options.EngineThreads : Environment.ProcessorCount;
        return await TextModel.StartAsync(command, new EngineModel(path, name, threads), _options.SessionTimeout, http, time, logger, cancellationToken);
    }

    public void Dispose() => _one.Dispose();
}
