using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>A model loaded into ONNX Runtime, on the CPU.</summary>
internal sealed class OnnxModel : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _runOptions = new();

    private OnnxModel(InferenceSession session, ModelSignature signature, TimeSpan loadTime)
    {
        _session = session;
        Signature = signature;
        LoadTime = loadTime;
    }

    public ModelSignature Signature { get; }

    public TimeSpan LoadTime { get; }

    /// <summary>Loads a checked file.</summary>
    /// <exception cref="OnnxRuntimeException">The runtime refuses it.</exception>
    public static OnnxModel Load(OnnxChecked.Sound model, int threads)
    {
        using var options = new SessionOptions
        {
            IntraOpNumThreads = threads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR,
        };
        var started = Stopwatch.GetTimestamp();
        var session = new InferenceSession(model.Path, options);
        return new OnnxModel(session, model.File.Signature, Stopwatch.GetElapsedTime(started));
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
