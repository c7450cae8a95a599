using Microsoft.ML.OnnxRuntime;
using ModelFlow.Serving.Tensors;
using SessionOptions = Microsoft.ML.OnnxRuntime.SessionOptions;

namespace ModelFlow.Serving.Repository;

/// <summary>An ONNX model in the native runtime.</summary>
internal sealed class OnnxModel : IDisposable
{
    /// <summary>The protocol's name of the platform.</summary>
    public const string Platform = "onnx_onnxv1";

    private readonly InferenceSession _session;
    private readonly string[] _inputNames;

    private OnnxModel(InferenceSession session, TensorInfo[] inputs, TensorInfo[] outputs)
    {
        _session = session;
        Inputs = inputs;
        Outputs = outputs;
        _inputNames = [.. inputs.Select(i => i.Name)];
    }

    public IReadOnlyList<TensorInfo> Inputs { get; }

    public IReadOnlyList<TensorInfo> Outputs { get; }

    /// <summary>Reads and prepares the model in <paramref name="path"/>.</summary>
    /// <exception cref="UnloadableModelException">The runtime cannot load it, or the protocol cannot carry its inputs and outputs.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the runtime looks for it now and then.</exception>
    public static OnnxModel Load(string path, ServingOptions options, CancellationToken cancellationToken)
    {
        using var settings = new SessionOptions
        {
            IntraOpNumThreads = options.IntraOpThreads,
            InterOpNumThreads = 1,
            ExecutionMode = ExecutionMode.ORT_SEQUENTIAL,
            EnableCpuMemArena = options.MemoryArena,
            EnableMemoryPattern = options.MemoryArena,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };

        // Threads that wait for work by spinning would take the processor from the other versions.
        settings.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        InferenceSession session;
        using (cancellationToken.UnsafeRegister(static s => ((SessionOptions)s!).SetLoadCancellationFlag(true), settings))
        {
            try
            {
                session = new InferenceSession(path, settings);
            }
            catch (OnnxRuntimeException e)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new UnloadableModelException("ONNX Runtime cannot load it: " + FirstLine(WithoutFolder(e.Message, path)));
            }
        }

        try
        {
            return new OnnxModel(session, Describe(session.InputNames, session.InputMetadata, "input"), Describe(session.OutputNames, session.OutputMetadata, "output"));
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>Runs the model; the caller owns the results, which are in the order of <see cref="InferenceRequest.Outputs"/>.</summary>
    /// <exception cref="OperationCanceledException">Cancelled before or while it ran.</exception>
    public IDisposableReadOnlyCollection<OrtValue> Run(InferenceRequest request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var options = new RunOptions();
        using var registration = cancellationToken.UnsafeRegister(static o => ((RunOptions)o!).Terminate = true, options);
        try
        {
            return _session.Run(options, _inputNames, request.Inputs, [.. request.Outputs.Select(o => Outputs[o].Name)]);
        }
        catch (OnnxRuntimeException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    public void Dispose() => _session.Dispose();

    private static TensorInfo[] Describe(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> metadata, string kind) =>
        [.. names.Select(name => Describe(name, metadata[name], kind))];

    private static TensorInfo Describe(string name, NodeMetadata metadata, string kind)
    {
        if (metadata.OnnxValueType != OnnxValueType.ONNX_TYPE_TENSOR)
        {
            throw new UnloadableModelException($"the {kind} '{name}' is no tensor, and the protocol carries only tensors"
                + (metadata.OnnxValueType is OnnxValueType.ONNX_TYPE_SEQUENCE or OnnxValueType.ONNX_TYPE_MAP ? " (models from scikit-learn: export with zipmap=False)." : "."));
        }

        var type = metadata.ElementDataType;
        return Datatype.NameOf(type) is { } datatype
            ? new TensorInfo(name, type, datatype, [.. metadata.Dimensions.Select(d => (long)d)], metadata.SymbolicDimensions)
            : throw new UnloadableModelException($"the {kind} '{name}' has the type {type}, which the protocol does not know.");
    }

    // The caller knows the file by its name in the request; where this server keeps it is its own business.
    private static string WithoutFolder(string message, string path) => message
        .Replace(path, Path.GetFileName(path), StringComparison.Ordinal)
        .Replace(Path.GetDirectoryName(path)!, "the model's folder", StringComparison.Ordinal);

    private static string FirstLine(string message)
    {
        var end = message.AsSpan().IndexOfAny('\r', '\n');
        var line = end < 0 ? message : message[..end];
        return line.Length <= 500 ? line : line[..500] + "…";
    }
}

/// <summary>A model file that cannot be served. The message is for people.</summary>
internal sealed class UnloadableModelException(string message) : Exception(message);
