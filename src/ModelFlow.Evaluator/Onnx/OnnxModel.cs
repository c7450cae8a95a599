using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>A model loaded into ONNX Runtime: on a GPU where there is one and the build has the provider for it, else on the processor.</summary>
internal sealed class OnnxModel : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();

    private OnnxModel(InferenceSession session, ModelSignature signature, TimeSpan loadTime, string? deviceNote)
    {
        _session = session;
        Signature = signature;
        LoadTime = loadTime;
        DeviceNote = deviceNote;
    }

    public ModelSignature Signature { get; }

    public TimeSpan LoadTime { get; }

    /// <summary>What it runs on, where that could have been a GPU; null in a build for processors alone.</summary>
    public string? DeviceNote { get; }

    /// <summary>Loads a checked file.</summary>
    /// <exception cref="OnnxRuntimeException">The runtime refuses it.</exception>
    public static OnnxModel Load(OnnxChecked.Sound model, int threads)
    {
        var (session, loadTime, note) = CudaOrProcessor.Open(OrtEnv.Instance().GetAvailableProviders(), onCuda => Open(model.Path, threads, onCuda));
        return new OnnxModel(session, model.File.Signature, loadTime, note);
    }

    private static InferenceSession Open(string path, int threads, bool onCuda)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        if (onCuda)
        {
            options.AppendExecutionProvider_CUDA();
        }

        return new InferenceSession(path, options);
    }

    /// <summary>Runs one batch. The caller disposes of what it gets.</summary>
    public IDisposableReadOnlyCollection<OrtValue> Run(IReadOnlyList<string> inputNames, IReadOnlyList<OrtValue> inputs, IReadOnlyList<string> outputNames) =>
        _session.Run(_runOptions, inputNames, inputs, outputNames);

    public void Dispose()
    {
        _runOptions.Dispose();
        _session.Dispose();
    }
}
